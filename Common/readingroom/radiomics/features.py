"""What a measurement gives: values by name, where they come from, and what the reader has to know."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..csv_table import csv_text
from ..files import write_text
from ..records import frozen


@dataclass(frozen=True)
class Features:
    """Features of one region.

    Parameters
    ----------
    values : by name, such as ``original_glcm_Contrast``; NaN where a feature is not defined
    provenance : versions, settings, hashes and facts of image and mask, named ``diagnostics_...`` as by PyRadiomics
    notes : sentences about what was done beyond measuring, such as a mask that was resampled
    """

    values: Mapping[str, float]
    provenance: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values))
        object.__setattr__(self, "provenance", frozen(self.provenance))

    def defined(self) -> Features:
        """Without the features that are not defined."""
        return replace(self, values={name: value for name, value in self.values.items() if not math.isnan(value)})

    def csv(self) -> str:
        """A table with the columns ``feature,value``: provenance first, then the features at full precision."""
        return csv_text(("feature", "value"), [*self.provenance.items(), *self.values.items()])

    def write(self, path: Path) -> None:
        """Write `csv` to a file.

        Raises
        ------
        OutputError : the folder is missing or read-only, or the disk is full
        """
        write_text(path, self.csv())
