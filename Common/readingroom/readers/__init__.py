"""The readers, one a file: each answers one clinical question about a study. Importing this loads no torch."""
