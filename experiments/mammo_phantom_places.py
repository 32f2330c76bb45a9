"""Weights that know the places of planted cancers, for `experiments.mammo_phantoms` to begin with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from experiments.mammo_phantoms import INPUT, ROWS, TAUGHT_SEED, phantom
from experiments.phantom_places import Places, by_place, teach, write_weights
from readingroom.bundles.preprocessing import Preprocessing
from readingroom.imaging.breast import find_breast
from readingroom.imaging.preprocessing import Prepared, prepare
from readingroom.learning.training.normalization import measured
from readingroom.networks import backbones, registry
from readingroom.parallel import map_parallel

_CELL = 16  # pixels of the input that a place of the last map stands for
_PLANTED = 0.2  # of a place, at least, that asks for a whole answer
_RARE = 6.0  # a place with a cancer counts as many without
_SUSPICIOUS = 0.9  # of the breasts that teach


def teach_places(
    path: Path, weights: Path, women: int, rows: tuple[int, int] = ROWS, workers: int = 2, epochs: int = 5
) -> None:
    """Write the weights of a network that was taught where cancers lie, on phantoms that are not of the cohort.

    Parameters
    ----------
    weights : ImageNet's, to begin with; all layers learn
    """
    asked = [(TAUGHT_SEED + number, rows) for number in range(women)]
    places = map_parallel(_places, asked, processes=workers)
    plain = registry.find(backbones.PLACES).made_by
    write_weights(teach(places, plain, 2, weights, epochs, _missed), path)


def _places(asked: tuple[int, tuple[int, int]]) -> Places:
    wanted = measured(Preprocessing(**{**INPUT, "size": tuple(INPUT["size"])}, normalize="imagenet"))
    pixels, lesions, tissue = [], [], []
    for view in phantom(asked[0], _SUSPICIOUS, asked[1]).values():
        made = prepare(view.gray, wanted, find_breast(view.gray, view.view.upper()))
        pixels.append(made.pixels)
        lesions.append(of_mask(made, view.lesions))
        tissue.append(of_mask(made, view.breast))
    planted, breast = (by_place(np.stack(masks), _CELL) for masks in (lesions, tissue))
    return Places(np.stack(pixels).astype(np.float32), planted[:, None], breast)


def of_mask(made: Prepared, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a mask ``[j, i]`` of the picture lies in the input, nearest pixels."""
    extents = made.extent or ((0, made.shape[0]), (0, made.shape[1]))
    found = mask
    for axis, ((first, end), size) in enumerate(zip(extents, made.pixels.shape[1:], strict=True)):
        places = np.floor(first + (np.arange(size) + 0.5) * (end - first) / size).astype(int)
        inside = (places >= 0) & (places < mask.shape[axis])
        found = np.take(found, places.clip(0, mask.shape[axis] - 1), axis) & np.expand_dims(inside, 1 - axis)
    return np.asarray(found[:, ::-1] if made.mirrored else found)


def _missed(local: Tensor, planted: Tensor, breast: Tensor) -> Tensor:
    """Cross-entropy within the breast of the first output against the second."""
    where = (planted[:, 0] / _PLANTED).clamp(max=1)
    each = functional.binary_cross_entropy_with_logits(
        local[:, 0] - local[:, 1], where, reduction="none", pos_weight=where.new_tensor(_RARE)
    )
    return (each * (breast > 0)).sum() / (breast > 0).sum()
