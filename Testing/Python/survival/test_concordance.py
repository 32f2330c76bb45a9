"""C-td, Harrell's and Uno's C, dynamic AUC; numbers from pycox, scikit-survival, lifelines and R, or pair by pair."""

import numpy as np
import pytest

from readingroom.metrics.auc import auc
from readingroom.survival.concordance import antolini, dynamic_auc, harrell, uno
from readingroom.survival.kaplan_meier import censoring
from readingroom.survival.pair_counts import lower_and_equal

MONTHS = np.arange(1.0, 25.0)


def patients(n=300, seed=0, risks=1):
    """Tied times, and risks that are rounded to ``risks`` digits."""
    generator = np.random.default_rng(seed)
    incidence = np.sort(np.round(generator.random((n, 24)), risks), axis=1)
    return np.ceil(generator.exponential(20, n)), generator.integers(0, 2, n), incidence


@pytest.mark.parametrize(
    ("ties", "key"), [("adjusted", "pycox_adj_antolini"), ("antolini", "pycox_antolini")], ids=["adjusted", "antolini"]
)
def test_antolini_is_that_of_pycox(ten, ties, key):
    found = antolini(ten.time, ten.event, ten.incidence, ten.months, ties=ties)
    assert found.value() == pytest.approx(ten.stored[key], abs=1e-9)


def test_antolini_counts_the_pairs_that_were_counted_by_hand(ten):
    by_hand = ten.stored["hand_count"]
    found = antolini(ten.time, ten.event, ten.incidence, ten.months, ties="antolini").counted()
    assert found == (by_hand["concordant"], by_hand["comparable_antolini"])


@pytest.mark.parametrize("ties", ["adjusted", "antolini", "published"])
def test_where_curves_never_cross_and_nothing_is_tied_antolini_is_harrells_of_r(oracle, ties):
    stored = oracle("torchsurv_R_benchmarks/benchmark_cindex.json")[3]
    time, event = np.array(stored["test_time"], float), np.array(stored["test_status"], int)
    risk = np.array(stored["estimate"])
    own = harrell(time, event, risk)
    assert own.value() == pytest.approx(stored["c_Harrell_survival"][0], abs=1e-4)
    alone = np.unique(time, return_index=True)[1]  # one patient of each time
    time, event, risk = time[alone], event[alone], risk[alone] + 1e-9 * np.arange(alone.size)
    months = np.sort(time)
    incidence = -np.expm1(-np.exp(risk)[:, None] * months / months[-1])
    assert antolini(time, event, incidence, months, ties=ties).value() == pytest.approx(
        harrell(time, event, risk).value(), abs=1e-12
    )


def test_the_paper_counts_pairs_of_different_times_alone(ten):
    found = antolini(ten.time, ten.event, ten.incidence, ten.months, ties="published")
    assert found.value() == pytest.approx(ten.stored["paper003_eq7_strict"]["value"], abs=1e-9)


def test_a_constant_model_is_near_chance_only_where_ties_count_half(ten):
    constant = np.full_like(ten.incidence, 0.3)
    stored = ten.stored["constant_prediction"]
    assert antolini(ten.time, ten.event, constant, ten.months).value() == pytest.approx(
        stored["adj_antolini"], abs=1e-9
    )
    assert antolini(ten.time, ten.event, constant, ten.months, ties="antolini").value() == stored["antolini"] == 0


def test_antolini_is_that_of_pycox_on_more_patients():
    peer = pytest.importorskip("pycox.evaluation.concordance")
    time, event, incidence = patients()
    time = np.minimum(time, 24)
    column = np.searchsorted(MONTHS, time)
    for ties, method in (("adjusted", "adj_antolini"), ("antolini", "antolini")):
        theirs = peer.concordance_td(time, event, np.ascontiguousarray(1 - incidence.T), column, method)
        assert antolini(time, event, incidence, MONTHS, ties=ties).value() == pytest.approx(theirs, abs=1e-12)


