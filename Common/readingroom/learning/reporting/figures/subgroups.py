"""The forest plot of subgroups: whom the model serves worse, and how sure one can be of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....formatting import estimate_text
from ....reading import Estimate
from .style import COLORS, GRAY, canvas, drawn

_ROW = 0.3  # inches


@dataclass(frozen=True)
class Group:
    """One line of the plot; ``estimate`` is None where the group is too small or of one class.

    Groups that are only ``exploratory`` are drawn hollow.
    """

    variable: str
    level: str
    cases: int
    with_finding: int
    estimate: Estimate | None
    exploratory: bool = False


@drawn
def subgroups(groups: Sequence[Group], overall: Estimate, measure: str = "AUC") -> Figure:
    """Estimates with their intervals by subgroup, in the given order; the line is the whole cohort.

    Parameters
    ----------
    groups : those of one variable stand together
    overall : of all cases
    """
    figure = canvas(7.2, 1.3 + _ROW * len(groups))
    axes = figure.subplots()
    axes.axvline(overall.value, color=GRAY, linewidth=0.9)
    variable = ""
    labels = []
    for place, group in enumerate(groups):
        if place and group.variable != variable:
            axes.axhline(place - 0.5, color="#e8ebef", linewidth=0.8)
        variable = group.variable
        labels.append(f"{group.variable}: {group.level or 'unknown or mixed'}  ({group.with_finding} of {group.cases})")
        _draw(axes, place, group.estimate, group.exploratory)
        axes.annotate(
            estimate_text(group.estimate) if group.estimate else "too few",
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
        )
    axes.set_yticks(range(len(groups)), labels)
    axes.set(ylim=(len(groups) - 0.5, -0.5), xlabel=f"{measure}; the line is the whole cohort, {overall.value:.2f}")
    low = min((g.estimate.interval.low if g.estimate.interval else g.estimate.value) for g in groups if g.estimate)
    axes.set_xlim(min(0.45, max(low - 0.03, 0)), 1.01)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    return figure


def _draw(axes: Axes, place: int, estimate: Estimate | None, exploratory: bool) -> None:
    if estimate is None:
        return
    if estimate.interval is not None:
        axes.plot([estimate.interval.low, estimate.interval.high], [place, place], color=COLORS[0])
    axes.plot(estimate.value, place, "s", color=COLORS[0], markersize=6, fillstyle="none" if exploratory else "full")
