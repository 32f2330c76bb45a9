"""Lungs with fibrosis that was planted: where it is, and how much, is known to the voxel.

Four patterns that radiologists name, each drawn by its own rule from smooth noise: reticulation (thin sheets where a
random field crosses zero), honeycombing (air cells with walls against the pleura), ground glass (a soft rise in
density) and traction bronchiectasis (air tubes with walls that run toward the hilum). They are put into synthetic
chests or into a real CT. A likeness for tests and demonstrations: who learned from it has seen no patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Floats = NDArray[np.floating]
Spacing = tuple[float, float, float]  # of k, j and i, mm
Kind = Literal["reticulation", "honeycombing", "ground-glass", "bronchiectasis"]
KINDS: tuple[Kind, ...] = ("reticulation", "honeycombing", "ground-glass", "bronchiectasis")

_AIR, _LUNG, _FAT, _SOFT, _BONE = -1000.0, -850.0, -100.0, 40.0, 350.0  # HU
_LINE, _WALL = -250.0, -200.0  # HU of reticular lines; of the walls of cells and bronchi


@dataclass(frozen=True)
class Scanner:
    """How an image is made: ``blur`` (deviation in mm), ``noise`` (HU) and how far its grains reach (mm)."""

    blur: float = 0.8
    noise: float = 20.0
    grain: float = 0.9


@dataclass(frozen=True, eq=False)
class FibrosisCT:
    """A phantom: HU int16 ``[k, j, i]``, and masks of the same shape; ``i`` runs to the patient's left, ``j`` to the
    back, ``k`` to the head. ``fibrosis`` is empty where nothing was planted."""

    pixels: NDArray[np.int16]
    right_lung: Mask
    left_lung: Mask
    fibrosis: Mask
    kinds: tuple[Kind, ...]
    spacing: Spacing

    @property
    def fibrosis_ml(self) -> float:
        return float(self.fibrosis.sum() * np.prod(self.spacing) / 1000)


def fibrosis_ct(
    seed: int,
    ml: float = 0.0,
    kinds: tuple[Kind, ...] = KINDS,
    shape: tuple[int, int, int] = (36, 144, 176),
    spacing: Spacing = (9.0, 2.2, 2.2),
    scanner: Scanner | None = None,
) -> FibrosisCT:
    """A whole synthetic chest, of another build for each seed, with ``ml`` of fibrosis.

    Every chest, with fibrosis or without, has vessels and may have a nodule, emphysema and the denser lung that lies
    lowest: what a network must not take for fibrosis.
    """
    random = np.random.default_rng(seed)
    z, y, x = axes(shape, spacing)
    build = random.uniform(0.88, 1.08, 3)
    body = (2 * x / (370 * build[0])) ** 2 + (2 * y / (265 * build[1])) ** 2 + 0 * z < 1
    inner = (2 * x / (330 * build[0])) ** 2 + (2 * y / (225 * build[1])) ** 2 + 0 * z < 1
    lungs = [
        ((x - side * 82 * build[0]) / (60 * build[0])) ** 2
        + ((y + 5) / (86 * build[1])) ** 2
        + ((z - shift) / (140 * build[2])) ** 2
        < 1
        for side, shift in ((-1, 0.0), (1, random.uniform(-8, 8)))
    ]
    heart = ((x - 30 * build[0]) / 62) ** 2 + ((y + 25) / 52) ** 2 + ((z + 60) / 62) ** 2 < 1
    spine = (x / 22) ** 2 + ((y - 85 * build[1]) / 20) ** 2 + 0 * z < 1
    trachea = (x / 9) ** 2 + ((y - 8) / 9) ** 2 < 1
    right, left = lungs[0] & ~heart, lungs[1] & ~heart
    pixels = np.full(shape, _AIR)
    for mask, value in ((body, _FAT), (inner, _SOFT), (right | left, _LUNG), (spine, _BONE)):
        pixels[mask] = value
    pixels[np.broadcast_to(trachea & (z > 30) & inner, shape) & ~(right | left)] = _AIR
    _dress(pixels, right | left, spacing, random)
    planted = np.zeros(shape, dtype=bool)
    if ml > 0:
        planted = _plant(pixels, right | left, kinds, ml, spacing, random)
    image = scanned(pixels, scanner or Scanner(), spacing, random)
    return FibrosisCT(image, right, left, planted, kinds if ml > 0 else (), spacing)


def plant(
    pixels: NDArray[np.integer] | NDArray[np.floating],
    lungs: Mask,
    kinds: tuple[Kind, ...],
    ml: float,
    spacing: Spacing,
    seed: int,
) -> tuple[NDArray[np.int16], Mask]:
    """A real CT with fibrosis put into its lungs; the image's own noise and blur are those of the scanner.

    Returns
    -------
    HU ``[k, j, i]``, and where it was put

    Raises
    ------
    ValueError : the lungs hold less than ``ml``
    """
    changed = np.asarray(pixels, dtype=np.float64).copy()
    planted = _plant(changed, lungs, kinds, ml, spacing, np.random.default_rng(seed))
    blurred = ndimage.gaussian_filter(changed, [min(0.5 / step, 1.0) for step in spacing])
    near = ndimage.binary_dilation(planted)
    changed[near] = blurred[near]
    return np.clip(np.rint(changed), -1024, 3071).astype(np.int16), planted


def random_scanner(random: np.random.Generator) -> Scanner:
    """One of many: sharp and noisy to smooth and quiet."""
    sharp = random.uniform(0, 1)
    return Scanner(1.3 - 0.9 * sharp, random.uniform(6, 20) + 30 * sharp * random.uniform(0.3, 1), 1.6 - 1.1 * sharp)


def _plant(
    pixels: Floats, lungs: Mask, kinds: tuple[Kind, ...], ml: float, spacing: Spacing, random: np.random.Generator
) -> Mask:
    """Change ``pixels`` in place; the mask of what was changed."""
    count = round(ml * 1000 / float(np.prod(spacing)))
    if count > lungs.sum():
        raise ValueError(
            f"{ml:g} mL of fibrosis do not fit into {lungs.sum() * np.prod(spacing) / 1000:.0f} mL of lung."
        )
    depth = ndimage.distance_transform_edt(lungs, spacing)
    height = np.arange(lungs.shape[0])[:, None, None] / max(lungs.shape[0] - 1, 1)
    # Mostly against the pleura and low down, as lasting change after COVID and usual fibrosis are; in patches.
    wish = 1.3 * smooth_noise(random, lungs.shape, spacing, 32.0) + 2.5 * np.exp(-depth / 25.0) - 1.2 * height
    wish[~lungs] = -np.inf
    level = np.partition(wish.ravel(), -count)[-count] if count else np.inf
    planted = np.asarray(wish >= level)
    share = smooth_noise(random, lungs.shape, spacing, 22.0)
    ranks = np.searchsorted(np.quantile(share[planted], np.linspace(0, 1, len(kinds) + 1)[1:-1]), share) if count else 0
    draw = {
        "reticulation": _reticulation,
        "honeycombing": _honeycombing,
        "ground-glass": _ground_glass,
        "bronchiectasis": _bronchiectasis,
    }
    for number, kind in enumerate(kinds):
        here = planted & (ranks == number)
        if here.any():
            pixels[here] = draw[kind](pixels, lungs, spacing, random)[here]
    return planted


def _reticulation(pixels: Floats, lungs: Mask, spacing: Spacing, random: np.random.Generator) -> Floats:
    sheets = np.minimum(
        np.abs(smooth_noise(random, pixels.shape, spacing, 7.0)),
        np.abs(smooth_noise(random, pixels.shape, spacing, 5.0)),
    )
    return np.where(sheets < 0.16, _LINE + random.uniform(-60, 120), pixels + 60)


def _honeycombing(pixels: Floats, lungs: Mask, spacing: Spacing, random: np.random.Generator) -> Floats:
    cells = smooth_noise(random, pixels.shape, spacing, 6.0)
    return np.where(cells > -0.25, _AIR + 40, _WALL + random.uniform(-50, 80))


def _ground_glass(pixels: Floats, lungs: Mask, spacing: Spacing, random: np.random.Generator) -> Floats:
    uneven: Floats = 1 + 0.15 * smooth_noise(random, pixels.shape, spacing, 10.0)
    return np.asarray(pixels + random.uniform(160, 330) * uneven)


def _bronchiectasis(pixels: Floats, lungs: Mask, spacing: Spacing, random: np.random.Generator) -> Floats:
    # Tubes along the line from the hilum: noise that changes slowly along it and quickly across.
    z, _, x = axes(pixels.shape, spacing)
    field = smooth_noise(random, pixels.shape, (spacing[0], spacing[1], spacing[2] / 3), 8.0)
    tilt = 0.5 * np.sin(x / 9 + z / 14)
    tubes = field + tilt
    return np.where(tubes > 1.3, _AIR + 30, np.where(tubes > 0.9, _WALL, pixels + 110))


def _dress(pixels: Floats, lungs: Mask, spacing: Spacing, random: np.random.Generator) -> None:
    """What healthy and other lungs have: texture, vessels, gravity, now and then emphysema and a nodule."""
    shape = pixels.shape
    pixels[lungs] += 18 * smooth_noise(random, shape, spacing, 12.0)[lungs] + random.uniform(-30, 40)
    back = np.linspace(0, 1, shape[1])[None, :, None]
    pixels += np.where(lungs, random.uniform(0, 120) * np.clip((back - 0.6) / 0.4, 0, 1) ** 2, 0)
    pixels[(smooth_noise(random, shape, spacing, 5.0) > random.uniform(1.9, 2.3)) & lungs] = _SOFT
    own = random.spawn(1)[0]
    # Where two fields are both near zero there is a curve in space: branches of vessels, 1 to 3 mm wide.
    curves = np.hypot(*(smooth_noise(own, shape, spacing, 16.0) for _ in range(2)))
    pixels[(curves < own.uniform(0.08, 0.2)) & lungs] = _SOFT
    if random.uniform() < 0.35:
        pixels[(smooth_noise(random, shape, spacing, 9.0) > 1.1) & lungs] = -970
    if random.uniform() < 0.35:
        z, y, x = axes(shape, spacing)
        middle = np.argwhere(lungs)[random.integers(int(lungs.sum()))]
        place = [float(axis.ravel()[index]) for axis, index in zip((z, y, x), middle, strict=True)]
        ball = np.sqrt((z - place[0]) ** 2 + (y - place[1]) ** 2 + (x - place[2]) ** 2) < random.uniform(4, 14)
        pixels[ball & lungs] = _SOFT


def scanned(pixels: Floats, scanner: Scanner, spacing: Spacing, random: np.random.Generator) -> NDArray[np.int16]:
    """HU as the scanner shows them: blurred in the plane, with its noise."""
    # Between slices the thickness blurs already.
    image = ndimage.gaussian_filter(pixels, [0.0, *(scanner.blur / step for step in spacing[1:])])
    grain = ndimage.gaussian_filter(
        random.standard_normal(pixels.shape), [0, *(scanner.grain / 2 / s for s in spacing[1:])]
    )
    image += scanner.noise * grain / grain.std()
    return np.clip(np.rint(image), -1024, 3071).astype(np.int16)


def axes(shape: tuple[int, ...], spacing: Spacing) -> list[Floats]:
    """Millimeters from the middle along k, j and i, each ready to be added to the others."""
    return [
        ((np.arange(length) - (length - 1) / 2) * step).reshape([-1 if axis == other else 1 for other in range(3)])
        for axis, (length, step) in enumerate(zip(shape, spacing, strict=True))
    ]


def smooth_noise(random: np.random.Generator, shape: tuple[int, ...], spacing: Spacing, width: float) -> Floats:
    """Noise of mean 0 and deviation 1 whose neighbors within ``width`` mm are alike."""
    noise = ndimage.gaussian_filter(random.standard_normal(shape), [width / 2 / step for step in spacing])
    return np.asarray(noise / noise.std())
