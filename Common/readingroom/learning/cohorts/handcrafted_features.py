"""The 72 handcrafted features of every study, inside the mask that its table gives."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...bundles.explained import HandcraftedSettings
from ...errors import InputError
from ...formatting import counted
from ...imaging.bias_field import corrected
from ...imaging.mask_file import load_mask
from ...parallel import map_parallel
from ...progress import Progress
from ...radiomics.handcrafted import NAMES, measure_handcrafted
from .cohort import Cohort, Row
from .volumes import first_volume


@dataclass(frozen=True, eq=False)
class HandcraftedFeatures:
    """Parameters
    ----------
    values : (rows, features) of `radiomics.handcrafted.NAMES`, NaN where a feature is not defined
    measured : (rows,) where there was a mask that could be measured
    notes : sentences on the others
    """

    values: NDArray[np.float64]
    measured: NDArray[np.bool_]
    notes: tuple[str, ...] = ()


def handcrafted_features(
    cohort: Cohort, mask: str, settings: HandcraftedSettings, processes: int = 2, progress: Progress | None = None
) -> HandcraftedFeatures:
    """Measure every study that has a mask of that role.

    Raises
    ------
    CancelledError : the user canceled
    """
    progress = progress or Progress()
    rows = [number for number, row in enumerate(cohort.rows) if mask in row.masks]
    values = np.full((len(cohort), len(NAMES)), math.nan)
    problems: list[str] = []

    def take(number: int, found: tuple[float, ...] | str) -> None:
        progress((number + 1) / len(rows), f"Handcrafted features, study {number + 1} of {len(rows)}.")
        if isinstance(found, str):
            problems.append(found)
        else:
            values[rows[number]] = found

    map_parallel(
        functools.partial(_measured, mask, settings),
        [cohort.rows[number] for number in rows],
        progress=progress,
        processes=max(processes, 1),
        on_result=take,
        if_ended=_ended,
    )
    notes = []
    if missing := len(cohort) - len(rows):
        have = counted(missing, "study has", "studies have")
        notes.append(f"{have} no mask '{mask}', and so no handcrafted features.")
    notes += _problems(problems)
    return HandcraftedFeatures(values, np.isfinite(values).any(axis=1), tuple(notes))


def _measured(mask: str, settings: HandcraftedSettings, row: Row) -> tuple[float, ...] | str:
    try:
        opened = first_volume(row)
        image = (corrected(opened) if settings.correct_bias_field else opened).image
        voxels = load_mask(row.masks[mask], image).voxels
        return tuple(measure_handcrafted(image, voxels, settings).values())
    except InputError as error:
        return str(error)


def _ended(row: Row, sentence: str) -> tuple[float, ...] | str:
    return sentence


def _problems(sentences: Sequence[str]) -> list[str]:
    if not sentences:
        return []
    return [f"{counted(len(sentences), 'mask')} could not be measured, the first because: {sentences[0]}"]
