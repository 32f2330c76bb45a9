"""What a radiologist may hand over by mistake in place of a chest CT, its lungs or its prior, and what is said of it.

All go through the reader, from files to checks; how each kind of file is opened is tested in ``imaging``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

import pasc_fibrosis_cases as cases
from readingroom.bundles.bundle import Bundle
from readingroom.errors import InputError, RefusedError
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import stored, write_dicom
from readingroom.phantoms.dicom_series import Grid, ct_slices, write_slices
from readingroom.phantoms.fibrosis_ct import FibrosisCT

SERIES = Grid(spacing=(3.6, 3.6), origin=(0.0, 0.0, 0.0), thickness=9.5)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return cases.write_bundle(tmp_path_factory.mktemp("bundles") / "gray", cases.gray_network())


@pytest.fixture(scope="module")
def chest() -> FibrosisCT:
    return cases.phantom(7)


@pytest.fixture(scope="module")
def ct(chest, tmp_path_factory) -> Path:
    return cases.write_nrrd(tmp_path_factory.mktemp("ct") / "ct.nrrd", chest.pixels)


def series(folder: Path, chest: FibrosisCT, without: slice = slice(0), **elements) -> Path:
    """The chest as DICOM slices; some are missing."""
    slices = ct_slices(np.maximum(chest.pixels, -1024), SERIES, **elements)
    del slices[without]
    return write_slices(folder, slices)


def refused(bundle: Bundle, folder: Path, ct: Path, **more) -> str:
    """The sentence that ends the read."""
    with pytest.raises((InputError, RefusedError)) as error:
        cases.read_early(bundle, folder / "out", ct, **more)
    assert not (folder / "out").exists()
    return str(error.value)


# Slices


def test_a_missing_slice_is_filled_in_and_said(bundle, chest, tmp_path) -> None:
    reading = cases.read_early(bundle, tmp_path / "out", series(tmp_path / "ct", chest, slice(14, 15)))
    assert any(note.startswith("Missing: 1 slice of 30, at z = 133.0 mm.") for note in reading.provenance.notes)


def test_several_missing_slices_in_a_row_are_refused(bundle, chest, tmp_path) -> None:
    sentence = refused(bundle, tmp_path, series(tmp_path / "ct", chest, slice(14, 18)))
    assert sentence.startswith(
        "In 'ct' 4 slices are missing between z = 123.5 mm and z = 171.0 mm, a gap of 47.5 mm where neighbors lie"
    )


@pytest.mark.parametrize(("missing", "word"), [(slice(20, None), "above"), (slice(0, 12), "below")])
def test_slices_missing_at_an_end_are_said_as_lung_that_is_cut_off(bundle, chest, tmp_path, missing, word) -> None:
    reading = cases.read_early(bundle, tmp_path / "out", series(tmp_path / "ct", chest, missing))
    (sentence,) = [one for one in cases.sentences(reading, "warn") if "cut off" in one]
    assert word in sentence


def test_one_slice_is_no_volume(bundle, chest, tmp_path) -> None:
    sentence = refused(bundle, tmp_path, series(tmp_path / "ct", chest, slice(1, None)))
    assert "holds no DICOM series of several slices; it holds CT series (1 image)" in sentence


def test_a_flat_nrrd_is_no_volume(bundle, chest, tmp_path) -> None:
    flat = cases.write_nrrd(tmp_path / "flat.nrrd", SimpleITK.GetImageFromArray(chest.pixels[12]))
    assert "'flat.nrrd' is no volume: it has fewer than 3 slices." in refused(bundle, tmp_path, flat)


def test_a_series_over_time_is_refused(bundle, chest, tmp_path) -> None:
    moving = SimpleITK.JoinSeries([cases.image_of(chest.pixels)] * 3)
    path = tmp_path / "4d.nii.gz"
    SimpleITK.WriteImage(moving, str(path))
    assert refused(bundle, tmp_path, path) == (
        "'4d.nii.gz' holds several volumes (100 x 80 x 30 x 3), such as a time series; one was expected."
    )


def test_two_patients_in_a_folder_are_refused(bundle, chest, tmp_path) -> None:
    series(tmp_path / "ct", chest, PatientID="A")
    sentence = refused(bundle, tmp_path, series(tmp_path / "ct", chest, PatientID="B"))
    assert "holds images of two patients: they differ in PatientID" in sentence


# Other images


def test_an_mr_is_refused(bundle, chest, tmp_path) -> None:
    sentence = refused(bundle, tmp_path, series(tmp_path / "mr", chest, Modality="MR"))
    assert sentence == "The header says MR, magnetic resonance; this reader is for chest CT."


def test_a_radiograph_is_refused(bundle, tmp_path) -> None:
    path = write_dicom(tmp_path / "film.dcm", stored(chest_radiograph(200, 160), bits=12), bits=12)
    assert refused(bundle, tmp_path, path) == (
        "'film.dcm' is an image of the modality DX and no volume: it holds a single picture."
    )


def test_a_ct_that_was_windowed_to_8_bits_is_refused(bundle, chest, tmp_path) -> None:
    gray = np.clip((chest.pixels + 1350) / 1500 * 255, 0, 255).astype(np.uint8)
    sentence = refused(bundle, tmp_path, cases.write_nrrd(tmp_path / "gray.nrrd", gray))
    assert "these are gray levels for a screen and no Hounsfield units" in sentence


def test_a_head_is_refused(bundle, tmp_path) -> None:
    k, j, i = np.mgrid[-15:15, -40:40, -40:40]
    distance = np.sqrt((k / 14) ** 2 + (j / 28) ** 2 + (i / 23) ** 2)
    head = np.where(distance < 1, 35, -1000) + np.where(abs(distance - 0.96) < 0.06, 900, 0)
    head[(abs(k) < 3) & (abs(i) < 4) & (j < -14) & (j > -22)] = -1000  # a sinus
    noisy = head + np.random.default_rng(0).normal(0, 12, head.shape)
    path = cases.write_nrrd(tmp_path / "head.nrrd", cases.image_of(noisy.astype(np.int16), (5.0, 3.5, 3.5)))
    assert "Only 0 L of lung were found: this may be no chest" in refused(bundle, tmp_path, path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sts_pet_ct_mr/STS_002/CT_image.nii.gz", "Only 0 L of lung were found"),  # a thigh
        ("totalseg_examples/example_ct_dicom", "Only 0 L of lung were found"),  # an abdomen
        ("dicom_io/mr_sts_002/image", "The header says MR"),
    ],
)
def test_real_images_of_other_parts_are_refused(bundle, shared, tmp_path, name, words) -> None:
    path = shared / "data" / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    assert words in refused(bundle, tmp_path, path)


# Lungs


def test_a_mask_on_another_grid_is_moved_to_the_voxels_of_the_ct_and_said(bundle, ct, chest, tmp_path) -> None:
    lungs = cases.image_of(chest.left_lung | chest.right_lung)
    coarse = SimpleITK.Resample(
        lungs, [50, 40, 60], SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, (1.8, 1.8, -2.375), [7.2, 7.2, 4.75]
    )
    path = cases.write_nrrd(tmp_path / "coarse.nrrd", coarse)
    notes = cases.read_early(bundle, tmp_path / "out", ct, {"lungs": path}).provenance.notes
    said = "'coarse.nrrd' was drawn on other voxels than those of the image: the nearest ones were marked."
    assert said in notes


def test_a_mask_that_is_stored_in_another_orientation_is_the_same_mask(bundle, ct, chest, tmp_path) -> None:
    lungs = SimpleITK.DICOMOrient(cases.image_of(chest.left_lung | chest.right_lung), "RSA")
    reading = cases.read_early(bundle, tmp_path / "out", ct, {"lungs": cases.write_nrrd(tmp_path / "m.nrrd", lungs)})
    assert not [note for note in reading.provenance.notes if "m.nrrd" in note]
    volume = cases.value(reading, "right-lung-volume")
    assert volume == pytest.approx(chest.right_lung.sum() * np.prod(cases.SPACING) / 1000)


def test_how_much_of_a_mask_lies_beyond_the_image_is_said(bundle, ct, chest, tmp_path) -> None:
    longer = np.pad(chest.left_lung | chest.right_lung, ((0, 6), (0, 0), (0, 0)), mode="edge")
    longer[-6:] = longer[12]
    path = cases.write_nrrd(tmp_path / "longer.nrrd", longer)
    notes = cases.read_early(bundle, tmp_path / "out", ct, {"lungs": path}).provenance.notes
    beyond = 100 * longer[-6:].sum() / longer.sum()
    assert f"{beyond:.0f} % of 'longer.nrrd' lies beyond the image." in notes


def test_lungs_of_another_ct_are_doubted(bundle, ct, chest, tmp_path) -> None:
    lungs = chest.left_lung | chest.right_lung
    moved = cases.write_nrrd(tmp_path / "moved.nrrd", np.roll(lungs, (1, 6, 8), (0, 1, 2)))
    reading = cases.read_early(bundle, tmp_path / "out", ct, {"lungs": moved}, force=True)
    (check,) = [check for check in reading.checks if check.name == "mask on lung"]
    assert check.status == "warn"
    assert "either they are dense, or the mask is of another CT" in check.sentence


def test_a_mask_of_something_else_is_refused(bundle, ct, chest, tmp_path) -> None:
    body = cases.write_nrrd(tmp_path / "body.nrrd", (chest.pixels > -100) & (chest.pixels < 200))
    sentence = refused(bundle, tmp_path, ct, masks={"lungs": body})
    assert "of the lungs that were given hold air: the mask is of another CT, or of no lungs" in sentence
