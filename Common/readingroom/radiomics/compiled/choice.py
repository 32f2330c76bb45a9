"""Whether numpy does the work or loops that numba compiles; their numbers are the same."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from ...progress import Progress
from .. import laplacian
from ..maps import classes
from ..matrices import BY_NUMPY, Matrices

# Voxels times places of their boxes that numpy maps in the half second that loading the loops takes.
WORTH_LOADING = 80_000
# Voxels times images for whose matrices numpy takes so much longer, and for which it or ITK does, filtering them.
WORTH_LOADING_FOR_MATRICES = 1_500_000
WORTH_LOADING_FOR_FILTERS = 6_000_000
SHORT = 100  # voxels along the longest axis of an image that is filtered faster without loops
LOADING = "Loading compiled loops; when a computer needs them for the first time, that takes half a minute."


def installed() -> bool:
    """Whether there is a compiler."""
    return find_spec("numba") is not None


def maps(places: int, progress: Progress) -> Mapping[str, Callable]:
    """What makes the features of each class in the boxes of some voxels, which have so many ``places`` together."""
    if not _chosen(places >= WORTH_LOADING, progress):
        return classes.MAPS
    from .maps import MAPS

    return MAPS


def matrices(voxels: int, progress: Progress) -> Matrices:
    """What makes the matrices of a region of so many voxels, or of several images of it, which count each."""
    if not _chosen(voxels >= WORTH_LOADING_FOR_MATRICES, progress):
        return BY_NUMPY
    from .matrices import BY_LOOPS

    return BY_LOOPS


def laplacian_of_gaussian(voxels: int, longest: int) -> Callable[..., NDArray[np.float32]]:
    """What filters an image for all sigmas together of so many voxels, ``longest`` of them along the longest axis."""
    if longest <= SHORT or not _chosen(voxels >= WORTH_LOADING_FOR_FILTERS, Progress()):
        return laplacian.laplacian_of_gaussian
    from .laplacian import laplacian_of_gaussian

    return laplacian_of_gaussian


def _chosen(worth_loading: bool, progress: Progress) -> bool:
    if sys.modules.get("numba"):
        return True
    if not worth_loading or not installed():
        return False
    progress(0.0, LOADING)
    return True
