"""The metric family of screening, which breasts are evaluated with."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.learning.evaluation.evaluation import evaluate
from readingroom.learning.evaluation.metric_families import load_family
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.metrics.auc import auc

SCREENING = load_family("screening")


def breasts(women: int = 60, separation: float = 1.5) -> Predictions:
    """Two breasts of each woman; one in four women has cancer in the left one."""
    random = np.random.default_rng(0)
    cancer = np.array([side == 0 and woman % 4 == 0 for woman in range(women) for side in range(2)])
    logits = random.normal(0, 1, (1, 2 * women, 2))
    logits[0, :, 0] += separation * cancer
    return Predictions(
        classes=("cancer", "no-cancer"),
        multilabel=False,
        study_ids=np.tile(["left", "right"], women),
        patients=np.repeat([f"w{woman}" for woman in range(women)], 2),
        sites=np.full(2 * women, ""),
        truth=np.where(cancer, 0, 1),
        logits=logits,
        folds=np.repeat(np.arange(women) // 4 % 3, 2)[None],
        positive="cancer",
    )


def test_breasts_have_the_metrics_of_screening_with_intervals_over_women_and_studies_do_not() -> None:
    found = evaluate(breasts(), "breast", resamples=60)
    assert set(found.metrics) >= set(SCREENING.TITLES)
    for name in SCREENING.TITLES:
        value, interval = found.metrics[name].value, found.metrics[name].interval
        if not name.startswith("recalls"):
            assert interval is not None, name
        assert interval is None or interval.low <= value <= interval.high
    assert not set(evaluate(breasts(), "study", resamples=60).metrics) & set(SCREENING.TITLES)


def test_recalls_for_each_cancer_are_the_inverse_of_what_a_recall_is_worth() -> None:
    found = evaluate(breasts(), "breast", resamples=60).metrics
    worth = found["ppv_at_6_in_1000"].value
    assert found["recalls_per_cancer_at_6_in_1000"].value == pytest.approx(1 / worth)
    assert worth < found["ppv_at_21_in_1000"].value


def test_a_woman_is_judged_by_her_more_suspicious_breast() -> None:
    rows = breasts()
    scores = (rows.logits[0, :, 0] - rows.logits[0, :, 1]).reshape(-1, 2).max(axis=1)
    expected = auc(rows.present("cancer").reshape(-1, 2).any(axis=1), scores)
    assert evaluate(rows, "breast", resamples=60).metrics["auc_by_worse_breast"].value == pytest.approx(expected)


def test_accuracy_is_followed_by_what_never_cancer_scores() -> None:
    found = evaluate(breasts(), "breast", resamples=60).metrics
    names = list(found)
    assert names[names.index("accuracy") + 1] == "majority_accuracy"
    assert found["majority_accuracy"].value == pytest.approx(1 - 15 / 120)


def test_where_nobody_is_recalled_a_recall_has_no_worth() -> None:
    rows = breasts()
    found = evaluate(rows, "breast", resamples=60).calibrated
    nobody = np.tile([False, True], (len(rows), 1))
    measured = SCREENING.compute(type(found)(found.predictions, found.probabilities, nobody), resamples=20)
    assert measured["recall_rate"].value == 0
    assert not any(name.startswith(("ppv", "recalls_per")) for name in measured)


def test_a_bundle_for_breasts_has_a_threshold_that_recalls_a_tenth() -> None:
    found = evaluate(breasts(women=200), "breast", resamples=20)
    point = next(point for point in found.points if point.name == "recall-10")
    assert point.specificity is not None
    assert 1 - point.specificity.value == pytest.approx(0.1, abs=0.03)
    shown = found.calibrated.probabilities[:, 0]
    assert 0 < point.threshold < 1
    assert (shown >= point.threshold).mean() < 0.2
    assert "recall-10" not in {point.name for point in evaluate(breasts(), "study", resamples=20).points}


def test_what_is_the_same_in_every_resample_has_no_interval() -> None:
    measured = SCREENING.compute(evaluate(breasts(separation=50), "breast", resamples=20).calibrated, resamples=60)
    assert measured["pauc_at_90_specificity"].value == 1
    assert measured["pauc_at_90_specificity"].interval is None
    assert measured["recall_rate"].interval is not None


def test_a_perfect_score_finds_all_with_few_recalled_however_many_cancers_the_table_has() -> None:
    measured = SCREENING.compute(evaluate(breasts(separation=50), "breast", resamples=20).calibrated, resamples=0)
    assert measured["sensitivity_at_5_recall"].value == 1
    assert measured["recall_rate_at_90_sensitivity"].value == pytest.approx(0.006 * 14 / 15)
    assert measured["recall_rate"].value > 0.1
