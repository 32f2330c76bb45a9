"""The commands of ``readingroom``: a file each, with ``add(commands)`` that says what it takes and what it runs."""
