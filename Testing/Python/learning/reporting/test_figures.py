"""Figures: what they show is what they were given, and they leave matplotlib as they found it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="needs the extra [train]")

import matplotlib
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from readingroom.learning.reporting.figures.confusion_matrix import confusion_matrix
from readingroom.learning.reporting.figures.decision_curve import decision_curve
from readingroom.learning.reporting.figures.precision_recall import precision_recall
from readingroom.learning.reporting.figures.recall_rate import recall_rate
from readingroom.learning.reporting.figures.reliability import reliability
from readingroom.learning.reporting.figures.roc import Point, roc
from readingroom.learning.reporting.figures.scored import Scored, band
from readingroom.learning.reporting.figures.style import COLORS
from readingroom.learning.reporting.figures.subgroups import Group, subgroups
from readingroom.learning.reporting.figures.training_curves import Run, training_curves
from readingroom.metrics.auc import auc_estimate
from readingroom.metrics.binary import OneClassError
from readingroom.metrics.calibration import reliability_bins
from readingroom.reading import Estimate, Interval

PATIENTS = np.repeat([f"p{n}" for n in range(40)], 2)
LABELS = np.tile([True, False, True, True, False, False, False, True], 10)
SCORES = np.random.default_rng(5).normal(size=80) + LABELS


def a_model(name: str = "model", sign: float = 1.0) -> Scored:
    return Scored(name, LABELS, sign * SCORES, PATIENTS, auc_estimate(LABELS, sign * SCORES))


def texts(figure) -> str:
    return " | ".join(text.get_text() for text in figure.findobj(Text))


def test_the_roc_curve_encloses_the_area_that_its_legend_names() -> None:
    figure = roc([a_model()])
    (line,) = (line for line in figure.axes[0].lines if "model" in line.get_label())
    area = np.trapezoid(line.get_ydata(), line.get_xdata())
    assert f"AUC {area:.2f}" in line.get_label()


def test_operating_points_stand_where_they_belong_with_their_intervals() -> None:
    point = Point("Youden", Estimate(0.8, Interval(0.7, 0.9)), Estimate(0.6, Interval(0.5, 0.75)))
    figure = roc([a_model()], [point])
    (drawn,) = figure.axes[0].containers
    assert (drawn[0].get_xdata()[0], drawn[0].get_ydata()[0]) == pytest.approx((0.4, 0.8))
    across, up = (bars.get_segments()[0] for bars in drawn[2])
    assert across[:, 0] == pytest.approx([0.25, 0.5])
    assert up[:, 1] == pytest.approx([0.7, 0.9])


def test_a_roc_curve_of_one_class_is_refused() -> None:
    healthy = Scored("model", np.zeros(80, dtype=bool), SCORES, PATIENTS)
    with pytest.raises((OneClassError, ValueError)):
        roc([healthy])


def test_the_band_holds_the_curve_and_does_not_change_with_time() -> None:
    def mean_of(labels, scores):
        return np.full(101, scores[labels].mean())

    low, high = band(a_model(), mean_of)
    assert (low < SCORES[LABELS].mean()).all()
    assert (high > SCORES[LABELS].mean()).all()
    assert np.array_equal(low, band(a_model(), mean_of)[0])


def test_precision_ends_at_the_share_of_those_with_the_finding() -> None:
    figure = precision_recall([a_model("first"), a_model("second", -1.0)])
    for line in figure.axes[0].lines[1:]:
        assert (line.get_xdata()[-1], line.get_ydata()[-1]) == pytest.approx((1.0, 0.5))


def test_reliability_shows_every_bin_with_its_number_of_cases() -> None:
    bins = reliability_bins(LABELS, np.tile([0.1, 0.5, 0.52, 0.9], 20))
    figure = reliability(bins, None, None)
    assert [bar.get_height() for bar in figure.axes[1].patches] == [20, 40, 20]


def test_the_recall_rate_curve_counts_who_is_recalled_and_stays_below_the_best_that_is_possible() -> None:
    (line,) = (line for line in recall_rate(a_model()).axes[0].lines if line.get_label() == "model")
    thresholds = np.append(np.inf, np.sort(SCORES)[::-1])
    assert np.allclose(line.get_xdata(), [(threshold <= SCORES).mean() for threshold in thresholds])
    assert np.allclose(line.get_ydata(), [(SCORES[LABELS] >= threshold).mean() for threshold in thresholds])
    assert (line.get_ydata() <= np.minimum(line.get_xdata() / LABELS.mean(), 1) + 1e-9).all()


def test_the_decision_curve_shows_the_given_net_benefits() -> None:
    thresholds = np.linspace(0.1, 0.5, 5)
    figure = decision_curve(thresholds, {"model": np.full(5, 0.3)}, np.linspace(0.4, -0.2, 5))
    (line,) = (line for line in figure.axes[0].lines if line.get_label() == "model")
    assert (line.get_ydata() == 0.3).all()


def test_a_confusion_matrix_writes_counts_and_shares_readably() -> None:
    figure = confusion_matrix(np.array([[90, 10], [0, 0]]), ["ill", "well"])
    cells = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert cells == {"90\n90%": "white", "10\n10%": "black", "0": "black"}


def test_a_subgroup_that_is_too_small_has_a_line_without_a_number() -> None:
    groups = [Group("sex", "F", 40, 20, Estimate(0.8, Interval(0.7, 0.9))), Group("sex", "", 5, 0, None)]
    shown = texts(subgroups(groups, Estimate(0.75)))
    assert "sex: F  (20 of 40)" in shown
    assert "0.80 (0.70 to 0.90)" in shown
    assert "sex: unknown or mixed  (0 of 5)" in shown
    assert "too few" in shown


def test_training_curves_mark_the_epoch_whose_weights_were_kept() -> None:
    epochs = np.arange(4.0)
    run = Run("fold 1", epochs, np.array([1.0, 0.8, 0.6, 0.5]), np.array([1.1, 0.9, 0.7, 0.8]))
    figure = training_curves([run, run])
    assert len(figure.axes[0].lines) == 6
    assert list(figure.axes[0].lines[2].get_xdata()) == [2.0]
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [
        "training", "validation", "weights kept",
    ]  # fmt: skip


def test_the_user_s_own_settings_and_figures_stay_as_they_were() -> None:
    with matplotlib.rc_context({"font.size": 33, "axes.facecolor": "black"}):
        before = dict(matplotlib.rcParams)
        figure = roc([a_model()])
        assert dict(matplotlib.rcParams) == before
    assert figure.axes[0].xaxis.label.get_fontsize() == 10
    assert to_rgb(figure.axes[0].get_facecolor()) == (1.0, 1.0, 1.0)


def test_no_figure_asks_for_a_display() -> None:
    roc = "readingroom.learning.reporting.figures.roc"
    code = f"import sys; import {roc}; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_neighboring_colors_differ_in_gray_print_too() -> None:
    gray = [float(np.dot(to_rgb(color), (0.299, 0.587, 0.114))) for color in COLORS[:2]]
    assert abs(gray[0] - gray[1]) > 0.08
