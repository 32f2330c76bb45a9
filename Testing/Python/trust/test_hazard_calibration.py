"""Risks over time are stretched back to what happened."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.survival.follow_up import month_bins
from readingroom.trust.hazard_calibration import fit_hazards

MONTHS = np.arange(1, 25)


def simulated(
    patients: int, slope: float, intercept: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bins, events and the incidence of a network whose true cumulative hazard is ``exp(intercept) H ** slope``."""
    generator = np.random.default_rng(seed)
    own = np.exp(generator.normal(-3.2, 0.7, patients))
    hazard = own[:, None] * MONTHS**1.1
    reached = (generator.exponential(size=patients) / np.exp(intercept)) ** (1 / slope)
    time = (reached / own) ** (1 / 1.1)
    lost = generator.uniform(0, 60, patients)
    bins, events = month_bins(np.minimum(time, lost), (time <= lost).astype(int), 24)
    return bins, events, 1 - np.exp(-hazard)


def test_a_known_slope_and_level_are_found_again_and_lie_in_their_resamples() -> None:
    bins, events, incidence = simulated(1500, slope=0.6, intercept=-0.5)
    found = fit_hazards(bins, events, incidence, np.arange(1500), resamples=60)
    assert found.slope == pytest.approx(0.6, abs=0.06)
    assert found.intercept == pytest.approx(-0.5, abs=0.1)
    slopes = np.array(found.resamples)[:, 0]
    assert np.quantile(slopes, 0.01) < 0.6 < np.quantile(slopes, 0.99)
    assert found.n == 1500


def test_what_is_calibrated_has_as_many_events_as_it_expects() -> None:
    bins, events, incidence = simulated(3000, slope=1.6, intercept=0.4, seed=1)
    found = fit_hazards(bins, events, incidence, np.arange(3000), resamples=0)
    again = fit_hazards(bins, events, found.incidence(incidence), np.arange(3000), resamples=0)
    assert again.slope == pytest.approx(1, abs=1e-3)
    assert again.intercept == pytest.approx(0, abs=1e-3)


def test_risks_of_one_who_dies_for_certain_are_no_trouble() -> None:
    bins, events, incidence = simulated(200, slope=1.0, intercept=0.0)
    incidence[:, -1] = 1.0
    assert np.isfinite(fit_hazards(bins, events, incidence, np.arange(200), resamples=5).slope)


def test_risks_that_fall_with_what_happened_are_refused() -> None:
    bins, events, incidence = simulated(600, slope=1.0, intercept=0.0)
    order = np.argsort(incidence[:, -1])
    turned = incidence.copy()
    turned[order] = incidence[order[::-1]]
    flat = np.repeat(turned[:, -1:], 24, axis=1)
    with pytest.raises(ValueError, match="do not rise"):
        fit_hazards(bins, events, flat, np.arange(600), resamples=0)
    with pytest.raises(ValueError, match="No event"):
        fit_hazards(bins, np.zeros(600), incidence, np.arange(600))
