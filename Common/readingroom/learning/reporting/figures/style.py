"""The one look of all figures: readable in print, told apart without colors, the same on any machine."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Arguments = ParamSpec("Arguments")

# Okabe and Ito, "Color Universal Design" (2008): told apart with every kind of color blindness and, in this order, in
# gray print; the dashes say the same once more.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P")
GRAY = "#6b7280"
LIGHT = "#d5dae1"

_NOT_LOOK = {"backend", "backend_fallback", "interactive"}
_LOOK: dict[Any, Any] = {
    **{name: value for name, value in matplotlib.rcParamsDefault.items() if name not in _NOT_LOOK},
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "legend.fontsize": 9,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GRAY,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e8ebef",
    "grid.linewidth": 0.8,
    "xtick.color": "#374151",
    "ytick.color": "#374151",
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "text.parse_math": False,  # a label from a stranger's table may hold a dollar sign
}


def drawn(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """A drawing function whose figure has our look, whatever the user's own matplotlib settings are."""

    @functools.wraps(draw)
    def with_look(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        with matplotlib.rc_context(_LOOK):
            return draw(*args, **kwargs)

    return with_look


def canvas(width: float = 5.0, height: float = 4.4) -> Figure:
    """An empty figure of this size in inches, laid out so that nothing is cut off."""
    return Figure(figsize=(width, height), layout="constrained")


def line(number: int) -> dict[str, Any]:
    """Color and dashes of the line with this number."""
    return {"color": COLORS[number % len(COLORS)], "linestyle": DASHES[number % len(DASHES)]}


def unit_square(axes: Axes) -> None:
    """Both axes from 0 to 1, equally long."""
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")


def legend_below(axes: Axes) -> None:
    """The legend under the drawing, where it hides no line."""
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=1, handlelength=3)
