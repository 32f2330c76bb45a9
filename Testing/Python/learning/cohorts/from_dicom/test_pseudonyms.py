"""Patients get numbers that they keep."""

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
    assert (first.study_id, second.study_id) == (f"{first.patient_id}-1", f"{first.patient_id}-2")


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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_only_the_owner_may_read_the_private_table(rows, tmp_path):
    pseudonymized(rows, tmp_path / "secret.csv")
    assert stat.S_IMODE((tmp_path / "secret.csv").stat().st_mode) == 0o600


def test_another_table_is_not_written_over(rows, tmp_path):
    (tmp_path / "cohort.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no table of pseudonyms"):
        pseudonymized(rows, tmp_path / "cohort.csv")
    assert (tmp_path / "cohort.csv").read_text() == "a,b\n1,2\n"
