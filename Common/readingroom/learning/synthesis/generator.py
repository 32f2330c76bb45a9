"""What both kinds of generator have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from .presets import Kind, Preset

_SLOWEST = 0.999  # of the moving average


class Generator(Protocol):
    """Learns step by step; all that is random in a step comes from the generator of random numbers that it is given."""

    @property
    def module(self) -> nn.Module:
        """All weights and buffers."""

    @property
    def optimizers(self) -> Mapping[str, Optimizer]:
        """What goes into a checkpoint beside the weights."""

    @property
    def steps(self) -> int:
        """How many there are."""

    def begin_step(self, number: int, pictures: Tensor) -> None:
        """What has to be known before some step, from all pictures (n, 1, rows, columns), -1 to 1."""

    def step(self, number: int, pictures: Tensor, random: torch.Generator) -> float:
        """Learn from a batch (n, 1, rows, columns), -1 to 1; the loss."""

    def sample(self, count: int, random: torch.Generator) -> Tensor:
        """(count, 1, rows, columns) made pictures, about -1 to 1."""


def create(kind: Kind, preset: Preset, size: tuple[int, int], seed: int) -> Generator:
    """A generator that has learned nothing, with weights that follow from the seed alone."""
    from .latent_diffusion import LatentDiffusion
    from .style_gan import StyleGan

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LatentDiffusion(preset, size) if kind == "diffusion" else StyleGan(preset, size)


def noise(shape: tuple[int, ...], random: torch.Generator, like: Tensor) -> Tensor:
    """Normal numbers that are the same on every device."""
    return torch.randn(shape, generator=random).to(like.device)


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, number: int) -> None:
    """Move the moving average of a network's weights on; it follows quickly at first."""
    keep = min(_SLOWEST, (1 + number) / (10 + number))
    for kept, new in zip(average.parameters(), network.parameters(), strict=True):
        kept.lerp_(new, 1 - keep)


@contextmanager
def answering(module: nn.Module) -> Iterator[None]:
    """In evaluation mode and without gradients."""
    learning = module.training
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        module.train(learning)
