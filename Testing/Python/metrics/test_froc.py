"""The free-response ROC curve against a count by hand, a second way to compute it, and the ROC curve."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.metrics.bootstrap import patient_intervals, patient_resamples
from readingroom.metrics.curves import roc
from readingroom.metrics.froc import FreeResponse, Marks, hits, marks_of

NO_LESION = (np.zeros((0, 2)), np.zeros(0))


def marked(*found: tuple[float, float, float]) -> Marks:
    """Marks at (y, x) with a score."""
    table = np.array(found, dtype=float).reshape(-1, 3)
    return Marks(table[:, :2], table[:, 2])


def films(seed: int, count: int = 30):
    """Marks with many ties on a square of 20, up to three lesions that may overlap."""
    random = np.random.default_rng(seed)
    marks = [
        Marks(random.uniform(0, 20, (n, 2)), np.round(random.normal(size=n), 1)) for n in random.integers(0, 6, count)
    ]
    lesions = [(random.uniform(0, 20, (n, 2)), random.uniform(2, 6, n)) for n in random.integers(0, 4, count)]
    return marks, lesions


def counted(marks, lesions, threshold: float) -> tuple[float, float]:
    """Localized and false marks at a threshold, one mark and one lesion after the other."""
    localized = total = false = 0
    for found, (centers, radii) in zip(marks, lesions, strict=True):
        taken = [place for place, score in zip(found.places, found.scores, strict=True) if score >= threshold]
        for center, radius in zip(centers, radii, strict=True):
            total += 1
            localized += any(((place - center) ** 2).sum() <= radius**2 for place in taken)
        for place in taken:
            on = [((place - c) ** 2).sum() <= r**2 for c, r in zip(centers, radii, strict=True)]
            false += not any(on)
    return localized / total, false / len(marks)


@pytest.mark.parametrize("seed", range(8))
def test_each_point_is_what_one_counts_mark_by_mark(seed):
    marks, lesions = films(seed)
    curve = FreeResponse(marks, lesions).curve()
    for threshold, localized, false_marks in zip(curve.thresholds, curve.localized, curve.false_marks, strict=True):
        assert (localized, false_marks) == pytest.approx(counted(marks, lesions, threshold))


@pytest.mark.parametrize("seed", range(4))
def test_a_weighted_curve_is_that_of_the_repeated_films(seed):
    marks, lesions = films(seed)
    times = np.random.default_rng(seed).integers(0, 3, len(marks))
    weighted = FreeResponse(marks, lesions).curve(np.stack([times, np.ones_like(times)]))
    rows = np.repeat(np.arange(len(marks)), times)
    again = FreeResponse([marks[row] for row in rows], [lesions[row] for row in rows]).curve()
    plain = FreeResponse(marks, lesions).curve()
    for rate in (0, 0.1, 0.5, 1, 2, 10):
        expected = [float(each.localized_at(rate)) for each in (again, plain)]
        assert weighted.localized_at(rate).tolist() == pytest.approx(expected)


def test_with_one_mark_on_each_film_it_is_the_roc_curve():
    """A mark on the lesion of each ill film, a false one on each other film."""
    random = np.random.default_rng(0)
    ill = random.random(60) < 0.4
    scores = np.round(random.normal(ill), 1)
    lesion = (np.zeros((1, 2)), np.ones(1))
    found = FreeResponse([marked((0, 0, s)) for s in scores], [lesion if one else NO_LESION for one in ill]).curve()
    expected = roc(ill, scores)
    assert found.thresholds.tolist() == expected.thresholds.tolist()
    assert found.localized.tolist() == pytest.approx(expected.sensitivity.tolist())
    assert (found.false_marks * ill.size / (~ill).sum()).tolist() == pytest.approx((1 - expected.specificity).tolist())


def test_of_several_marks_on_a_lesion_the_highest_counts_and_none_is_false():
    one = FreeResponse([marked((0, 0, 0.2), (0, 1, 0.8), (5, 5, 0.5))], [([[0, 0]], [2])]).curve()
    assert one.thresholds.tolist() == [np.inf, 0.8, 0.5]
    assert one.localized.tolist() == [0, 1, 1]
    assert one.false_marks.tolist() == [0, 0, 1]


def test_a_mark_on_two_lesions_hits_both_and_one_without_a_mark_is_never_found():
    curve = FreeResponse([marked((0, 0, 0.7))], [([[0, 1], [1, 0], [9, 9]], [1, 1, 1])]).curve()
    assert curve.localized.tolist() == pytest.approx([0, 2 / 3])
    assert curve.localized_at(100) == pytest.approx(2 / 3)


def test_films_without_any_mark_localize_nothing():
    curve = FreeResponse([marked(), marked()], [([[0, 0]], [1]), NO_LESION]).curve()
    assert (curve.localized.tolist(), curve.false_marks.tolist()) == ([0], [0])
    assert curve.localized_at(1) == 0
    assert curve.threshold_at(1) == np.inf


def test_equal_scores_everywhere_are_one_step_that_is_not_divided():
    curve = FreeResponse([marked((0, 0, 1), (5, 5, 1), (7, 7, 1))], [([[0, 0]], [1])]).curve()
    assert curve.localized_at(1.9) == 0
    assert curve.localized_at(2) == 1


def test_the_lowest_threshold_with_so_many_false_marks_keeps_to_them():
    marks, lesions = films(3)
    curve = FreeResponse(marks, lesions).curve()
    threshold = float(curve.threshold_at(0.5))
    assert counted(marks, lesions, threshold)[1] <= 0.5
    lower = curve.thresholds[curve.thresholds < threshold].max()
    assert counted(marks, lesions, lower)[1] > 0.5


def test_the_interval_draws_patients_with_all_of_their_films():
    marks, lesions = films(1)
    patients = np.arange(len(marks)) // 2
    free = FreeResponse(marks, lesions)
    found = patient_intervals(lambda weights: {"": free.curve(weights).localized_at(1)}, patients, 300)[""]
    drawn = []
    for rows in patient_resamples(patients, 300, 0):
        curve = FreeResponse([marks[row] for row in rows], [lesions[row] for row in rows]).curve()
        drawn.append(float(curve.localized_at(1)))
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high))


def test_a_resample_without_a_lesion_has_no_value():
    free = FreeResponse([marked((0, 0, 1)), marked((0, 0, 1))], [([[0, 0]], [1]), NO_LESION])
    found = free.curve([[0, 2], [2, 0]])
    assert np.isnan(found.localized_at(1)).tolist() == [True, False]


def test_marks_are_the_highest_places_and_keep_apart():
    places = [[0, 0], [0, 1], [0, 3], [0, 4], [0, 9]]
    found = marks_of(places, [0.9, 1.0, 0.8, 0.85, 0.1], apart=2, most=3)
    assert found.places.tolist() == [[0, 1], [0, 4], [0, 9]]
    assert found.scores.tolist() == [1.0, 0.85, 0.1]
    assert marks_of(places, [0.9, 1.0, 0.8, 0.85, 0.1], apart=2, most=1).places.tolist() == [[0, 1]]
    assert marks_of(places, np.zeros(5), apart=0, most=9).places.tolist() == np.array(places).tolist()


def test_a_place_on_the_edge_of_a_lesion_is_on_it():
    assert hits([[0, 2], [0, 2.01]], [[0, 0]], [2]).tolist() == [[True], [False]]
    assert hits(np.zeros((0, 2)), [[0, 0]], [2]).shape == (0, 1)
    assert hits([[0, 2]], *NO_LESION).shape == (1, 0)


def test_what_cannot_be_a_curve_is_refused():
    with pytest.raises(ValueError, match="No film has a lesion"):
        FreeResponse([marked((0, 0, 1))], [NO_LESION])
    with pytest.raises(ValueError, match="marks of 1 films and lesions of 0"):
        FreeResponse([marked((0, 0, 1))], [])
    with pytest.raises(ValueError, match="not a finite number"):
        marks_of([[0, 0]], [np.nan], 1, 1)
    with pytest.raises(ValueError, match="do not fit"):
        marks_of([[0, 0]], [1, 2], 1, 1)
