"""The drawings of an evaluation, one a file: arrays and estimates in, a matplotlib figure out; no global state."""
