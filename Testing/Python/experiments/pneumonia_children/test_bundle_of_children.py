"""The bundle for children that ships: its card, its table of answers and the child of the examples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.pneumonia_children import comparison
from experiments.pneumonia_children.make import EXAMPLE_PATIENT, NAME
from readingroom.bundles.bundle import Bundle, load
from readingroom.bundles.metadata import ClassifierMetadata
from readingroom.bundles.store import shipped_folder
from readingroom.examples import EXAMPLES
from readingroom.formatting import estimate_text
from readingroom.learning.evaluation import predictions
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.readers.base import read
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader

TABLE = Path(__file__).resolve().parents[4] / "docs" / "bundles" / f"{NAME}-out-of-fold.csv"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load(shipped_folder() / NAME)


@pytest.fixture(scope="module")
def answers() -> Predictions:
    return predictions.read(TABLE)


def test_is_small_enough_to_ship(bundle: Bundle) -> None:
    assert sum((bundle.folder / path).stat().st_size for path in bundle.files) < 10_000_000


def test_was_trained_the_rigorous_way_on_children(bundle: Bundle) -> None:
    metadata = bundle.of_kind(ClassifierMetadata)
    assert metadata.training.protocol == "rigorous"
    assert metadata.training.settings["protocol"] == "chest-xray-rigorous, variant processor"
    assert metadata.ages == (1, 5)
    assert any("one hospital" in warning for warning in metadata.warnings)


def test_the_auc_of_its_metadata_and_card_is_that_of_its_table(bundle: Bundle, answers: Predictions) -> None:
    stated = bundle.metadata.metrics["auc"]
    found = comparison.measure(answers, resamples=0).values
    each = [comparison.auc_of(comparison.one_class(answers, name), resamples=0).value for name in answers.classes]
    assert np.mean(each) == pytest.approx(stated.value, abs=1e-4)
    assert estimate_text(stated, 3) in bundle.card
    assert f"{found[comparison.PNEUMONIA].value:.3f} (" in bundle.card
    assert f"{found[comparison.BACTERIAL_OR_VIRAL].value:.3f} (" in bundle.card
    assert f"{found[comparison.MACRO_F1].value:.3f} (" in bundle.card


def test_no_child_is_in_two_folds_and_the_example_in_none(answers: Predictions) -> None:
    for patient in np.unique(answers.patients):
        assert len(set(answers.folds[0][answers.patients == patient])) == 1
    assert EXAMPLE_PATIENT not in answers.patients


def test_reads_the_child_of_the_examples(bundle: Bundle, tmp_path: Path) -> None:
    (example,) = (each for each in EXAMPLES if each.bundle == NAME)
    reader = find_reader(example.reader)
    reading = read(reader, open_study(reader, {"frontal": example.path}), bundle, tmp_path)
    assert reading.finding("normal").probability < 0.5
    assert reading.bundle.name == NAME


def test_the_average_of_two_models_has_their_mean_probability(answers: Predictions) -> None:
    few = answers.take(np.arange(5))
    other = comparison.replace(few, logits=few.logits[..., ::-1])
    mean = comparison.average([few, other]).probabilities
    assert mean == pytest.approx((few.probabilities + other.probabilities) / 2)


def test_models_of_other_folds_are_not_averaged(answers: Predictions) -> None:
    few = answers.take(np.arange(5))
    with pytest.raises(ValueError, match="same rows and folds"):
        comparison.average([few, comparison.replace(few, folds=few.folds + 1)])
