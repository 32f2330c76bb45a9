"""What finding the lungs of a CT has to stand: phantoms with dense lung, fluid, free air, gas, and another position.

Each function takes a `FibrosisCT` and gives another one whose masks are still the truth: lung that is dense stays lung,
fluid and air in the pleural space are none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import SimpleITK

from .fibrosis_ct import FibrosisCT, Floats, Mask, smooth_noise

Side = Literal["right", "left"]

_FLUID, _TISSUE, _AIR, _TABLE, _FOAM = 10.0, 40.0, -1000.0, 150.0, -940.0  # HU


def as_volume(phantom: FibrosisCT) -> SimpleITK.Image:
    """In LPS and float32, as a reader opens a CT."""
    image = SimpleITK.GetImageFromArray(phantom.pixels.astype(np.float32))
    image.SetSpacing(tuple(reversed(phantom.spacing)))
    return image


def with_consolidation(phantom: FibrosisCT, side: Side, radius: float = 22.0) -> FibrosisCT:
    """A ball of dense lung against the ribs, ``radius`` in mm; air bronchograms run through it."""
    lung = _lung(phantom, side)
    z, y, x = _places(phantom)
    middle = np.argwhere(lung).mean(axis=0) * phantom.spacing
    outermost = _outermost(phantom, side, round(middle[0] / phantom.spacing[0]))
    ball = (z - middle[0]) ** 2 + (y - middle[1]) ** 2 + (x - outermost) ** 2 < radius**2
    bronchi = smooth_noise(np.random.default_rng(0), lung.shape, phantom.spacing, 6.0) > 1.8
    return _filled(phantom, ball & lung & ~bronchi, _TISSUE)


def with_effusion(phantom: FibrosisCT, side: Side, share: float = 0.3) -> FibrosisCT:
    """Fluid behind the lung of a side, of ``share`` of its room; lying on the back."""
    lung = _lung(phantom, side)
    fluid = lung & (np.arange(lung.shape[1])[None, :, None] > _quantile(lung, 1, 1 - share))
    return _filled(_without(phantom, fluid), fluid, _FLUID)


def with_one_lung(phantom: FibrosisCT, side: Side) -> FibrosisCT:
    """Only the lung of ``side`` is left; the other side is full of fluid and scar."""
    gone = _lung(phantom, "left" if side == "right" else "right")
    return _filled(_without(phantom, gone), gone, _FLUID)


def with_pneumothorax(phantom: FibrosisCT, side: Side, share: float = 0.3) -> FibrosisCT:
    """Air in front of the lung of a side, of ``share`` of its room, and the pleura between them."""
    lung = _lung(phantom, side)
    border = _quantile(lung, 1, share)
    rows = np.arange(lung.shape[1])[None, :, None]
    phantom = _filled(_without(phantom, lung & (rows < border)), lung & (rows < border), _AIR)
    return _filled(phantom, lung & (rows == int(border)), _TISSUE)


def with_emphysema(phantom: FibrosisCT, share: float = 0.5) -> FibrosisCT:
    """``share`` of both lungs nearly without tissue."""
    lungs = phantom.right_lung | phantom.left_lung
    field = smooth_noise(np.random.default_rng(1), lungs.shape, phantom.spacing, 20.0)
    return _filled(phantom, lungs & (field > np.quantile(field[lungs], 1 - share)), -975.0)


def with_bowel_gas(phantom: FibrosisCT) -> FibrosisCT:
    """An abdomen below the chest, with gas in the stomach under the left lung and in bowel on both sides."""
    count = round(120 / phantom.spacing[0])
    below = np.repeat(phantom.pixels[:1].astype(float), count, axis=0)
    z, y, x = (
        (np.arange(length) - (length - 1) / 2).reshape([-1 if axis == other else 1 for other in range(3)]) * step
        for axis, (length, step) in enumerate(zip(below.shape, phantom.spacing, strict=True))
    )
    inner = (2 * x / 310) ** 2 + (2 * y / 205) ** 2 + 0 * z < 1
    below[inner] = _TISSUE
    for middle, size in (
        ((35, -20, 60), (20, 45, 45)),
        ((-20, -40, -70), (25, 30, 40)),
        ((-30, -30, 40), (20, 25, 60)),
    ):
        gas = sum(((a - m) / s) ** 2 for a, m, s in zip((z, y, x), middle, size, strict=True)) < 1
        below[gas & inner] = _AIR
    grain = np.random.default_rng(2).normal(0, 15, below.shape)
    none = np.zeros(below.shape, dtype=bool)
    pixels = np.concatenate([np.clip(below + grain, -1024, 3071).astype(np.int16), phantom.pixels])
    right, left, fibrosis = (
        np.concatenate([none, mask]) for mask in (phantom.right_lung, phantom.left_lung, phantom.fibrosis)
    )
    return replace(phantom, pixels=pixels, right_lung=right, left_lung=left, fibrosis=fibrosis)


def on_a_table(phantom: FibrosisCT, prone: bool = False) -> FibrosisCT:
    """A curved table with foam on it under the back, or under the chest of a patient who lies prone: the lung next to
    it is the denser one."""
    _, y, x = _places(phantom)
    x = x - x.mean()
    lungs = phantom.right_lung | phantom.left_lung
    tissue = np.flatnonzero((phantom.pixels > -500).any(axis=(0, 2))) * phantom.spacing[1]
    y = (tissue[0] - y) if prone else (y - tissue[-1])
    above = y - 8 + (x / 210) ** 2 * 50
    pixels = phantom.pixels.astype(float)
    pixels[np.broadcast_to((above > 0) & (above < 15) & (abs(x) < 180), pixels.shape) & (pixels < -900)] = _FOAM
    pixels[np.broadcast_to((above >= 15) & (above < 21) & (abs(x) < 180), pixels.shape)] = _TABLE
    depth = np.clip(1 + y / 120, 0, 1) ** 2
    pixels += np.where(lungs, 200 * depth, 0)
    return replace(phantom, pixels=np.clip(np.rint(pixels), -1024, 3071).astype(np.int16))


def cropped(phantom: FibrosisCT, *part: slice) -> FibrosisCT:
    """A part of the image, by slices along k, j and i."""
    return replace(
        phantom,
        pixels=phantom.pixels[part],
        right_lung=phantom.right_lung[part],
        left_lung=phantom.left_lung[part],
        fibrosis=phantom.fibrosis[part],
    )


def mirrored(phantom: FibrosisCT) -> FibrosisCT:
    """Left and right exchanged, as by a file whose geometry lies."""
    turned = cropped(phantom, slice(None), slice(None), slice(None, None, -1))
    return replace(turned, right_lung=turned.left_lung, left_lung=turned.right_lung)


def _lung(phantom: FibrosisCT, side: Side) -> Mask:
    return phantom.right_lung if side == "right" else phantom.left_lung


def _filled(phantom: FibrosisCT, where: Mask, value: float) -> FibrosisCT:
    """With one value and the noise of a quiet scanner."""
    pixels = phantom.pixels.astype(np.float64)
    pixels[where] = value + np.random.default_rng(3).normal(0, 12, int(where.sum()))
    return replace(phantom, pixels=np.clip(np.rint(pixels), -1024, 3071).astype(np.int16))


def _without(phantom: FibrosisCT, gone: Mask) -> FibrosisCT:
    return replace(
        phantom,
        right_lung=phantom.right_lung & ~gone,
        left_lung=phantom.left_lung & ~gone,
        fibrosis=phantom.fibrosis & ~gone,
    )


def _places(phantom: FibrosisCT) -> list[Floats]:
    """Millimeters along k, j and i, each ready to be added to the others."""
    return [
        (np.arange(length) * step).reshape([-1 if axis == other else 1 for other in range(3)])
        for axis, (length, step) in enumerate(zip(phantom.pixels.shape, phantom.spacing, strict=True))
    ]


def _outermost(phantom: FibrosisCT, side: Side, k: int) -> float:
    columns = np.flatnonzero(_lung(phantom, side)[k].any(axis=0))
    return float((columns[0] if side == "right" else columns[-1]) * phantom.spacing[2])


def _quantile(mask: Mask, axis: int, share: float) -> float:
    return float(np.quantile(np.nonzero(mask)[axis], share))
