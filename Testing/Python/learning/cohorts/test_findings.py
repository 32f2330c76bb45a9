"""Labels that name several findings, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.findings import findings_of, may_hold_together, presence, split_label, stating


def cohort_of(*labels: str | None, negative: tuple[str, ...] = ()) -> Cohort:
    rows = tuple(Row(f"p{i}", f"s{i}", {"frontal": Path("a.png")}, label=label) for i, label in enumerate(labels))
    return stating(Cohort(rows), negative=negative)


def test_a_label_names_its_parts_each_once() -> None:
    assert split_label("effusion | mass|effusion") == ("effusion", "mass")
    assert split_label("large effusion") == ("large effusion",)


def test_findings_hold_together_where_a_label_names_two() -> None:
    assert may_hold_together(cohort_of("mass", "effusion|mass", None))
    assert not may_hold_together(cohort_of("mass", "effusion"))


def test_what_was_stated_to_mean_that_nothing_was_found_is_no_finding() -> None:
    found = cohort_of(
        "Mass|effusion", "No Finding", "nodule", "no-nodule", "Normal", negative=("no finding", "no-nodule", "Normal")
    )
    findings = findings_of(found)
    assert findings == ("Mass", "effusion", "nodule")
    assert presence(found, findings).tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        (None, "has no label; one without a finding needs a word"),
        ("mass|nodule", "'s0' of patient 'p0' has the finding 'nodule', which is none of mass"),
        ("mass|no finding", "a finding, and that there is none"),
        ("|", "which is none of mass"),
    ],
)
def test_labels_that_say_nothing_or_contradict_themselves_are_refused(label: str | None, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        presence(cohort_of(label, negative=("no finding",) if "no finding" in str(label) else ()), ("mass",))
