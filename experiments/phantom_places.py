"""A network taught place by place what was planted into phantoms: weights to begin with.

Phantoms know to the voxel what was planted where, which no label of a patient says. All layers learn. The phantoms that
teach are others than those of a cohort.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from readingroom.networks import backbones, registry
from readingroom.networks.heads import linear_layer

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]

_BATCH, _RATE, _EARLY = 16, 1e-3, 0.2


@dataclass(frozen=True, eq=False)
class Places:
    """Of one phantom: slices float32 ``[n, 1, j, i]``, normalized; of each place of the last map how much of it each
    kind of planted thing fills ``[n, kinds, rows, columns]``, and how much is lung ``[n, rows, columns]``."""

    pixels: NDArray[np.float32]
    planted: NDArray[np.float32]
    lung: NDArray[np.float32]


def standardized(phantoms: Sequence[Places]) -> list[Places]:
    """With the pixels of all together at mean 0 and deviation 1."""
    pixels = np.concatenate([each.pixels for each in phantoms])
    mean, deviation = pixels.mean(), pixels.std()
    return [replace(each, pixels=(each.pixels - mean) / deviation) for each in phantoms]


def by_place(mask: NDArray[np.bool_], cell: int) -> NDArray[np.float32]:
    """Share of each square of ``cell`` pixels, a place of the last map, that a mask ``[n, j, i]`` fills."""
    n, rows, columns = mask.shape
    cells = mask.reshape(n, rows // cell, cell, columns // cell, cell)
    return np.asarray(cells.mean(axis=(2, 4)), dtype=np.float32)


def teach(phantoms: Sequence[Places], name: str, outputs: int, weights: Path, epochs: int, loss: Loss) -> nn.Module:
    """Train all layers of the network ``name`` by what its last layer says of each place of its last map.

    Parameters
    ----------
    weights : to begin with
    loss : of what is said ``[n, outputs, rows, columns]``, given what is planted and how much is lung, as in `Places`
    """
    torch.manual_seed(0)
    architecture = registry.find(name)
    network = backbones.create(name, outputs, weights, 1)
    head = linear_layer(network, architecture)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    pixels, planted, lung = (
        torch.from_numpy(np.concatenate([getattr(one, field) for one in phantoms]))
        for field in ("pixels", "planted", "lung")
    )
    late = architecture.blocks[len(architecture.blocks) // 2 :]
    names = tuple(part for block in late for part in block.split())
    groups: tuple[list[Tensor], list[Tensor]] = ([], [])
    for full, parameter in network.named_parameters():
        groups[full.startswith(names) or full.startswith(architecture.head)].append(parameter)
    optimizer = torch.optim.AdamW(
        [{"params": groups[False], "lr": _EARLY * _RATE}, {"params": groups[True], "lr": _RATE}], weight_decay=0.01
    )
    steps = epochs * (len(pixels) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [_EARLY * _RATE, _RATE], steps)
    for epoch in range(epochs):
        losses = []
        for rows in _batches(len(pixels), epoch):
            given, where, tissue = _changed(pixels[rows], planted[rows], lung[rows])
            with torch.autocast("cpu", torch.bfloat16):
                maps = network.forward_features(given)  # type: ignore[operator]  # of timm's networks
            local = torch.einsum("nfrc,of->norc", maps.float(), head.weight) + head.bias[:, None, None]
            missed = loss(local, where, tissue)
            optimizer.zero_grad()
            missed.backward()
            optimizer.step()
            schedule.step()
            losses.append(float(missed.detach()))
        print(f"Places, epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.4f}", flush=True)
    return network.eval()


def write_weights(network: nn.Module, path: Path) -> None:
    """For ``--weights`` of ``readingroom train``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file({name: value.contiguous() for name, value in network.state_dict().items()}, path)


def _batches(count: int, seed: int) -> Iterator[Tensor]:
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    yield from order[: count - count % _BATCH].split(_BATCH)


def _changed(pixels: Tensor, planted: Tensor, lung: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mirrored by chance, a little brighter or darker, with more noise."""
    if torch.rand(()) < 0.5:
        pixels, planted, lung = pixels.flip(-1), planted.flip(-1), lung.flip(-1)
    shift, noise = 0.15 * torch.randn(len(pixels), 1, 1, 1), 0.1 * torch.rand(len(pixels), 1, 1, 1)
    return pixels + shift + noise * torch.randn_like(pixels), planted, lung
