"""Whether the patient is of the ages that a bundle was trained on."""

import dataclasses

import pytest

from readingroom.bundles import store
from readingroom.examples import chest_radiograph as example
from readingroom.readers import base
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader
from readingroom.trust.checks import age_check

CHILDREN, ADULTS = (1.0, 5.0), (18.0, 85.0)


def test_an_adult_read_by_a_bundle_for_children_is_warned_of_in_one_plain_sentence():
    check = age_check(54, CHILDREN)
    assert check.status == "warn"
    assert check.sentence == "This bundle was trained on children of 1 to 5 years; this patient is 54."


@pytest.mark.parametrize(("age", "status"), [(1.0, "pass"), (5.9, "pass"), (6.0, "warn"), (0.9, "warn")])
def test_ages_count_in_completed_years(age, status):
    assert age_check(age, CHILDREN).status == status


def test_an_unknown_age_passes_and_is_said_to_be_unknown():
    check = age_check(None, ADULTS)
    assert check.status == "pass"
    assert "age is not known" in check.sentence
    assert "adults of 18 to 85 years" in check.sentence


def test_the_exact_age_of_very_old_people_is_not_told():
    assert age_check(97, ADULTS).sentence.endswith("this patient is older than 89.")


def test_a_read_says_with_its_first_answer_that_the_patient_is_a_child(tmp_path):
    reader = find_reader("chest-xray")
    study = open_study(reader, {"frontal": example()}, clinical={"age": "4"})
    answers = []
    reading = base.read(
        reader, study, store.find("cxr-nih-pneumonia"), tmp_path / "out", "cpu", on_answer=answers.append
    )
    for shown in (answers[0], reading):
        assert {check.name: check.status for check in shown.checks}["age"] == "warn"


def test_ages_that_nobody_has_are_refused():
    metadata = store.find("cxr-nih-pneumonia").metadata
    for ages in ((5.0, 1.0), (-1.0, 5.0), (18.0, 200.0)):
        with pytest.raises(ValueError, match="not plausible"):
            dataclasses.replace(metadata, ages=ages)
