"""The decision curve: what acting on the model is worth against acting on everybody or nobody.

Source: Vickers and Elkin, Medical Decision Making 2006.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .style import GRAY, canvas, drawn, legend_below, line

Floats = NDArray[np.float64]


@drawn
def decision_curve(thresholds: Floats, models: Mapping[str, Floats], everybody: Floats) -> Figure:
    """Net benefit against the probability at which one would act.

    Parameters
    ----------
    thresholds : (thresholds,) between 0 and 1
    models : net benefit (thresholds,) by the model's name
    everybody : net benefit (thresholds,) of acting on everybody; acting on nobody is 0
    """
    figure = canvas(5.0, 4.8)
    axes = figure.subplots()
    axes.axhline(0, color="black", linewidth=0.9, label="act on nobody")
    axes.plot(thresholds, everybody, color=GRAY, linewidth=1.2, linestyle=":", label="act on everybody")
    for number, (name, benefit) in enumerate(models.items()):
        axes.plot(thresholds, benefit, **line(number), label=name)
    highest = max(0.05, float(everybody.max()), *(float(np.nanmax(benefit)) for benefit in models.values()))
    axes.set(xlim=(0, float(thresholds.max())), ylim=(-0.25 * highest, 1.08 * highest))
    axes.set(xlabel="Probability at which one would act", ylabel="Net benefit (true positives per patient)")
    legend_below(axes)
    return figure