def test_harrell_is_that_of_scikit_survival_lifelines_and_r(ten, oracle):
    found = harrell(ten.time, ten.event, ten.incidence[:, -1]).value()
    assert found == pytest.approx(ten.stored["sksurv"]["harrell"][0], abs=1e-9)
    assert found == pytest.approx(ten.stored["lifelines_harrell_of_minus_risk"], abs=1e-9)
    for stored in oracle("torchsurv_R_benchmarks/benchmark_cindex.json"):
        found = harrell(stored["test_time"], np.array(stored["test_status"], int), stored["estimate"]).value()
        assert found == pytest.approx(stored["c_Harrell_survival"][0], abs=1e-4)


def test_uno_is_that_of_scikit_survival(ten):
    found = uno(ten.time, ten.event, ten.incidence[:, -1], censoring(*ten.train), 20).value()
    assert found == pytest.approx(ten.stored["sksurv"]["uno_tau20"][0], abs=1e-9)


def test_uno_is_that_of_r_and_of_deephits_authors(ten, oracle):
    for stored in oracle("torchsurv_R_benchmarks/benchmark_cindex.json")[3:]:
        time, event = np.array(stored["test_time"], float), np.array(stored["test_status"], int)
        found = uno(time, event, stored["estimate"], censoring(time, event), time[event == 1].max())
        assert found.value() == pytest.approx(stored["c_Uno_survC1"][0], abs=1e-4)
    theirs = ten.stored["deephit_repo_weighted_c_index"]["t=6"]
    assert uno(ten.time, ten.event, ten.incidence[:, 5], censoring(*ten.train), 6).value() == pytest.approx(theirs)


def test_uno_is_that_of_scikit_survival_on_more_patients():
    peer, util = pytest.importorskip("sksurv.metrics"), pytest.importorskip("sksurv.util")
    generator = np.random.default_rng(3)
    time, event, risk = generator.exponential(20, 300), generator.integers(0, 2, 300), generator.normal(size=300)
    both = util.Surv.from_arrays(event == 1, time)
    theirs = peer.concordance_index_ipcw(both, both, risk, tau=24)[0]
    assert uno(time, event, risk, censoring(time, event), 24).value() == pytest.approx(theirs, abs=1e-12)


def test_dynamic_auc_is_that_of_scikit_survival(ten):
    stored = ten.stored["sksurv"]
    lost = censoring(*ten.train)
    found = [
        dynamic_auc(ten.time, ten.event, ten.incidence[:, -1], lost, month).value() for month in stored["cd_auc_times"]
    ]
    assert found == pytest.approx(stored["cd_auc"], abs=1e-9)


def test_dynamic_auc_without_weights_is_that_of_torchsurv(ten):
    nobody_lost = censoring([30], [1])
    found = [dynamic_auc(ten.time, ten.event, ten.incidence[:, -1], nobody_lost, m).value() for m in (6, 12, 18)]
    assert found == pytest.approx(ten.stored["torchsurv"]["auc_6_12_18"], abs=1e-9)


def test_dynamic_auc_at_the_end_of_a_study_where_everybody_is_lost():
    time, event, risk = [5, 24, 24, 10], [1, 0, 0, 1], [0.9, 0.1, 0.8, 0.7]
    lost = censoring(time, event)
    assert lost.at([24]) == 0
    assert dynamic_auc(time, event, risk, lost, 24).value() == pytest.approx(3 / 4)


def test_without_censoring_dynamic_auc_is_the_area_under_the_curve():
    generator = np.random.default_rng(4)
    time, risk = generator.exponential(20, 200), np.round(generator.random(200), 1)
    lost = censoring(time, np.ones(200))
    assert dynamic_auc(time, np.ones(200), risk, lost, 12).value() == pytest.approx(auc(time <= 12, risk), abs=1e-12)


@pytest.mark.parametrize("ties", ["adjusted", "antolini", "published"])
@pytest.mark.parametrize("n", [300, 1500])
def test_counting_pairs_gives_what_comparing_them_one_by_one_gives(n, ties):
    time, event, incidence = patients(n)
    pairs = antolini(time, event, incidence, MONTHS, ties=ties)
    assert pairs.values(np.ones((1, n)))[0] == pytest.approx(pairs.value(), abs=1e-12)


