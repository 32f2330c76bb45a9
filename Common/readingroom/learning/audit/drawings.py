"""The drawings of an audit: pairs of pictures, and what small models reach."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from ...formatting import estimate_text
from ...guarded_processes import guarded
from ...time_limit import time_limit
from ..cohorts.fingerprint import Floats, shown
from ..reporting.figures.style import COLORS, GRAY, canvas, drawn
from .shortcuts import Shortcut

_LONGEST = 256  # pixels of a picture on the page
_ROW = 0.32  # inches
_SEVERITY_COLORS = {"stop": "#b3261e", "warn": "#a45c00", None: GRAY, "info": COLORS[0]}


@drawn
def pair(first: Path, second: Path, names: tuple[str, str]) -> Figure:
    """Two pictures side by side.

    Raises
    ------
    InputError : one of them can no longer be read, or a process hung or died at it
    """
    figure = canvas(4.6, 2.6)
    for axes, path, name in zip(figure.subplots(1, 2), (first, second), names, strict=True):
        axes.imshow(guarded(_small, path), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(name, fontsize=9)
        axes.set_axis_off()
    return figure


@drawn
def small_model_aucs(shortcuts: Sequence[Shortcut]) -> Figure:
    """The AUC of each small model with its interval, and of the image model where it is known."""
    figure = canvas(7.4, 1.0 + _ROW * len(shortcuts))
    axes = figure.subplots()
    axes.axvline(0.5, color=GRAY, linewidth=0.9)
    labels = []
    for place, shortcut in enumerate(shortcuts):
        model = shortcut.model
        labels.append(f"{model.inputs}, {model.site or 'all sites'}" if model.site else model.inputs)
        color = _SEVERITY_COLORS[shortcut.severity]
        if model.auc.interval is not None:
            axes.plot([model.auc.interval.low, model.auc.interval.high], [place, place], color=color)
        axes.plot(model.auc.value, place, "s", color=color, markersize=6)
        if shortcut.comparison is not None:
            axes.plot(shortcut.comparison.image.value, place, "D", color=COLORS[0], markersize=6)
        axes.annotate(
            estimate_text(model.auc), (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=9
        )
    axes.set_yticks(range(len(shortcuts)), labels)
    axes.set(xlim=(0, 1), ylim=(len(shortcuts) - 0.5, -0.5), xlabel="AUC by cross-validation; 0.5 is chance")
    axes.grid(False, axis="y")
    return figure


def _small(path: Path) -> Floats:
    """The picture of an image. Runs in a child process."""
    with time_limit():
        gray = shown(path)
    scale = min(1.0, _LONGEST / max(gray.shape))
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    return np.asarray(Image.fromarray(gray).resize(size, Image.Resampling.BOX))
