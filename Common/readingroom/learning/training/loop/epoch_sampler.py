"""In which order the rows of an epoch are trained on, and which process gets which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

from . import seeds

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SampledRow:
    """One image of an epoch: which row, and its place, which decides how it varies."""

    epoch: int
    position: int
    row: int


class EpochSampler(Sampler[SampledRow]):
    """A new order for each epoch, the same on any machine; batches of the whole are shared out among processes.

    What does not fill a batch at the end of an epoch is left for another one. Fewer rows than a batch are one batch.

    Parameters
    ----------
    rows : how many there are
    batch : rows of one step over all processes together, a multiple of ``processes``
    chances : (rows,) how often each is drawn, with replacement; None: each once
    rank, processes : which of how many processes this is
    """

    def __init__(
        self,
        rows: int,
        batch: int,
        seed: int,
        sampling_weights: Floats | None = None,
        rank: int = 0,
        processes: int = 1,
        epoch: int = 0,
    ):
        self._rows = rows
        self._whole = rows // batch * batch or rows // processes * processes
        self._batch = min(batch, self._whole)
        self._seed = seed
        self._sampling_weights = None if sampling_weights is None else sampling_weights / sampling_weights.sum()
        self._rank, self._processes = rank, processes
        self._epoch = epoch

    @property
    def batch(self) -> int:
        """Rows of one step for this process alone."""
        return self._batch // self._processes

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._whole // self._processes

    def __iter__(self) -> Iterator[SampledRow]:
        epoch = self._epoch
        generator = seeds.generator("order", self._seed, epoch)
        if self._sampling_weights is None:
            order = generator.permutation(self._rows)
        else:
            order = generator.choice(self._rows, self._rows, p=self._sampling_weights)
        for start in range(0, self._whole, self._batch):
            mine = start + self._rank * self.batch
            for position in range(mine, mine + self.batch):
                yield SampledRow(epoch, position, int(order[position]))


def class_sampling_weights(targets: NDArray[np.float32], oversampling: float | None) -> Floats:
    """(rows,) how often each row is drawn so that classes are balanced.

    Parameters
    ----------
    targets : (rows, classes), 0 or 1
    oversampling : rows of all but the most frequent class are drawn this many times as often; None: all classes are
        drawn equally often
    """
    counts = targets.sum(axis=0)
    if oversampling is None:
        per_class = 1 / np.maximum(counts, 1)
    else:
        per_class = np.where(np.arange(len(counts)) == counts.argmax(), 1.0, oversampling)
    # A row of several findings is drawn for its rarest one, a row of none as one of the most frequent class.
    sampling_weights = np.where(targets > 0, per_class, 0).max(axis=1)
    return np.asarray(np.where(sampling_weights > 0, sampling_weights, per_class.min()), dtype=np.float64)
