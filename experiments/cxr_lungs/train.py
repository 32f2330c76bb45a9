"""Trains the network of ``cxr-lungs``; what is finished is kept after each epoch, so that a broken run goes on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.imaging.preprocessing import gray_levels
from readingroom.networks.radiograph_unet import RadiographUNet
from readingroom.progress import Progress

from .augment import changed
from .films import Film

CLASSES = 3
KEPT_SIDE = 224  # of the films in memory: their stored size


@dataclass(frozen=True)
class Recipe:
    """How the network is trained.

    Parameters
    ----------
    side : rows and columns of its input
    rate : of learning, the same from the ``warmup``'s last step on: nothing depends on how many epochs there will be
    averaged : share of its mean that the network keeps at each step (Polyak's average); the mean is what reads
    seed : of its first weights and of all random changes
    """

    side: int = 128
    epochs: int = 12
    batch: int = 16
    rate: float = 1e-3
    warmup: int = 200
    averaged: float = 0.998
    decay: float = 1e-2
    seed: int = 1

    @property
    def preprocessing(self) -> Preprocessing:
        """Of the network; `kept` is the same in the size of the films in memory."""
        return _preprocessing(self.side)

    @property
    def kept(self) -> Preprocessing:
        return _preprocessing(KEPT_SIDE)


def _preprocessing(side: int) -> Preprocessing:
    return Preprocessing(
        "picture", (side, side), channels=1, normalize="none", percentiles=(0.5, 99.5), keep_aspect=True
    )


def train(films: Sequence[Film], recipe: Recipe, work: Path, progress: Progress) -> RadiographUNet:
    """The mean of the network over the last steps of the last epoch; none is chosen by its result.

    Parameters
    ----------
    work : where the state after the last finished epoch is kept
    """
    torch.manual_seed(recipe.seed)
    network = RadiographUNet(CLASSES)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # takes 0.7 of the time
    mean = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaged), use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    warmup = torch.optim.lr_scheduler.LinearLR(optimizer, 0.05, 1.0, recipe.warmup)
    state: dict[str, Any] = {"network": network, "mean": mean, "optimizer": optimizer, "warmup": warmup}
    kept = work / f"side{recipe.side}-rate{recipe.rate:g}-seed{recipe.seed}.pt"
    first = 0
    if kept.is_file():
        stored = torch.load(kept, weights_only=True)
        first = int(stored["epochs"])
        for name, part in state.items():
            part.load_state_dict(stored[name])
    pictures, lungs = _in_memory(films, recipe) if first < recipe.epochs else (torch.empty(0),) * 2
    steps = len(films) // recipe.batch
    for epoch in range(first, recipe.epochs):
        random = torch.Generator().manual_seed(recipe.seed * 1000 + epoch)
        order = torch.randperm(len(films), generator=random)
        losses = []
        network.train()
        for step in range(steps):
            rows = order[step * recipe.batch : (step + 1) * recipe.batch]
            inputs, labels = changed(pictures[rows].float() / 255, lungs[rows], recipe.side, random)
            with torch.autocast("cpu", torch.bfloat16):  # takes 0.6 of the time
                logits = network(inputs.contiguous(memory_format=torch.channels_last))
            loss = loss_of(logits.float(), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            warmup.step()
            mean.update_parameters(network)
            losses.append(float(loss.detach()))
            done = (epoch + (step + 1) / steps) / recipe.epochs
            progress(done, f"Epoch {epoch + 1} of {recipe.epochs}, loss {np.mean(losses):.3f}.")
        _keep(kept, {"epochs": epoch + 1} | {name: part.state_dict() for name, part in state.items()})
    assert isinstance(mean.module, RadiographUNet)
    return mean.module.eval()


def loss_of(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy, and one minus the Dice of each lung over the batch."""
    probabilities = logits.softmax(1)
    drawn = functional.one_hot(labels, CLASSES).movedim(-1, 1).float()
    shared = (probabilities * drawn).sum((0, 2, 3))[1:]
    total = (probabilities + drawn).sum((0, 2, 3))[1:]
    return functional.cross_entropy(logits, labels) + 1 - (2 * shared / total.clamp_min(1)).mean()


def _in_memory(films: Sequence[Film], recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Pictures and lungs, uint8 [n, j, i], padded to squares."""
    pictures = np.zeros((len(films), KEPT_SIDE, KEPT_SIDE), np.uint8)
    lungs = np.zeros_like(pictures)
    for row, film in enumerate(films):
        pictures[row] = np.rint(255 * gray_levels(film.gray(), recipe.kept))
        lungs[row] = _padded(film.lungs())
    return torch.from_numpy(pictures), torch.from_numpy(lungs)


def _padded(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    lacks = [KEPT_SIDE - side for side in labels.shape]
    return np.pad(labels, [(lack // 2, math.ceil(lack / 2)) for lack in lacks])


def _keep(path: Path, state: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    torch.save(state, unfinished)
    unfinished.replace(path)
