"""How people name a structure in a file of several."""

from __future__ import annotations

from pathlib import Path

_SEPARATOR = "::"


def named_structures(text: str) -> tuple[Path, tuple[str, ...]]:
    """A mask as it is written on the shell: a file, and which of its structures.

    Example
    -------
    >>> file, structures = named_structures("RS.dcm::Lung-Left::Lung-Right")
    >>> file.name, structures
    ('RS.dcm', ('Lung-Left', 'Lung-Right'))
    """
    file, *names = text.split(_SEPARATOR)
    return Path(file), tuple(names)
