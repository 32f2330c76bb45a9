"""Which series of a folder with many is read where a reader prefers some."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from readingroom.imaging.mr_facts import mr_rank
from readingroom.imaging.open import OpenedImage, open_image
from readingroom.imaging.volume import load_volume
from readingroom.phantoms.abdomen_mr import Sequence as MRSequence
from readingroom.phantoms.dicom_series import Grid, ct_slices, mr_slices, write_slices
from readingroom.study import StudyImage

CORONAL = Grid(orientation=(1.0, 0.0, 0.0, 0.0, 0.0, -1.0))


def add(folder: Path, number: int, slices: int, sequence: MRSequence = "T2", grid: Grid | None = None, **more: Any):
    pixels = np.full((slices, 6, 5), 100 * number) + np.arange(slices)[:, None, None]
    write_slices(folder, mr_slices(pixels, grid, sequence, SeriesNumber=number, **more))


def prefers_t2(image: StudyImage) -> tuple[float, ...]:
    return mr_rank(image, ["T2"])


def opened(folder: Path) -> OpenedImage:
    return open_image(folder, "mr", 3, ("MR",), rank=prefers_t2)


@pytest.fixture
def a_study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    add(folder, 1, 3, SeriesDescription="localizer", EchoTime=None, ScanningSequence=None)
    add(folder, 2, 30, "T1-in-phase")
    add(folder, 3, 20, grid=CORONAL)
    add(folder, 4, 8)
    add(folder, 5, 40, "T1-portal-venous")
    add(folder, 6, 16, DiffusionBValue=800.0)
    add(folder, 7, 16, ImageType=["DERIVED", "PRIMARY", "ADC"])
    add(folder, 8, 60, EchoTime="700", SeriesDescription="MRCP 3D")
    write_slices(folder, ct_slices(np.zeros((90, 6, 5)), SeriesNumber=9))
    return folder


def test_the_axial_t2_series_is_read_and_said(a_study: Path) -> None:
    found = opened(a_study).image
    assert found.fact("NumberOfSlices") == "8"
    assert found.notes == ("Of 8 series of the folder the MR series 4 (T2, axial; 8 images) was read.",)
    assert load_volume(a_study, found.series_instance_uid).voxels.max() == 407


def test_what_the_others_are_is_said(a_study: Path) -> None:
    found = opened(a_study).image
    (note,) = load_volume(a_study, found.series_instance_uid).notes
    for words in (
        "MR series 1 (localizer, axial; 3 images)", "MR series 2 (T1, axial, in phase; 30 images)",
        "MR series 3 (T2, coronal; 20 images)", "MR series 6 (DWI (b 800), axial; 16 images)",
        "MR series 7 (ADC map, axial; 16 images)", "CT series 9 (90 images)",
        "MR series 5 (T1, axial, fat saturated, portal venous; 40 images)",
    ):  # fmt: skip
        assert words in note


@pytest.mark.parametrize("layout", ["one folder", "subfolders", "subfolders the other way round"])
@pytest.mark.parametrize(
    ("series", "read"),
    [
        ([(1, 12, "T2-fat-saturated"), (2, 8, "T2")], 2),
        ([(1, 8, "T2"), (2, 12, "T2")], 2),
        ([(9, 8, "T2"), (10, 8, "T2"), (11, 8, "T2-fat-saturated")], 9),
    ],
)
def test_of_several_that_suit_fat_saturation_slices_and_number_decide(tmp_path: Path, series, read, layout) -> None:
    order = reversed(series) if layout.endswith("round") else series
    for place, (number, slices, sequence) in enumerate(order):
        subfolder = "" if layout == "one folder" else f"S{place}"
        add(tmp_path / "study" / subfolder, number, slices, sequence)
    found = opened(tmp_path / "study").image
    assert found.fact("SeriesNumber") == str(read)
    assert found.notes[0].startswith(f"Of {len(series)} series of the folder the MR series {read} (T2, axial; ")


@pytest.mark.parametrize("turned", [False, True])
def test_without_a_number_the_uid_decides(tmp_path: Path, turned: bool) -> None:
    uids = ["1.2.3.4", "1.2.3.5"]
    for subfolder, uid in zip("ab", reversed(uids) if turned else uids, strict=True):
        add(tmp_path / subfolder, 1, 8, SeriesInstanceUID=uid)
    assert opened(tmp_path).image.series_instance_uid == "1.2.3.4"


def test_where_none_suits_the_nearest_is_read(tmp_path: Path) -> None:
    add(tmp_path / "none", 1, 30, "T1-in-phase")
    add(tmp_path / "none", 2, 12, grid=CORONAL)
    assert opened(tmp_path / "none").image.fact("NumberOfSlices") == "12"


def test_without_a_preference_the_largest_is_read(a_study: Path) -> None:
    found = open_image(a_study, "mr", 3, ("MR",)).image
    assert (found.fact("NumberOfSlices"), found.notes) == ("60", ())


def test_of_several_volumes_in_a_series_the_first_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "dynamic"
    pixels = np.ones((24, 6, 5))
    grid = Grid()
    places = [grid.position(index % 8) for index in range(24)]
    write_slices(
        folder,
        mr_slices(
            pixels, grid, "T1-portal-venous", ImagePositionPatient=places,
            TemporalPositionIdentifier=[str(index // 8 + 1) for index in range(24)],
        ),
    )  # fmt: skip
    found = opened(folder).image
    assert found.fact("NumberOfSlices") == "8"
    notes = load_volume(folder, found.series_instance_uid).notes
    assert any("3 volumes that differ in TemporalPositionIdentifier" in note for note in notes)
