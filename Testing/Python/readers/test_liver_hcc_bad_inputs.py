"""What a radiologist may hand over by mistake in place of a liver MR or its mask, and what is said of it.

All go through the reader, from files to checks; how each kind of file is opened is tested in ``imaging``, the checks of
MR and of masks in ``trust``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

import liver_hcc_cases as cases
from readingroom.bundles.bundle import Bundle
from readingroom.errors import InputError, RefusedError
from readingroom.phantoms.dicom_series import Grid, ct_slices, mr_slices, write_slices
from readingroom.phantoms.fibrosis_ct import fibrosis_ct

SERIES = Grid(spacing=(4.0, 4.0), origin=(0.0, 0.0, 0.0), thickness=8.0)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return cases.write_bundle(tmp_path_factory.mktemp("bundles") / "bright", cases.gray_network())


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    cases.write_nrrd(folder / "mr.nrrd", cases.pixels())
    cases.write_nrrd(folder / "liver.nrrd", cases.phantom().liver)
    return folder


def refused(bundle: Bundle, folder: Path, mr: Path, liver: Path | None) -> str:
    """The sentence that ends the read."""
    with pytest.raises((InputError, RefusedError)) as error:
        cases.read_early(bundle, folder / "out", mr, {"liver": liver} if liver else {})
    assert not (folder / "out").exists()
    return str(error.value)


def masked(folder: Path, mask: np.ndarray) -> Path:
    return cases.write_nrrd(folder / "mask.nrrd", mask)


# The MR


def test_a_dicom_series_of_the_liver_is_read(bundle, files, tmp_path) -> None:
    series = write_slices(tmp_path / "mr", mr_slices(cases.pixels(), SERIES, BodyPartExamined="ABDOMEN"))
    reading = cases.read_early(bundle, tmp_path / "out", series, {"liver": files / "liver.nrrd"})
    assert reading.study.images[0].modality == "MR"


def test_a_ct_series_is_no_mr(bundle, files, tmp_path) -> None:
    series = write_slices(tmp_path / "ct", ct_slices(cases.pixels().astype(int) - 200, SERIES))
    assert "CT" in refused(bundle, tmp_path, series, files / "liver.nrrd")


def test_a_ct_without_a_header_is_known_by_its_values(bundle, tmp_path) -> None:
    chest = fibrosis_ct(1, shape=cases.SHAPE, spacing=cases.SPACING)
    ct = cases.write_nrrd(tmp_path / "ct.nrrd", chest.pixels)
    sentence = refused(bundle, tmp_path, ct, masked(tmp_path, chest.right_lung))
    assert "Hounsfield" in sentence or "CT" in sentence


def test_a_picture_is_no_volume(bundle, files, tmp_path) -> None:
    flat = cases.write_nrrd(tmp_path / "flat.nrrd", SimpleITK.GetImageFromArray(cases.pixels()[15]))
    assert "'flat.nrrd'" in refused(bundle, tmp_path, flat, files / "liver.nrrd")


def test_a_volume_over_time_is_refused(bundle, files, tmp_path) -> None:
    twice = SimpleITK.JoinSeries([cases.image_of(cases.pixels())] * 2)
    SimpleITK.WriteImage(twice, str(tmp_path / "dynamic.nii.gz"))
    sentence = refused(bundle, tmp_path, tmp_path / "dynamic.nii.gz", files / "liver.nrrd")
    assert "dynamic.nii.gz" in sentence


def test_a_file_that_was_cut_off_is_refused(bundle, files, tmp_path) -> None:
    whole = (files / "mr.nrrd").read_bytes()
    (tmp_path / "cut.nrrd").write_bytes(whole[: len(whole) // 2])
    assert "'cut.nrrd'" in refused(bundle, tmp_path, tmp_path / "cut.nrrd", files / "liver.nrrd")


def test_an_image_with_one_value_is_refused(bundle, files, tmp_path) -> None:
    even = cases.write_nrrd(tmp_path / "even.nrrd", np.full(cases.SHAPE, 7, np.int16))
    assert refused(bundle, tmp_path, even, files / "liver.nrrd").endswith(".")


# The mask


def test_without_a_mask_the_sentence_says_where_to_get_one(bundle, files, tmp_path) -> None:
    assert "not outlined" in refused(bundle, tmp_path, files / "mr.nrrd", None)


def test_an_empty_mask_is_refused(bundle, files, tmp_path) -> None:
    sentence = refused(bundle, tmp_path, files / "mr.nrrd", masked(tmp_path, np.zeros(cases.SHAPE, bool)))
    assert "'mask.nrrd' is empty" in sentence


def test_a_mask_that_lies_elsewhere_is_refused(bundle, files, tmp_path) -> None:
    image = cases.image_of(cases.phantom().liver)
    image.SetOrigin((5000.0, 0.0, 0.0))
    sentence = refused(bundle, tmp_path, files / "mr.nrrd", cases.write_nrrd(tmp_path / "far.nrrd", image))
    assert "is it of another examination" in sentence


@pytest.mark.parametrize("mask", [None, "right_kidney"])
def test_what_is_no_liver_ends_it_before_the_network_is_loaded(bundle, files, tmp_path, monkeypatch, mask) -> None:
    def load_model(*_: object) -> None:
        pytest.fail("The network was loaded.")

    monkeypatch.setattr("readingroom.readers.liver_hcc.LiverHCCReader.load_model", load_model)
    given = masked(tmp_path, getattr(cases.phantom(), mask)) if mask else None
    assert "liver" in refused(bundle, tmp_path, files / "mr.nrrd", given).lower()


def test_of_a_ct_without_a_mask_it_is_said_that_it_is_a_ct(bundle, files, tmp_path) -> None:
    series = write_slices(tmp_path / "ct", ct_slices(cases.pixels().astype(int) - 200, SERIES))
    sentence = refused(bundle, tmp_path, series, None)
    assert "CT" in sentence
    assert "not outlined" not in sentence


@pytest.mark.parametrize("organ", ["spleen", "right_kidney", "left_kidney"])
def test_another_organ_is_refused(bundle, files, tmp_path, organ) -> None:
    sentence = refused(bundle, tmp_path, files / "mr.nrrd", masked(tmp_path, getattr(cases.phantom(), organ)))
    assert "liver" in sentence.lower() or "mask" in sentence.lower()


def test_half_a_liver_is_said(bundle, files, tmp_path) -> None:
    half = cases.phantom().liver.copy()
    half[: round(np.nonzero(half)[0].mean())] = False
    reading = cases.read_early(bundle, tmp_path / "out", files / "mr.nrrd", {"liver": masked(tmp_path, half)})
    assert any(check.status == "warn" and "mask" in check.sentence for check in reading.checks)


def test_the_mirrored_mask_of_another_study_is_refused(bundle, files, tmp_path) -> None:
    mirrored = np.ascontiguousarray(cases.phantom().liver[:, :, ::-1])
    assert "mirrored" in refused(bundle, tmp_path, files / "mr.nrrd", masked(tmp_path, mirrored))