def test_a_patient_drawn_twice_counts_as_two():
    time, event, incidence = patients(50)
    drawn = np.random.default_rng(5).integers(0, 50, 50)
    weights = np.bincount(drawn, minlength=50).astype(float)
    # In a real sample the two copies of a patient would also make pairs with each other; "published" has none of them.
    again = antolini(time[drawn], event[drawn], incidence[drawn], MONTHS, ties="published").value()
    found = antolini(time, event, incidence, MONTHS, ties="published").values(weights[None])
    assert found[0] == pytest.approx(again, abs=1e-12)


@pytest.mark.parametrize("ties", ["adjusted", "antolini", "published"])
def test_pairs_within_groups_are_those_of_each_group_together(ties):
    time, event, incidence = patients(90)
    groups = np.arange(90) % 4
    pairs = antolini(time, event, incidence, MONTHS, ties=ties)
    alone = [
        antolini(*(x[groups == g] for x in (time, event, incidence)), MONTHS, ties=ties).counted() for g in range(4)
    ]
    expected = sum(right for right, _ in alone) / sum(possible for _, possible in alone)
    assert pairs.within(groups).value() == pytest.approx(expected, abs=1e-12)
    weights = np.random.default_rng(0).multinomial(90, np.full(90, 1 / 90), 5).astype(float)
    one = pairs.within(np.zeros(90))
    assert one.values(weights) == pytest.approx(pairs.values(weights), abs=1e-12)
    drawn = np.concatenate([weights * (groups == 0), np.ones((1, 90))])
    found = pairs.within(groups).values(drawn)
    assert found[-1] == pytest.approx(expected, abs=1e-12)
    assert found[:5] == pytest.approx(pairs.values(drawn[:5]), abs=1e-12)  # of one group alone


def test_pairs_of_groups_in_which_nobody_can_be_compared_have_no_value():
    time, event, incidence = patients(20)
    within = antolini(time, event, incidence, MONTHS).within(np.arange(20))
    assert np.isnan(within.value())
    assert np.isnan(within.values(np.ones((2, 20)))).all()
    with pytest.raises(ValueError, match="not one for each of 20 patients"):
        antolini(time, event, incidence, MONTHS).within([0, 1])


def test_events_beyond_the_last_month_are_not_compared():
    assert np.isnan(antolini([30, 40], [1, 0], [[0.5], [0.1]], [24]).value())
    assert np.isnan(harrell([30, 40], [1, 0], [0.5, 0.1], horizon=24).value())


def test_another_cause_ends_the_follow_up():
    incidence = np.array([[[0.1], [0.9]], [[0.2], [0.1]], [[0.05], [0.0]]])  # (cases, causes, months)
    # Cause 2 of the first patient is no anchor of cause 1; of the second's event only the third is followed for longer.
    assert antolini([1, 2, 3], [2, 1, 0], incidence, [5], cause=1).value() == 1
    assert antolini([1, 2, 3], [2, 1, 0], incidence, [5], cause=2).value() == 1


@pytest.mark.parametrize(
    ("time", "event"), [([5], [1]), ([5, 6, 7], [0, 0, 0]), ([5, 5], [1, 1])], ids=["one", "all censored", "one time"]
)
def test_where_nothing_can_be_compared_harrell_has_no_value(time, event):
    assert np.isnan(harrell(time, event, np.arange(len(time))).value())


def test_a_risk_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="not a finite number"):
        harrell([1, 2], [1, 0], [0.5, np.nan])


def test_an_incidence_must_be_a_probability():
    with pytest.raises(ValueError, match="not between 0 and 1"):
        antolini([1, 2], [1, 0], [[0.5], [1.5]], [24])


def test_how_many_of_a_range_are_lower_or_equal():
    generator = np.random.default_rng(6)
    values = generator.integers(0, 9, 100).astype(float)
    starts = generator.integers(0, 100, 200)
    stops = np.array([generator.integers(start, 101) for start in starts])
    of = generator.integers(-1, 11, 200).astype(float)
    lower, equal = lower_and_equal(values, of, starts, stops)
    slices = [values[start:stop] for start, stop in zip(starts, stops, strict=True)]
    assert lower.tolist() == [(part < value).sum() for part, value in zip(slices, of, strict=True)]
    assert equal.tolist() == [(part == value).sum() for part, value in zip(slices, of, strict=True)]
