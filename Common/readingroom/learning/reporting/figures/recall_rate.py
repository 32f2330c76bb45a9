"""The recall-rate curve of screening: how many cancers are found as more of all cases are recalled."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ....metrics import curves
from ....metrics.screening import recall_rates
from .scored import GRID, Floats, Scored, band
from .style import COLORS, GRAY, canvas, drawn, legend_below, line, unit_square


@drawn
def recall_rate(model: Scored) -> Figure:
    """Sensitivity against recall rate, with the middle 95 % over resampled patients.

    The recall rate counts the cases of this table, so that it begins at their share of cancers where all are found.

    Raises
    ------
    OneClassError : positives or negatives are missing
    """
    figure = canvas(5.0, 5.2)
    axes = figure.subplots()
    share = float(model.labels.mean())
    axes.plot([0, 1], [0, 1], color=GRAY, linewidth=0.8, label="recalled by chance")
    axes.plot([0, share, 1], [0, 1, 1], color=GRAY, linewidth=1.0, linestyle=":", label="the best that is possible")
    low, high = band(model, _sensitivity_on_grid)
    axes.fill_between(GRID, low, high, color=COLORS[0], alpha=0.15, linewidth=0, label="95 % of resampled patients")
    points = curves.roc(model.labels, model.scores)
    axes.plot(recall_rates(points, share), points.sensitivity, **line(0), label=model.name)
    unit_square(axes)
    axes.set(xlabel="Recall rate", ylabel="Sensitivity")
    legend_below(axes)
    return figure


def _sensitivity_on_grid(labels: NDArray[np.bool_], scores: Floats) -> Floats:
    """The best sensitivity (grid,) at no more than each recall rate of `GRID`."""
    points = curves.roc(labels, scores)
    rates = recall_rates(points, float(labels.mean()))
    return np.asarray(points.sensitivity[np.searchsorted(rates, GRID + 1e-9, side="right") - 1])
