"""Volumes whose slices are worked out when they are asked for: a whole one in memory is large, few slices are read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.float32]


class SliceBySlice(ABC):
    """Values ``[k, j, i]``. What asks for one slice after the other is given each without the others;
    ``numpy.asarray`` gives all of them at once."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]: ...

    @abstractmethod
    def min(self) -> float:
        """No value lies below it."""

    @abstractmethod
    def max(self) -> float:
        """No value lies above it."""

    @abstractmethod
    def _slice(self, k: int, within: tuple[Any, ...]) -> Gray:
        """What lies ``within`` rows and columns of a slice."""

    @property
    def ndim(self) -> int:
        return 3

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Gray]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, place: Any) -> Gray:
        """As of an array; the first axis takes a number, a range of slices or ``...``."""
        own, within = (place[0], place[1:]) if isinstance(place, tuple) else (place, ())
        if own is Ellipsis:
            own = slice(None)
        if isinstance(own, slice):
            return np.stack([self._slice(k, within) for k in range(*own.indices(len(self)))])
        return self._slice(range(len(self))[own], within)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        found = np.empty(self.shape, dtype=dtype or np.float32)
        for k, slice_ in enumerate(self):
            found[k] = slice_
        return found


@dataclass(frozen=True, eq=False)
class BetweenSlices(SliceBySlice):
    """Values ``[k, j, i]``: linear between two slices that are known, 0 above the first and below the last of them.

    Parameters
    ----------
    count : slices in all
    numbers : of the slices that are known, rising
    known : ``[n, j, i]``, their values
    """

    count: int
    numbers: NDArray[np.intp]
    known: Gray

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.count, *self.known.shape[1:])

    def min(self) -> float:
        """The lowest value of all slices."""
        return float(self.known.min()) if len(self._beyond()) == 0 else min(float(self.known.min()), 0.0)

    def max(self) -> float:
        """The highest value of all slices."""
        return float(self.known.max()) if len(self._beyond()) == 0 else max(float(self.known.max()), 0.0)

    def _beyond(self) -> NDArray[np.intp]:
        """Slices that no known one lies above and below of."""
        every = np.arange(self.count)
        return every[(every < self.numbers[0]) | (every > self.numbers[-1])]

    def _slice(self, k: int, within: tuple[Any, ...]) -> Gray:
        above = int(np.searchsorted(self.numbers, k))
        if above == len(self.numbers) or (above == 0 and k < self.numbers[0]):
            return np.zeros(self.known.shape[1:], dtype=np.float32)[within]
        high = self.known[above][within]
        if self.numbers[above] == k:
            return high
        low, (first, last) = self.known[above - 1][within], self.numbers[above - 1 : above + 1]
        between = high - low
        between *= np.float32((k - first) / (last - first))
        between += low
        return np.asarray(between)


Heat = Gray | SliceBySlice
