"""Copies of a film are known again by what they look like; films of other patients are not taken for copies."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from readingroom.csv_table import read_csv
from readingroom.learning.cohorts.fingerprint import fingerprint
from readingroom.learning.cohorts.perceptual_hash import FEW, VIEWS, copies, none, perceptual_hashes
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import stored, write_dicom

Change = Callable[[Image.Image], Image.Image]


def as_jpeg(film: Image.Image) -> Image.Image:
    data = io.BytesIO()
    film.save(data, "JPEG", quality=40)
    return Image.open(data)


def cropped(film: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = film.size
    return film.crop(
        (round(width * left), round(height * top), round(width * (1 - right)), round(height * (1 - bottom)))
    )


CHANGES: dict[str, Change] = {
    "as JPEG": as_jpeg,
    "halved": lambda film: film.resize((film.width // 2, film.height // 2), Image.Resampling.LANCZOS),
    "square": lambda film: film.resize((200, 200), Image.Resampling.BICUBIC),
    "inverted": ImageOps.invert,
    "brighter": lambda film: film.point(lambda value: min(255, int(value**0.8 * 3))),
    "cropped": lambda film: cropped(film, 0.03, 0.03, 0.03, 0.03),
    "cropped on one side": lambda film: cropped(film, 0.04, 0, 0, 0),
    "everything at once": lambda film: ImageOps.invert(
        as_jpeg(cropped(film, 0.02, 0.02, 0.02, 0.02).resize((300, 280)))
    ),
}


def gray(film: Image.Image) -> np.ndarray:
    return np.asarray(film.convert("L"), np.float32) / 255


@pytest.fixture(scope="module")
def films(shared: Path) -> tuple[list[Image.Image], np.ndarray]:
    """400 real films with their patients."""
    paths, patients = [], []
    for folder, kind in (("cxr", "cohen"), ("cxr_kermany", "")):
        lines = read_csv(shared / "data" / folder / "labels.csv").records(needed=("file", "patient_id"))
        chosen = [line for line in lines if line.get("source", "") == kind or not kind][:: 13 if not kind else 1][:300]
        paths += [shared / "data" / folder / line["file"] for line in chosen]
        patients += [line["patient_id"] for line in chosen]
    return [Image.open(path).convert("L") for path in paths], np.array(patients)


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_of_a_film_is_recognized(films: tuple[list[Image.Image], np.ndarray], change: str) -> None:
    chosen = films[0][::10]
    known = [perceptual_hashes(gray(film)) for film in chosen]
    found = copies([perceptual_hashes(gray(CHANGES[change](film))) for film in chosen], known)
    assert found.diagonal().mean() > 0.97


def test_no_two_films_of_different_patients_are_copies(films: tuple[list[Image.Image], np.ndarray]) -> None:
    hashes = [perceptual_hashes(gray(film)) for film in films[0]]
    patients = films[1]
    assert not copies(hashes, hashes)[patients[:, None] != patients].any()


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_of_a_phantom_is_recognized(change: str) -> None:
    film = Image.fromarray((255 * chest_radiograph(300, 280, seed=5)).astype(np.uint8))
    assert copies([perceptual_hashes(gray(CHANGES[change](film)))], [perceptual_hashes(gray(film))]).all()


@pytest.mark.parametrize("change", [change for change in CHANGES if change != "cropped on one side"])
def test_few_views_of_a_picture_are_enough_to_recognize_its_copies(change: str) -> None:
    film = Image.fromarray((255 * chest_radiograph(300, 280, seed=5)).astype(np.uint8))
    stranger = perceptual_hashes(chest_radiograph(300, 280, seed=8))
    known = [perceptual_hashes(gray(film))[:FEW], stranger[:FEW]]
    assert copies([perceptual_hashes(gray(CHANGES[change](film)))], known)[0, 0]


def test_a_dicom_file_and_its_inverted_picture_are_copies(tmp_path: Path) -> None:
    film = chest_radiograph(300, 280, seed=6)
    write_dicom(tmp_path / "film.dcm", stored(film, bits=12), bits=12, ViewPosition="PA")
    Image.fromarray((255 * (1 - film)).astype(np.uint8)).save(tmp_path / "film.jpg", quality=70)
    one, other = fingerprint(tmp_path / "film.dcm"), fingerprint(tmp_path / "film.jpg")
    assert one.pixel_hash != other.pixel_hash
    assert copies([one.looks], [other.looks]).all()


def test_noise_and_what_has_no_hash_are_copies_of_nothing() -> None:
    generator = np.random.default_rng(0)
    one, other = (perceptual_hashes(generator.random((64, 64))) for _ in range(2))
    assert one.shape == (VIEWS, 96)
    assert copies([one, none()], [other, none(), one]).tolist() == [[False, False, True], [False, False, False]]
    assert copies([], [one]).shape == (0, 1)
