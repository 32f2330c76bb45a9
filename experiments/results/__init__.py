"""What the methods of the papers are worth on public images and tables: the experiments behind ``docs/results.md``."""
