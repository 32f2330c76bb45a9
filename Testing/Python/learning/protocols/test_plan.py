"""The plan of a protocol, in words."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.cohorts.splits import k_fold
from readingroom.learning.protocols.plan import parameters, plan
from readingroom.learning.protocols.training_protocol import READERS, Kind, TrainingProtocol, load_protocol
from readingroom.learning.training.network import make_network
from readingroom.networks.slices import SliceNetwork

ALL = [(reader, kind) for reader in READERS for kind in ("published", "rigorous")]


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.fixture
def a_cohort() -> Cohort:
    labels = ["normal", "normal", "pneumonia"] * 10
    rows = [Row(f"p{i}", "1", {"frontal": Path(f"{i}.png")}, label=label) for i, label in enumerate(labels)]
    synthetic = Row("s", "1", {"frontal": Path("s.png")}, label="pneumonia", origin="synthetic")
    return stating(Cohort((*rows, synthetic), ("line 7 is bad",)), positive=["pneumonia"])


@pytest.mark.parametrize(("reader", "kind"), ALL)
def test_every_protocol_has_a_plan_with_its_flaws_facts_and_reasons(reader: str, kind: Kind) -> None:
    protocol = load_protocol(reader, kind)
    text = words(plan(replace(protocol, networks=protocol.networks[:1])))
    assert all(words(flaw.what) in text and words(flaw.instead) in text for flaw in protocol.flaws)
    assert all(fact.value in text for fact in protocol.facts)
    assert [field for field, why in protocol.assumptions.items() if f"assumptions: {words(why)}" not in text] == []
    assert all(len(line) <= 110 for line in plan(replace(protocol, networks=protocol.networks[:1])).splitlines())


def test_says_how_many_parameters_there_are_and_how_many_learn() -> None:
    text = words(plan(load_protocol("liver-hcc", "published")))
    assert "46,417,602 parameters with 2 outputs, 29,383,042 of them trained" in text


def test_marks_the_network_that_is_taken() -> None:
    protocol = load_protocol("chest-xray")
    text = words(plan(protocol))
    assert text.count("this one is taken") == 1
    assert text.index("this one is taken") < text.index(protocol.networks[1])
    assert "this one is taken" not in plan(replace(protocol, networks=protocol.networks[:1]))


def test_gives_the_rate_of_a_few_epochs() -> None:
    text = words(plan(load_protocol("pasc-fibrosis", "published")))
    assert "rate in epoch 0: 0.01, 25: 0.008536, 50: 0.005, 74: 0.001577, 99: 2.467e-06" in text


def test_counts_each_side_of_each_split_by_label(a_cohort: Cohort) -> None:
    protocol = load_protocol("chest-xray", "rigorous")
    splits = k_fold(a_cohort, 5, 100, 0.25, hashes=[""] * len(a_cohort))
    text = words(plan(protocol, a_cohort, splits))
    assert "31 of 31 patients, 1 of them synthetic" in text
    assert "1 row of the table that cannot be used" in text
    assert all(split.name in text for split in splits)
    assert "test 6: 4 normal, 2 pneumonia" in text
    steps = sum(-(-len(split.train) // 32) * 30 for split in splits)
    assert f"at most {steps} for these splits, each on 32 rows" in text


def test_has_as_many_outputs_as_the_cohort_has_classes(a_cohort: Cohort) -> None:
    third = replace(a_cohort.rows[0], patient_id="other", label="covid")
    text = plan(load_protocol("chest-xray"), Cohort((*a_cohort.rows, third)))
    assert "with 3 outputs" in text


def test_says_which_loss_and_head_this_version_does_not_have() -> None:
    protocol = replace(load_protocol("chest-xray"), loss="other-loss", head="other-head")
    text = plan(protocol)
    assert "The loss 'other-loss': this protocol cannot be trained" in text
    assert "The head 'other-head': this protocol cannot be trained" in text
    assert "Not there yet" not in plan(load_protocol("chest-xray"))


def test_says_that_a_vote_over_slices_is_not_part_of_one_network() -> None:
    protocol = load_protocol("pasc-fibrosis", "published")
    assert "'vote' joins its answers to several slices" in words(plan(protocol))
    assert "Not there yet" not in plan(protocol.with_variants("average-pooling"))


def test_counting_parameters_agrees_with_the_network_that_is_made() -> None:
    protocol = load_protocol("lung-survival", "published")
    network = make_network(protocol, 24, empty=True)
    assert isinstance(network, SliceNetwork)
    counts = [(p.numel(), p.requires_grad) for p in network.parameters()]
    made = sum(n for n, _ in counts), sum(n for n, learns in counts if learns)
    assert parameters(protocol, "efficientnet_b0", 24) == made == (4_007_548 + 1281 + 349_424, 412_160 + 1281 + 349_424)


def test_answers_are_joined_outside_of_the_network() -> None:
    network = make_network(load_protocol("pasc-fibrosis", "published"), 2, "resnet18", empty=True)
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 2)


def test_a_network_takes_the_channels_of_the_protocol() -> None:
    gray = load_protocol("chest-xray").input
    protocol = replace(load_protocol("chest-xray"), input=replace(gray, channels=1), networks=("mobilenetv2_100",))
    with torch.inference_mode():
        assert make_network(protocol, 3, empty=True)(torch.zeros(1, 1, 64, 64)).shape == (1, 3)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({}, "has no network 'vgg16'"), ({"networks": ("vgg16", "r3d_18")}, "'r3d_18' does not read pictures")],
)
def test_a_network_that_does_not_fit_the_protocol_is_refused(
    changes: dict[str, tuple[str, ...]], sentence: str
) -> None:
    protocol: TrainingProtocol = replace(load_protocol("chest-xray"), **changes)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=sentence):
        make_network(protocol, 2, "r3d_18" if changes else "vgg16", empty=True)


def test_weights_that_nobody_published_for_a_network_are_refused() -> None:
    protocol = replace(load_protocol("liver-hcc", "rigorous"), networks=("r3d_18", "densenet121_3d"))
    with pytest.raises(InputError, match="no published weights of 'medicalnet'; there are those of 'kinetics'"):
        make_network(protocol, 2)
    with pytest.raises(InputError, match="no published weights of 'medicalnet'; there are none"):
        make_network(protocol, 2, "densenet121_3d")
