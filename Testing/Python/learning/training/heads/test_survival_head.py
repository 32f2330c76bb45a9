"""Heads of times on frozen features: one slice of a study tells how soon."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.errors import InputError
from readingroom.learning.protocols.training_protocol import load_protocol
from readingroom.learning.training.heads import head_of, load_head
from readingroom.learning.training.heads.head import Bag, Outcomes
from readingroom.learning.training.heads.survival_head import SurvivalHead
from readingroom.networks.aggregation import create
from readingroom.networks.survival_heads import incidence
from readingroom.survival.concordance import antolini
from readingroom.survival.follow_up import cut_at

STUDIES, FEATURES = 240, 8
NUMBERS = {"layers": 1, "width": 16, "rate": 0.01, "epochs": 40, "batch": 32, "patience": 10}


@pytest.fixture(scope="module")
def bags() -> list[Bag]:
    """Two to six slices; the first feature of one of them tells the log hazard of the study."""
    generator = np.random.default_rng(0)
    made = []
    for number in range(STUDIES):
        bag = generator.normal(0, 0.3, (2 + number % 5, FEATURES)).astype(np.float32)
        bag[number % len(bag), :2] = generator.normal(0, 1), 3  # and the second says which slice it is
        made.append(bag)
    return made


@pytest.fixture(scope="module")
def outcomes(bags: list[Bag]) -> Outcomes:
    generator = np.random.default_rng(1)
    hazard = np.array([np.exp(-3 + 1.5 * bag[bag[:, 1].argmax(), 0]) for bag in bags])
    time, lost = generator.exponential(1 / hazard), generator.uniform(10, 60, STUDIES)
    times, events = np.minimum(time, lost), time <= lost
    seen = (events & (times <= 24)).astype(np.int64)
    patients = np.array([f"p{number}" for number in range(STUDIES)])
    return Outcomes(24, seen, patients, np.ones(STUDIES), times, events)


@pytest.mark.parametrize("name", ["deephit", "deephit-published", "discrete-hazard", "cox"])
def test_a_head_learns_from_one_slice_how_soon_it_comes(name: str, bags: list[Bag], outcomes: Outcomes) -> None:
    head = load_head(name, {**NUMBERS, "aggregation": "soft-attention"})
    rows, others = np.arange(180), np.arange(180, STUDIES)
    choice = head.choose(bags, outcomes, rows, 0)
    assert 1 <= choice[0] <= 40
    state = head.fit(bags, outcomes, rows, choice, 0)
    logits = head.logits(state, bags, others)
    risks = incidence(torch.from_numpy(logits), name, 1)[:, 0].clamp(0, 1).numpy()
    c_td = antolini(outcomes.times[others], outcomes.events[others].astype(int), risks, np.arange(1, 25)).value()
    assert c_td > 0.7
    again = head.fit(bags, outcomes, rows, choice, 0)
    assert all(np.array_equal(state[key], again[key]) for key in state)


def test_what_is_filled_up_in_a_batch_changes_no_answer(bags: list[Bag], outcomes: Outcomes) -> None:
    head = load_head("deephit", {**NUMBERS, "epochs": 2})
    state = head.fit(bags, outcomes, np.arange(STUDIES), (2.0,), 0)
    together = head.logits(state, bags, np.arange(10))
    alone = np.concatenate([head.logits(state, bags, np.array([number])) for number in range(10)])
    assert np.allclose(together, alone, atol=1e-6)


def test_what_was_learned_is_placed_at_the_end_of_a_network(bags: list[Bag], outcomes: Outcomes) -> None:
    head = load_head("discrete-hazard", {**NUMBERS, "epochs": 2, "aggregation": "self-attention"})
    state = head.fit(bags, outcomes, np.arange(STUDIES), (2.0,), 0)
    joined, layers = create("self-attention", FEATURES).eval(), head.classifier(FEATURES, 24).eval()
    head.place(state, layers, joined)
    with torch.inference_mode():
        answer = layers(joined(torch.from_numpy(bags[3])[None]).features)
    assert np.allclose(answer.numpy(), head.logits(state, bags, np.array([3])), atol=1e-5)
    with pytest.raises(ValueError, match="network of slices"):
        head.place(state, layers)


def test_the_risks_of_a_cox_head_expect_as_many_events_as_its_training_studies_had(
    bags: list[Bag], outcomes: Outcomes
) -> None:
    head = load_head("cox", {**NUMBERS, "epochs": 5})
    rows = np.arange(STUDIES)
    state = head.fit(bags, outcomes, rows, (5.0,), 0)
    assert np.isfinite(state["classifier.baseline"]).all()
    time, seen = cut_at(outcomes.times, outcomes.events, 24)
    log_risk = head.logits(state, bags, rows)[:, 0] - state["classifier.baseline"][0]
    # The cumulative hazards of all until they left are as many as the events: at the ends of months, not far from it.
    hazard = np.concatenate([[0.0], np.exp(state["classifier.baseline"])])
    expected = (np.exp(log_risk) * np.interp(time, np.arange(25), hazard)).sum()
    assert expected == pytest.approx(seen.sum(), rel=0.03)


def test_a_protocol_gives_the_head_its_numbers() -> None:
    rigorous = head_of(load_protocol("lung-survival"))
    assert isinstance(rigorous, SurvivalHead)
    assert (rigorous.epochs, rigorous.patience, rigorous.batch, rigorous.rate) == (100, 15, 64, 1e-4)
    assert (rigorous.schedule, rigorous.layers, rigorous.width, rigorous.dropout) == ("cosine", 5, 100, 0.2)
    without = head_of(load_protocol("lung-survival", "published").with_variants("without-survivors"))
    assert type(without).__name__ == "PublishedDeepHitHead"
    for variant, made in (("cox", "CoxHead"), ("discrete-hazard", "DiscreteHazardHead")):
        head = head_of(load_protocol("lung-survival").with_variants(variant))
        assert type(head).__name__ == made
        assert isinstance(head, SurvivalHead)
        assert head.layers == 5


def test_fewer_than_two_patients_with_an_event_are_not_enough(bags: list[Bag], outcomes: Outcomes) -> None:
    free = np.flatnonzero(outcomes.labels == 0)
    one = np.append(free, np.flatnonzero(outcomes.labels)[:1])
    with pytest.raises(InputError, match="two patients or more whose event was seen within 24 months; there are 1"):
        load_head("deephit", NUMBERS).fit(bags, outcomes, one, (1.0,), 0)


@pytest.mark.parametrize("wrong", [{"aggregation": "vote"}, {"months": 0}, {"width": 0}, {"dropout": 1.0}, {"rate": 0}])
def test_numbers_that_cannot_be_are_refused_in_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match='The head "deephit" cannot be made'):
        load_head("deephit", wrong)


@pytest.mark.parametrize("layers", [0, 1])
@pytest.mark.parametrize("joined", ["soft-attention", "average-pooling"])
def test_another_unit_and_origin_of_the_features_change_no_answer(
    joined: str, layers: int, bags: list[Bag], outcomes: Outcomes
) -> None:
    head = load_head("deephit", {**NUMBERS, "aggregation": joined, "layers": layers, "width": 16 * layers})
    rows, others = np.arange(180), np.arange(180, STUDIES)
    origin = np.linspace(-5, 20, FEATURES, dtype=np.float32)
    changed = [7 * bag + origin for bag in bags]
    first, second = (head.logits(head.fit(each, outcomes, rows, (5.0,), 0), each, others) for each in (bags, changed))
    assert first.std() > 0.01
    assert np.allclose(first, second, atol=2e-3)


def test_the_features_of_other_studies_change_nothing_that_is_learned(bags: list[Bag], outcomes: Outcomes) -> None:
    head, rows = load_head("deephit", NUMBERS), np.arange(120)
    other = [*bags[:120], *(100 * bag for bag in bags[120:])]
    first, second = (head.fit(each, outcomes, rows, (2.0,), 0) for each in (bags, other))
    assert all(np.array_equal(first[key], second[key]) for key in first)
