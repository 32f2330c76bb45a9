"""What the loop is fed with: prepared pictures, changed, normalized and with their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import BatchSampler, DataLoader, Dataset, default_collate

from ....bundles.preprocessing import Preprocessing
from ....imaging.preprocessing import normalized
from ...protocols.training_protocol import Augment
from ..augment import augmented
from ..picture_store import read
from . import seeds
from .epoch_sampler import EpochSampler, SampledRow


@dataclass(frozen=True, eq=False)
class SplitPart:
    """The rows of one side of a split.

    Parameters
    ----------
    paths : files of a `PictureStore`, one for each row
    targets : (rows, width)
    """

    paths: tuple[Path, ...]
    targets: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True)
class InputTransform:
    """Gray levels as an input, by a complete preprocessing."""

    preprocessing: Preprocessing

    def __call__(self, gray: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(normalized(gray, self.preprocessing))


class AugmentedDataset(Dataset[tuple[Tensor, Tensor]]):
    """Training images, changed at random; asked by `Place`."""

    def __init__(self, part: SplitPart, transform: InputTransform, augment: Augment, seed: int):
        self._part, self._transform, self._augment, self._seed = part, transform, augment, seed

    def __getitem__(self, place: SampledRow) -> tuple[Tensor, Tensor]:
        gray = read(self._part.paths[place.row])
        drawn = seeds.generator("change", self._seed, place.epoch, place.position)
        return self._transform(augmented(gray, self._augment, drawn)), torch.from_numpy(self._part.targets[place.row])


class PlainDataset(Dataset[tuple[Tensor, Tensor, float]]):
    """Images as they are, for one of several processes, with their targets and how much each counts.

    All processes have the same number of images: what is missing is filled up with the first one, which counts nothing.
    """

    def __init__(self, part: SplitPart, transform: InputTransform, rank: int = 0, processes: int = 1):
        self._part, self._transform = part, transform
        self._rank, self._processes = rank, processes

    def __len__(self) -> int:
        return -(-len(self._part) // self._processes)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor, float]:
        row = place * self._processes + self._rank
        counts = float(row < len(self._part))
        row = row if counts else 0
        return self._transform(read(self._part.paths[row])), torch.from_numpy(self._part.targets[row]), counts


Batch = tuple[Any, ...]  # inputs, targets, and in validation how much each counts


def collated(items: Sequence[Batch]) -> Batch:
    """A batch of items; stacks of different numbers of slices are filled up with 0.

    The input is then ``(stacks, present)``, with ``present`` (n, slices) telling which slices are there.
    """
    stacks = [item[0] for item in items]
    if len({stack.shape for stack in stacks}) == 1:
        return tuple(default_collate(list(items)))
    present = torch.zeros(len(stacks), max(map(len, stacks)), dtype=torch.bool)
    for row, stack in zip(present, stacks, strict=True):
        row[: len(stack)] = True
    return (pad_sequence(stacks, batch_first=True), present), *default_collate([item[1:] for item in items])


class SplitDataModule(LightningDataModule):
    """Both sides of a split.

    Parameters
    ----------
    batch : rows of one step over all processes together
    chances : (training rows,) how often each is drawn, see `EpochSampler`
    workers : processes that load images, for each training process
    """

    def __init__(
        self,
        training: SplitPart,
        validation: SplitPart,
        transform: InputTransform,
        augment: Augment,
        batch: int,
        seed: int,
        sampling_weights: NDArray[np.float64] | None = None,
        workers: int = 0,
        pin: bool = False,
    ):
        super().__init__()
        self._training, self._validation = training, validation
        self._transform, self._augment = transform, augment
        self._batch, self._seed, self._sampling_weights = batch, seed, sampling_weights
        self._settings: dict[str, Any] = {"num_workers": workers, "persistent_workers": workers > 0, "pin_memory": pin}

    def train_dataloader(self) -> DataLoader:
        rank, processes, epoch = self._where()
        order = EpochSampler(
            len(self._training), self._batch, self._seed, self._sampling_weights, rank, processes, epoch
        )
        batches = BatchSampler(order, order.batch, drop_last=False)  # type: ignore[arg-type]  # places, not numbers
        dataset = AugmentedDataset(self._training, self._transform, self._augment, self._seed)
        return DataLoader(dataset, batch_sampler=batches, collate_fn=collated, generator=_apart(), **self._settings)

    def val_dataloader(self) -> DataLoader:
        rank, processes, _ = self._where()
        dataset = PlainDataset(self._validation, self._transform, rank, processes)
        batch = max(self._batch // processes, 1)
        return DataLoader(dataset, batch, shuffle=False, collate_fn=collated, generator=_apart(), **self._settings)

    def _where(self) -> tuple[int, int, int]:
        """Rank, number of processes, and the epoch that comes next: a resumed training does not begin with the first,
        and its loader is asked for a batch before Lightning says which it is."""
        assert self.trainer is not None
        current: Any = self.trainer.fit_loop.epoch_progress.current
        return self.trainer.global_rank, self.trainer.world_size, int(current.processed)


def _apart() -> torch.Generator:
    """A loader draws a seed for its processes; not from the generator that the network's dropout draws from."""
    return torch.Generator().manual_seed(0)
