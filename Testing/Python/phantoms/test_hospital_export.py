"""The export of phantom films to practice with."""

import csv

import pydicom
import pytest

from readingroom.phantoms.hospital_export import FILMS, SPREADSHEET, write_hospital_export


@pytest.fixture(scope="module")
def an_export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hospital")
    write_hospital_export(folder, films=12, rows=64)
    return folder


def headers(folder):
    paths = sorted(path for path in (folder / FILMS).rglob("IM00*.dcm"))
    return [pydicom.dcmread(path, stop_before_pixels=True) for path in paths]


def test_it_holds_films_of_patients_from_two_institutions(an_export):
    films = headers(an_export)
    assert len(films) == 12
    assert len({film.PatientID for film in films}) == 8
    assert len({film.InstitutionName for film in films}) == 2


def test_the_films_of_a_patient_agree_on_the_patient(an_export):
    facts = {(film.PatientID, film.PatientAge, film.PatientSex, film.InstitutionName) for film in headers(an_export)}
    assert len(facts) == 8


def test_the_spreadsheet_misses_one_film_and_has_one_too_many(an_export):
    with (an_export / SPREADSHEET).open(newline="") as file:
        lines = {line["Accession No."]: line["Diagnosis"] for line in csv.DictReader(file, delimiter=";")}
    films = {film.AccessionNumber for film in headers(an_export)}
    assert (len(films - lines.keys()), len(lines.keys() - films)) == (1, 1)
    assert set(lines.values()) == {"normal", "opacity"}


def test_the_same_seed_gives_the_same_films(an_export, tmp_path):
    write_hospital_export(tmp_path, films=12, rows=64)
    first, again = (next(iter(sorted((f / FILMS).rglob("IM0000.dcm")))) for f in (an_export, tmp_path))
    assert pydicom.dcmread(first).PixelData == pydicom.dcmread(again).PixelData


def test_too_few_films_are_refused(tmp_path):
    with pytest.raises(ValueError, match="too few"):
        write_hospital_export(tmp_path, films=5)
