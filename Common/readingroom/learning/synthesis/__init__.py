"""Synthetic pictures of a finding: a generator for each fold, what it made, and what that is worth."""
