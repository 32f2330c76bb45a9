"""How patients of low, middle and high predicted risk fared: Kaplan and Meier's curves with those at risk below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ....survival.step_curve import StepCurve
from .style import canvas, drawn, line


@dataclass(frozen=True, eq=False)
class RiskCurve:
    """Patients of one group: what it is called, their follow-up (patients,), and the share free of the event."""

    name: str
    times: NDArray[np.float64]
    curve: StepCurve


@drawn
def kaplan_meier(groups: Sequence[RiskCurve], horizon: float) -> Figure:
    """Steps with their bands until the horizon (months), and how many were followed so long."""
    figure = canvas(5.4, 5.6)
    axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=(6, 1))
    told = np.linspace(0, horizon, 5)
    months = np.linspace(0, horizon, 481)
    for number, group in enumerate(groups):
        look = line(number)
        values = group.curve.at(months)
        low, high = group.curve.band(months)
        axes.plot(months, values, drawstyle="steps-post", label=f"{group.name} ({group.curve.n})", **look)
        axes.fill_between(months, low, high, step="post", color=look["color"], alpha=0.12, linewidth=0)
        for month in told:
            counts.annotate(
                str(int((group.times >= month).sum())), (month, -number), ha="center", va="center", fontsize=8,
                color=look["color"],
            )  # fmt: skip
    axes.set(ylim=(-0.02, 1.02), xlim=(-0.4, horizon + 0.4), ylabel="Free of the event")
    counts.set(
        ylim=(-len(groups) + 0.4, 0.6), xticks=told, xlabel="Months; the numbers are patients at risk", yticks=[]
    )
    counts.grid(False)
    axes.legend(loc="lower left", handlelength=3)
    return figure
