"""The labels of a cohort as the outputs of a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.label_set import label_set_of


def cohort_of(*labels: str | None) -> Cohort:
    return Cohort(
        tuple(Row(f"p{i}", f"s{i}", {"frontal": Path("a.png")}, label=label) for i, label in enumerate(labels))
    )


@pytest.mark.parametrize(
    ("labels", "order"),
    [
        (("normal", "pneumonia"), ("pneumonia", "normal")),
        (("noncovid", "covid"), ("covid", "noncovid")),
        (("fracture", "No fracture"), ("fracture", "no-fracture")),
        (("0", "1"), ("1", "0")),
        (("Typical", "atypical", "healthy"), ("atypical", "typical", "healthy")),
    ],
)
def test_what_is_looked_for_comes_first_and_what_means_nothing_found_last(
    labels: tuple[str, ...], order: tuple[str, ...]
) -> None:
    assert label_set_of(cohort_of(*labels), "chest-xray").classes == order


def test_the_labels_of_a_known_task_are_its_task_in_its_order() -> None:
    label_set = label_set_of(cohort_of("Normal", "COVID-19", "Viral pneumonia"), "chest-xray")
    assert label_set.task == "covid"
    assert label_set.classes == ("covid-19", "viral-pneumonia", "normal")
    assert label_set.values == ("COVID-19", "Viral pneumonia", "Normal")
    assert label_set.positive == ""


def test_titles_are_what_the_table_says_and_two_labels_have_a_positive_one() -> None:
    label_set = label_set_of(cohort_of("normal", "bacterial_pneumonia"), "chest-xray")
    assert [label.title for label in label_set.labels] == ["Bacterial pneumonia", "Normal"]
    assert label_set.positive == "bacterial_pneumonia"


def test_times_and_events_wait_for_the_survival_head() -> None:
    row = Row("p", "s", {"frontal": Path("a.png")}, time=12.0, event=True)
    with pytest.raises(InputError, match="survival head comes with the module LungSurvival"):
        label_set_of(Cohort((row,)), "chest-xray")


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (("a", None, "b"), "1 studies have no label"),
        (("a", "a"), "two labels or more"),
        (("a b", "A-B"), "differ in case or signs only"),
        (("+", "-"), "no letter or digit"),
    ],
)
def test_labels_that_ask_nothing_are_refused(labels: tuple[str | None, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        label_set_of(cohort_of(*labels), "chest-xray")


def test_findings_that_may_hold_together_are_outputs_in_order_and_none_is_what_is_left() -> None:
    found = cohort_of("Mass|effusion", "No finding", "effusion", "Mass")
    label_set = label_set_of(found, "chest-xray")
    assert label_set.multilabel
    assert label_set.classes == ("effusion", "mass")
    assert label_set.values == ("effusion", "Mass")
    assert label_set.positive == ""
    assert label_set.truth(found).tolist() == [[1, 1], [0, 0], [1, 0], [0, 1]]
    assert label_set.counts(found) == {"effusion": 2, "mass": 2}


def test_a_table_of_single_findings_is_multi_label_when_asked_so() -> None:
    found = cohort_of("pneumonia", "normal", "normal")
    exclusive, together = label_set_of(found, "chest-xray"), label_set_of(found, "chest-xray", multilabel=True)
    assert exclusive.classes == ("pneumonia", "normal")
    assert exclusive.truth(found).tolist() == [0, 1, 1]
    assert exclusive.counts(found) == {"pneumonia": 1, "normal": 2}
    assert together.classes == ("pneumonia",)
    assert together.truth(found).tolist() == [[1], [0], [0]]


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (("a|b", None), "1 studies have no label"),
        (("a|b", "a"), "All studies have the finding 'A'"),
        (("normal", "No finding"), "No study has a finding"),
        (("a|b", "A"), "differ in case or signs only"),
        (("a|b", "a|normal"), "a finding, and that there is none"),
    ],
)
def test_findings_that_ask_nothing_are_refused(labels: tuple[str | None, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        label_set_of(cohort_of(*labels), "chest-xray", multilabel=True)
