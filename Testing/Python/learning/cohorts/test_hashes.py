"""Fingerprints: the same pixels in any file have one hash, copies are found, a second run reads nothing anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from readingroom.errors import InputError
from readingroom.learning.cohorts import hashes
from readingroom.learning.cohorts.fingerprint import Fingerprint, fingerprint
from readingroom.learning.cohorts.hashes import fingerprints, near_duplicates
from readingroom.phantoms.dicom_files import write_dicom
from readingroom.phantoms.dicom_series import Grid, ct_slices, enhanced_ct, write_slices

GENERATOR = np.random.default_rng(5)


@pytest.fixture(scope="module")
def a_film() -> NDArray[np.uint8]:
    return film(1)


def film(seed: int) -> NDArray[np.uint8]:
    """(160, 140) clouds."""
    clouds = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(160, 140)), 12)
    return ((clouds - clouds.min()) / np.ptp(clouds) * 255).round().astype(np.uint8)


def saved(path: Path, pixels: NDArray, **how) -> Path:
    Image.fromarray(pixels).save(path, **how)
    return path


def test_the_pixel_hash_does_not_depend_on_the_file(tmp_path: Path, a_film: NDArray) -> None:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(a_film), str(tmp_path / "a.nrrd"))
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(a_film.astype(np.float32)), str(tmp_path / "b.nii.gz"))
    files = [
        saved(tmp_path / "a.png", a_film),
        saved(tmp_path / "a.tiff", a_film),
        saved(tmp_path / "color.png", np.stack([a_film] * 3, -1)),
        tmp_path / "a.nrrd",
        tmp_path / "b.nii.gz",
    ]
    assert len({fingerprint(path).pixel_hash for path in files}) == 1


def test_one_pixel_or_another_shape_is_another_image(tmp_path: Path, a_film: NDArray) -> None:
    other = a_film.copy()
    other[3, 4] ^= 1
    files = [
        saved(tmp_path / f"{name}.png", pixels)
        for name, pixels in {"a": a_film, "b": other, "c": a_film.reshape(70, 320)}.items()
    ]
    assert len({fingerprint(path).pixel_hash for path in files}) == 3


def test_copies_of_other_size_format_and_brightness_are_found(tmp_path: Path, a_film: NDArray) -> None:
    picture = Image.fromarray(a_film)
    paths = [
        saved(tmp_path / "a.png", a_film),
        saved(tmp_path / "small.png", np.asarray(picture.resize((70, 80), Image.Resampling.LANCZOS))),
        saved(tmp_path / "coarse.jpg", a_film, quality=20),
        saved(tmp_path / "dark.png", (a_film * 0.6 + 20).astype(np.uint8)),
        *(saved(tmp_path / f"{seed}.png", film(seed)) for seed in (2, 3, 4)),
    ]
    found = fingerprints(paths, tmp_path / "cache")
    assert len(set(found.pixel_hashes)) == 7
    assert {(pair.first, pair.second) for pair in near_duplicates(found.prints) if pair.second < 4} == {
        (i, j) for j in range(4) for i in range(j)
    }
    assert {pair for pair in near_duplicates(found.prints) if pair.second >= 4} == set()


def test_pairs_are_found_across_blocks_and_those_without_contrast_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "_BLOCK", 2)
    pictures = GENERATOR.normal(size=(7, 24, 24)).astype(np.float32)
    pictures[5] = pictures[1] * 2 + 3
    pictures[3] = 1
    prints = [Fingerprint(str(i), p, np.zeros((32, 32)), (1, 1), (), 0, 0, 0) for i, p in enumerate(pictures)]
    (pair,) = near_duplicates([None, *prints])
    assert (pair.first, pair.second) == (2, 6)
    assert pair.correlation == pytest.approx(1)


def series(folder: Path, names: list[str], changed: bool = False) -> Path:
    """Four CT slices under these names."""
    folder.mkdir()
    for number, name in enumerate(names):
        pixels = np.full((32, 32), 100 * number, np.uint16)
        pixels[8:20, 4 : 12 + number] = 1000 + changed
        write_dicom(
            folder / name, pixels, Modality="CT", InstanceNumber=number + 1, SeriesInstanceUID="1.2.3", PatientID="Doe",
            Manufacturer="GE", ConvolutionKernel="LUNG", SliceThickness=2.5, PixelSpacing=[0.7, 0.7],
            ImagePositionPatient=[0, 0, 2.5 * number], ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        )  # fmt: skip
    return folder


def test_a_folder_of_slices_is_one_image_whatever_their_names(tmp_path: Path) -> None:
    first = fingerprint(series(tmp_path / "a", ["1", "2", "3", "4"]))
    second = fingerprint(series(tmp_path / "b", ["z", "y", "x", "w"]))
    third = fingerprint(series(tmp_path / "c", ["1", "2", "3", "4"], changed=True))
    assert first.pixel_hash == second.pixel_hash != third.pixel_hash
    assert first.size == (4, 32, 32)
    assert first.spacing == (2.5, 0.7, 0.7)
    assert first.series == "1.2.3"
    assert first.facts["ConvolutionKernel"] == "LUNG"
    assert np.array_equal(first.print, second.print)
    assert "Doe" not in first.to_bytes().decode("latin1")


@pytest.fixture
def hu() -> NDArray[np.int16]:
    """Five slices, of which the third has a block of its own."""
    values = np.random.default_rng(3).integers(-900, 200, (5, 32, 32)).astype(np.int16)
    values[2, 8:20, 8:20] = 400
    return values


def test_slices_lie_where_their_positions_say_whatever_their_numbers(tmp_path: Path, hu: NDArray) -> None:
    numbered = write_slices(tmp_path / "a", ct_slices(hu))
    shuffled = write_slices(tmp_path / "b", ct_slices(hu, InstanceNumber=[2, 4, 5, 1, 3]))
    first, second = fingerprint(numbered), fingerprint(shuffled)
    assert np.array_equal(first.print, second.print)
    assert first.pixel_hash == second.pixel_hash
    assert first.spacing == pytest.approx((2.0, 0.75, 0.5))


def test_the_distance_of_slices_counts_and_not_their_thickness(tmp_path: Path, hu: NDArray) -> None:
    folder = write_slices(tmp_path / "a", ct_slices(hu, Grid(step=(0.0, 0.0, 10.0)), SliceThickness=1.25))
    assert fingerprint(folder).spacing[0] == pytest.approx(10)


def test_the_frames_of_an_enhanced_ct_are_its_slices(tmp_path: Path, hu: NDArray) -> None:
    path = tmp_path / "enhanced.dcm"
    enhanced_ct(hu, order=[3, 1, 4, 0, 2]).save_as(path, enforce_file_format=True)
    found = fingerprint(path)
    assert found.size == (5, 32, 32)
    assert found.facts["ConvolutionKernel"] == "B60f"
    assert np.array_equal(found.print, fingerprint(write_slices(tmp_path / "a", ct_slices(hu))).print)


def test_a_series_that_is_no_volume_has_no_fingerprint(tmp_path: Path, hu: NDArray) -> None:
    slices = ct_slices(hu)
    folder = write_slices(tmp_path / "a", [*slices[:1], *slices[3:]])
    with pytest.raises(InputError, match="unequally spaced"):
        fingerprint(folder)


def test_contours_beside_the_slices_are_left_aside(tmp_path: Path) -> None:
    folder = series(tmp_path / "a", ["1", "2", "3", "4"])
    before = fingerprint(folder).pixel_hash
    dataset = pydicom.dcmread(folder / "1")
    dataset.Modality = "RTSTRUCT"
    del dataset.PixelData
    dataset.save_as(folder / "contours.dcm")
    assert fingerprint(folder).pixel_hash == before


def test_what_cannot_be_read_is_said_and_stops_nothing(tmp_path: Path, a_film: NDArray) -> None:
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty").mkdir()
    cut = saved(tmp_path / "cut.png", a_film)
    cut.write_bytes(cut.read_bytes()[:500])
    paths = [tmp_path / "gone.png", tmp_path / "text.png", saved(tmp_path / "a.png", a_film), cut, tmp_path / "empty",
             saved(tmp_path / "flat.png", a_film * 0)]  # fmt: skip
    found = fingerprints(paths, tmp_path / "cache")
    assert [row for row, found in enumerate(found.prints) if found] == [2]
    assert found.pixel_hashes[0] == ""
    words = ["does not exist", "not an image file", None, "damaged or cut short", "no DICOM image", "same value"]
    for row, word in enumerate(words):
        assert word is None or word in found.problems[row]


def test_a_second_run_decodes_nothing_wherever_the_file_lies(tmp_path, a_film, monkeypatch) -> None:
    first = fingerprints([saved(tmp_path / "a.png", a_film)], tmp_path / "cache").prints[0]
    (tmp_path / "a.png").rename(tmp_path / "b.png")
    monkeypatch.setattr(hashes, "fingerprint", lambda path: pytest.fail("it was decoded again"))
    again = fingerprints([tmp_path / "b.png"], tmp_path / "cache").prints[0]
    assert first is not None
    assert again is not None
    for name, value in vars(first).items():
        assert np.array_equal(getattr(again, name), value)


def test_a_damaged_entry_of_the_cache_is_made_anew(tmp_path: Path, a_film: NDArray) -> None:
    path = saved(tmp_path / "a.png", a_film)
    before = fingerprints([path], tmp_path / "cache").pixel_hashes
    (entry,) = (tmp_path / "cache").iterdir()
    entry.write_bytes(entry.read_bytes()[:100])
    assert fingerprints([path], tmp_path / "cache").pixel_hashes == before
    Fingerprint.from_bytes(entry.read_bytes())


def test_processes_find_the_same(tmp_path: Path) -> None:
    paths = [saved(tmp_path / f"{seed}.png", film(seed)) for seed in range(3)] + [tmp_path / "gone.png"]
    alone = fingerprints(paths, tmp_path / "one")
    together = fingerprints(paths, tmp_path / "two", processes=2)
    assert together.pixel_hashes == alone.pixel_hashes
    assert together.problems == alone.problems


def test_copies_among_real_films_are_found_and_only_those(shared: Path, tmp_path: Path) -> None:
    from experiments.public_cohorts import chest_radiographs

    cohort = chest_radiographs(shared / "data")
    cohort = cohort.take(cohort.column("label") == "normal")
    found = fingerprints([row.image for row in cohort.rows], tmp_path / "cache")
    assert found.problems == {}
    (pair,) = near_duplicates(found.prints)
    assert (cohort.rows[pair.first].study_id, cohort.rows[pair.second].study_id) == ("normal_nih_090", "normal_nih_091")
    assert found.pixel_hashes[pair.first] == found.pixel_hashes[pair.second]
