"""The reliability diagram: of those told 30 %, do 30 % have it?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ....formatting import estimate_text
from ....metrics.calibration import ReliabilityBin
from ....reading import Estimate
from .style import COLORS, GRAY, LIGHT, canvas, drawn


@drawn
def reliability(bins: Sequence[ReliabilityBin], slope: Estimate | None, intercept: Estimate | None) -> Figure:
    """Observed share against mean probability of each bin, with Wilson intervals; below it how many cases each holds.

    Parameters
    ----------
    bins : from `readingroom.metrics.calibration.reliability_bins`
    slope, intercept : of the recalibration; None where it cannot be fitted
    """
    figure = canvas(5.0, 5.4)
    axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    axes.plot([0, 1], [0, 1], color=GRAY, linewidth=0.8, label="perfect")
    x = np.array([row.mean_probability for row in bins])
    y = np.array([row.observed.value for row in bins])
    ends = np.array([_ends(row.observed) for row in bins]).T
    label = f"slope {estimate_text(slope)}\nintercept {estimate_text(intercept)}"
    axes.errorbar(
        x, y, yerr=np.maximum([y - ends[0], ends[1] - y], 0), fmt="o", color=COLORS[0], capsize=2, label=label
    )
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), ylabel="Observed share (95 % interval)")
    axes.legend(loc="upper left")
    for row in bins:
        counts.bar(row.low, row.observed.n, row.high - row.low, align="edge", color=LIGHT, edgecolor=GRAY)
        counts.annotate(
            str(row.observed.n),
            ((row.low + row.high) / 2, row.observed.n or 0),
            (0, 1),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    counts.margins(y=0.3)
    counts.grid(False)
    counts.set(xlabel="Calibrated probability", ylabel="Cases")
    return figure


def _ends(estimate: Estimate) -> tuple[float, float]:
    interval = estimate.interval
    return (estimate.value, estimate.value) if interval is None else (interval.low, interval.high)
