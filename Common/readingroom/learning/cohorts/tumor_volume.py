"""Volumes of the tumor, where the table has a mask of it: the simplest thing that an image model has to beat."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...errors import ReadingRoomError
from ...imaging.mask_file import load_mask
from ...progress import Progress
from .cohort import Cohort, Row
from .volumes import first_volume

ROLES = ("tumour", "tumor", "gtv")  # names of the mask's column, after ``mask_``


def tumor_volumes(cohort: Cohort, progress: Progress | None = None) -> NDArray[np.float64] | None:
    """(rows,) in ml, NaN where a row has no mask or one that cannot be used; None where no row has one."""
    if not any(_mask(row) for row in cohort.rows):
        return None
    found = []
    for number, row in enumerate(cohort.rows):
        if progress is not None:
            progress(number / len(cohort), f"Volume of the tumor, study {number + 1} of {len(cohort)}.")
        found.append(_volume(row))
    return np.array(found)


def _mask(row: Row) -> str:
    return next((name for name in ROLES if name in row.masks), "")


def _volume(row: Row) -> float:
    name = _mask(row)
    if not name:
        return math.nan
    try:
        image = first_volume(row).image
        voxels = load_mask(row.masks[name], image).voxels
    except ReadingRoomError:
        return math.nan
    return float(voxels.sum()) * math.prod(image.GetSpacing()) / 1000
