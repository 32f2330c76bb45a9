"""Weights that know the places of planted carcinomas, for `experiments.liver_phantoms` to begin with.

Phantoms know to the voxel what was planted where, which no label of a patient says. The phantoms that teach are others
than those of the cohort.

A small carcinoma fills 2 of 7000 places. Where the answer was the mean of all of them, its map had 0.02 of its energy
in the nodules, hardly more than the liver evenly, whatever the places had been taught: the weights that carry so few of
them carry the noise of all others to certainty. What pools them by what they show (`readingroom.networks.places`)
decides how much of that is left. Of 80 phantoms that taught nothing, with the probability of a place to the power 1, 2,
4 and 8 as its weight, 0.06, 0.14, 0.21 and 0.22 of the energy lay in the nodules, at an AUC of 0.94 each (500 steps,
200 phantoms taught). The 128 features are means over all places: what is pooled by what it shows follows no handcrafted
feature of the liver (at most by 0.31) and does not tell a real MR from a phantom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from experiments.liver_phantoms import NETWORK, SIZE, TAUGHT_SEED, image_of, input_of, phantom
from experiments.phantom_places import write_weights
from readingroom import records
from readingroom.bundles.preprocessing import Preprocessing
from readingroom.imaging.volume_input import prepare_volume
from readingroom.networks import registry, volumes
from readingroom.parallel import map_parallel

_CELL = 2  # voxels of the input, along each axis, that a place of the last map stands for
_PLANTED = 0.3  # of a place, at least, that asks for a whole answer
_OUTSIDE, _RARE = 0.3, 5.0  # weights of places without liver, and of those with a carcinoma
_BATCH, _RATE, _DECAY = 16, 3e-3, 0.05
_PART = (8, 10, 10)  # places of the parts that teach: most of an input is no liver
_AT_NODULE = 0.5  # how many of them lie around a carcinoma, where there is one
_BEGIN = 2.0  # no place has a carcinoma: logits of the two answers, one below 0 and one above


@dataclass(frozen=True, eq=False)
class Places:
    """Of one phantom: the input ``[1, k, j, i]``; how much of each place of the last map is carcinoma, and how much is
    liver ``[k, j, i]``."""

    pixels: NDArray[np.float32]
    nodules: NDArray[np.float32]
    liver: NDArray[np.float32]


def teach_places(out: Path, studies: int, steps: int, workers: int = 1) -> None:
    """Make phantoms, and write the weights of a network that was taught what was planted in them, and where."""
    write_weights(teach(map_parallel(places_of, range(studies), processes=workers), steps), out)


def teach(phantoms: Sequence[Places], steps: int) -> nn.Module:
    """A network of two outputs at each place of its last map: carcinoma or none. Parts of livers teach it."""
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    network = volumes.create(registry.find(NETWORK).made_by, 2).train()
    head = network.get_submodule("fc")
    answer = head.get_submodule("1")
    assert isinstance(answer, nn.Linear)
    nn.init.zeros_(answer.weight)
    answer.bias.data = torch.tensor([-_BEGIN, _BEGIN])
    maps: list[Tensor] = []
    handle = network.get_submodule("layer4").register_forward_hook(lambda _, __, found: maps.append(found))
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, steps)
    losses: list[float] = []
    for step in range(steps):
        chosen = [phantoms[n] for n in random.integers(len(phantoms), size=_BATCH)]
        pixels, nodules, liver = (
            torch.from_numpy(np.stack(each)) for each in zip(*(_part(one, random) for one in chosen), strict=True)
        )
        maps.clear()
        with torch.autocast("cpu", torch.bfloat16):
            network(_changed(pixels))
        missed = _missed(head(maps[0].float().movedim(1, -1)), nodules, liver)
        optimizer.zero_grad()
        missed.backward()
        optimizer.step()
        schedule.step()
        losses.append(float(missed.detach()))
        if (step + 1) % 100 == 0:
            print(f"Step {step + 1} of {steps}: loss {np.mean(losses[-100:]):.4f}", flush=True)
    handle.remove()
    return network.eval()


def places_of(number: int, coarse: float = 1.0) -> Places:
    """Of the phantom of that number; three of four have a carcinoma."""
    made, _ = phantom(TAUGHT_SEED + number, number % 4 != 0, coarse)
    wanted = records.from_json(Preprocessing, input_of())
    masks = replace(wanted, percentiles=None, percentiles_of="image", window=(0.5, 1.0), normalize="none")
    pixels = prepare_volume(image_of(made.pixels, made.spacing), wanted, made.liver).pixels
    nodules, liver = (
        prepare_volume(image_of(mask.astype(np.float32), made.spacing), masks, made.liver).pixels[0]
        for mask in (made.nodules, made.liver)
    )
    return Places(pixels, _by_place(nodules), _by_place(liver))


def _by_place(voxels: NDArray[np.float32]) -> NDArray[np.float32]:
    k, j, i = (length // _CELL for length in SIZE)
    return np.asarray(voxels.reshape(k, _CELL, j, _CELL, i, _CELL).mean(axis=(1, 3, 5)), dtype=np.float32)


def _missed(said: Tensor, nodules: Tensor, liver: Tensor) -> Tensor:
    """Cross-entropy of the first output against the second, of said ``[n, k, j, i, 2]``."""
    where = (nodules / _PLANTED).clamp(max=1)
    each = functional.binary_cross_entropy_with_logits(
        said[..., 0] - said[..., 1], where, reduction="none", pos_weight=where.new_tensor(_RARE)
    )
    weight = torch.where(liver > 0.1, 1.0, _OUTSIDE)
    return (each * weight).sum() / weight.sum()


def _changed(pixels: Tensor) -> Tensor:
    """A little brighter or darker, of another contrast, with more noise; what is not liver stays 0."""
    shift, contrast, noise = torch.rand(3, len(pixels), 1, 1, 1, 1)
    changed = pixels * (0.9 + 0.2 * contrast) + 0.4 * (shift - 0.5) + 0.3 * noise * torch.randn_like(pixels)
    return torch.where(pixels != 0, changed, 0.0)


def _part(one: Places, random: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
    """A part of an input ``[1, k, j, i]`` around a place of its liver, turned over by chance along each axis, and what
    its places are."""
    ill = one.nodules.any() and random.random() < _AT_NODULE
    middle = random.choice(np.argwhere(one.nodules > 0 if ill else one.liver > 0))
    size = np.minimum(_PART, one.liver.shape)
    first = np.clip(middle - random.integers(size), 0, np.subtract(one.liver.shape, size))
    over = tuple(slice(None, None, int(step)) for step in random.choice([-1, 1], 3))
    places = tuple(slice(a, a + n) for a, n in zip(first, size, strict=True))
    voxels = tuple(slice(_CELL * a, _CELL * (a + n)) for a, n in zip(first, size, strict=True))
    return (
        one.pixels[(slice(None), *voxels)][(slice(None), *over)].copy(),
        one.nodules[places][over].copy(),
        one.liver[places][over].copy(),
    )
