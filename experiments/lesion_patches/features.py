"""What a frozen network says of each place of a film: maps of its inner layers, averaged over a patch around it.

The network is fully convolutional up to its last map: a film passes through it once, whatever the number of places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.training.feature_cache import FrozenNetwork, Source, cached_features
from readingroom.networks import backbones, registry
from readingroom.networks.tflite_weights import MEAN, STD
from readingroom.progress import Progress

from .films import PIXEL, STEP, Film, digest

NETWORK = "tf_mobilenetv2_100"
PATCH = 32  # pixels of the film over which a map is averaged around a place: 8.5 mm
# Where, in strides, the middle of the pixels lies that move the first place of a map: TensorFlow pads at the end alone,
# so that it is not the middle of the stride. Measured by gradients, the same in all three layers.
_MIDDLE = 0.7


@dataclass(frozen=True)
class Layer:
    """A map of the network that is used: its place in the network, and pixels from one of its places to the next."""

    name: str
    stride: int
    channels: int


LAYERS = (Layer("blocks.2", 8, 32), Layer("blocks.4", 16, 96), Layer("blocks.6", 32, 320))


def columns_of(layers: Sequence[Layer]) -> NDArray[np.intp]:
    """Which features of a place these layers gave."""
    of_layer = np.repeat(np.arange(len(LAYERS)), [layer.channels for layer in LAYERS])
    return np.flatnonzero(np.isin(of_layer, [LAYERS.index(layer) for layer in layers]))


class PatchNetwork(FrozenNetwork):
    """The features of the crossings of a film's grid, ``[1, features, rows, columns]`` in half precision."""

    def features(self, inputs: Tensor) -> Tensor:
        maps: list[Tensor] = []
        modules = [self.network.get_submodule(layer.name) for layer in LAYERS]
        hooks = [module.register_forward_hook(lambda _, __, given: maps.append(given)) for module in modules]
        try:
            with torch.inference_mode():
                self.network(inputs)
        finally:
            for hook in hooks:
                hook.remove()
        found = [_at_grid(each, layer, inputs.shape[2:]) for each, layer in zip(maps, LAYERS, strict=True)]
        return torch.cat(found, dim=1).half()


def patch_features(
    cohort: Cohort, films: Sequence[Film], weights: Path, folder: Path, progress: Progress | None = None
) -> list[NDArray[np.float16]]:
    """Of each film (places, features), kept in ``folder``.

    Raises
    ------
    SetupError, BundleError, OutputError : as `readingroom.networks.backbones.create` and `cached_features`
    """
    architecture = registry.find(NETWORK)
    network = backbones.create(NETWORK, 1, weights, channels=1)
    of_row = {id(row): film for row, film in zip(cohort.rows, films, strict=True)}

    def read(row: Row) -> NDArray[np.float32]:
        return np.asarray((of_row[id(row)].gray - MEAN) / STD, dtype=np.float32)[None, None]

    settings = {"films": digest(films), "pixel": PIXEL, "step": STEP, "patch": PATCH, "layers": [*map(asdict, LAYERS)]}
    frozen = PatchNetwork(NETWORK, network, architecture.head)
    bags = cached_features(cohort, frozen, Source(read, settings), folder, "cpu", 1, progress)
    return [np.asarray(bag)[0][:, film.on_tissue].T for bag, film in zip(bags, films, strict=True)]


def _at_grid(maps: Tensor, layer: Layer, shape: Sequence[int]) -> Tensor:
    """``[1, channels, rows, columns]``: averages over a patch around each crossing of the grid of a film."""
    offsets = torch.arange(-PATCH // 2 + 4, PATCH // 2, 8)
    axes = []
    for size, cells in zip(shape, maps.shape[2:], strict=True):
        pixels = (torch.arange(STEP // 2, size, STEP)[:, None] + offsets).flatten() + 0.5
        at = pixels / layer.stride - _MIDDLE
        axes.append(2 * at / max(cells - 1, 1) - 1)
    rows, columns = torch.meshgrid(*axes, indexing="ij")
    grid = torch.stack([columns, rows], dim=-1)[None].to(maps)
    sampled = functional.grid_sample(maps.float(), grid, mode="bilinear", padding_mode="border", align_corners=True)
    return functional.avg_pool2d(sampled, len(offsets))
