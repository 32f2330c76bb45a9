"""What makes the texture matrices of a region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import glcm, gldm, glrlm, glszm, ngtdm
from .ngtdm import ToneDifferences
from .size_matrix import SizeMatrix


@dataclass(frozen=True)
class Matrices:
    """One function for each matrix; those of the modules of the feature classes say what they take and give."""

    cooccurrences: Callable[..., NDArray[np.float64]]
    dependence_matrix: Callable[..., SizeMatrix]
    run_length_matrices: Callable[..., list[SizeMatrix]]
    zones: Callable[..., tuple[NDArray[np.integer], NDArray[np.int64]]]
    tone_differences: Callable[..., ToneDifferences]


BY_NUMPY = Matrices(
    glcm.cooccurrences, gldm.dependence_matrix, glrlm.run_length_matrices, glszm.zones, ngtdm.tone_differences
)
