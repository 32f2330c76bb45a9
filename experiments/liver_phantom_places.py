"""Weights that know the places of planted carcinomas, for `experiments.liver_phantoms` to begin with.

Phantoms know to the voxel what was planted where, which no label of a patient says. Each place of the last map is also
asked how fatty and how cirrhotic its liver is, so that the features tell these apart from a carcinoma. The phantoms
that teach are others than those of the cohort. It learns from parts of them, half of which hold a carcinoma.
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
from readingroom.networks import volumes
from readingroom.parallel import map_parallel

_CELL = 4  # voxels of the input, along each axis, that a place of the last map stands for
_WHOLE = 0.2  # a place of which so much is carcinoma counts as one
_OUTSIDE, _RARE = 0.3, 4.0  # weights of places without liver, and of those with a carcinoma
_PART = (4, 8, 8)  # places of the last map in a part
_BATCH, _RATE, _LATE_RATE = 8, 3e-3, 2e-3


@dataclass(frozen=True, eq=False)
class Places:
    """Of one phantom: the input ``[1, k, j, i]``; how much of each place of the last map is carcinoma and how much is
    liver ``[k, j, i]``; and how fatty and cirrhotic the liver is."""

    pixels: NDArray[np.float32]
    nodules: NDArray[np.float32]
    liver: NDArray[np.float32]
    diffuse: tuple[float, float]


def teach_places(out: Path, studies: int, steps: int, workers: int = 1) -> None:
    """Make phantoms, and write the weights of a network that was taught what was planted in them, and where."""
    phantoms = map_parallel(places_of, range(studies), processes=workers)
    write_weights(teach_studies(teach(phantoms, steps), phantoms), out)


def teach(phantoms: Sequence[Places], steps: int) -> nn.Module:
    """A network of three outputs at each place of its last map: carcinoma (a logit), fat and cirrhosis of the liver."""
    torch.manual_seed(0)
    random, noise = np.random.default_rng(0), torch.Generator().manual_seed(0)
    network = volumes.create(NETWORK, 3).train()
    maps: list[Tensor] = []
    handle = network.get_submodule("layer4").register_forward_hook(lambda _, __, found: maps.append(found))
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, steps)
    losses: list[float] = []
    for step in range(steps):
        parts = [_part(phantoms[int(random.integers(len(phantoms)))], random) for _ in range(_BATCH)]
        pixels, nodules, liver = (
            torch.from_numpy(np.stack([getattr(part, name) for part in parts]))
            for name in ("pixels", "nodules", "liver")
        )
        maps.clear()
        network(_changed(pixels, noise))
        said = network.get_submodule("fc")(maps[0].movedim(1, -1))
        missed = _missed(said, nodules, liver, torch.tensor([part.diffuse for part in parts]))
        optimizer.zero_grad()
        missed.backward()
        optimizer.step()
        schedule.step()
        losses.append(float(missed.detach()))
        if (step + 1) % 100 == 0:
            print(f"Places, step {step + 1} of {steps}: loss {np.mean(losses[-100:]):.4f}", flush=True)
    handle.remove()
    return network.eval()


def _part(whole: Places, random: np.random.Generator) -> Places:
    """A part of a phantom; every other one that can holds a place with a carcinoma."""
    shape = whole.nodules.shape
    place = [int(random.integers(length)) for length in shape]
    if random.uniform() < 0.5 and (whole.nodules > _WHOLE).any():
        place = list(random.permutation(np.argwhere(whole.nodules > _WHOLE))[0])
    first = [
        int(np.clip(at - random.integers(length), 0, full - length))
        for at, length, full in zip(place, _PART, shape, strict=True)
    ]
    places = tuple(slice(at, at + length) for at, length in zip(first, _PART, strict=True))
    voxels = tuple(slice(_CELL * part.start, _CELL * part.stop) for part in places)
    return Places(whole.pixels[(slice(None), *voxels)], whole.nodules[places], whole.liver[places], whole.diffuse)


def teach_studies(network: nn.Module, phantoms: Sequence[Places], epochs: int = 6) -> nn.Module:
    """The last block learns that the means of its features over all places tell whether there is a carcinoma at all.

    What each place says is still asked, so that the features go on knowing where.
    """
    torch.manual_seed(0)
    last, head = network.get_submodule("layer4"), network.get_submodule("fc")
    given: list[Tensor] = []
    handle = last.register_forward_pre_hook(lambda _, found: given.append(found[0]))
    with torch.inference_mode():
        for one in phantoms:
            network.eval()(torch.from_numpy(one.pixels[None]))
    handle.remove()
    maps = torch.cat(given).clone()
    nodules, liver = (
        torch.from_numpy(np.stack([getattr(one, name) for one in phantoms])) for name in ("nodules", "liver")
    )
    diffuse = torch.tensor([one.diffuse for one in phantoms])
    whole = (nodules.flatten(1).sum(1) > 0).float()
    answer = nn.Sequential(nn.BatchNorm1d(128), nn.Linear(128, 1))
    learned = [*last.parameters(), *head.parameters(), *answer.parameters()]
    optimizer = torch.optim.AdamW(learned, lr=_LATE_RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LATE_RATE, epochs * (len(maps) // _BATCH))
    last.train()
    for epoch in range(epochs):
        losses = []
        for rows in torch.randperm(len(maps))[: len(maps) // _BATCH * _BATCH].split(_BATCH):
            found = last(maps[rows])
            missed = _missed(head(found.movedim(1, -1)), nodules[rows], liver[rows], diffuse[rows])
            features = head.get_submodule("0")(found.mean(dim=(2, 3, 4)))
            answered = functional.binary_cross_entropy_with_logits(answer(features)[:, 0], whole[rows])
            optimizer.zero_grad()
            (missed + answered).backward()
            optimizer.step()
            schedule.step()
            losses.append((float(missed.detach()), float(answered.detach())))
        print(f"Studies, epoch {epoch + 1} of {epochs}: loss {np.mean(losses, axis=0).round(4).tolist()}", flush=True)
    return network.eval()


def places_of(number: int, coarse: float = 1.0) -> Places:
    """Of the phantom of that number; three of four have a carcinoma."""
    made, disease = phantom(TAUGHT_SEED + number, number % 4 != 0, coarse)
    wanted = records.from_json(Preprocessing, input_of())
    masks = replace(wanted, percentiles=None, percentiles_of="image", window=(0.5, 1.0), normalize="none")
    pixels = prepare_volume(image_of(made.pixels, made.spacing), wanted, made.liver).pixels
    nodules, liver = (
        prepare_volume(image_of(mask.astype(np.float32), made.spacing), masks, made.liver).pixels[0]
        for mask in (made.nodules, made.liver)
    )
    return Places(pixels, _by_place(nodules), _by_place(liver), (disease.fat, disease.cirrhosis))


def _by_place(voxels: NDArray[np.float32]) -> NDArray[np.float32]:
    k, j, i = (length // _CELL for length in SIZE)
    return np.asarray(voxels.reshape(k, _CELL, j, _CELL, i, _CELL).mean(axis=(1, 3, 5)), dtype=np.float32)


def _missed(said: Tensor, nodules: Tensor, liver: Tensor, diffuse: Tensor) -> Tensor:
    """Cross-entropy of carcinoma at each place, and how far fat and cirrhosis are off where there is liver."""
    wanted = (nodules / _WHOLE).clamp(0, 1)
    weight = torch.where(liver > 0.1, 1.0, _OUTSIDE) * (1 + (_RARE - 1) * wanted)
    each = functional.binary_cross_entropy_with_logits(said[..., 0], wanted, reduction="none")
    off = (said[..., 1:] - diffuse[:, None, None, None] * torch.tensor([3.0, 1.0])).square().sum(-1)
    return (each * weight).sum() / weight.sum() + 0.1 * (off * liver).sum() / liver.sum().clamp(min=1.0)


def _changed(pixels: Tensor, random: torch.Generator) -> Tensor:
    """A little brighter or darker, of another contrast, with more noise."""
    shift, contrast, noise = (torch.rand(len(pixels), 1, 1, 1, 1, generator=random) for _ in range(3))
    grain = torch.randn(pixels.shape, generator=random)
    return pixels * (0.9 + 0.2 * contrast) + 0.2 * (shift - 0.5) + 0.1 * noise * grain
