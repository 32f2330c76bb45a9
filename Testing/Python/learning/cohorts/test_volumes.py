"""Volumes of a table's studies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from readingroom.imaging.volume import open_volume
from readingroom.learning.cohorts.cohort import Row
from readingroom.learning.cohorts.volumes import first_volume
from readingroom.phantoms.abdomen_mr import Sequence
from readingroom.phantoms.dicom_series import mr_slices, write_slices
from readingroom.readers.liver_hcc import READER


@pytest.mark.parametrize(("role", "slices"), [("mr", 8), ("other", 30)])
def test_of_several_series_the_one_is_taken_that_a_read_takes(tmp_path: Path, role: str, slices: int) -> None:
    series: list[tuple[int, Sequence]] = [(30, "T1-in-phase"), (8, "T2")]
    for number, (count, sequence) in enumerate(series):
        write_slices(tmp_path, mr_slices(np.full((count, 6, 5), 100.0), None, sequence, SeriesNumber=number))
    row = Row("p", "s", {role: tmp_path}, "hcc")
    assert len(first_volume(row).voxels) == slices
    if role == "mr":
        read = open_volume(row.study(READER).image("mr"))
        assert np.array_equal(first_volume(row).voxels, read.voxels)
