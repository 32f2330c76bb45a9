"""The ROC curve: what each threshold finds against what it falsely calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ....formatting import estimate_text
from ....metrics import curves
from ....reading import Estimate
from .scored import GRID, Floats, Scored, band
from .style import COLORS, GRAY, MARKERS, canvas, drawn, legend_below, line, unit_square


@dataclass(frozen=True)
class Point:
    """A named operating point of the first model."""

    name: str
    sensitivity: Estimate
    specificity: Estimate


@drawn
def roc(models: Sequence[Scored], operating_points: Sequence[Point] = ()) -> Figure:
    """ROC curves; the first with the middle 95 % over resampled patients and with its operating points.

    Parameters
    ----------
    models : the model and what it is compared with; ``summary`` is the AUC
    operating_points : drawn with the intervals of sensitivity and specificity

    Raises
    ------
    OneClassError : positives or negatives are missing
    """
    figure = canvas(5.0, 5.2)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GRAY, linewidth=0.8)
    low, high = band(models[0], _sensitivity_on_grid)
    axes.fill_between(GRID, low, high, color=COLORS[0], alpha=0.15, linewidth=0, label="95 % of resampled patients")
    for number, model in enumerate(models):
        points = curves.roc(model.labels, model.scores)
        label = f"{model.name}: AUC {estimate_text(model.summary)}"
        axes.plot(1 - points.specificity, points.sensitivity, **line(number), label=label)
    for number, point in enumerate(operating_points):
        _mark(axes, number, point)
    unit_square(axes)
    axes.set(xlabel="1 − specificity", ylabel="Sensitivity")
    legend_below(axes)
    return figure


def _sensitivity_on_grid(labels: NDArray[np.bool_], scores: Floats) -> Floats:
    """The best sensitivity (grid,) at no more than each false positive rate of `GRID`."""
    points = curves.roc(labels, scores)
    return points.sensitivity[np.searchsorted(1 - points.specificity, GRID + 1e-9, side="right") - 1]


def _mark(axes: Axes, number: int, point: Point) -> None:
    x, y = 1 - point.specificity.value, point.sensitivity.value
    across, up = point.specificity.interval, point.sensitivity.interval
    axes.errorbar(
        x,
        y,
        xerr=None if across is None else [[max(across.high - 1 + x, 0)], [max(1 - x - across.low, 0)]],
        yerr=None if up is None else [[max(y - up.low, 0)], [max(up.high - y, 0)]],
        fmt=MARKERS[number % len(MARKERS)],
        color="black",
        markerfacecolor="white",
        markersize=7,
        linewidth=1,
        capsize=2,
        zorder=5,
        label=f"{point.name}: sensitivity {point.sensitivity.value:.2f}, specificity {point.specificity.value:.2f}",
    )
