"""Trained models on disk: format, verification, store, catalog, download. Imports no torch."""
