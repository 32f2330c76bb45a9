"""From images to studies, breasts and patients."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from readingroom.errors import InputError
from readingroom.learning.evaluation.levels import at_level
from readingroom.learning.evaluation.predictions import Predictions

# Two women, four views each; the second has cancer on the left.
SIDES = np.array(list("LLRR" * 2))


def views(kind: str = "binary") -> Predictions:
    generator = np.random.default_rng(0)
    truth = np.array([0, 0, 0, 0, 1, 1, 0, 0])
    classes = {
        "binary": ("none", "cancer"),
        "multi-class": ("none", "cancer", "cyst"),
        "multi-label": ("cancer", "cyst"),
    }
    return Predictions(
        classes=classes[kind],
        multilabel=kind == "multi-label",
        study_ids=np.repeat(["S1", "S2"], 4),
        patients=np.repeat(["A", "B"], 4),
        sites=np.full(8, "north"),
        truth=np.stack([truth, np.zeros(8)], axis=1) if kind == "multi-label" else truth,
        logits=generator.normal(0, 2, (3, 8, len(classes[kind]))),
        folds=np.tile(np.repeat([0, 1], 4), (3, 1)),
        subgroups={"laterality": SIDES, "view": np.array(["CC", "MLO"] * 4), "sex": np.full(8, "F")},
        positive="cancer" if kind == "binary" else "",
    )


@pytest.mark.parametrize("kind", ["binary", "multi-class", "multi-label"])
def test_the_mean_is_that_of_the_probabilities(kind: str) -> None:
    if kind == "multi-class":
        found = views(kind).take(np.arange(4))
        expected = found.probabilities.mean(axis=1)
        assert np.allclose(at_level(found, "study").probabilities[:, 0], expected)
        return
    found = views(kind)
    expected = found.probabilities.reshape(3, 4, 2, -1).mean(axis=2)
    assert np.allclose(at_level(found, "breast").probabilities, expected)


def test_breasts_and_women_equal_the_stored_ones(shared) -> None:
    stored = json.loads((shared / "oracles" / "mammo" / "mammo.json").read_text("utf-8"))
    patients, sides, shown, probabilities = map(np.array, zip(*stored["records"], strict=True))
    odds = np.stack([np.zeros(len(probabilities)), special.logit(probabilities)], axis=1)
    found = Predictions(
        classes=("none", "cancer"),
        multilabel=False,
        study_ids=patients,
        patients=patients,
        sites=np.full(len(patients), "north"),
        truth=np.zeros(len(patients), dtype=np.int64),
        logits=odds[None],
        folds=np.zeros((1, len(patients)), dtype=np.int64),
        subgroups={"laterality": sides, "view": shown},
        positive="cancer",
    )
    for how, name in (("mean", "breast_mean"), ("max", "breast_max")):
        breasts = at_level(found, "breast", how)
        names = [f"{p}_{s}" for p, s in zip(breasts.patients, breasts.subgroups["laterality"], strict=True)]
        assert dict(zip(names, special.expit(breasts.scores("cancer")[0]), strict=True)) == pytest.approx(stored[name])
    women = at_level(at_level(found, "breast", "mean"), "patient", "max")
    answers = dict(zip(women.patients, special.expit(women.scores("cancer")[0]), strict=True))
    assert answers == pytest.approx(stored["patient_max_of_breast_mean"])


def test_near_certain_images_keep_their_order_in_the_mean() -> None:
    found = views()
    sure = replace(found, logits=found.logits + np.array([0.0, 800.0]))
    assert len(np.unique(at_level(sure, "breast").scores("cancer")[0])) == 4


def test_the_most_suspicious_view_decides() -> None:
    found = at_level(views(), "breast", "max")
    assert np.allclose(found.scores("cancer"), views().scores("cancer").reshape(3, 4, 2).max(axis=2))
    labels = at_level(views("multi-label"), "breast", "max")
    assert np.allclose(labels.logits, views("multi-label").logits.reshape(3, 4, 2, 2).max(axis=2))


def test_a_woman_has_cancer_when_one_breast_has() -> None:
    assert at_level(views(), "breast").present("cancer").tolist() == [False, False, True, False]
    assert at_level(views(), "patient").present("cancer").tolist() == [False, True]
    assert at_level(views("multi-label"), "patient").truth.tolist() == [[0, 0], [1, 0]]


def test_cancer_on_one_side_counts_whichever_class_comes_first() -> None:
    turned = replace(views(), classes=("cancer", "none"), truth=1 - views().truth)
    assert at_level(turned, "patient").present("cancer").tolist() == [False, True]


def test_what_differs_within_a_group_becomes_empty() -> None:
    found = at_level(views(), "study")
    assert found.subgroups["sex"].tolist() == ["F", "F"]
    assert found.subgroups["view"].tolist() == found.subgroups["laterality"].tolist() == ["", ""]
    assert found.study_ids.tolist() == ["S1", "S2"]


def test_single_images_come_back_as_they_are() -> None:
    found = views().take([0, 4])
    assert at_level(found, "study") is found


def test_a_patient_s_studies_are_joined_too() -> None:
    found = replace(views(), patients=np.full(8, "A"), folds=np.zeros((3, 8), dtype=int))
    assert len(at_level(found, "study")) == 2
    whole = at_level(found, "patient")
    assert len(whole) == 1
    assert whole.study_ids.tolist() == [""]


def test_images_of_several_exclusive_classes_cannot_be_joined() -> None:
    with pytest.raises(InputError, match="patient B have several classes: none, cancer"):
        at_level(views("multi-class"), "study")
    with pytest.raises(InputError, match="use the mean"):
        at_level(views("multi-class"), "study", "max")


def test_breasts_need_their_side() -> None:
    found = views()
    with pytest.raises(InputError, match="needs a 'laterality'"):
        at_level(replace(found, subgroups={"laterality": np.array(["", *SIDES[1:]])}), "breast")
    with pytest.raises(InputError, match="needs a 'laterality'"):
        at_level(replace(found, subgroups={}), "breast")


def test_the_mean_of_equal_images_is_the_image() -> None:
    found = views()
    same = replace(found, logits=np.repeat(found.logits[:, ::2], 2, axis=1))
    assert np.allclose(at_level(same, "breast").scores("cancer"), found.scores("cancer")[:, ::2])
    assert np.allclose(special.expit(same.scores("cancer")), same.probabilities[:, :, 1])
