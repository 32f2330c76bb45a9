"""Figures of times: steps with those at risk below, and observed against predicted risk."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="needs the extra [train]")

from readingroom.learning.reporting.figures.kaplan_meier import RiskCurve, kaplan_meier
from readingroom.learning.reporting.figures.risk_calibration import risk_calibration
from readingroom.reading import Estimate, Interval
from readingroom.survival.kaplan_meier import kaplan_meier as estimated

TIMES = np.array([2.0, 5.0, 9.0, 14.0, 24.0, 24.0])


def test_steps_go_down_at_events_and_the_numbers_below_are_those_still_followed() -> None:
    events = np.array([1, 0, 1, 1, 0, 0])
    figure = kaplan_meier([RiskCurve("all", TIMES, estimated(TIMES, events))], 24.0)
    steps, counts = figure.axes
    (line,) = steps.get_lines()
    assert line.get_ydata()[-1] == pytest.approx(5 / 6 * 3 / 4 * 2 / 3)
    assert [text.get_text() for text in counts.texts] == ["6", "4", "3", "2", "2"]


def test_each_fifth_stands_where_it_was_predicted_with_the_interval_of_what_was_observed() -> None:
    groups = [(0.2, Estimate(0.25, Interval(0.1, 0.4), 10)), (0.7, Estimate(0.6, None, 10))]
    (axes,) = risk_calibration(groups, "slope 1").axes
    points = axes.get_lines()[1]
    assert points.get_xdata().tolist() == [0.2, 0.7]
    assert points.get_ydata().tolist() == [0.25, 0.6]
