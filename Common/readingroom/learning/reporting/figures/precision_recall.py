"""The precision-recall curve: how many of those called have the finding, as more of those who have it are called."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ....formatting import estimate_text
from ....metrics import curves
from .scored import GRID, Floats, Scored, band
from .style import COLORS, GRAY, canvas, drawn, legend_below, line, unit_square


@drawn
def precision_recall(models: Sequence[Scored]) -> Figure:
    """Precision against recall as steps; the first curve with the middle 95 % over resampled patients.

    The horizontal line is what calling everybody would give: it moves with the prevalence, and so do the curves.

    Parameters
    ----------
    models : the model and what it is compared with; ``summary`` is the average precision

    Raises
    ------
    OneClassError : positives or negatives are missing
    """
    figure = canvas(5.0, 5.2)
    axes = figure.subplots()
    share = float(models[0].labels.mean())
    axes.axhline(share, color=GRAY, linewidth=0.8, label=f"calling everybody: {share:.2f}")
    low, high = band(models[0], _precision_on_grid)
    axes.fill_between(
        GRID[1:],
        low[1:],
        high[1:],
        color=COLORS[0],
        alpha=0.15,
        linewidth=0,
        step="pre",
        label="95 % of resampled patients",
    )
    for number, model in enumerate(models):
        points = curves.precision_recall(model.labels, model.scores)
        label = f"{model.name}: average precision {estimate_text(model.summary)}"
        axes.step(points.recall, points.precision, where="pre", **line(number), label=label)
    unit_square(axes)
    axes.set(xlabel="Recall (sensitivity)", ylabel="Precision (positive predictive value)")
    legend_below(axes)
    return figure


def _precision_on_grid(labels: NDArray[np.bool_], scores: Floats) -> Floats:
    """The precision (grid,) at the first threshold that reaches each recall of `GRID`."""
    points = curves.precision_recall(labels, scores)
    return points.precision[np.searchsorted(points.recall, GRID - 1e-9)]
