"""Features of segments: measured in the worker process, kept in a table node, measured again when a segment is edited.

``results`` and ``feature_rows`` know neither widgets nor a scene; ``work`` needs no widget.
"""
