"""How people name a structure in a file of several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError

_SEPARATOR = "::"


def named_structures(text: str) -> tuple[Path, tuple[str, ...]]:
    """A mask as it is written on the shell: a file, and which of its structures or segments.

    Example
    -------
    >>> file, structures = named_structures("RS.dcm::Lung-Left::Lung-Right")
    >>> file.name, structures
    ('RS.dcm', ('Lung-Left', 'Lung-Right'))
    """
    file, *names = text.split(_SEPARATOR)
    return Path(file), tuple(names)


def chosen_structures(file: str, known: Sequence[str], names: Sequence[str]) -> Sequence[str]:
    """The structures of a file that are meant: those named, or the only one.

    Raises
    ------
    InputError : one is not there, or none of several was named
    """
    known = list(dict.fromkeys(known))
    if not known:
        raise InputError(f"'{file}' holds no structures.")
    if missing := [name for name in names if name not in known]:
        raise InputError(f"'{file}' has no structure '{missing[0]}'; it has {_listed(known)}.")
    if not names and len(known) > 1:
        raise InputError(f"'{file}' holds {len(known)} structures, {_listed(known)}; name the one that is meant.")
    return names or known


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
