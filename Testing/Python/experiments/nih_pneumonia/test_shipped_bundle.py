"""The bundle that ships: its numbers are those of its table, and its table is honest."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments.nih_pneumonia.films import EXAMPLE_PATIENTS
from experiments.nih_pneumonia.make import describe_again
from readingroom.bundles.bundle import Bundle, load
from readingroom.bundles.store import shipped_folder
from readingroom.metrics.auc import auc
from readingroom.metrics.calibration import recalibration
from readingroom.networks import backbones
from readingroom.trust.distance import FeatureStatistics

NAME = "cxr-nih-pneumonia"
TABLE = Path(__file__).resolve().parents[4] / "docs" / "bundles" / f"{NAME}-out-of-fold.csv"
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load(shipped_folder() / NAME)


@pytest.fixture(scope="module")
def repeats() -> list[Rows]:
    found = defaultdict(list)
    with TABLE.open(newline="") as file:
        for row in csv.DictReader(file):
            found[row["repeat"]].append(row)
    return list(found.values())


def mean_auc(repeats: list[Rows], **wanted: str) -> float:
    areas = []
    for rows in repeats:
        chosen = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
        areas.append(auc([int(row["label"]) for row in chosen], [float(row["logit"]) for row in chosen]))
    return float(np.mean(areas))


def test_is_small_enough_to_ship(bundle: Bundle) -> None:
    assert sum((bundle.folder / path).stat().st_size for path in bundle.files) < 10_000_000


def test_described_again_it_says_the_same_of_the_same_weights(bundle: Bundle, tmp_path: Path) -> None:
    again = describe_again(bundle, tmp_path)
    assert again.metadata == bundle.metadata
    assert again.card == bundle.card
    models = [path for path in bundle.files if path.startswith("models/")]
    assert [again.files[path] for path in models] == [bundle.files[path] for path in models]


def test_is_clearly_better_than_frozen_features_out_of_fold(bundle: Bundle) -> None:
    assert bundle.metadata.metrics["auc"].value > 0.92
    assert bundle.metadata.metrics["auc_matched"].value > 0.90


def test_its_auc_is_that_of_the_table(bundle: Bundle, repeats: list[Rows]) -> None:
    metrics = bundle.metadata.metrics
    assert mean_auc(repeats) == pytest.approx(metrics["auc"].value, abs=1e-5)
    assert mean_auc(repeats, nih_matched="1") == pytest.approx(metrics["auc_matched"].value, abs=1e-5)


def test_its_calibration_slope_is_that_of_the_table(bundle: Bundle, repeats: list[Rows]) -> None:
    first = repeats[0]
    found = recalibration([int(row["label"]) for row in first], [float(row["probability"]) for row in first])
    assert found.slope.value == pytest.approx(bundle.metadata.metrics["calibration_slope"].value, abs=1e-4)


def test_its_card_states_the_auc_with_its_interval(bundle: Bundle) -> None:
    estimate = bundle.metadata.metrics["auc"]
    assert estimate.interval is not None
    stated = f"{estimate.value:.3f} ({estimate.interval.low:.3f} to {estimate.interval.high:.3f}), n = {estimate.n}"
    assert stated in bundle.card


def test_no_patient_is_in_two_folds_of_a_repeat(repeats: list[Rows]) -> None:
    for rows in repeats:
        folds = defaultdict(set)
        for row in rows:
            folds[row["patient_id"]].add(row["fold"])
        assert all(len(where) == 1 for where in folds.values())


def test_each_repeat_has_every_training_film_once_and_the_example_too(bundle: Bundle, repeats: list[Rows]) -> None:
    for rows in repeats:
        examples = [row for row in rows if row["patient_id"] in EXAMPLE_PATIENTS]
        assert len(examples) == 1
        assert len({row["file"] for row in rows}) == len(rows) == bundle.metadata.training.images + len(examples)


def test_each_operating_point_says_how_it_does_and_on_how_many(bundle: Bundle) -> None:
    points = {point.name: point for point in bundle.metadata.operating_points}
    assert set(points) == {"balanced", "sensitive", "specific"}
    for point in points.values():
        for estimate in (point.sensitivity, point.specificity):
            assert estimate is not None
            assert estimate.interval is not None
            assert estimate.n is not None
    assert points["sensitive"].sensitivity is not None
    assert points["sensitive"].sensitivity.value > 0.9


def test_its_weights_fit_its_network_and_give_opposite_logits(bundle: Bundle) -> None:
    network = backbones.create(bundle.metadata.backbone, bundle.metadata.outputs)
    network.load_state_dict(bundle.weights())
    size = bundle.metadata.preprocessing.size[0]
    with torch.inference_mode():
        logits = network.eval()(torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0)))
    assert logits.shape == (1, 2)
    assert float(logits.sum()) == pytest.approx(0, abs=1e-3)


def test_its_feature_limits_are_those_of_its_statistics(bundle: Bundle) -> None:
    described = bundle.metadata.feature_statistics
    assert described is not None
    statistics = FeatureStatistics.from_arrays(bundle.arrays(described.file))
    assert (statistics.warn_above, statistics.stop_above) == (described.warn_above, described.stop_above)
    assert statistics.n == bundle.metadata.training.images


def test_names_its_sources_and_its_limits(bundle: Bundle) -> None:
    assert "NIH Clinical Center" in bundle.card
    assert "Wang X" in bundle.card
    assert any("90 %" in warning for warning in bundle.metadata.warnings)
    assert not bundle.metadata.demonstration
