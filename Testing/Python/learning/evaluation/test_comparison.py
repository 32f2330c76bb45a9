"""Models against each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from readingroom.errors import InputError
from readingroom.learning.evaluation.comparison import advantage, compare
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.metrics.auc import auc, perfect_interval
from readingroom.metrics.auc import compare as delong
from readingroom.metrics.paired_tests import holm

FEW = {"permutations": 99, "resamples": 100}


def model(strength: float, seed: int, classes: int = 2, rows: int = 120, studies: int = 1) -> Predictions:
    generator = np.random.default_rng(seed)
    who = np.repeat(np.arange(rows // studies), studies)
    truth = who % classes
    shift = strength * (truth[:, None] == np.arange(classes))
    return Predictions(
        classes=tuple("abcd"[:classes]),
        multilabel=False,
        study_ids=np.arange(rows).astype(str),
        patients=np.array([f"P{i:03d}" for i in who]),
        sites=np.full(rows, "north"),
        truth=truth,
        logits=(shift + generator.normal(0, 1, (rows, classes)))[None],
        folds=who[None] % 5,
    )


def test_a_model_does_not_differ_from_itself() -> None:
    (found,) = compare(model(1, 0), {"itself": model(1, 0)}, **FEW)
    assert (found.difference.value, found.p, found.test) == (0, 1, "patient permutation")


def test_a_much_better_model_is_better() -> None:
    found = compare(model(2.5, 0), {"other": model(0.3, 1)}, **FEW)
    assert [comparison.test for comparison in found] == ["patient permutation", "DeLong"]
    for comparison in found:
        assert comparison.difference.interval is not None
        assert comparison.difference.interval.low > 0
        assert comparison.p < 0.02


def test_the_scale_of_a_model_does_not_matter() -> None:
    first, second = model(1, 0), model(0.5, 1)
    other = replace(second, logits=second.logits * 50 + 7)
    assert compare(first, {"x": second}, **FEW) == compare(first, {"x": other}, **FEW)


def test_delong_is_that_of_the_two_scores() -> None:
    first, second = model(1, 0), model(0.5, 1)
    found = compare(first, {"x": second}, **FEW)[1]
    expected = delong(first.present("a"), first.scores("a")[0], second.scores("a")[0])
    assert (found.p, found.first - found.second) == pytest.approx((expected.p, expected.difference))


def test_several_studies_of_a_patient_are_not_independent_cases() -> None:
    found = compare(model(1, 0, studies=2), {"x": model(0.5, 1, studies=2)}, **FEW)
    assert [comparison.test for comparison in found] == ["patient permutation"]


def test_several_classes_are_compared_as_a_mean_and_one_by_one() -> None:
    first, second = model(1, 0, classes=3), model(0.5, 1, classes=3)
    found = [c for c in compare(first, {"x": second}, **FEW) if c.test == "patient permutation"]
    assert [comparison.finding for comparison in found] == ["", "a", "b", "c"]
    assert found[0].first == pytest.approx(np.mean([comparison.first for comparison in found[1:]]))
    assert found[1].first == auc(first.present("a"), first.scores("a")[0])


def test_more_comparisons_need_smaller_p_values() -> None:
    (_, alone) = compare(model(1, 0), {"x": model(0.5, 1)}, **FEW)
    beside = compare(model(1, 0), {"x": model(0.5, 1), "y": model(0.7, 2), "z": model(0.9, 3)}, **FEW)
    assert alone.p == alone.p_holm == beside[1].p
    for test in ("DeLong", "patient permutation"):
        tests = [comparison for comparison in beside if comparison.test == test]
        assert tuple(c.p_holm for c in tests) == holm([c.p for c in tests])
        assert len(tests) == 3


def test_rows_in_another_order_are_the_same_rows() -> None:
    first, second = model(1, 0), model(0.5, 1)
    assert compare(first, {"x": second.take(np.arange(120)[::-1])}, **FEW) == compare(first, {"x": second}, **FEW)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda p: p.take(np.arange(119)), "lacks study '119' of patient 'P119'"),
        (lambda p: replace(p, study_ids=np.array(["new", *p.study_ids[1:]])), "lacks study '0' of patient 'P000'"),
        (lambda p: replace(p, truth=1 - p.truth), "its truth of study '0' of patient 'P000' is another one"),
        (lambda p: replace(p, classes=("a", "z"), positive="a"), "it answers a, z, not a, b"),
        (lambda p: replace(p, logits=np.repeat(p.logits, 2, 0), folds=np.repeat(p.folds, 2, 0)), "trained 2 times"),
    ],
)
def test_other_rows_are_refused_with_the_first_that_differs(change, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        compare(model(1, 0), {"x": change(model(0.5, 1))}, **FEW)
    if "lacks" in sentence and "119" in sentence:
        with pytest.raises(InputError, match="among its own alone"):
            compare(change(model(1, 0)), {"x": model(0.5, 1)}, **FEW)


def test_an_advantage_is_the_difference_with_its_interval() -> None:
    first, second = model(2, 0), model(0.5, 1)
    found = advantage(first, second, resamples=200)
    assert found.value == pytest.approx(
        auc(first.present("a"), first.scores("a")[0]) - auc(first.present("a"), second.scores("a")[0])
    )
    assert found.interval is not None
    assert 0 < found.interval.low < found.value < found.interval.high


def answering(logits: NDArray[np.float64], patients: int) -> Predictions:
    """Two classes by turns; the first one's logit."""
    found = model(1, 0, rows=patients)
    return replace(found, logits=np.stack([logits, np.zeros(patients)], axis=1)[None])


def test_a_perfect_model_is_better_than_one_that_orders_nothing_where_patients_are_enough() -> None:
    for patients, certain in ((40, True), (18, False)):
        present = np.arange(patients) % 2 == 0
        perfect, constant = answering(present * 1.0, patients), answering(np.zeros(patients), patients)
        found = advantage(perfect, constant, resamples=100)
        assert found.value == 0.5
        assert (found.interval is not None) is certain
        if found.interval is not None:
            least = perfect_interval(1.0, patients // 2, patients // 2).low
            assert found.interval.low == pytest.approx(least - 0.5)
            assert found.interval.low > 0
            assert found.interval.high == 0.5


def test_two_perfect_models_may_differ_as_far_as_their_patients_leave_open() -> None:
    perfect = answering((np.arange(40) % 2 == 0) * 1.0, 40)
    found = advantage(perfect, perfect, resamples=100)
    assert found.interval is not None
    assert found.interval.low < found.value == 0 < found.interval.high


def test_two_models_that_order_nothing_alike_have_no_interval_of_their_difference() -> None:
    constant = answering(np.zeros(40), 40)
    assert advantage(constant, constant, resamples=100).interval is None


def test_studies_of_one_truth_cannot_be_compared() -> None:
    found = model(1, 0)
    one = found.take(found.truth == 0)
    with pytest.raises(InputError, match="nothing to evaluate: all studies have the same truth"):
        compare(one, {"x": one}, **FEW)
