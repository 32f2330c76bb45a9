"""Pixels: how images come in, and what is done to them before a network sees them."""
