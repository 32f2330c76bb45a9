"""What happened during training, from the history that the training loop kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ....csv_table import read_csv
from ....errors import InputError
from .style import COLORS, canvas, drawn, legend_below

Floats = NDArray[np.float64]

_NEEDED = ("epoch", "train_loss", "validation_loss")


@dataclass(frozen=True, eq=False)
class Run:
    """The history of one network, (epochs,) each."""

    name: str
    epoch: Floats
    train_loss: Floats
    validation_loss: Floats

    @property
    def best(self) -> int:
        """Place of the lowest validation loss, whose weights were kept."""
        return int(np.argmin(self.validation_loss))


def read_history(path: Path) -> tuple[Run, ...]:
    """The networks of a ``history.csv``: one, or several told apart by a column ``network``.

    Raises
    ------
    InputError : the file cannot be read or is no history
    """
    lines = read_csv(path).records()
    try:
        names = list(dict.fromkeys(line.get("network", "") for line in lines))
        runs = [_run(name, [line for line in lines if line.get("network", "") == name]) for name in names]
    except (KeyError, ValueError) as error:
        raise InputError(f"{path.name} is no history of a training with the columns {', '.join(_NEEDED)}.") from error
    return tuple(runs)


def _run(name: str, lines: Sequence[Mapping[str, str]]) -> Run:
    return Run(name, *(np.array([float(line[column]) for line in lines]) for column in _NEEDED))


@drawn
def training_curves(runs: Sequence[Run]) -> Figure:
    """Losses of training and of validation by epoch, a line for each network; dots where its weights were kept."""
    figure = canvas(5.0, 4.4)
    axes = figure.subplots()
    width = 1.8 if len(runs) == 1 else 0.9
    for number, run in enumerate(runs):
        first = number == 0  # one entry of the legend stands for all networks
        training: dict[str, Any] = {"color": COLORS[0], "label": "training" if first else None}
        validation: dict[str, Any] = {
            "color": COLORS[1],
            "linestyle": (0, (5, 1.5)),
            "label": "validation" if first else None,
        }
        kept: dict[str, Any] = {
            "color": "black",
            "markersize": 4,
            "linestyle": "none",
            "label": "weights kept" if first else None,
        }
        axes.plot(run.epoch, run.train_loss, linewidth=width, **training)
        axes.plot(run.epoch, run.validation_loss, linewidth=width, **validation)
        axes.plot(run.epoch[run.best], run.validation_loss[run.best], marker="o", **kept)
    axes.set(xlabel="Epoch", ylabel="Loss", title=f"{len(runs)} networks" if len(runs) > 1 else "")
    legend_below(axes)
    return figure
