"""The checks of a radiograph before it is read: what they were fitted on, and how often they are wrong.

`fit` makes the network that tells a frontal chest from other pictures, `measure` writes ``docs/checks.md``.
"""
