"""Weights that know the places of planted fibrosis, for `experiments.pasc_phantoms` to begin with.

Phantoms know to the voxel where fibrosis was planted, so a network can be taught it place by place, which no label of a
patient does. The phantoms that teach are others than those of the cohort.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import SimpleITK
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from experiments.pasc_phantoms import COARSE, NETWORK, SIZE, SLICES, phantom, planted_chest
from readingroom.bundles.preprocessing import Preprocessing
from readingroom.imaging.preprocessing import prepare_slices
from readingroom.networks import backbones, registry
from readingroom.networks.heads import linear_layer
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
_BATCH, _RATE, _EARLY = 16, 1e-3, 0.2


@dataclass(frozen=True, eq=False)
class Slices:
    """Of one phantom: float32 ``[n, 1, j, i]`` 0 to 1; of each place ``[n, rows, columns]`` how much is planted, and
    how much is lung."""

    pixels: NDArray[np.float32]
    planted: NDArray[np.float32]
    lung: NDArray[np.float32]


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
    made = map_parallel(_slices, asked, processes=workers)
    network = teach(made, weights, epochs)
    out.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file({name: value.contiguous() for name, value in network.state_dict().items()}, out)


def teach(phantoms: Sequence[Slices], weights: Path, epochs: int) -> nn.Module:
    """A network of two outputs; at each place of its last map their difference says whether something was planted."""
    torch.manual_seed(0)
    architecture = registry.find(NETWORK)
    network = backbones.create(NETWORK, 2, weights, 1)
    head = linear_layer(network, architecture)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    pixels, planted, lung = (
        torch.from_numpy(np.concatenate([getattr(one, name) for one in phantoms]))
        for name in ("pixels", "planted", "lung")
    )
    mean, std = float(pixels.mean()), float(pixels.std())
    pixels = (pixels - mean) / std
    late = architecture.blocks[len(architecture.blocks) // 2 :]
    names = tuple(name for block in late for name in block.split())
    groups: tuple[list[Tensor], list[Tensor]] = ([], [])
    for name, parameter in network.named_parameters():
        groups[name.startswith(names) or name.startswith(architecture.head)].append(parameter)
    optimizer = torch.optim.AdamW(
        [{"params": groups[False], "lr": _EARLY * _RATE}, {"params": groups[True], "lr": _RATE}], weight_decay=0.01
    )
    steps = epochs * (len(pixels) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [_EARLY * _RATE, _RATE], steps)
    for epoch in range(epochs):
        losses, scores, truths = [], [], []
        for rows in _batches(len(pixels), epoch):
            given, where, tissue = _changed(pixels[rows], planted[rows], lung[rows])
            with torch.autocast("cpu", torch.bfloat16):
                maps = network.forward_features(given)  # type: ignore[operator]  # of timm's networks
            maps = maps.float()
            local = torch.einsum("nfrc,of->norc", maps, head.weight) + head.bias[:, None, None]
            margin = local[:, 0] - local[:, 1]
            weight = torch.where((where > 0.02) & (where < _PLANTED), 0.0, torch.where(tissue > 0.1, 1.0, _OUTSIDE))
            target = (where >= _PLANTED).float()
            each = functional.binary_cross_entropy_with_logits(margin, target, reduction="none")
            loss = (each * weight).sum() / weight.sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(float(loss.detach()))
            inside = (weight == 1.0).flatten()
            scores.append(margin.detach().flatten()[inside])
            truths.append(target.flatten()[inside])
        print(f"epoch {epoch}: loss {np.mean(losses):.4f}, AUC of places {_auc(scores, truths):.4f}", flush=True)
    return network.eval()


def _batches(count: int, seed: int) -> Iterator[Tensor]:
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    yield from order[: count - count % _BATCH].split(_BATCH)


def _changed(pixels: Tensor, planted: Tensor, lung: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mirrored by chance, a little brighter or darker, with more noise."""
    if torch.rand(()) < 0.5:
        pixels, planted, lung = pixels.flip(-1), planted.flip(-1), lung.flip(-1)
    shift, noise = 0.15 * torch.randn(len(pixels), 1, 1, 1), 0.1 * torch.rand(len(pixels), 1, 1, 1)
    return pixels + shift + noise * torch.randn_like(pixels), planted, lung


def _slices(asked: tuple[int, Path | None]) -> Slices:
    number, chest = asked
    with_fibrosis = number % 5 != 0
    seed = _SEED + number
    made = phantom(seed, with_fibrosis, COARSE) if chest is None else planted_chest(chest, seed, with_fibrosis, COARSE)
    image = SimpleITK.GetImageFromArray(made.pixels)
    image.SetSpacing(made.spacing[::-1])
    lungs = made.right_lung | made.left_lung
    prepared = prepare_slices(image, _INPUT, lungs)
    return Slices(
        prepared.pixels.astype(np.float32),
        _by_place(prepared.of_mask(made.fibrosis)),
        _by_place(prepared.of_mask(lungs)),
    )


def _by_place(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Share of each place of the last map ``[n, rows, columns]`` that a mask of the input fills."""
    n, rows, columns = mask.shape
    cells = mask.reshape(n, rows // _CELL, _CELL, columns // _CELL, _CELL)
    return np.asarray(cells.mean(axis=(2, 4)), dtype=np.float32)


def _auc(scores: list[Tensor], truths: list[Tensor]) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(torch.cat(truths).numpy(), torch.cat(scores).numpy()))
