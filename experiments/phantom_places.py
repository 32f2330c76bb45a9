"""A network taught place by place what was put into phantoms: weights to begin with, see `lung_survival_phantoms`.

Phantoms know to the voxel where a tumor or emphysema lies, which no label of a patient says. All layers are trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from readingroom.networks import backbones, registry
from readingroom.networks.heads import linear_layer

_PUT = 0.25  # of a place
_OUTSIDE = 0.3  # weight of places without lung
_BATCH, _RATE, _EARLY = 16, 1e-3, 0.2


@dataclass(frozen=True, eq=False)
class Places:
    """Of one phantom: slices float32 ``[n, 1, j, i]`` 0 to 1; for each place of the network's last map, how much of it
    each kind of thing fills, ``[n, kinds, rows, columns]``, and how much is lung, ``[n, rows, columns]``."""

    pixels: NDArray[np.float32]
    put: NDArray[np.float32]
    lung: NDArray[np.float32]


def by_place(mask: NDArray[np.bool_], cell: int) -> NDArray[np.float32]:
    """Share of each square of ``cell`` pixels that a mask ``[n, j, i]`` fills."""
    n, rows, columns = mask.shape
    cells = mask.reshape(n, rows // cell, cell, columns // cell, cell)
    return np.asarray(cells.mean(axis=(2, 4)), dtype=np.float32)


def teach(phantoms: Sequence[Places], name: str, weights: Path, out: Path, epochs: int) -> None:
    """Train all layers of the network of that name to say of each place which kinds of things lie there; write it."""
    torch.manual_seed(0)
    architecture = registry.find(name)
    pixels, put, lung = (
        torch.from_numpy(np.concatenate([getattr(one, field) for one in phantoms]))
        for field in ("pixels", "put", "lung")
    )
    network = backbones.create(name, put.shape[1], weights, 1)
    head = linear_layer(network, architecture)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    pixels = (pixels - pixels.mean()) / pixels.std()
    late = tuple(part for block in architecture.blocks[len(architecture.blocks) // 2 :] for part in block.split())
    groups: tuple[list[Tensor], list[Tensor]] = ([], [])
    for full, parameter in network.named_parameters():
        groups[full.startswith(late) or full.startswith(architecture.head)].append(parameter)
    rates = [_EARLY * _RATE, _RATE]
    optimizer = torch.optim.AdamW(
        [{"params": group, "lr": rate} for group, rate in zip(groups, rates, strict=True)], weight_decay=0.01
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, epochs * (len(pixels) // _BATCH))
    for epoch in range(epochs):
        losses = []
        for rows in _batches(len(pixels), epoch):
            given, where, tissue = _changed(pixels[rows], put[rows], lung[rows])
            with torch.autocast("cpu", torch.bfloat16):
                maps = network.forward_features(given)  # type: ignore[operator]  # of timm's networks
            local = torch.einsum("nfrc,of->norc", maps.float(), head.weight) + head.bias[:, None, None]
            weight = torch.where(tissue[:, None] > 0.1, 1.0, _OUTSIDE) * ((where < 0.02) | (where >= _PUT))
            each = functional.binary_cross_entropy_with_logits(local, (where >= _PUT).float(), reduction="none")
            loss = (each * weight).sum() / weight.sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(float(loss))
        print(f"Places, epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.4f}", flush=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file({key: value.contiguous() for key, value in network.state_dict().items()}, out)


def _batches(count: int, seed: int) -> Iterator[Tensor]:
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    yield from order[: count - count % _BATCH].split(_BATCH)


def _changed(pixels: Tensor, put: Tensor, lung: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mirrored by chance, a little brighter or darker, with more noise."""
    if torch.rand(()) < 0.5:
        pixels, put, lung = pixels.flip(-1), put.flip(-1), lung.flip(-1)
    shift, noise = 0.15 * torch.randn(len(pixels), 1, 1, 1), 0.1 * torch.rand(len(pixels), 1, 1, 1)
    return pixels + shift + noise * torch.randn_like(pixels), put, lung
