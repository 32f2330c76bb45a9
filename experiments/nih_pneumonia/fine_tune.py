"""Fine-tuning the last blocks of a MobileNetV2 on a CPU.

The first blocks keep their ImageNet weights, so what they make of each variant of each film is computed once and kept
on disk; an epoch then costs only the blocks that learn. Normalization layers stay as they are (they are biases, see
`readingroom.networks.tflite_weights`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from readingroom.bundles.metadata import Preprocessing
from readingroom.imaging.preprocessing import prepare

from .films import Films
from .variation import Variation, vary

Floats = NDArray[np.float64]
_BATCH = 4  # pictures that pass the fixed blocks at once: few enough for the processor's cache


@dataclass(frozen=True)
class Recipe:
    """How one network is trained.

    Parameters
    ----------
    first_block : the first of the backbone's blocks that learns
    variants : of each film, beside the film itself
    rate, head_rate : highest learning rates of the blocks and of the linear layer (AdamW, one cycle)
    decay : weight decay
    steepest : gradients are shortened to this length; without normalization layers that learn, training diverges else
    mixup : parameter of the beta distribution; two films are mixed as they enter the first block that learns
    smoothing : labels are drawn this far towards one half (NIH's are about 90 % right)
    dropout : of the pooled features
    averaging : the weights are averaged over about 1 / (1 - averaging) steps
    """

    first_block: int = 4
    variants: int = 8
    epochs: int = 8
    batch: int = 16
    rate: float = 5e-4
    head_rate: float = 3e-3
    decay: float = 0.05
    steepest: float = 1.0
    mixup: float = 0.4
    smoothing: float = 0.1
    dropout: float = 0.2
    averaging: float = 0.98
    variation: Variation = field(default_factory=Variation)


class Network:
    """A timm MobileNetV2 with two outputs, taken apart into the blocks that stay and the blocks that learn.

    The two outputs are ``logit / 2`` and ``-logit / 2`` of the finding, so that softmax gives the finding's sigmoid.
    """

    def __init__(self, network: nn.Module, first_block: int):
        part = network.get_submodule
        blocks = list(part("blocks").children())
        classifier = part("classifier")
        assert isinstance(classifier, nn.Linear)
        self.whole = network
        self.fixed = nn.Sequential(part("conv_stem"), part("bn1"), *blocks[:first_block])
        self.learning = nn.Sequential(*blocks[first_block:], nn.Sequential(part("conv_head"), part("bn2")))
        self.head = nn.Linear(classifier.in_features, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def store_head(self) -> None:
        """Put the linear layer into the network, once for each output."""
        classifier = self.whole.get_submodule("classifier")
        assert isinstance(classifier, nn.Linear)
        with torch.no_grad():
            classifier.weight.copy_(torch.cat([self.head.weight, -self.head.weight]) / 2)
            classifier.bias.copy_(torch.cat([self.head.bias, -self.head.bias]) / 2)

    def embed(self, activations: Tensor) -> Tensor:
        """Pooled features (films, features) in single precision."""
        with _half():
            features: Tensor = self.learning(activations)
        return features.float().mean((2, 3))


def keep_activations(
    network: Network,
    cohort: Films,
    preprocessing: Preprocessing,
    recipe: Recipe,
    paths: list[Path],
    seed: int,
    say: Callable[[float, str], None],
) -> None:
    """Write one file for the films and one for each of their variants; those that are there already are kept.

    Each holds what enters the first block that learns: (films, rows, columns, channels) as bfloat16 bits.
    """
    for variant, path in enumerate(paths):
        say(
            variant / len(paths), f"Passing the films through the fixed blocks, variant {variant} of {recipe.variants}."
        )
        if path.is_file():
            continue
        with torch.inference_mode():
            parts = [_activations(network, batch) for batch in _batches(cohort, preprocessing, recipe, variant, seed)]
        partial = path.with_suffix(".part.npy")
        np.save(partial, np.concatenate(parts))
        partial.replace(path)


def train(
    network: Network,
    activations: list[Path],
    labels: NDArray[np.int64],
    rows: NDArray[np.intp],
    recipe: Recipe,
    seed: int,
) -> None:
    """Train ``network`` in place on the films ``rows``; afterwards it holds the averaged weights."""
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    variants = [np.load(path, mmap_mode="r") for path in activations]
    targets = torch.from_numpy(labels).float()
    optimizer = torch.optim.AdamW(_groups(network, recipe))
    steps_per_epoch = max(len(rows) // recipe.batch, 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        [group["lr"] for group in optimizer.param_groups],
        total_steps=recipe.epochs * steps_per_epoch,
        pct_start=0.15,
        cycle_momentum=False,
    )
    learning = nn.ModuleList([network.learning, network.head])
    average = copy.deepcopy(learning)
    for step, chosen in enumerate(_draw(rows, recipe, steps_per_epoch, generator)):
        which = generator.integers(0, len(variants), len(chosen))
        inputs = _tensor(np.stack([variants[v][film] for v, film in zip(which, chosen, strict=True)]))
        wanted = targets[chosen] * (1 - recipe.smoothing) + recipe.smoothing / 2
        inputs, wanted = _mix(inputs, wanted, recipe.mixup, generator)
        features = functional.dropout(network.embed(inputs), recipe.dropout)
        loss = functional.binary_cross_entropy_with_logits(network.head(features)[:, 0], wanted)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learning.parameters(), recipe.steepest)
        optimizer.step()
        schedule.step()
        _move_average(average, learning, min(recipe.averaging, (2 + step) / (11 + step)))
    learning.load_state_dict(average.state_dict())
    network.store_head()


def predict(network: Network, activations: Path) -> tuple[Floats, NDArray[np.float32]]:
    """Logits (films,) of the finding and embeddings (films, features) of the films themselves."""
    films = np.load(activations, mmap_mode="r")
    with torch.inference_mode():
        parts = [network.embed(_tensor(films[i : i + 32])) for i in range(0, len(films), 32)]
        embeddings = torch.cat(parts)
        logits = network.head(embeddings)[:, 0]
    return logits.double().numpy(), embeddings.numpy()


def pooled_after_each_block(network: Network, activations: Path) -> Floats:
    """(films, features): averages of the maps that enter the first block that learns and that leave it and each later
    one, side by side; a stronger description than the last map alone."""
    films = np.load(activations, mmap_mode="r")
    rows = []
    with torch.inference_mode(), _half():
        for start in range(0, len(films), 32):
            maps = _tensor(films[start : start + 32])
            pooled = [maps.float().mean((2, 3))]
            for block in network.learning:
                maps = block(maps)
                pooled.append(maps.float().mean((2, 3)))
            rows.append(torch.cat(pooled, dim=1))
    return torch.cat(rows).double().numpy()


def _batches(
    cohort: Films, preprocessing: Preprocessing, recipe: Recipe, variant: int, seed: int
) -> Iterator[NDArray[np.float32]]:
    """Inputs of all films in order; variant 0 is the film itself."""
    for start in range(0, len(cohort.films), _BATCH):
        batch = []
        for film in range(start, min(start + _BATCH, len(cohort.films))):
            gray = cohort.gray(film)
            if variant:
                gray = vary(gray, recipe.variation, np.random.default_rng([seed, variant, film]))
            batch.append(prepare(gray, preprocessing).pixels)
        yield np.stack(batch)


def _activations(network: Network, pixels: NDArray[np.float32]) -> NDArray[np.int16]:
    with _half():
        found: Tensor = network.fixed(torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last))
    return found.bfloat16().permute(0, 2, 3, 1).contiguous().view(torch.int16).numpy()


def _tensor(stored: NDArray[np.int16]) -> Tensor:
    """(films, rows, columns, channels) as bits to (films, channels, rows, columns)."""
    return torch.from_numpy(np.array(stored)).view(torch.bfloat16).permute(0, 3, 1, 2)


def _half() -> torch.autocast:
    """bfloat16 where it is safe: twice as fast on processors that have it, and to spare of the range of float32."""
    return torch.autocast("cpu", torch.bfloat16)


def _groups(network: Network, recipe: Recipe) -> list[dict]:
    """Vectors (biases and normalization) do not decay."""
    groups = []
    for part, rate in ((network.learning, recipe.rate), (network.head, recipe.head_rate)):
        for decays in (True, False):
            parameters = [p for p in part.parameters() if (p.ndim > 1) == decays]
            groups.append({"params": parameters, "lr": rate, "weight_decay": recipe.decay if decays else 0.0})
    return groups


def _draw(
    rows: NDArray[np.intp], recipe: Recipe, steps_per_epoch: int, generator: np.random.Generator
) -> Iterator[NDArray[np.intp]]:
    for _ in range(recipe.epochs):
        shuffled = generator.permutation(rows)
        for step in range(steps_per_epoch):
            yield shuffled[step * recipe.batch : (step + 1) * recipe.batch]


def _mix(inputs: Tensor, wanted: Tensor, parameter: float, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
    """MixUp (Zhang et al., ICLR 2018) of each film with another of the batch; the first keeps at least half."""
    share = float(generator.beta(parameter, parameter))
    share = max(share, 1 - share)
    other = torch.from_numpy(generator.permutation(len(wanted)))
    mixed = share * inputs.float() + (1 - share) * inputs[other].float()
    return mixed.to(inputs.dtype), share * wanted + (1 - share) * wanted[other]


@torch.no_grad()
def _move_average(average: nn.Module, current: nn.Module, keep: float) -> None:
    for mean, value in zip(average.parameters(), current.parameters(), strict=True):
        mean.lerp_(value, 1 - keep)
