"""Weights that know the places of planted carcinomas, for `experiments.liver_phantoms` to begin with.

Phantoms know to the voxel what was planted where, which no label of a patient says. Each place of the last map is also
asked how fatty and how cirrhotic its liver is, so that the features tell these apart from a carcinoma. The phantoms
that teach are others than those of the cohort.

The map of this network does not lie on the nodules (docs/results.md). What was tried to mend it, on the same cohort and
30 held-out phantoms with nodules: the liver alone in the input (z-scores inside its mask, 0 outside, voxels of 7 x 4.5
x 4.5 mm), stages without dilation (a place sees 19 voxels along each axis, and every second voxel has one), and
parts of 400 livers to learn from, in about two minutes of one core. These AUCs are of a logistic regression on the
features, not of ``readingroom train``, and were measured once, with code that is not here.

- Three outputs taught by squared error, the features reduced to what these ask: AUC 0.93 out of fold (0.81 where whole
  livers taught it for twice as long). What the taught output says of places has its maximum in a nodule in 0.70 of the
  phantoms, and 0.18 of its energy. Yet of the answer's map 0.02 of the energy lies there, no more than before.
- Features that are themselves the taught output, cut off at 0 by the last activation: AUC 0.87, 0.70 and 0.17; of the
  answer's map again 0.02.

A small carcinoma fills 2 of 7000 places. An answer that is the mean of all places can only rest on them with weights
that carry the noise of every other place (0.03 beside 0.5 in a nodule) to certainty: a tenth of the liver is called
suspicious. Neither a smaller field nor the liver alone changes that. A pooling that weighs places by what they show, as
`readingroom.networks.places` has it for pictures, has not been tried.
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
_OUTSIDE, _RARE = 0.3, 10.0  # weights of places without liver, and of those with a carcinoma
_BATCH, _RATE, _DECAY = 16, 3e-3, 0.1
_STUDY = 0.1  # weight of the answer for the whole phantom; with more of it they are learned by heart


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
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    write_weights(teach(phantoms, steps, device), out)


def teach(phantoms: Sequence[Places], steps: int, device: torch.device) -> nn.Module:
    """A network of three outputs at each place of its last map: carcinoma (a logit), fat and cirrhosis of the liver.

    The means of its features over all places also learn to tell whether there is a carcinoma at all, which is what
    `readingroom train` then asks them. Returned on the CPU.
    """
    torch.manual_seed(0)
    random = torch.Generator().manual_seed(0)
    network = volumes.create(NETWORK, 3).train().to(device)
    head = network.get_submodule("fc")
    answer = nn.Sequential(nn.BatchNorm1d(128), nn.Linear(128, 1)).to(device)
    maps: list[Tensor] = []
    handle = network.get_submodule("layer4").register_forward_hook(lambda _, __, found: maps.append(found))
    parameters = [*network.parameters(), *answer.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, steps)
    pixels, nodules, liver = (
        torch.from_numpy(np.stack([getattr(one, name) for one in phantoms])).to(device)
        for name in ("pixels", "nodules", "liver")
    )
    diffuse = torch.tensor([one.diffuse for one in phantoms], device=device)
    losses: list[tuple[float, float]] = []
    for step in range(steps):
        rows = torch.randint(len(phantoms), (_BATCH,), generator=random).to(device)
        given, where, tissue = _moved(_changed(pixels[rows]), nodules[rows], liver[rows], random)
        maps.clear()
        network(given)
        missed = _missed(head(maps[0].movedim(1, -1)), where, tissue, diffuse[rows])
        features = head.get_submodule("0")(maps[0].mean(dim=(2, 3, 4)))
        whole = (nodules[rows].flatten(1).sum(1) > 0).float()
        answered = functional.binary_cross_entropy_with_logits(answer(features)[:, 0], whole)
        optimizer.zero_grad()
        (missed + _STUDY * answered).backward()
        optimizer.step()
        schedule.step()
        losses.append((float(missed.detach()), float(answered.detach())))
        if (step + 1) % 100 == 0:
            print(f"Step {step + 1} of {steps}: losses {np.mean(losses[-100:], axis=0).round(4).tolist()}", flush=True)
    handle.remove()
    return network.eval().cpu()


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
    off = (said[..., 1:] - diffuse[:, None, None, None] * diffuse.new_tensor([3.0, 1.0])).square().sum(-1)
    return (each * weight).sum() / weight.sum() + 0.1 * (off * liver).sum() / liver.sum().clamp(min=1.0)


def _changed(pixels: Tensor) -> Tensor:
    """A little brighter or darker, of another contrast, with more noise."""
    shift, contrast, noise = torch.rand(3, len(pixels), 1, 1, 1, 1, device=pixels.device)
    return pixels * (0.9 + 0.2 * contrast) + 0.6 * (shift - 0.5) + 0.35 * noise * torch.randn_like(pixels)


def _moved(pixels: Tensor, nodules: Tensor, liver: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """All by a few places to a side, and by chance turned over along each axis.

    What leaves at one end comes in at the other, where there is no liver.
    """
    by = torch.randint(-2, 3, (2,), generator=random).tolist()
    over = [axis for axis in (-3, -2, -1) if torch.rand((), generator=random) < 0.5]
    where, tissue = (each.flip(over).roll(by, dims=(-2, -1)) for each in (nodules, liver))
    return pixels.flip(over).roll([_CELL * step for step in by], dims=(-2, -1)), where, tissue
