"""Backbones and heads. Everything here needs torch and is imported by the worker process, never by a panel."""
