"""How much a picture looks like an upright frontal chest radiograph, of an adult or of a child.

A small network (49 numbers in, 48 hidden, one out) looks at the whole picture at 24 x 24 pixels: at its place among the
main components of frontal chest radiographs, and at how much of it they leave unexplained. It learned from
radiographs of adults and children against the same ones inverted, turned and cut up, CT slices, mammograms,
side views computed from CT, and patterns; ``experiments/radiograph_checks`` makes its file and measures it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..bundles.tensor_file import arrays
from ..metrics.binary import Floats
from .chest_template import EachWayUp, square

FILE = Path(__file__).with_name("chest_likeness.safetensors")
SIDE = 24  # pixels


def chest_likeness(picture: Floats) -> EachWayUp:
    """The likeness, 0 to 1, of ``picture`` ``[j, i]``, gray 0 to 1 (stretched), bone bright, of any size."""
    small = square(picture)
    turned = [np.rot90(small, quarter) for quarter in range(4)]
    as_is, inverted = likeness(turned), likeness([1 - one for one in turned])
    return EachWayUp(
        upright=float(as_is[0]),
        inverted=float(inverted[0]),
        upside_down=float(as_is[2]),
        sideways=float(max(as_is[1], as_is[3])),
        turned_inverted=float(inverted[1:].max()),
    )


def likeness(squares: list[Floats]) -> NDArray[np.float64]:
    """Of each square picture (48 x 48), 0 to 1."""
    weights = _weights()
    centered = np.stack([pixels(one) for one in squares]) - weights["mean"]
    components = centered @ weights["components"].T
    unexplained = np.linalg.norm(centered - components @ weights["components"], axis=1, keepdims=True)
    inputs = (np.hstack([components, unexplained]) - weights["shift"]) / weights["scale"]
    hidden = np.maximum(inputs @ weights["hidden"] + weights["hidden_bias"], 0)
    logits = (hidden @ weights["out"] + weights["out_bias"])[:, 0]
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -50, 50))))


def pixels(picture: Floats) -> NDArray[np.float64]:
    """The 576 values of a square picture (48 x 48) at 24 x 24 pixels, with mean 0 and mean square 1."""
    small = picture.reshape(SIDE, 2, SIDE, 2).mean(axis=(1, 3))
    centered = small - small.mean()
    return np.asarray((centered / max(float(np.sqrt((centered**2).mean())), 1e-9)).ravel())


@functools.cache
def _weights() -> Mapping[str, NDArray[np.float64]]:
    return {name: values.astype(np.float64) for name, values in arrays(FILE.read_bytes()).items()}
