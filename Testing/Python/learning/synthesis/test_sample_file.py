"""Nobody can take a synthetic picture for a patient's: not a person, not a program, not a reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from readingroom.cli import REFUSED, main
from readingroom.errors import InputError
from readingroom.imaging.breast import find_breast
from readingroom.imaging.mammography_exam import VIEW_ROLES
from readingroom.learning.cohorts.cohort import Row
from readingroom.learning.protocols.training_protocol import load_protocol
from readingroom.learning.synthesis.sample_file import marked, read_sample, write_sample
from readingroom.learning.training.picture_store import prepared
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import stored, write_dicom
from readingroom.phantoms.mammogram import four_views, write_exam
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader
from readingroom.trust.header_checks import header_checks
from readingroom.trust.mammogram_checks import View, exam_checks


@pytest.fixture
def gray() -> np.ndarray:
    return np.random.default_rng(0).random((64, 48), dtype=np.float32)


@pytest.fixture
def a_sample(gray: np.ndarray, tmp_path: Path) -> Path:
    write_sample(tmp_path / "a.dcm", gray, "SYNTHETIC-ab-0001", 1, "Made by a GAN. No patient was imaged.", "Krebs, µ")
    return tmp_path / "a.dcm"


def test_the_header_says_synthetic_in_every_place_where_programs_look(a_sample: Path) -> None:
    header = pydicom.dcmread(a_sample)
    assert header.SyntheticData == "YES"
    assert header.SOPClassUID.name == "Secondary Capture Image Storage"
    assert (header.ConversionType, header.ContentQualification) == ("SYN", "RESEARCH")
    assert list(header.ImageType)[:2] == ["DERIVED", "SECONDARY"]
    for text in (header.PatientID, str(header.PatientName), header.SeriesDescription, header.ImageComments):
        assert text.startswith("SYNTHETIC")
    assert "No patient was imaged" in header.DerivationDescription
    assert "Krebs, µ" in header.ImageComments


@pytest.mark.parametrize("columns", [32, 48, 64, 128, 256])
def test_the_mark_is_white_on_black_below_the_picture_and_covers_nothing(columns: int) -> None:
    gray = np.full((columns, columns), 0.5, np.float32)
    shown = marked(gray)
    strip = shown[columns:]
    assert np.array_equal(shown[:columns], gray)
    assert set(np.unique(strip)) == {0.0, 1.0}
    assert 0.05 < strip.mean() < 0.5
    assert not strip[0].any()
    assert not strip[-1].any()


def test_what_is_learned_from_is_the_picture_without_its_mark(a_sample: Path, gray: np.ndarray) -> None:
    found = read_sample(a_sample)
    assert found.shape == gray.shape
    assert np.abs(found - gray).max() < 1 / 4095


def test_the_same_picture_is_the_same_file(a_sample: Path, gray: np.ndarray, tmp_path: Path) -> None:
    write_sample(tmp_path / "b.dcm", gray, "SYNTHETIC-ab-0001", 1, "Made by a GAN. No patient was imaged.", "Krebs, µ")
    assert (tmp_path / "b.dcm").read_bytes() == a_sample.read_bytes()


@pytest.mark.parametrize("change", ["strip", "tag", "none of ours"])
def test_a_file_without_its_mark_is_not_learned_from(change: str, a_sample: Path, tmp_path: Path) -> None:
    if change == "none of ours":
        a_sample = write_exam(tmp_path, four_views(0, rows=96, columns=80))["left-cc"]
    else:
        header = pydicom.dcmread(a_sample)
        if change == "tag":
            header.SyntheticData = "NO"
        else:
            pixels = header.pixel_array.copy()
            pixels[64:] = 0
            header.PixelData = pixels.tobytes()
        header.save_as(a_sample)
    with pytest.raises(InputError, match="no synthetic picture that readingroom synthesize wrote"):
        read_sample(a_sample)


def test_a_film_that_its_header_calls_synthetic_is_not_read_whatever_else_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = write_dicom(tmp_path / "a.dcm", stored(chest_radiograph(320, 300)), SyntheticData="YES", ViewPosition="PA")
    assert main(["read", "chest-xray", str(film), "--out", str(tmp_path / "out"), "--device", "cpu"]) == REFUSED
    assert "1 image is synthetic by the header (frontal): no patient was imaged." in capsys.readouterr().err


def test_a_synthetic_film_that_a_table_calls_real_trains_nothing(tmp_path: Path) -> None:
    film = write_dicom(tmp_path / "a.dcm", stored(chest_radiograph(320, 300)), SyntheticData="YES", ViewPosition="PA")
    preprocessing = load_protocol("chest-xray").input
    with pytest.raises(InputError, match=r"Study 's' of patient 'p': a\.dcm is synthetic by its header"):
        prepared(Row("p", "s", {"frontal": film}, "opacity"), preprocessing)


def test_readers_of_films_do_not_pass_a_synthetic_picture(a_sample: Path) -> None:
    chest = open_study(find_reader("chest-xray"), {"frontal": a_sample})
    assert header_checks(chest.images[0])[0].status != "pass"
    study = open_study(find_reader("mammo-screen"), {VIEW_ROLES[0]: a_sample})
    view = View(VIEW_ROLES[0], study.images[0], np.zeros((64, 48), np.float32), find_breast(np.eye(64, 48, dtype="f4")))
    statuses = {check.name: check.status for check in exam_checks([view])}
    assert statuses["modality"] == "stop"
