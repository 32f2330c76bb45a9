"""Pairs of patients that can be compared, and the share of them that the risks put in the right order.

Two ways to the same number: `value` counts in n log n (once for each column of risks), `values` weighs each patient,
as resamples do, in n^2 multiplications a resample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..metrics.binary import Booleans, Floats
from .follow_up import Ints
from .pair_counts import lower_and_equal

_AT_ONCE = 2**22  # pairs, 32 MB a matrix
_FEW = 2**14  # pairs that are sooner compared than counted


@dataclass(frozen=True)
class TieRule:
    """What pairs of one time count, and what the same risk earns; a pair with somebody followed for longer counts 1.

    Parameters
    ----------
    with_censored : an event, and a follow-up that ended at that time
    both : two events at that time; they earn all where the risks are the same and half otherwise (pycox)
    same_risk : for two patients of the same risk
    """

    with_censored: float
    both: float
    same_risk: float


class Pairs:
    """Each patient whose event was seen, the anchor, against each who was followed for longer.

    Parameters
    ----------
    times : (cases,)
    seen : (cases,) whether the event was seen; only these with a positive ``anchor_weights`` are anchors
    risks : (cases, columns), higher is earlier
    columns : (cases,) which column an anchor is compared in
    anchor_weights : (cases,) what the pairs of an anchor count
    """

    def __init__(
        self, times: Floats, seen: Booleans, risks: Floats, columns: Ints, anchor_weights: Floats, rule: TieRule
    ):
        self._order = np.lexsort((~seen, times))  # at one time events come first
        self._times, self._seen = times[self._order], seen[self._order]
        self._risks, self._columns = risks[self._order], columns[self._order]
        self._weights = anchor_weights[self._order]
        self._rule = rule
        self._anchors = np.flatnonzero(self._seen & (self._weights > 0))

    def value(self) -> float:
        """The index of all patients; NaN where no pair can be compared."""
        right, possible = self.counted()
        return right / possible if possible else float("nan")

    def values(self, weights: Floats) -> Floats:
        """(resamples,) the index where each patient counts ``weights`` (resamples, cases) times; NaN without pairs."""
        right, possible = self.weighed(weights)
        return np.divide(right, possible, out=np.full(len(weights), np.nan), where=possible > 0)

    def within(self, groups: ArrayLike) -> PairsWithin:
        """Those pairs alone whose patients are of the same of ``groups`` (cases,)."""
        numbers = np.asarray(groups)
        if numbers.shape != self._times.shape:
            raise ValueError(f"Groups {numbers.shape} are not one for each of {self._times.size} patients.")
        of_each = numbers[self._order]
        parts = []
        for group in np.unique(numbers):
            inside = of_each == group
            pairs = Pairs(
                self._times[inside], self._seen[inside], self._risks[inside], self._columns[inside],
                self._weights[inside], self._rule,
            )  # fmt: skip
            parts.append((self._order[inside], pairs))
        return PairsWithin(tuple(parts))

    def counted(self) -> tuple[float, float]:
        """How much the pairs earn, and could earn, of all patients."""
        right = possible = 0.0
        if self._anchors.size * self._times.size <= _FEW:
            earned, of = self.weighed(np.ones((1, self._times.size)))
            return float(earned[0]), float(of[0])
        for column in np.unique(self._columns[self._anchors]):
            anchors = self._anchors[self._columns[self._anchors] == column]
            few = anchors.size * self._times.size <= _FEW
            one, other = self._block(anchors)[:2] if few else self._counts(self._risks[:, column], anchors)
            right += float((self._weights[anchors] @ one).sum())
            possible += float((self._weights[anchors] @ other).sum())
        return right, possible

    def weighed(self, weights: Floats) -> tuple[Floats, Floats]:
        """(resamples,) the same where each patient counts ``weights`` (resamples, cases) times."""
        drawn = weights[:, self._order]
        right, possible = np.zeros(len(drawn)), np.zeros(len(drawn))
        at_once = max(1, _AT_ONCE // self._times.size)
        for start in range(0, self._anchors.size, at_once):
            anchors = self._anchors[start : start + at_once]
            counted = drawn[:, anchors] * self._weights[anchors]
            one, other, first = self._block(anchors)
            right += ((drawn[:, first:] @ one.T) * counted).sum(axis=1)
            possible += ((drawn[:, first:] @ other.T) * counted).sum(axis=1)
        return right, possible

    def _counts(self, risks: Floats, anchors: Ints) -> tuple[Floats, Floats]:
        """What the pairs of each anchor earn, and what they can earn."""
        rule, own = self._rule, risks[anchors]
        starts = np.searchsorted(self._times, self._times[anchors], side="left")
        stops = np.searchsorted(self._times, self._times[anchors], side="right")
        events = np.concatenate([[0], np.cumsum(self._seen)])
        ends = starts + events[stops] - events[starts]  # where at that time the censored begin
        # Those followed for longer than every anchor are one range for all, which is sorted once.
        longest, everyone = np.full(anchors.size, stops.max()), np.full(anchors.size, self._times.size)
        right, possible = np.zeros(anchors.size), np.zeros(anchors.size)
        ranges = ((1.0, longest, everyone), (1.0, stops, longest), (rule.with_censored, ends, stops))
        for weight, first, last in ranges:
            if weight and (last > first).any():
                lower, equal = lower_and_equal(risks, own, first, last)
                right += weight * (lower + rule.same_risk * equal)
                possible += weight * (last - first)
        if rule.both and (ends - starts > 1).any():
            _, equal = lower_and_equal(risks, own, starts, ends)
            others = (ends - starts - 1).astype(np.float64)
            right += rule.both / 2 * (0.5 * others + 0.5 * (equal - 1))  # such a pair has two anchors
            possible += rule.both / 2 * others
        return right, possible

    def _block(self, anchors: Ints) -> tuple[Floats, Floats, int]:
        """The same pair by pair, (anchors, cases from the first on that an anchor may be compared with), and which."""
        rule, own, columns = self._rule, self._times[anchors, None], self._columns[anchors]
        first = int(np.searchsorted(self._times, own[0, 0], side="left"))
        times, seen, risks = self._times[first:], self._seen[first:], self._risks[first:]
        risk = self._risks[anchors, columns][:, None]
        one = (columns == columns[0]).all()  # need not be copied for each anchor
        others = risks[None, :, columns[0]] if one else risks[:, columns].T
        same_time = times == own
        same_time[np.arange(anchors.size), anchors - first] = False
        possible = (times > own) + rule.with_censored * (same_time & ~seen)
        right = possible * ((others < risk) + rule.same_risk * (others == risk))
        if rule.both:
            both = rule.both / 2 * (same_time & seen)
            right += both * (0.5 + 0.5 * (others == risk))
            possible += both
        return right, possible, first


@dataclass(frozen=True)
class PairsWithin:
    """Pairs within groups of patients, such as those whom one and the same network predicted.

    Parameters
    ----------
    parts : of each group the numbers of its patients among all, and its pairs
    """

    parts: tuple[tuple[Ints, Pairs], ...]

    def value(self) -> float:
        """The index of all these pairs; NaN where none can be compared."""
        counts = [pairs.counted() for _, pairs in self.parts]
        right, possible = (sum(each) for each in zip(*counts, strict=True))
        return right / possible if possible else float("nan")

    def values(self, weights: Floats) -> Floats:
        """(resamples,) as `Pairs.values`."""
        counts = [pairs.weighed(weights[:, rows]) for rows, pairs in self.parts]
        right, possible = (np.sum(each, axis=0) for each in zip(*counts, strict=True))
        return np.divide(right, possible, out=np.full(len(weights), np.nan), where=possible > 0)
