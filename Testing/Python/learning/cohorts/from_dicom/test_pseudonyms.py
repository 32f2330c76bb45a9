"""Patients get numbers that they keep."""

import hashlib
import stat
import sys
from dataclasses import replace

import pytest

from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Row
from readingroom.learning.cohorts.from_dicom.pseudonyms import pseudonymized


@pytest.fixture
def rows(tmp_path):
    return [
        Row(patient, study, {"frontal": tmp_path / f"{study}.dcm"})
        for patient, study in (("9", "a"), ("9", "b"), ("3", "a"))
    ]


def test_patients_and_their_studies_are_numbered(rows, tmp_path):
    first, second, other = pseudonymized(rows, tmp_path / "secret.csv")
    assert {first.patient_id, other.patient_id} == {"P0001", "P0002"}
    assert first.patient_id == second.patient_id
    assert {first.study_id, second.study_id} == {f"{first.patient_id}-1", f"{first.patient_id}-2"}
    assert other.study_id == f"{other.patient_id}-1"


def test_the_private_table_tells_who_they_are(rows, tmp_path):
    made = pseudonymized(rows, tmp_path / "secret.csv")
    text = (tmp_path / "secret.csv").read_text("utf-8")
    assert f"9,b,{made[1].patient_id},{made[1].study_id}\n" in text


def test_who_has_a_number_keeps_it(rows, tmp_path):
    before = pseudonymized(rows, tmp_path / "secret.csv")
    more = [Row("1", "x", {"frontal": tmp_path / "x.dcm"}), *rows, replace(rows[0], study_id="c")]
    new, *same, added = pseudonymized(more, tmp_path / "secret.csv")
    assert tuple(same) == before
    assert new.patient_id == "P0003"
    assert added.study_id == f"{before[0].patient_id}-3"


def test_the_numbers_follow_from_nothing_that_others_know(tmp_path):
    patients = [f"{number}" for number in range(1000, 1040)]
    rows = [Row(patient, study, {"frontal": tmp_path / "x.dcm"}) for patient in patients for study in "abcdefgh"]
    first, second = (pseudonymized(rows, tmp_path / f"{name}.csv") for name in ("one", "two"))
    assert [row.patient_id for row in first] != [row.patient_id for row in second]
    assert [row.study_id.split("-")[1] for row in first] != [row.study_id.split("-")[1] for row in second]
    for order in (patients, sorted(patients, key=lambda patient: hashlib.sha256(patient.encode()).hexdigest())):
        guessed = {patient: f"P{number:04d}" for number, patient in enumerate(order, 1)}
        right = sum(guessed[row.patient_id] == made.patient_id for row, made in zip(rows[::8], first[::8], strict=True))
        assert right < 15  # one is expected by chance


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_only_the_owner_may_read_the_private_table(rows, tmp_path):
    pseudonymized(rows, tmp_path / "secret.csv")
    assert stat.S_IMODE((tmp_path / "secret.csv").stat().st_mode) == 0o600


def test_another_table_is_not_written_over(rows, tmp_path):
    (tmp_path / "cohort.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no table of pseudonyms"):
        pseudonymized(rows, tmp_path / "cohort.csv")
    assert (tmp_path / "cohort.csv").read_text() == "a,b\n1,2\n"
