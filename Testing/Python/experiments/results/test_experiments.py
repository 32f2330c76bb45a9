"""The experiments behind the page of results, and the page."""

from __future__ import annotations

import pytest

from experiments.results.experiments import QUESTIONS, experiments
from experiments.results.page import page
from experiments.results.survival_as_class import SignatureResult
from readingroom.learning.protocols.training_protocol import READERS
from readingroom.networks import registry
from readingroom.reading import Estimate, Interval

AUC = {"value": 0.7, "interval": {"low": 0.6, "high": 0.8, "level": 0.95}, "n": 50}
NUMBERS = {
    "auc": AUC,
    "baselines": {"the picture at 32 x 32 pixels": {**AUC, "value": 0.65}},
    "patients": 40,
    "images": 50,
    "counts": {"pneumonia": 20, "normal": 30},
}


def test_every_experiment_has_a_name_of_its_own_a_known_network_and_a_valid_protocol():
    names = [experiment.name for experiment in experiments()]
    assert len(set(names)) == len(names)
    for experiment in experiments():
        assert registry.find(experiment.network)
        assert experiment.protocol.reader in READERS
        assert experiment.protocol.validation.kind == "k-fold"


def test_every_question_is_answered_from_scratch_and_transferred():
    for question in QUESTIONS:
        assert {e.start for e in experiments() if e.question == question} == {"scratch", "imagenet"}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.title[:20])
def test_every_cohort_is_read_from_the_public_folders(shared, question):
    cohort = question.cohort(shared / "data")
    assert len(cohort.classes) >= 2
    assert all(row.image.is_file() for row in cohort.rows)


def test_the_page_gives_each_number_its_interval_and_names_what_was_not_run():
    first, *others = experiments()
    estimate = Estimate(0.6, Interval(0.5, 0.7), 30)
    signature = SignatureResult("lasso", 30, 12, estimate, None, {"volume": estimate})
    text = page({first: NUMBERS, **dict.fromkeys(others)}, [signature])
    assert "0.700 (0.600 to 0.800)" in text
    assert "| the picture at 32 x 32 pixels | | | | 0.650 (0.600 to 0.800) |" in text
    assert "| lasso | 0.600 (0.500 to 0.700) | not known |" in text
    assert f"Not run: {others[0].name}" in text
