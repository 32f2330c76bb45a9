"""Which networks a protocol asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.protocols.training_protocol import TrainingProtocol, Validation, load_protocol
from readingroom.learning.training.cross_validation import CrossValidation, plan_cross_validation


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    """40 patients of two sites and two classes, two studies each, and some synthetic ones."""
    rows = [
        Row(f"p{n // 2}", f"s{n}", {"frontal": Path(f"{n}.png")}, label="ab"[n // 2 % 2], site="NS"[n // 4 % 2])
        for n in range(80)
    ]
    made = [
        Row(f"p{n}", f"made{n}", {"frontal": Path(f"made{n}.png")}, label="a", site="N", origin="synthetic")
        for n in range(6)
    ]
    return Cohort((*rows, *made))


def protocol_of(**validation: object) -> TrainingProtocol:
    return replace(load_protocol("chest-xray"), validation=Validation(**validation))  # type: ignore[arg-type]


def planned(cohort: Cohort, **validation: object) -> CrossValidation:
    return plan_cross_validation(cohort, protocol_of(**validation), [str(n) for n in range(len(cohort))])


def patients(cohort: Cohort, rows: np.ndarray) -> set[str]:
    return set(cohort.patients[rows].tolist())


def test_a_k_fold_evaluates_every_real_study_in_each_repeat_and_ships_a_network_that_saw_all(cohort: Cohort) -> None:
    found = planned(cohort, folds=4, repeats=2)
    assert [len(repeat) for repeat in found.repeats] == [4, 4]
    for repeat in found.repeats:
        assert sorted(np.concatenate([split.test for split in repeat]).tolist()) == list(range(80))
    assert found.test_rows.tolist() == list(range(80))
    learned = np.concatenate([found.final.train, found.final.validation])
    assert set(range(80)) <= set(learned.tolist())
    assert not found.single_network


def test_what_is_held_out_beside_a_k_fold_takes_part_in_nothing(cohort: Cohort) -> None:
    found = planned(cohort, folds=3, hold_out=0.2)
    holdout = patients(cohort, found.final.test)
    assert len(holdout) == 8
    for split in (*found.repeats[0], found.final):
        assert not holdout & patients(cohort, np.concatenate([split.train, split.validation]))
    assert not np.isin(found.test_rows, found.final.test).any()


def test_of_a_hold_out_the_network_that_was_tested_is_the_final_model(cohort: Cohort) -> None:
    found = planned(cohort, kind="hold-out", hold_out=0.25)
    assert found.single_network
    assert not patients(cohort, found.test_rows) & patients(cohort, found.final.train)


def test_a_hold_out_is_not_repeated(cohort: Cohort) -> None:
    with pytest.raises(InputError, match="tested once"):
        planned(cohort, kind="hold-out", hold_out=0.25, repeats=2)


def test_each_site_is_tested_by_networks_that_did_not_see_it(cohort: Cohort) -> None:
    found = planned(cohort, kind="leave-one-site-out")
    for split in found.repeats[0]:
        assert not set(cohort.sites[split.test]) & set(cohort.sites[split.train])


def test_the_split_that_the_table_states_comes_first_and_gets_rows_that_choose_the_epoch(cohort: Cohort) -> None:
    parts = ["test" if n < 20 else "train" for n in range(80)]
    rows = tuple(replace(row, split=part) for row, part in zip(cohort.rows, parts, strict=False))  # type: ignore[arg-type]
    found = planned(Cohort(rows), folds=4)
    assert found.single_network
    assert found.test_rows.tolist() == list(range(20))
    assert len(found.final.validation) > 0
    assert len(found.final.train) + len(found.final.validation) == 60


def test_synthetic_studies_only_train(cohort: Cohort) -> None:
    found = planned(cohort, folds=4, hold_out=0.2)
    for split in (*found.repeats[0], found.final):
        assert not cohort.synthetic[np.concatenate([split.validation, split.test])].any()


def test_heads_that_choose_within_their_rows_get_no_side_that_chooses(cohort: Cohort) -> None:
    hashes = [str(n) for n in range(len(cohort))]
    found = plan_cross_validation(cohort, protocol_of(folds=4), hashes, choose_epoch=False)
    assert all(len(split.validation) == 0 for split in (*found.repeats[0], found.final))
