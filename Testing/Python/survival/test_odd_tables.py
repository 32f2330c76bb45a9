"""Small tables with ties, without events, with one patient: a value or a sentence, never a warning."""

import warnings
from contextlib import suppress

import numpy as np
import pytest

from readingroom.errors import InputError
from readingroom.survival.calibration import calibration
from readingroom.survival.comparison import compare
from readingroom.survival.cox import fit_cox
from readingroom.survival.cumulative_incidence import cumulative_incidence
from readingroom.survival.kaplan_meier import censoring, kaplan_meier, restricted_mean
from readingroom.survival.measures import survival_measures

MONTHS = np.arange(1.0, 25.0)


@pytest.mark.parametrize("seed", range(40))
def test_an_odd_table_has_values_or_sentences(seed):
    generator = np.random.default_rng(seed)
    n = int(generator.integers(1, 30))
    time = np.ceil(generator.exponential(10, n) * generator.choice([1, 4])) / generator.choice([1, 4])
    event = (generator.random(n) < generator.random()).astype(int)
    incidence = np.sort(np.round(generator.random((n, 24)), int(generator.integers(1, 4))), axis=1)
    design = generator.integers(0, 3, (n, 2)).astype(float)
    design[generator.random((n, 2)) < 0.2] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        survival = kaplan_meier(time, event)
        incidence_of = cumulative_incidence(time, event * generator.integers(1, 3, n), 2)
        for curve in (survival, incidence_of):
            low, high = curve.band(MONTHS)
            known = ~np.isnan(low)
            assert (low[known] <= curve.at(MONTHS)[known]).all()
            assert (curve.at(MONTHS)[known] <= high[known]).all()
        found = survival_measures(time, event, incidence, MONTHS, censoring(time, event), resamples=20)
        assert all(np.isnan(each.value) or each.value >= 0 for each in found.values())
        for horizon in (12, 24):
            with suppress(InputError):
                assert 0 <= restricted_mean(time, event, horizon).value <= horizon
            with suppress(InputError):
                assert calibration(time, event, incidence[:, horizon - 1], horizon, resamples=5).groups
        with suppress(InputError):
            assert 0 < compare(time, event, incidence, incidence[::-1], MONTHS, permutations=20, resamples=0).p <= 1
        for ridge in (0.0, 1.0):
            with suppress(InputError):
                risk, low, high = fit_cox(design, time, event, ridge).incidence(design, MONTHS)
                known = ~np.isnan(risk)
                assert (low[known] <= risk[known]).all()
                assert (risk[known] <= high[known]).all()
