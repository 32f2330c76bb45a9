"""The films that train the bundle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.nih_pneumonia.films import read_films
from readingroom.errors import InputError


def test_takes_the_nih_films_of_both_folders_and_no_others(a_cohort_folder: Path) -> None:
    cohort = read_films(a_cohort_folder)
    assert len(cohort.films) == 48
    assert {film.file.split("/")[0] for film in cohort.films} == {"cxr", "cxr_nih_extra"}
    assert cohort.labels.sum() == 24


def test_a_patient_of_both_folders_is_one_patient(a_cohort_folder: Path) -> None:
    cohort = read_films(a_cohort_folder)
    assert len(set(cohort.patients)) == 18
    assert (cohort.patients == "NIH-00009").sum() == 4


def test_the_range_of_patient_numbers_is_that_of_the_normal_films(a_cohort_folder: Path) -> None:
    inside = {film.patient_id for film in read_films(a_cohort_folder).films if film.in_range}
    assert inside == {f"NIH-{number:05d}" for number in range(1, 13)}


def test_rows_are_chosen_by_their_columns(a_cohort_folder: Path) -> None:
    cohort = read_films(a_cohort_folder)
    chosen = cohort.where(view="AP", sex="F")
    assert 0 < chosen.sum() < 48
    assert all(film.view == "AP" and film.sex == "F" for film, c in zip(cohort.films, chosen, strict=True) if c)


def test_pixels_are_the_file_s_own(a_cohort_folder: Path) -> None:
    gray = read_films(a_cohort_folder).gray(0)
    assert gray.shape == (96, 96)
    assert gray.dtype == np.float32
    assert 0 <= gray.min() < gray.max() <= 1


def test_a_limit_keeps_as_many_films_of_each_label(a_cohort_folder: Path) -> None:
    cohort = read_films(a_cohort_folder, limit=5)
    assert cohort.labels.tolist() == [1] * 5 + [0] * 5


def test_a_missing_folder_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: no such file"):
        read_films(tmp_path)


def test_a_table_without_the_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cxr").mkdir()
    (tmp_path / "cxr" / "labels.csv").write_text("file,label\na.png,normal\n")
    with pytest.raises(InputError, match="has no column source, patient_id"):
        read_films(tmp_path)
