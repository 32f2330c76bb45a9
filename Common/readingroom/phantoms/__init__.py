"""Synthetic anatomy for tests, self-tests and demonstrations. Nothing here is a patient."""
