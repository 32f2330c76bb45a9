"""A volume that is known on some of its slices: the others are worked out when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class BetweenSlices:
    """Values ``[k, j, i]``: linear between two slices that are known, 0 above the first and below the last of them.

    A whole chest CT in memory is large, and few slices of it are read. What asks for one slice after the other is
    given each without the others; ``numpy.asarray`` gives all of them at once.

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

    @property
    def ndim(self) -> int:
        return 3

    def min(self) -> float:
        """The lowest value of all slices."""
        return float(self.known.min()) if len(self._beyond()) == 0 else min(float(self.known.min()), 0.0)

    def max(self) -> float:
        """The highest value of all slices."""
        return float(self.known.max()) if len(self._beyond()) == 0 else max(float(self.known.max()), 0.0)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Gray]:
        return (self[k] for k in range(self.count))

    def __getitem__(self, place: Any) -> Gray:
        """As of an array; the first axis takes a number, a range of slices or ``...``."""
        own, within = (place[0], place[1:]) if isinstance(place, tuple) else (place, ())
        if own is Ellipsis:
            own = slice(None)
        if isinstance(own, slice):
            return np.stack([self._slice(k, within) for k in range(*own.indices(self.count))])
        return self._slice(range(self.count)[own], within)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)

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


Heat = Gray | BetweenSlices
