"""Which MR is read of a study with many series, and the bias field that is taken out of it on request."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from liver_hcc_cases import gray_network, phantom, pixels, write_bundle, write_nrrd
from readingroom.bundles.bundle import Bundle
from readingroom.errors import InputError
from readingroom.phantoms.dicom_series import mr_slices, write_slices
from readingroom.readers.base import read
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader


@pytest.fixture(autouse=True)
def no_tests_of_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("readingroom.readers.liver_hcc.LiverHCCReader.tests_of_answer", ())


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return write_bundle(tmp_path_factory.mktemp("bundles") / "bright", gray_network())


def test_the_axial_t2_series_of_a_study_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    write_slices(folder, mr_slices(np.ones((20, 6, 5)), None, "T1-portal-venous", SeriesNumber=1))
    write_slices(folder, mr_slices(np.ones((6, 6, 5)), None, "T2", SeriesNumber=2))
    image = open_study(find_reader("liver-hcc"), {"mr": folder}).image("mr")
    assert image.notes == ("Of 2 series of the folder the MR series 2 (T2, axial; 6 images) was read.",)


def test_the_bias_field_is_corrected_where_a_person_asks_for_it(bundle: Bundle, tmp_path: Path) -> None:
    write_nrrd(tmp_path / "mr.nrrd", pixels())
    write_nrrd(tmp_path / "liver.nrrd", phantom().liver)
    reader = find_reader("liver-hcc")
    study = open_study(reader, {"mr": tmp_path / "mr.nrrd"}, {"liver": tmp_path / "liver.nrrd"})
    found = read(reader, study, bundle, tmp_path / "out", "cpu", force=True, options=("correct-bias-field",))
    (check,) = [check for check in found.checks if check.name == "bias field"]
    assert check.sentence.startswith("Before it was corrected")
    assert any("bias field of the MR was corrected (N4)" in note for note in found.provenance.notes)
    assert found.provenance.settings["options"] == ["correct-bias-field"]


def test_an_option_that_the_reader_does_not_have_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    write_nrrd(tmp_path / "mr.nrrd", pixels())
    reader = find_reader("liver-hcc")
    study = open_study(reader, {"mr": tmp_path / "mr.nrrd"})
    with pytest.raises(InputError, match=r"Liver HCC has no option 'faster'\."):
        read(reader, study, bundle, tmp_path / "out", options=("faster",))
