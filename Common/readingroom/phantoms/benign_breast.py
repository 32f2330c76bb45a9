"""What a mammogram shows beside tissue and lesions, and what is no lesion: for phantoms that are not too easy.

A round mass with a sharp border is none of these: it is a `mammogram.Lesion` that is marked benign.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
BenignKind = Literal["vessel", "fold", "coarse calcification", "scar", "island"]

BENIGN_KINDS: tuple[BenignKind, ...] = get_args(BenignKind)
_DRAWN = 0.03  # of what a structure adds; where it adds more it is said to be


def benign_structure(
    kind: BenignKind, right: Floats, down: Floats, radius: float, random: np.random.Generator
) -> tuple[Floats, Booleans]:
    """What a structure adds ``[j, i]``, and where it is.

    Parameters
    ----------
    kind : a winding ``vessel``, a straight ``fold`` of the skin, one ``coarse calcification``, a ``scar`` (thin lines
        that meet, without a mass), or an ``island`` of dense tissue
    right, down : ``[j, i]`` how far each pixel lies from its middle, in shares of the depth of the breast
    radius : in the same shares; of lines half their length is three times as much
    """
    added = _ADDED[kind](right, down, radius, random)
    return added, added > _DRAWN


def _vessel(right: Floats, down: Floats, radius: float, random: np.random.Generator) -> Floats:
    along, across = _turned(right, down, random.uniform(-0.6, 0.6))
    across = across - 0.4 * radius * np.sin(along / radius * random.uniform(0.8, 1.4) + random.uniform(0, 2 * np.pi))
    return 0.14 * _line(along, across, 3 * radius, random.uniform(0.010, 0.018))


def _fold(right: Floats, down: Floats, radius: float, random: np.random.Generator) -> Floats:
    along, across = _turned(right, down, random.uniform(0, np.pi))
    width = random.uniform(0.008, 0.014)
    return 0.18 * _line(along, across, 3 * radius, width) - 0.07 * _line(along, across - 2 * width, 3 * radius, width)


def _coarse_calcification(right: Floats, down: Floats, radius: float, random: np.random.Generator) -> Floats:
    distance = np.hypot(right, down) / (0.25 * radius)
    return np.asarray(0.5 / (1 + np.exp(np.clip((distance - 1) / 0.12, -50, 50))))


def _scar(right: Floats, down: Floats, radius: float, random: np.random.Generator) -> Floats:
    turned = (_turned(right, down, angle) for angle in random.uniform(0, np.pi, 5))
    return np.max([0.13 * _line(along, across, radius, 0.008) for along, across in turned], axis=0)


def _island(right: Floats, down: Floats, radius: float, random: np.random.Generator) -> Floats:
    lobes, phase = random.integers(2, 5), random.uniform(0, 2 * np.pi)
    distance = np.hypot(right, down) / radius * (1 + 0.25 * np.sin(lobes * np.arctan2(down, right) + phase))
    return np.asarray(0.17 * np.exp(-(distance**4)))


_ADDED = {
    "vessel": _vessel,
    "fold": _fold,
    "coarse calcification": _coarse_calcification,
    "scar": _scar,
    "island": _island,
}


def _turned(right: Floats, down: Floats, angle: float) -> tuple[Floats, Floats]:
    """Along a line through the middle, and across it."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return right * cosine + down * sine, down * cosine - right * sine


def _line(along: Floats, across: Floats, half: float, width: float) -> Floats:
    return np.exp(-((across / width) ** 2) - (along / half) ** 4)
