"""Simple models on the same rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from readingroom.errors import InputError
from readingroom.learning.audit.covariates import clinical
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.fingerprint import Fingerprint
from readingroom.learning.cohorts.splits import k_fold
from readingroom.learning.evaluation.baselines import Baseline, train_baselines
from readingroom.learning.evaluation.comparison import compare
from readingroom.learning.evaluation.evaluation import evaluate
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.metrics.auc import auc

N = 100


def cohort(follows: str = "", patients: int = N) -> Cohort:
    """Patients, half of them ill. ``follows`` names what goes with the disease."""
    generator = np.random.default_rng(0)
    rows = []
    for number in range(patients):
        ill = number % 2 == 1
        tells = {
            "site": "south" if ill else "north",
            "age": 70.0 if ill else 40.0,
            "scanner": "new" if ill else "old",
            "smoker": "yes" if ill else "no",
        }
        guess = {
            "site": generator.choice(["north", "south"]),
            "age": float(generator.integers(30, 80)),
            "scanner": generator.choice(["old", "new"]),
            "smoker": generator.choice(["no", "yes"]),
        }
        known = {**guess, **({follows: tells[follows]} if follows else {})}
        smoker = str(known.pop("smoker"))
        rows.append(
            Row(
                f"P{number:03d}",
                "S1",
                {"frontal": Path(f"{number}.png")},
                "Ill" if ill else "Well",
                clinical={"smoker": smoker},
                **known,
            )
        )
    return Cohort(tuple(rows))


def prints(bright: bool = False) -> list[Fingerprint]:
    generator = np.random.default_rng(1)
    looks = [generator.random((32, 32)) + bright * (n % 2) for n in range(N)]
    return [Fingerprint(str(n), np.zeros((24, 24)), looks[n], (64, 64), (), 0.5, 0.2, 1.0) for n in range(N)]


def all_of(studies: Cohort, looks: list[Fingerprint], repeats: int = 1) -> tuple[dict[str, Baseline], Predictions]:
    splits = [k_fold(studies, 2, seed, 0.2, [each.pixel_hash for each in looks]) for seed in range(repeats)]
    folds = np.zeros((repeats, len(studies)), dtype=int)
    for repeat, split in enumerate(splits):
        for number, fold in enumerate(split):
            folds[repeat, fold.test] = number
    truth = np.array([int(row.label == "Well") for row in studies.rows])
    model = Predictions(
        ("ill", "well"), False, studies.column("study_id"), studies.patients, studies.sites, truth,
        np.random.default_rng(2).normal(0, 1, (repeats, len(studies), 2)), folds,
    )  # fmt: skip
    found = train_baselines(model, studies, looks, splits, values=("Ill", "Well"))
    return {baseline.title: baseline for baseline in found}, model


def area(baseline: Baseline) -> float:
    return auc(baseline.predictions.present("ill"), baseline.predictions.scores("ill")[0])


@pytest.mark.parametrize(
    ("follows", "title"),
    [
        ("site", "the site alone"),
        ("scanner", "site and metadata"),
        ("age", "clinical columns"),
        ("smoker", "clinical columns"),
    ],
)
def test_what_the_class_follows_is_found_without_looking_at_the_picture(follows: str, title: str) -> None:
    found, _ = all_of(cohort(follows), prints())
    assert area(found[title]) > 0.95
    assert area(found["the picture at 32 x 32 pixels"]) < 0.7


def test_what_a_small_table_follows_is_found_as_well() -> None:
    for follows, title in (("site", "the site alone"), ("scanner", "site and metadata"), ("age", "clinical columns")):
        found, _ = all_of(cohort(follows, patients=20), prints()[:20])
        assert area(found[title]) == 1.0


def test_a_class_that_shows_at_32_pixels_is_found() -> None:
    found, _ = all_of(cohort(), prints(bright=True))
    assert area(found["the picture at 32 x 32 pixels"]) > 0.95
    assert abs(area(found["the site alone"]) - 0.5) < 0.2


def test_the_most_frequent_class_orders_nothing() -> None:
    found, _ = all_of(cohort(), prints())
    assert area(found["always the most frequent class"]) == 0.5


def test_a_rival_has_the_rows_and_repeats_of_the_model_so_both_can_be_compared() -> None:
    found, model = all_of(cohort("age"), prints(), repeats=2)
    baseline = found["clinical columns"].predictions
    assert baseline.logits.shape == model.logits.shape
    first = compare(model, {title: each.predictions for title, each in found.items()}, permutations=19, resamples=20)
    assert {comparison.other for comparison in first} == set(found)
    assert evaluate(baseline, resamples=20).metrics["auc"].value > 0.95


def test_a_rival_does_not_see_the_patient_that_it_answers() -> None:
    """One patient's age tells nothing when all others are alike, however well it goes with his own class."""
    studies = cohort()
    rows = [Row(r.patient_id, r.study_id, r.images, r.label, age=float(n)) for n, r in enumerate(studies.rows)]
    found, _ = all_of(Cohort(tuple(rows)), prints())
    assert area(found["clinical columns"]) < 0.7


def test_clinical_columns_are_numbers_or_words_and_never_names() -> None:
    rows = [
        Row(
            f"P{n}",
            "S",
            {"frontal": Path("x.png")},
            "a",
            clinical=({} if n == 0 else {"weight": 60.0 + n})
            | {"type": "ab"[n % 2], "name": f"Person {n}", "same": "1"},
        )
        for n in range(12)
    ]
    found = clinical(Cohort(tuple(rows)))
    assert set(found) == {"weight", "type"}
    assert np.isnan(found["weight"][0, 0])
    assert found["weight"][1, 0] == 61
    assert set(found["type"].ravel()) == {0, 1}


def test_a_study_outside_the_cohort_is_refused() -> None:
    studies, looks = cohort(), prints()
    _, model = all_of(studies, looks)
    with pytest.raises(InputError, match="'S1' of patient 'P099' is not in the cohort"):
        train_baselines(model, studies.take(np.arange(99)), looks[:99], [[]], values=("Ill", "Well"))
