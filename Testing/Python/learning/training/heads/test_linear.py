"""Logistic regression on frozen features."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.cohorts.label_set import label_set_of
from readingroom.learning.training.heads import NAMES, load_head
from readingroom.learning.training.heads.head import Bag, Outcomes, State
from readingroom.metrics.auc import auc

HEAD = load_head("linear")


def outcomes_of(labels: np.ndarray, classes: int = 2) -> Outcomes:
    n = len(labels)
    patients = np.array([f"p{i // 2}" for i in range(n)])
    return Outcomes(classes, labels, patients, np.ones(n), np.full(n, np.nan), np.zeros(n, dtype=bool))


def fitted(features: list[Bag], outcomes: Outcomes, rows: np.ndarray, seed: int) -> State:
    """Chosen and learned from the same rows."""
    return HEAD.fit(features, outcomes, rows, HEAD.choose(features, outcomes, rows, seed), seed)


def bags_of(values: np.ndarray) -> list[Bag]:
    return [row[None].astype(np.float32) for row in values]


def test_heads_are_found_by_their_files() -> None:
    assert "linear" in NAMES
    with pytest.raises(InputError, match="no head named"):
        load_head("quadratic")
    with pytest.raises(InputError, match="no setting depth"):
        load_head("linear", {"depth": 3})


def test_finds_what_can_be_found_in_held_out_patients() -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(200) // 2 % 2
    values = generator.normal(0, 1, (200, 30))
    values[:, 4] += 2 * labels
    training, held_out = np.arange(120), np.arange(120, 200)
    state = fitted(bags_of(values), outcomes_of(labels), training, seed=1)
    logits = HEAD.logits(state, bags_of(values), held_out)
    assert auc(labels[held_out], logits[:, 1] - logits[:, 0]) > 0.6
    assert np.allclose(logits.sum(axis=1), 0, atol=1e-4)


def test_noise_is_answered_with_the_base_rate() -> None:
    """The strength is chosen by held-out patients, so that features without a signal are not believed."""
    generator = np.random.default_rng(1)
    labels = (np.arange(200) // 2 % 4 == 0).astype(np.int64)
    values = generator.normal(0, 1, (200, 500))
    state = fitted(bags_of(values), outcomes_of(labels), np.arange(200), seed=1)
    logits = HEAD.logits(state, bags_of(generator.normal(0, 1, (200, 500))), np.arange(200))
    probability = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
    assert probability.mean() == pytest.approx(0.25, abs=0.02)
    assert probability.std() < 0.03


def test_other_rows_do_not_reach_the_fit() -> None:
    generator = np.random.default_rng(2)
    labels, values = np.arange(80) // 2 % 2, generator.normal(0, 1, (80, 10))
    augmented = values.copy()
    augmented[60:] = 100
    first, second = (fitted(bags_of(v), outcomes_of(labels), np.arange(60), seed=0) for v in (values, augmented))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_the_layer_that_ships_says_what_the_head_said_on_bags_of_several_slices() -> None:
    generator = np.random.default_rng(3)
    bags = [generator.normal(0, 1, (1 + i % 4, 6)).astype(np.float32) for i in range(60)]
    labels = np.arange(60) // 2 % 3
    state = fitted(bags, outcomes_of(labels, 3), np.arange(60), seed=0)
    layer = nn.Linear(6, 3)
    HEAD.place(state, layer)
    with torch.inference_mode():
        said = torch.stack([layer(torch.from_numpy(bag)).mean(0) for bag in bags])
    assert np.allclose(said.numpy(), HEAD.logits(state, bags, np.arange(60)), atol=1e-5)


def test_weights_of_studies_move_the_base_rate() -> None:
    labels = (np.arange(200) // 2 % 4 == 0).astype(np.int64)
    values = np.random.default_rng(4).normal(0, 1, (200, 3))
    even = outcomes_of(labels)
    weights = np.where(labels == 1, 2.0, 2 / 3)
    balanced = Outcomes(2, labels, even.patients, weights, even.times, even.events)
    state = fitted(bags_of(values), balanced, np.arange(200), seed=0)
    logits = HEAD.logits(state, bags_of(values), np.arange(200))
    assert np.mean(logits[:, 1] - logits[:, 0]) == pytest.approx(0, abs=0.1)


def test_a_class_of_one_patient_is_refused() -> None:
    labels = np.array([0] * 18 + [1, 1])
    with pytest.raises(InputError, match="two patients or more"):
        fitted(bags_of(np.random.default_rng(5).normal(size=(20, 3))), outcomes_of(labels), np.arange(20), seed=0)


def test_a_class_without_training_rows_is_hardly_ever_the_answer() -> None:
    generator = np.random.default_rng(6)
    labels = np.arange(60) // 2 % 2
    values = generator.normal(0, 1, (60, 4))
    state = fitted(bags_of(values), outcomes_of(labels, 3), np.arange(60), seed=0)
    logits = HEAD.logits(state, bags_of(values), np.arange(60))
    assert logits.shape == (60, 3)
    assert (logits.argmax(axis=1) != 2).all()


def test_findings_that_may_hold_together_have_a_regression_each() -> None:
    """The sigmoid of a finding's output is the probability that two exclusive classes would have by the softmax."""
    generator = np.random.default_rng(3)
    labels = np.stack([np.arange(80) // 2 % 2, np.arange(80) // 4 % 2], axis=1)
    values = generator.normal(0, 1, (80, 6))
    values[:, :2] += 2 * labels
    together = replace(outcomes_of(labels[:, 0]), labels=labels, weights=np.stack([np.ones(80), np.arange(80)], axis=1))
    rows = np.arange(80)
    logits = HEAD.logits(fitted(bags_of(values), together, rows, seed=1), bags_of(values), rows)
    assert logits.shape == (80, 2)
    for number in (0, 1):
        alone = replace(outcomes_of(labels[:, number]), weights=together.weights[:, number])
        pair = HEAD.logits(fitted(bags_of(values), alone, rows, seed=1), bags_of(values), rows)
        assert np.allclose(logits[:, number], pair[:, 1] - pair[:, 0], atol=1e-4)


def test_balanced_studies_weigh_the_same_in_all_with_and_without_each_finding() -> None:
    labels = ("a|b", "a", "a", "none", "a")
    rows = tuple(Row(f"p{n}", f"s{n}", {"frontal": Path("a.png")}, label=label) for n, label in enumerate(labels))
    cohort = stating(Cohort(rows), negative=["none"])
    outcomes = Outcomes.of(cohort, label_set_of(cohort, "chest-xray"), balanced=True)
    for number, present in enumerate(outcomes.labels.T == 1):
        one = outcomes.of_finding(number)
        assert one.weights[present].sum() == pytest.approx(one.weights[~present].sum())
