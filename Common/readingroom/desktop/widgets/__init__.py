"""The parts of the panel. Each shows one thing, keeps no state of its own, and reports what a person did by callables.

All of them stay in what PythonQt and other Qt bindings have in common: values are written through setters where Slicer
offers them, signals are connected by attribute, and no Qt type is subclassed but to paint.
"""
