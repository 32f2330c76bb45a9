"""The labels of a cohort as the outputs of a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from readingroom.bundles.validation import PLAIN_NAME
from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.cohorts.label_set import label_set_of
from readingroom.readers.registry import find_reader


def cohort_of(*labels: str | None, positive: str = "", negative: str = "") -> Cohort:
    rows = tuple(Row(f"p{i}", f"s{i}", {"frontal": Path("a.png")}, label=label) for i, label in enumerate(labels))
    return stating(Cohort(rows), [positive] if positive else [], [negative] if negative else [])


PAIRS = [
    ("malignant", "benign"), ("pneumonia", "no_pneumonia"), ("dead", "alive"), ("1.0", "0.0"), ("1", "0"), ("1", "2"),
    ("yes", "no"), ("Pneumonie", "ohne Befund"), ("pneumonia", "normal"), ("covid", "noncovid"), ("TB+", "TB-"),
    ("TB", "not TB"), ("肺炎", "正常"), ("пневмония", "норма"), ("Ödem", "Adem"), ("निमोनिया", "सामान्य"),
    ("disease", "clear"), ("positive", "negative"), ("<50%", ">50%"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reader", "labels", "task"),
    [
        ("chest-xray", ("No finding", "pneumonia"), "nih-pneumonia"),
        ("chest-xray", ("normal", "COVID-19", "viral pneumonia"), "covid"),
        ("mammo-screen", ("No cancer", "Cancer"), "cancer"),
    ],
)
def test_labels_of_a_task_of_the_reader_have_its_order_and_its_codes(reader, labels, task) -> None:
    asked = label_set_of(cohort_of(*labels), reader)
    known = next(each for each in find_reader(reader).tasks if each.name == task)
    assert (asked.task, asked.labels) == (task, known.labels)
    assert asked.labels[0].code == known.labels[0].code


def test_labels_of_another_reader_s_task_are_labels_of_one_s_own() -> None:
    asked = label_set_of(cohort_of("cancer", "no cancer", positive="cancer"), "chest-xray")
    assert (asked.task, asked.labels[0].code) == ("own", None)


@pytest.mark.parametrize(("finding", "other"), PAIRS)
def test_of_two_labels_the_finding_is_the_one_that_was_stated_and_never_guessed(finding: str, other: str) -> None:
    with pytest.raises(InputError, match="--positive"):
        label_set_of(cohort_of(finding, other), "chest-xray")
    for stated in ({"positive": finding}, {"negative": other}):
        asked = label_set_of(cohort_of(other, finding, **stated), "chest-xray")
        assert asked.values == (finding, other)
        assert asked.positive == asked.classes[0]
    assert label_set_of(cohort_of(finding, other, positive=other), "chest-xray").values == (other, finding)


@pytest.mark.parametrize(("finding", "other"), PAIRS)
def test_labels_in_any_script_keep_their_name(finding: str, other: str) -> None:
    asked = label_set_of(cohort_of(finding, other, positive=finding), "chest-xray")
    for label, written in zip(asked.labels, (finding, other), strict=True):
        assert label.title.casefold() == written.replace("_", " ").casefold()
        assert PLAIN_NAME.match(label.name)
    assert len(set(asked.classes)) == 2


def test_a_stated_label_is_found_whatever_its_case_and_another_one_is_refused() -> None:
    assert label_set_of(cohort_of("NORMAL", "Pneumonia", positive="pneumonia"), "chest-xray").positive == "pneumonia"
    with pytest.raises(InputError, match="no label 'malign'; it has 'benign', 'malignant'"):
        cohort_of("benign", "malignant", positive="malign")
    with pytest.raises(InputError, match="cannot be a finding and mean that nothing was found"):
        cohort_of("benign", "malignant", positive="benign", negative="benign")


def test_of_several_classes_the_stated_ones_come_first_and_last() -> None:
    several = cohort_of("Typical", "atypical", "healthy", negative="atypical")
    assert label_set_of(several, "chest-xray").classes == ("healthy", "typical", "atypical")


def test_the_reader_s_own_question_states_its_finding_unless_somebody_says_otherwise() -> None:
    assert label_set_of(cohort_of("no finding", "pneumonia"), "chest-xray").task == "nih-pneumonia"
    other = label_set_of(cohort_of("no finding", "pneumonia", positive="no finding"), "chest-xray")
    assert (other.task, other.positive) == ("own", "no-finding")


def test_long_labels_that_begin_alike_stay_apart() -> None:
    one, other = (f"{'a very long description of what was seen ' * 3}{side}" for side in ("left", "right"))
    assert len(set(label_set_of(cohort_of(one, other, positive=one), "chest-xray").classes)) == 2


def test_the_labels_of_a_known_task_are_its_task_in_its_order() -> None:
    label_set = label_set_of(cohort_of("Normal", "COVID-19", "Viral pneumonia"), "chest-xray")
    assert label_set.task == "covid"
    assert label_set.classes == ("covid-19", "viral-pneumonia", "normal")
    assert label_set.values == ("COVID-19", "Viral pneumonia", "Normal")
    assert label_set.positive == ""


def test_titles_are_what_the_table_says_and_two_labels_have_a_positive_one() -> None:
    label_set = label_set_of(cohort_of("normal", "bacterial_pneumonia", negative="normal"), "chest-xray")
    assert [label.title for label in label_set.labels] == ["Bacterial pneumonia", "Normal"]
    assert label_set.positive == "bacterial_pneumonia"


def test_a_study_without_a_label_is_no_study_of_classes() -> None:
    row = Row("p", "s", {"frontal": Path("a.png")}, time=12.0, event=True)
    with pytest.raises(InputError, match="1 study has no label, the first is 's' of patient 'p'"):
        label_set_of(Cohort((row,)), "chest-xray")


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (("a", None, "b"), "1 study has no label"),
        (("a", "a"), "two labels or more"),
        (("a b", "A-B"), "differ in case or signs only"),
        (("?", "!"), "no letter or digit"),
    ],
)
def test_labels_that_ask_nothing_are_refused(labels: tuple[str | None, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        label_set_of(cohort_of(*labels), "chest-xray")


def test_findings_that_may_hold_together_are_outputs_in_order_and_none_is_what_is_left() -> None:
    found = cohort_of("Mass|effusion", "No finding", "effusion", "Mass", negative="No finding")
    label_set = label_set_of(found, "chest-xray")
    assert label_set.multilabel
    assert label_set.classes == ("effusion", "mass")
    assert label_set.values == ("effusion", "Mass")
    assert label_set.positive == ""
    assert label_set.truth(found).tolist() == [[1, 1], [0, 0], [1, 0], [0, 1]]
    assert label_set.counts(found) == {"effusion": 2, "mass": 2}


def test_a_table_of_single_findings_is_multi_label_when_asked_so() -> None:
    found = cohort_of("pneumonia", "normal", "normal", negative="normal")
    exclusive, together = label_set_of(found, "chest-xray"), label_set_of(found, "chest-xray", multilabel=True)
    assert exclusive.classes == ("pneumonia", "normal")
    assert exclusive.truth(found).tolist() == [0, 1, 1]
    assert exclusive.counts(found) == {"pneumonia": 1, "normal": 2}
    assert together.classes == ("pneumonia",)
    assert together.truth(found).tolist() == [[1], [0], [0]]


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (("a|b", None), "1 study has no label"),
        (("a|b", "a"), "All studies have the finding 'A'"),
        (("normal",), "No study has a finding"),
        (("a|b", "A|b"), "differ in case or signs only"),
        (("a|b", "a|normal"), "a finding, and that there is none"),
    ],
)
def test_findings_that_ask_nothing_are_refused(labels: tuple[str | None, ...], sentence: str) -> None:
    negative = "normal" if any("normal" in (label or "") for label in labels) else ""
    with pytest.raises(InputError, match=sentence):
        label_set_of(cohort_of(*labels, negative=negative), "chest-xray", multilabel=True)


def test_whether_a_label_that_stands_alone_is_a_finding_is_asked() -> None:
    labels = ("Mass|effusion", "No finding", "Hernia")
    with pytest.raises(InputError, match=r"'Hernia', 'No finding' mean that nothing was found.*--negative"):
        label_set_of(cohort_of(*labels), "chest-xray")
    with pytest.raises(InputError, match="'No finding' mean that nothing was found"):
        label_set_of(cohort_of(*labels, positive="Hernia"), "chest-xray")
    stated = label_set_of(cohort_of(*labels, negative="No finding"), "chest-xray")
    assert stated.classes == ("effusion", "hernia", "mass")
