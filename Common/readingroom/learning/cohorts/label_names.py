"""What the labels of a table are called, and which of them mean that nothing was found."""

from __future__ import annotations

import re
from collections.abc import Collection

from ...errors import InputError

# Labels of those who do not have what is looked for.
_REFERENCES = frozenset(
    ("normal", "no-finding", "negative", "healthy", "control", "controls", "none", "absent", "no", "false", "0")
)


def plain_name(value: str) -> str:
    """A label as bundles name it: ``No finding`` is ``no-finding``.

    Raises
    ------
    InputError : nothing is left of it
    """
    name = re.sub(r"[^a-z0-9_]+", "-", value.lower()).strip("-_")[:64]
    if not name:
        raise InputError(f"The label '{value}' has no letter or digit that could name it.")
    return name


def is_reference(name: str, names: Collection[str]) -> bool:
    """Whether a label means that nothing was found, by itself or beside the others (``no-covid`` beside ``covid``)."""
    others = [other for other in names if other != name]
    return name in _REFERENCES or any(name in (f"no-{o}", f"non-{o}", f"non{o}", f"not-{o}") for o in others)
