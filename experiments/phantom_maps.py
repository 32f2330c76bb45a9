"""A map against the mask of what was planted into a phantom, and against maps that need no network."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from readingroom.metrics.bootstrap import weighted_mean

if TYPE_CHECKING:
    from torch import nn

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """A map against the mask of what was planted.

    Parameters
    ----------
    energy : share of the map's sum inside the mask
    hit : 1 where the maximum lies inside; of a map that is the same everywhere, the chance of it
    """

    energy: float
    hit: float


def place_of(heat: NDArray[np.floating], planted: Mask) -> Place:
    """Of a map that is 0 everywhere: nothing inside."""
    total = float(heat.sum())
    return Place(float(heat[planted].sum() / total), float(planted.flat[int(heat.argmax())])) if total else Place(0, 0)


def even_place(mask: Mask, planted: Mask) -> Place:
    """Of a map that is the same everywhere in a mask and 0 outside."""
    share = float((mask & planted).sum() / mask.sum())
    return Place(share, share)


def blob_place(tissue: Mask, planted: Mask, spacing: Sequence[float], middle: NDArray[np.floating]) -> Place:
    """Of the ball around a voxel, within the tissue, that is as large as what was planted.

    ``spacing`` is along the axes of the masks; ``middle`` is an index.
    """
    away = (((np.indices(tissue.shape).T - middle) * np.asarray(spacing)) ** 2).sum(-1).T
    away = np.where(tissue, away, np.inf)
    share = even_place(smallest(away, int(planted.sum())), planted).energy
    return Place(share, float(planted.flat[int(away.argmin())]))


def smallest(values: NDArray[np.floating], count: int) -> Mask:
    """Where the ``count`` smallest values are; never where they are infinite."""
    return np.asarray(values <= np.partition(values.ravel(), count - 1)[count - 1]) & np.isfinite(values)


def shuffled(network: Any, seed: int, part: nn.Module | None = None) -> Any:
    """A copy whose weights stand in another order within each layer: as large as before, nothing learned is left.

    ``part``: the only layer of ``network`` that is shuffled.
    """
    import torch

    memo: dict[int, Any] = {}
    found = copy.deepcopy(network, memo)
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in (found if part is None else memo[id(part)]).parameters():
            weights.copy_(weights.flatten()[torch.randperm(weights.numel(), generator=random)].view_as(weights))
    return found


def of_maps(
    places: Sequence[Mapping[str, Place]], names: Sequence[str], weights: Floats, beyond: Sequence[str] = ()
) -> dict[str, Floats]:
    """For `patient_intervals`: mean energy and hit of each map, and by how much the energy of ``network`` exceeds that
    of the maps ``beyond``.

    Parameters
    ----------
    places : of each phantom, or picture, by map
    weights : (resamples, places)
    """
    means = {
        f"{name} {what}": weighted_mean([getattr(each[name], what) for each in places], weights)
        for name in names
        for what in ("energy", "hit")
    }
    return means | {
        f"beyond {name}": weighted_mean([each["network"].energy - each[name].energy for each in places], weights)
        for name in beyond
    }
