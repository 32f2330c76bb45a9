"""All metrics of a prediction at once."""

import numpy as np
import pytest

from readingroom.survival.brier import brier, integrated
from readingroom.survival.concordance import antolini, dynamic_auc, harrell, uno
from readingroom.survival.incidence import at_month
from readingroom.survival.kaplan_meier import censoring
from readingroom.survival.measures import survival_measures

MONTHS = np.arange(1.0, 25.0)


def patients(n=150, seed=0):
    generator = np.random.default_rng(seed)
    log_hazard = generator.normal(size=n)
    time, lost = generator.exponential(15 * np.exp(-log_hazard)), generator.uniform(5, 60, n)
    incidence = 1 - np.exp(-np.exp(0.7 * log_hazard)[:, None] * MONTHS / 15)
    return np.minimum(time, lost), (time <= lost).astype(int), incidence


def test_each_is_the_metric_of_its_name():
    time, event, incidence = patients()
    lost = censoring(time, event)
    found = survival_measures(time, event, incidence, MONTHS, lost, resamples=0)
    assert found["c_td"].value == pytest.approx(antolini(time, event, incidence, MONTHS).value())
    assert found["harrell"].value == pytest.approx(harrell(time, event, incidence[:, -1], 24).value())
    assert found["uno"].value == pytest.approx(uno(time, event, incidence[:, -1], lost, 24).value())
    assert found["auc_12"].value == pytest.approx(dynamic_auc(time, event, incidence[:, 11], lost, 12).value())
    assert found["brier_6"].value == pytest.approx(brier(time, event, incidence, MONTHS, lost)[5])
    assert found["ibs"].value == pytest.approx(integrated(brier(time, event, incidence, MONTHS, lost), MONTHS))


def test_each_has_an_interval_over_patients_that_holds_it():
    time, event, incidence = patients()
    found = survival_measures(time, event, incidence, MONTHS, censoring(time, event), resamples=300)
    assert len(found) == 12
    assert all(each.interval.low < each.value < each.interval.high for each in found.values())
    assert all(each.n == 150 for each in found.values())


def test_the_interval_of_concordance_holds_the_truth_as_often_as_it_says():
    truth = harrell(*patients(20_000, 999)[:2], patients(20_000, 999)[2][:, -1], 24).value()
    held = 0
    for seed in range(100):
        time, event, incidence = patients(100, seed)
        found = survival_measures(time, event, incidence, MONTHS, censoring(time, event), resamples=200)["harrell"]
        held += found.interval.low <= truth <= found.interval.high
    assert held >= 88


def test_few_events_have_no_interval():
    time, event, incidence = patients(12)
    event[np.cumsum(event) > 9] = 0
    found = survival_measures(time, event, incidence, MONTHS, censoring(time, event), resamples=50)
    assert all(each.interval is None for each in found.values())


@pytest.mark.parametrize("event", [0, 1])
def test_one_patient_has_no_concordance(event):
    found = survival_measures([5], [event], np.full((1, 24), 0.5), MONTHS, censoring([30, 40], [0, 0]), resamples=20)
    assert np.isnan(found["c_td"].value)
    assert found["c_td"].interval is None


def test_all_censored_has_brier_scores_alone():
    found = survival_measures([30, 40], [0, 0], np.full((2, 24), 0.5), MONTHS, censoring([30], [0]), resamples=20)
    assert found["brier_12"].value == pytest.approx(0.25)
    assert np.isnan(found["harrell"].value)


def test_a_horizon_beyond_the_last_month_is_left_out():
    time, event, incidence = patients()
    found = survival_measures(time, event, incidence[:, :12], MONTHS[:12], censoring(time, event), resamples=0)
    assert {"auc_6", "brier_12"} <= set(found)
    assert not {"auc_18", "brier_23"} & set(found)


def test_a_single_month_has_no_integral():
    time, event, incidence = patients()
    found = survival_measures(time, event, incidence[:, 3:4], [4.0], censoring(time, event), resamples=0)
    assert set(found) == {"c_td", "harrell", "uno"}


def test_a_month_between_two_others_lies_on_the_straight_line_between_them():
    incidence = np.array([[0.1, 0.3]])
    assert at_month(incidence, np.array([2.0, 4.0]), 1) == pytest.approx([0.05])
    assert at_month(incidence, np.array([2.0, 4.0]), 3) == pytest.approx([0.2])
    assert at_month(incidence, np.array([2.0, 4.0]), 0) == pytest.approx([0])
    with pytest.raises(ValueError, match="beyond the last month"):
        at_month(incidence, np.array([2.0, 4.0]), 5)
