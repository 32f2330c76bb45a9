"""Pairs of neighbors in many boxes, in one direction or, weighted, in all of them together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..gray_levels import Offset
from .neighborhoods import Neighborhoods
from .repeats import Repeats, code_kind, sort


@dataclass(frozen=True)
class Pairs:
    """Pairs ``(pairs, voxels)``: the levels of the one and of its neighbor, and their ranks, from 1.

    Parameters
    ----------
    inside : which pairs count; None where all do
    weights : of the pairs, ``(pairs,)``; None where all weigh 1
    kinds : levels that occur in the region
    highest : the highest of them
    """

    one: NDArray[np.signedinteger]
    other: NDArray[np.signedinteger]
    one_rank: NDArray[np.signedinteger]
    other_rank: NDArray[np.signedinteger]
    inside: NDArray[np.bool_] | None
    weights: NDArray[np.float64] | None
    kinds: int
    highest: int

    @cached_property
    def counted(self) -> NDArray[np.float64] | None:
        """The weight of each pair, 0 where it does not count, ``(pairs, voxels)``; None where all weigh 1."""
        if self.inside is None:
            return None if self.weights is None else np.broadcast_to(self.weights[:, None], self.one.shape)
        return np.asarray(self.inside * (1.0 if self.weights is None else self.weights[:, None]), dtype=np.float64)

    @cached_property
    def total(self) -> NDArray[np.float64]:
        """The weight of all pairs of a voxel, ``(voxels,)``."""
        if self.counted is None:
            return np.full(self.one.shape[1], float(len(self.one)))
        return np.asarray(self.counted.sum(axis=0))

    def mean(self, values: NDArray) -> NDArray[np.float64]:
        """The weighted mean of a value of each pair, NaN where there is no pair, ``(voxels,)``."""
        if self.counted is None:
            return np.asarray(values.sum(axis=0, dtype=np.float64) / self.total)
        return np.asarray(np.einsum("pv,pv->v", self.counted, values) / self.total)

    def repeats(self, codes: NDArray[np.signedinteger], most: int) -> Repeats:
        """How often each code below ``most`` occurs; codes are those of the pairs, or of their ends one after another.

        Raises
        ------
        ValueError : the codes are of neither
        """
        times, rest = divmod(len(codes), len(self.one))
        if rest:
            raise ValueError(f"{len(codes)} codes for {len(self.one)} pairs")
        if self.inside is not None:
            codes = np.where(np.concatenate([self.inside] * times), codes, most)
        left_out = None if self.inside is None else most
        if self.weights is None:
            return Repeats(sort(np.array(codes, dtype=code_kind(most))), None, left_out)
        # Each weight goes with its code as the last digits of it.
        kinds, which = np.unique(self.weights, return_inverse=True)
        which = np.concatenate([which] * times).astype(np.int64)
        tagged = sort(codes.astype(np.int64) * len(kinds) + which[:, None])
        return Repeats(tagged // len(kinds), kinds[tagged % len(kinds)], left_out)


def pairs_by_direction(boxes: Neighborhoods, offsets: list[Offset]) -> Iterator[Pairs]:
    """Pairs in each direction in which the box has room for a neighbor."""
    for offset in offsets:
        if (pairs := _pairs(boxes, [offset], None)) is not None:
            yield pairs


def pairs_together(boxes: Neighborhoods, offsets: list[Offset], weights: NDArray[np.float64]) -> Iterator[Pairs]:
    """All pairs as if of one direction, each with the weight of its own."""
    if (pairs := _pairs(boxes, offsets, weights)) is not None:
        yield pairs


def _pairs(boxes: Neighborhoods, offsets: list[Offset], weights: NDArray[np.float64] | None) -> Pairs | None:
    around, voxels = boxes.around, len(boxes.centers)
    places = [(index, found) for index, offset in enumerate(offsets) if (found := boxes.pairs_of(offset)) is not None]
    if not places:
        return None

    def ends(array: NDArray, end: int) -> NDArray:
        cubes = boxes.in_box(array)
        return np.concatenate([cubes[found[end]].reshape(-1, voxels) for _, found in places])

    ranks = ends(boxes.ranks, 0), ends(boxes.ranks, 1)
    levels = ranks if boxes.levels is boxes.ranks else (ends(boxes.levels, 0), ends(boxes.levels, 1))
    inside = None if boxes.whole else (ranks[0] > 0) & (ranks[1] > 0)
    of_pairs = None
    if weights is not None:
        lengths = [boxes.in_box(boxes.ranks)[found[0]].size // voxels for _, found in places]
        of_pairs = np.repeat(weights[[index for index, _ in places]], lengths)
    return Pairs(*levels, *ranks, inside, of_pairs, len(around.present), int(around.present[-1]))
