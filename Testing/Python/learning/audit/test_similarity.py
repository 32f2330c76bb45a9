"""Whose pictures are alike: patients, and patients cut in two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.public_cohorts import covid_ct
from readingroom.learning.audit.similarity import Similarity, measure_similarity, natural, similarity_issues
from readingroom.learning.cohorts.cohort import Cohort


def mixed(a_picture, rows, owner) -> Cohort:
    """Pictures that are half their owner's and half their own."""
    generator = np.random.default_rng(2)
    clouds = {name: generator.normal(size=(8, 8)) for name in {owner(n) for n in range(len(rows))}}
    changed = []
    for number, row in enumerate(rows):
        gray = np.kron(clouds[owner(number)] + generator.normal(size=(8, 8)), np.ones((6, 6)))
        changed.append(
            replace(row, images={"frontal": a_picture(300 + number, (128 + 20 * gray).clip(0, 255).astype(np.uint8))})
        )
    return Cohort(tuple(changed))


def test_pictures_of_one_patient_are_alike(a_picture, rows, read) -> None:
    cohort = mixed(a_picture, rows, lambda number: number // 2)
    found = measure_similarity(cohort, read(cohort), seed=0)
    assert found is not None
    assert found.own_patient > 0.3 > 10 * found.own_patient_chance
    assert [issue.topic for issue in similarity_issues(found)] == ["similarity"]


def test_patients_cut_in_two_are_noticed(a_picture, rows, read) -> None:
    ordered = [replace(row, label="x", site="") for row in rows]
    cohort = mixed(a_picture, ordered, lambda number: number // 4)  # P0 and P1 are one, P2 and P3 ...
    found = measure_similarity(cohort, read(cohort), seed=0)
    assert found is not None
    assert found.next_patient > 3 * found.next_patient_chance
    assert "the patient IDs may cut real patients in two" in [f.sentence for f in similarity_issues(found)][-1]


def test_nothing_is_said_of_pictures_that_have_nothing_in_common(rows, read) -> None:
    cohort = Cohort(tuple(rows))
    assert list(similarity_issues(measure_similarity(cohort, read(cohort), seed=0))) == []


def test_nothing_is_said_of_a_handful_of_pictures(rows, read) -> None:
    cohort = Cohort(tuple(rows[:10]))
    assert measure_similarity(cohort, read(cohort), seed=0) is None
    assert list(similarity_issues(None)) == []


def test_ids_are_ordered_by_their_numbers() -> None:
    assert sorted(["P10", "P2", "7", "P2b", "P"], key=natural) == ["P", "P2", "P2b", "P10", "7"]


def test_the_pseudo_patients_of_real_ct_slices_are_noticed(shared, read) -> None:
    cohort = covid_ct(shared / "data")
    found = measure_similarity(cohort, read(cohort), seed=0)
    assert isinstance(found, Similarity)
    assert found.own_patient == pytest.approx(0.40, abs=0.03)
    assert found.next_patient_p <= 0.01
    assert {issue.topic for issue in similarity_issues(found)} == {"similarity", "patients"}
