"""Features of segments: measured in the worker process, kept in a table node, measured again when a segment is edited.

Slicer and Qt are spoken of in ``segment_masks``, ``table_node``, ``edits`` and ``section`` alone.
"""
