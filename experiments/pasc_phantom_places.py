"""Weights that know the places of planted fibrosis, for `experiments.pasc_phantoms` to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK
import torch
from torch import Tensor, nn
from torch.nn import functional

from experiments import phantom_places
from experiments.pasc_phantoms import COARSE, NETWORK, SIZE, SLICES, phantom, planted_chest
from experiments.phantom_places import Places, by_place, write_weights
from readingroom.bundles.preprocessing import Preprocessing
from readingroom.imaging.preprocessing import prepare_slices
from readingroom.parallel import map_parallel

_SEED = 60_000
_OF_EACH = 24
_INPUT = Preprocessing(
    "slices", (SIZE, SIZE), 1, normalize="none", window=(-600, 1500), slices=SLICES, organ="lungs", least_organ=0.02,
    organ_crop=True, keep_aspect=True,
)  # fmt: skip
_CELL = 16  # pixels of the input that a place of the last map stands for
_PLANTED = 0.25  # of a place
_OUTSIDE = 0.3  # weight of places without lung


def teach_places(
    out: Path, weights: Path, studies: int, chests: Sequence[Path] = (), workers: int = 2, epochs: int = 4
) -> None:
    """Make phantoms, and write the weights of a network that was taught where fibrosis was planted in them.

    Parameters
    ----------
    weights : ImageNet's, to begin with; all layers learn
    studies : synthetic chests
    chests : real ones that test nothing; 24 studies are made of each
    """
    asked: list[tuple[int, Path | None]] = [(number, None) for number in range(studies)]
    asked += [(5000 + number, path) for path in chests for number in range(_OF_EACH)]
    write_weights(teach(map_parallel(_places, asked, processes=workers), weights, epochs), out)


def teach(phantoms: Sequence[Places], weights: Path, epochs: int) -> nn.Module:
    """A network of two outputs; at each place of its last map their difference says whether something was planted."""
    return phantom_places.teach(phantom_places.standardized(phantoms), NETWORK, 2, weights, epochs, _missed)


def _missed(local: Tensor, planted: Tensor, lung: Tensor) -> Tensor:
    """Cross-entropy of the places that are planted, or not at all."""
    where = planted[:, 0]
    weight = torch.where((where > 0.02) & (where < _PLANTED), 0.0, torch.where(lung > 0.1, 1.0, _OUTSIDE))
    each = functional.binary_cross_entropy_with_logits(
        local[:, 0] - local[:, 1], (where >= _PLANTED).float(), reduction="none"
    )
    return (each * weight).sum() / weight.sum()


def _places(asked: tuple[int, Path | None]) -> Places:
    number, chest = asked
    with_fibrosis = number % 5 != 0
    seed = _SEED + number
    made = phantom(seed, with_fibrosis, COARSE) if chest is None else planted_chest(chest, seed, with_fibrosis, COARSE)
    image = SimpleITK.GetImageFromArray(made.pixels)
    image.SetSpacing(made.spacing[::-1])
    lungs = made.right_lung | made.left_lung
    prepared = prepare_slices(image, _INPUT, lungs)
    return Places(
        prepared.pixels.astype(np.float32),
        by_place(prepared.of_mask(made.fibrosis), _CELL)[:, None],
        by_place(prepared.of_mask(lungs), _CELL),
    )
