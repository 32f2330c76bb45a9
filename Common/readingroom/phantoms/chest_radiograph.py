"""A frontal chest radiograph that belongs to nobody: lungs, heart, ribs, spine, diaphragm, and an opacity if asked for.

The picture is the logarithm of an attenuation sum over simple shapes, like the display of a digital detector: what
absorbs more is brighter. It is plausible to an image check and to an eye at a distance, not to a radiologist.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Picture = NDArray[np.float32]


@dataclass(frozen=True)
class Opacity:
    """A soft round opacity: ``x`` (to the patient's left), ``y`` (down) and ``radius`` in shares of the picture."""

    x: float = 0.33
    y: float = 0.55
    radius: float = 0.07
    strength: float = 0.6


def chest_radiograph(rows: int = 512, columns: int = 448, opacity: Opacity | None = None, seed: int = 0) -> Picture:
    """The phantom ``[j, i]``, float32, 0 black to 1 white; the patient's right is on the left of the picture.

    The same ``seed`` gives the same picture; other seeds vary habitus, heart size and noise.

    Raises
    ------
    ValueError : fewer than 32 rows or columns
    """
    if min(rows, columns) < 32:
        raise ValueError(f"A chest phantom of {columns} x {rows} pixels shows nothing; give at least 32 x 32.")
    random = np.random.default_rng(seed)
    y, x = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
    width, heart = _habitus(random)
    lungs = _lungs(x, y, width)
    thickness = _body(x, y, width) * 1.6
    thickness -= lungs * 0.95
    thickness += _heart(x, y, heart) * 0.8 * (0.4 + 0.6 * lungs)
    thickness += _spine(x, y) + _ribs(x, y, width) + _clavicles(x, y)
    thickness += _vessels(x, y, random) * lungs
    if opacity is not None:
        distance = np.hypot(x - opacity.x, (y - opacity.y) * rows / columns)
        thickness += opacity.strength * np.exp(-((distance / opacity.radius) ** 2)) * np.maximum(lungs, 0.3)
    thickness = ndimage.gaussian_filter(thickness, rows / 300)
    gray = 0.03 + 0.93 * np.clip(thickness / 2.1, 0, 1) ** 0.8
    gray += random.normal(0, 0.008, gray.shape) * (thickness > 0.05)
    return np.clip(gray, 0, 1).astype(np.float32)


def lung_outlines(rows: int = 512, columns: int = 448, seed: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Right and left lung ``[j, i]`` of the phantom of that ``seed``, with what lies behind the heart."""
    y, x = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
    lungs = _lungs(x, y, _habitus(np.random.default_rng(seed))[0]) >= 0.5
    return lungs & (x < 0.5), lungs & (x >= 0.5)


def _habitus(random: np.random.Generator) -> tuple[float, float]:
    """How wide the chest and how large the heart is, 1 on average."""
    return random.uniform(0.95, 1.05), random.uniform(0.9, 1.1)


def _ellipse(x: NDArray, y: NDArray, center: tuple[float, float], radii: tuple[float, float], soft: float) -> NDArray:
    """1 inside, 0 outside, with an edge ``soft`` radii wide."""
    distance = np.hypot((x - center[0]) / radii[0], (y - center[1]) / radii[1])
    return 1 / (1 + np.exp(np.clip((distance - 1) / soft * 4, -50, 50)))


def _body(x: NDArray, y: NDArray, width: float) -> NDArray:
    trunk = _ellipse(x, y, (0.5, 0.75), (0.46 * width, 0.75), 0.05)
    shoulders = _ellipse(x, y, (0.5, 0.26), (0.56 * width, 0.17), 0.1)
    neck = _ellipse(x, y, (0.5, 0.0), (0.13, 0.25), 0.1)
    return np.maximum(np.maximum(trunk, shoulders), neck)


def _lungs(x: NDArray, y: NDArray, width: float) -> NDArray:
    """Two lungs, narrow at the top, cut off by the domes of the diaphragm (the right one is higher)."""
    right = _ellipse(x, y, (0.5 - 0.205 * width, 0.48), (0.155 * width, 0.36), 0.08)
    left = _ellipse(x, y, (0.5 + 0.205 * width, 0.49), (0.15 * width, 0.36), 0.08)
    dome_right = _ellipse(x, y, (0.5 - 0.2 * width, 0.95), (0.24, 0.24), 0.04)
    dome_left = _ellipse(x, y, (0.5 + 0.2 * width, 0.98), (0.24, 0.24), 0.04)
    return np.clip(right * (1 - dome_right) + left * (1 - dome_left), 0, 1)


def _heart(x: NDArray, y: NDArray, size: float) -> NDArray:
    """A heart that leans to the left, under the great vessels."""
    along, across = (x - 0.55) * 0.8 + (y - 0.66) * 0.6, (y - 0.66) * 0.8 - (x - 0.55) * 0.6
    ventricles = _ellipse(along, across, (0, 0), (0.17 * size, 0.12 * size), 0.1)
    vessels = _ellipse(x, y, (0.51, 0.44), (0.06, 0.2), 0.2)
    return np.maximum(ventricles, 0.6 * vessels)


def _spine(x: NDArray, y: NDArray) -> NDArray:
    column = np.exp(-(((x - 0.5) / 0.045) ** 4))
    discs = 0.85 + 0.15 * np.cos(2 * np.pi * y * 16)
    return 0.35 * column * discs


def _ribs(x: NDArray, y: NDArray, width: float) -> NDArray:
    """Nine pairs of arcs that run down and outward behind, and back inward in front."""
    out = np.abs(x - 0.5) / (0.36 * width)
    inside = 1 / (1 + np.exp(np.clip((out - 1) * 40, -50, 50)))
    ribs = np.zeros_like(x)
    for pair in range(9):
        height = 0.14 + 0.075 * pair
        behind = height + 0.10 * out**2 - 0.02 * out
        ribs += 0.22 * np.exp(-(((y - behind) / 0.011) ** 4))
        before = height + 0.20 - 0.11 * out**2
        ribs += 0.08 * np.exp(-(((y - before) / 0.014) ** 4)) * (out > 0.35)
    return ribs * inside * (out > 0.1)


def _clavicles(x: NDArray, y: NDArray) -> NDArray:
    out = np.abs(x - 0.5)
    course = 0.185 - 0.16 * (out - 0.04)
    return 0.3 * np.exp(-(((y - course) / 0.016) ** 4)) * ((out > 0.04) & (out < 0.36))


def _vessels(x: NDArray, y: NDArray, random: np.random.Generator) -> NDArray:
    """Fine branching shadows that fade with the distance from the hila."""
    texture = ndimage.gaussian_filter(random.normal(size=x.shape), x.shape[0] / 120)
    texture /= np.abs(texture).max()
    hila = np.exp(-np.hypot((np.abs(x - 0.5) - 0.1) / 0.12, (y - 0.47) / 0.2))
    return 0.25 * hila + 0.25 * np.clip(texture, 0, 1) * (0.3 + hila)
