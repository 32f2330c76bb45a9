"""How many of a range of patients have a lower risk: many such questions at once, in n log n."""

from __future__ import annotations

import numpy as np

from ..metrics.binary import Floats
from .follow_up import Ints


def lower_and_equal(values: Floats, of: Floats, starts: Ints, stops: Ints) -> tuple[Floats, Floats]:
    """For each question how many of ``values[start:stop]`` lie below ``of``, and how many equal it.

    A wavelet matrix (Claude, Navarro, Ordóñez 2015): values become ranks, and each bit of the rank, the highest first,
    splits the list in two, keeping its order, so that a range stays a range. Questions are answered together, one step
    a bit.

    Parameters
    ----------
    values : (cases,)
    of, starts, stops : (questions,), one at least
    """
    first, last = int(starts.min()), int(stops.max())
    within = values[first:last]
    if first == starts.max() and last == stops.min():  # one range for all
        ordered = np.sort(within)
        below, up_to = (np.searchsorted(ordered, of, side=side).astype(np.float64) for side in ("left", "right"))
        return below, up_to - below
    distinct = np.unique(within)
    ranks = np.searchsorted(distinct, within)
    low, high = np.searchsorted(distinct, of, side="left"), np.searchsorted(distinct, of, side="right")
    counts = _ranked_below(
        ranks, np.tile(starts - first, 2), np.tile(stops - first, 2), np.concatenate([low, high]), distinct.size
    )
    below, up_to = np.split(counts.astype(np.float64), 2)
    return below, up_to - below


def _ranked_below(ranks: Ints, starts: Ints, stops: Ints, bounds: Ints, size: int) -> Ints:
    """How many of ``ranks[start:stop]`` are less than each bound, from 0 to ``size``."""
    found = np.zeros(bounds.size, dtype=np.int64)
    list_, left, right = ranks, starts, stops
    for bit in reversed(range(int(size).bit_length())):  # a bound may be `size` itself
        set_ = (list_ >> bit & 1).astype(bool)
        zeros = np.concatenate([[0], np.cumsum(~set_)])
        left_zeros, right_zeros = zeros[left], zeros[right]
        upper = (bounds >> bit & 1).astype(bool)
        found += np.where(upper, right_zeros - left_zeros, 0)
        left = np.where(upper, zeros[-1] + left - left_zeros, left_zeros)
        right = np.where(upper, zeros[-1] + right - right_zeros, right_zeros)
        list_ = np.concatenate([list_[~set_], list_[set_]])
    return found
