"""Whether numpy does the work or loops that numba compiles; their numbers are the same."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec

from ...progress import Progress
from ..maps import classes

# Voxels times places of their boxes that numpy maps in the half second that loading the loops takes.
WORTH_LOADING = 80_000
LOADING = "Loading compiled loops; when a computer needs them for the first time, that takes half a minute."


def installed() -> bool:
    """Whether there is a compiler."""
    return find_spec("numba") is not None


def maps(places: int, progress: Progress) -> Mapping[str, Callable]:
    """What makes the features of each class in the boxes of some voxels, which have so many ``places`` together."""
    if not installed() or (places < WORTH_LOADING and "numba" not in sys.modules):
        return classes.MAPS
    progress(0.0, LOADING)
    from .maps import MAPS

    return MAPS
