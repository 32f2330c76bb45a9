"""Trained models on disk: format, verification, store, catalogue, download. Imports no torch."""
