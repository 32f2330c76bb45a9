"""Attention over slices on frozen features."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.errors import InputError
from readingroom.learning.training.heads import load_head
from readingroom.learning.training.heads.head import Bag, Head, Outcomes, State
from readingroom.metrics.auc import auc
from readingroom.networks.slices import SliceNetwork

HEAD = load_head("mil-attention", {"epochs": 40, "rate": 0.01})
STUDIES, FEATURES = 120, 8


def outcomes_of(labels: np.ndarray) -> Outcomes:
    n = len(labels)
    patients = np.array([f"p{i // 2}" for i in range(n)])
    return Outcomes(2, labels, patients, np.ones(n), np.full(n, np.nan), np.zeros(n, dtype=bool))


def fitted(head: Head, features: list[Bag], outcomes: Outcomes, rows: np.ndarray, seed: int) -> State:
    """Chosen and learned from the same rows."""
    return head.fit(features, outcomes, rows, head.choose(features, outcomes, rows, seed), seed)


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    return (np.arange(STUDIES) // 2 % 2).astype(np.int64)


@pytest.fixture(scope="module")
def bags(labels: np.ndarray) -> list[Bag]:
    """Two to six slices; of the ill one slice alone shows the first feature."""
    generator = np.random.default_rng(0)
    made = []
    for label in labels:
        bag = generator.normal(0, 1, (generator.integers(2, 7), FEATURES)).astype(np.float32)
        if label:
            bag[generator.integers(len(bag)), 0] += 5
        made.append(bag)
    return made


def test_finds_the_one_slice_that_tells_in_held_out_patients(bags: list[Bag], labels: np.ndarray) -> None:
    training, held_out = np.arange(80), np.arange(80, STUDIES)
    state = fitted(HEAD, bags, outcomes_of(labels), training, seed=0)
    logits = HEAD.logits(state, bags, held_out)
    assert auc(labels[held_out], logits[:, 1] - logits[:, 0]) > 0.9


def test_the_same_seed_gives_the_same_head_and_other_rows_do_not_reach_it(bags: list[Bag], labels: np.ndarray) -> None:
    head = load_head("mil-attention", {"epochs": 2})
    augmented = [*bags[:60], *(bag + 100 for bag in bags[60:])]
    torch.rand(3)  # what the rest of the program drew does not matter
    first, second = (fitted(head, b, outcomes_of(labels), np.arange(60), seed=3) for b in (bags, augmented))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_study_s_answer_does_not_depend_on_how_many_slices_the_others_have(
    bags: list[Bag], labels: np.ndarray
) -> None:
    state = fitted(load_head("mil-attention", {"epochs": 1}), bags, outcomes_of(labels), np.arange(40), seed=0)
    together = HEAD.logits(state, bags, np.arange(40))
    alone = np.concatenate([HEAD.logits(state, bags, np.array([row])) for row in range(40)])
    assert np.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("aggregation", ["soft-attention", "gated-attention", "self-attention"])
def test_the_final_model_says_what_the_head_said(bags: list[Bag], labels: np.ndarray, aggregation: str) -> None:
    from readingroom.networks import aggregation as aggregations

    head = load_head("mil-attention", {"epochs": 1, "aggregation": aggregation})
    state = fitted(head, bags, outcomes_of(labels), np.arange(40), seed=0)
    network = SliceNetwork(nn.Flatten(), aggregations.create(head.aggregation, FEATURES), nn.Linear(FEATURES, 2)).eval()
    head.place(state, network.classifier, network.aggregation)
    with torch.inference_mode():
        said = [network(torch.from_numpy(bag)[None, :, :, None, None])[0].numpy() for bag in bags[:5]]
    assert np.allclose(np.stack(said), head.logits(state, bags, np.arange(5)), atol=1e-5)


def test_what_is_no_attention_is_refused() -> None:
    with pytest.raises(InputError, match="no attention"):
        load_head("mil-attention", {"aggregation": "vote"})
    with pytest.raises(ValueError, match="network of slices"):
        HEAD.place({}, nn.Linear(2, 2))
