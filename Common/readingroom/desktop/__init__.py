"""ReadingRoom inside 3D Slicer: the only package that imports slicer, qt, ctk or vtk.

Nothing here loads torch; what needs it runs in the worker process of `readingroom.engine`.
"""
