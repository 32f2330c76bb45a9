"""From raw maps to heat maps: 0 to 1, hot is important, at the resolution of the picture."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

_LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
# Differences below this part of the maximum are rounding, not places.
_FLAT = 1e-5


def heat_maps(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Raw maps as heat maps of the network's input: evidence against is cut, then upsampled, then stretched to 0..1.

    Parameters
    ----------
    maps : (items, targets, \\*spatial), as `cam.activation_maps` gives them
    size : spatial size of the network's input, in array order ([j, i] or [k, j, i])

    Returns
    -------
    (items, targets, \\*size), each map from 0 to 1, or all zero where it points at nothing
    """
    return normalize(upsample(maps.clamp_min(0), size))


def upsample(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Linear interpolation in which each cell of the map covers an equal part of the picture (``align_corners=False``).

    A cell's value lies at the center of its part; half a cell at the border keeps the border's value. A map is no more
    exact than its cells: 7 x 7 of them on a chest of 35 cm are 5 cm each.

    Parameters
    ----------
    maps : (items, targets, \\*spatial) with one to three spatial axes
    size : as many numbers as there are spatial axes
    """
    return functional.interpolate(maps, size=tuple(size), mode=_LINEAR[maps.ndim - 2], align_corners=False)


def normalize(maps: Tensor) -> Tensor:
    """Each map stretched so that its least is 0 and its hottest 1. Evidence against the class (below 0) counts as 0.

    A map with nothing above 0, or the same everywhere, points at nothing and becomes zeros: no NaN, no amplified
    rounding.

    Parameters
    ----------
    maps : (items, targets, \\*spatial)

    Raises
    ------
    ValueError : a value is not finite
    """
    if not torch.isfinite(maps).all():
        raise ValueError("A map holds NaN or infinity.")
    positive = maps.clamp_min(0)
    places = tuple(range(2, maps.ndim))
    low, high = positive.amin(places, keepdim=True), positive.amax(places, keepdim=True)
    span = high - low
    flat = span <= _FLAT * high
    return torch.where(flat, 0, (positive - low) / torch.where(flat, 1, span))
