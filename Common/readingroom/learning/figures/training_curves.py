"""What happened during training, from the history that the training loop kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .style import canvas, drawn, line

Floats = NDArray[np.float64]


@drawn
def training_curves(epochs: Floats, panels: Mapping[str, Mapping[str, Floats]], best: Sequence[float] = ()) -> Figure:
    """One panel above the other, such as the losses and the rate.

    Parameters
    ----------
    epochs : (epochs,)
    panels : by the title of the vertical axis the values (epochs,) by name; missing ones are NaN
    best : epochs whose weights were kept
    """
    figure = canvas(5.0, 1.0 + 2.2 * len(panels))
    rows = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True))
    for axes, (title, series) in zip(rows, panels.items(), strict=True):
        for number, (name, values) in enumerate(series.items()):
            known = np.isfinite(values)
            axes.plot(epochs[known], values[known], **line(number), label=name, marker="o", markersize=3)
        for number, epoch in enumerate(best):
            axes.axvline(epoch, color="black", linewidth=0.8, linestyle=":", label=None if number else "weights kept")
        axes.set(ylabel=title)
        axes.legend()
    rows[-1].set(xlabel="Epoch")
    return figure
