"""What is fitted on the answers of the folds holds for the head that ships, on patients who are new to all of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.cohorts.label_set import label_set_of
from readingroom.learning.cohorts.splits import Split
from readingroom.learning.evaluation import calibrate, prediction_sets, thresholds
from readingroom.learning.evaluation.evaluation import EvaluationResult, evaluate
from readingroom.learning.evaluation.predictions import EXTERNAL, Predictions
from readingroom.learning.protocols.training_protocol import TrainingProtocol
from readingroom.learning.training.cross_validation import plan_cross_validation
from readingroom.learning.training.frozen import Frozen, learned_rows
from readingroom.learning.training.heads import load_head
from readingroom.learning.training.heads.head import Outcomes
from readingroom.learning.training.normalization import measured
from readingroom.learning.training.training_tables import out_of_fold, predictions_of
from readingroom.learning.training.views import Views
from readingroom.metrics.calibration import recalibration
from readingroom.progress import Progress
from readingroom.reading import Estimate

TRAINED, NEW, FEATURES = 240, 3000, 200
SEEDS = range(5)


@dataclass(frozen=True)
class Trained:
    """A training on simulated features: what the card says, and what the head that ships says of new patients."""

    card: EvaluationResult
    fold_answers: Predictions
    new: Predictions
    choice: tuple[float, ...]

    @property
    def shown(self) -> np.ndarray:
        return calibrate.probabilities(self.new, self.card.calibration)


def features_and_labels(seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Correlated features, twenty of which tell a little; the last `NEW` rows train nothing."""
    generator = np.random.default_rng(seed)
    labels = (generator.random(TRAINED + NEW) < 0.4).astype(np.int64)
    shared = np.random.default_rng(99).normal(0, 0.3, (12, FEATURES))
    values = generator.normal(size=(len(labels), FEATURES)) + generator.normal(size=(len(labels), 12)) @ shared
    values[:, :20] += 0.65 * labels[:, None]
    return [row[None] for row in values.astype(np.float32)], labels


def trained(protocol: TrainingProtocol, seed: int, folder: Path) -> Trained:
    features, labels = features_and_labels(seed)
    rows = tuple(
        Row(f"p{n}", f"s{n}", {"frontal": Path("a.png")}, label=("normal", "opacity")[label])
        for n, label in enumerate(labels)
    )
    everybody, cohort = (stating(Cohort(part), ["opacity"]) for part in (rows, rows[:TRAINED]))
    protocol = replace(protocol, seed=seed, validation=replace(protocol.validation, folds=5))
    planned = plan_cross_validation(cohort, protocol, [""] * TRAINED, choose_epoch=False)
    label_set, head = label_set_of(cohort, "chest-xray"), load_head("linear")
    outcomes = Outcomes.of(everybody, label_set)
    final = Split(planned.final.train, planned.final.validation, np.arange(TRAINED, len(rows)), "the final model")
    choice = head.choose(features, outcomes, learned_rows(final), seed)
    trainer = Frozen(
        protocol,
        label_set,
        "none",
        nn.Identity(),
        measured(protocol.input),
        head,
        Views(everybody, np.arange(len(rows))),
        tuple(features),
        outcomes,
        choice,
        (),
    )
    folds = tuple(
        trainer.train_fold(split, seed + 1 + n, folder / str(n), Progress())
        for n, split in enumerate(planned.repeats[0])
    )
    said = out_of_fold(cohort, label_set, "linear", planned, (folds,))
    logits = trainer.train_fold(final, seed, folder / "final", Progress()).logits
    new = predictions_of(everybody.take(final.test), label_set, "linear", logits[None], np.full((1, NEW), EXTERNAL))
    return Trained(evaluate(said, resamples=50), said, new, choice)


@pytest.fixture(scope="module")
def trainings(tiny: TrainingProtocol, tmp_path_factory: pytest.TempPathFactory) -> list[Trained]:
    return [trained(tiny, 1000 * seed, tmp_path_factory.mktemp("heads")) for seed in SEEDS]


def holds(estimate: Estimate | None, value: float) -> bool:
    """Within the card's interval, widened by half for what the choice of a threshold varies."""
    assert estimate is not None
    assert estimate.interval is not None
    half = 1.5 * (estimate.interval.high - estimate.interval.low) / 2
    return abs(value - (estimate.interval.high + estimate.interval.low) / 2) <= half


def test_the_calibration_slope_of_the_card_holds_for_new_patients(trainings: list[Trained]) -> None:
    slopes = []
    for each in trainings:
        opacity = each.shown[:, each.new.classes.index("opacity")]
        slope = recalibration(each.new.present("opacity"), opacity, each.new.patients).slope.value
        assert holds(each.card.metrics["calibration_slope"], slope)
        slopes.append(slope)
    assert np.exp(np.mean(np.log(slopes))) == pytest.approx(1, abs=0.15)
    assert max(slopes) < 1.4
    assert min(slopes) > 0.7


def test_sensitivity_and_specificity_of_the_card_hold_for_new_patients(trainings: list[Trained]) -> None:
    kept = []
    for each in trainings:
        measured_points = thresholds.measured(each.new, each.shown, each.card.points)
        for said, found in zip(each.card.points, measured_points, strict=True):
            assert found.sensitivity is not None
            assert found.specificity is not None
            kept += [holds(said.sensitivity, found.sensitivity.value), holds(said.specificity, found.specificity.value)]
    assert np.mean(kept) > 0.9


def test_prediction_sets_hold_the_truth_of_new_patients_as_often_as_promised(trainings: list[Trained]) -> None:
    shares = []
    for each in trainings:
        assert each.card.conformal is not None
        shares.append(prediction_sets.covered(each.new, each.shown, each.card.conformal).mean())
    assert np.mean(shares) == pytest.approx(0.9, abs=0.03)
    assert min(shares) > 0.83


def test_heads_of_all_folds_and_the_one_that_ships_answer_on_one_scale(trainings: list[Trained]) -> None:
    for each in trainings:
        spread = [
            each.fold_answers.take(each.fold_answers.folds[0] == fold).scores("opacity")[0].std() for fold in range(5)
        ]
        assert max(spread) / min(spread) < 1.7
        assert each.new.scores("opacity")[0].std() == pytest.approx(np.mean(spread), rel=0.2)


def test_the_choice_that_all_heads_share_lifts_no_auc_where_there_is_nothing_to_learn(
    tiny: TrainingProtocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noise(seed: int) -> tuple[list[np.ndarray], np.ndarray]:
        generator = np.random.default_rng(seed)
        values = generator.normal(size=(TRAINED + NEW, 1, FEATURES)).astype(np.float32)
        return list(values), (generator.random(TRAINED + NEW) < 0.4).astype(np.int64)

    for name, value in {"features_and_labels": noise, "TRAINED": 100, "NEW": 20}.items():
        monkeypatch.setitem(globals(), name, value)
    areas = [trained(tiny, 77 * seed, tmp_path / str(seed)).card.metrics["auc"].value for seed in range(1, 7)]
    assert np.mean(areas) < 0.53
