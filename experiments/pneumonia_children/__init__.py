"""The bundle ``cxr-pneumonia-children``: its films, what it was compared with, its card, and the paper's figures.

It is trained by ``readingroom train``; what stands here is the table that the command is given, and what is said of the
answers.
"""
