"""The confusion matrix: what was called what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .style import canvas, drawn

_DARK = 0.55  # of a row; white letters above, black below
_LEVEL = 3  # names of classes fit side by side up to here


@drawn
def confusion_matrix(counts: NDArray[np.int64], classes: Sequence[str]) -> Figure:
    """Counts with their share of the row, which the shade shows.

    Parameters
    ----------
    counts : [truth, called] cases
    classes : what people call the classes, in the order of both axes
    """
    size = 2.6 + 0.85 * len(classes)
    figure = canvas(size, size - 0.3)
    axes = figure.subplots()
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (truth, called), count in np.ndenumerate(counts):
        share = f"\n{shares[truth, called]:.0%}" if totals[truth, 0] else ""
        color = "white" if shares[truth, called] > _DARK else "black"
        axes.text(called, truth, f"{count}{share}", ha="center", va="center", color=color)
    places = np.arange(len(classes))
    turned = len(classes) > _LEVEL
    axes.set_xticks(places, classes, rotation=35 if turned else 0, ha="right" if turned else "center")
    axes.set_yticks(places, [f"{name}\nn = {total}" for name, total in zip(classes, totals[:, 0], strict=True)])
    axes.set(xlabel="Called", ylabel="Truth")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure
