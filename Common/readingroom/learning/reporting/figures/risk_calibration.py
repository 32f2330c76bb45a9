"""Of patients who were told 30 %, have 30 % had the event by then? By fifths of the predicted risk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ....reading import Estimate
from .style import COLORS, GRAY, canvas, drawn, unit_square


@drawn
def risk_calibration(groups: Sequence[tuple[float, Estimate]], words: str) -> Figure:
    """Observed risk (Aalen-Johansen, with its 95 % interval) against the mean predicted one of each group.

    Parameters
    ----------
    words : what stands in the legend
    """
    figure = canvas(4.8, 4.8)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GRAY, linewidth=0.8, label="perfect")
    x = np.array([predicted for predicted, _ in groups])
    y = np.array([observed.value for _, observed in groups])
    ends = [
        (observed.interval.low, observed.interval.high) if observed.interval else (observed.value, observed.value)
        for _, observed in groups
    ]
    low, high = np.array(ends).reshape(-1, 2).T
    axes.errorbar(x, y, yerr=np.maximum([y - low, high - y], 0), fmt="o", color=COLORS[0], capsize=2, label=words)
    unit_square(axes)
    axes.set(xlabel="Predicted risk", ylabel="Observed risk (95 % interval)")
    axes.legend(loc="upper left")
    return figure
