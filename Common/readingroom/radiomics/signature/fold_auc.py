"""The AUC of scores from cross-validation: over pairs of rows that one and the same model scored.

Scores of different folds come from different models. Compared across folds, models without any feature would look worse
than chance: the one that was trained without many positives gives its lowest score to the very fold that has them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...metrics.auc import auc_interval
from ...metrics.bootstrap import patient_weights, percentiles
from ...reading import Estimate
from .algorithm import Labels
from .preparation import Floats

_RESAMPLES = 2000


@dataclass(frozen=True)
class FoldComparisons:
    """All pairs of a positive and a negative row.

    Parameters
    ----------
    y : (rows,) 0 or 1
    wins : (repeats, positives, negatives) 1 where the positive has the higher score, ½ where they tie, 0 elsewhere
        and for pairs of different folds
    comparable : (repeats, positives, negatives) 1 for pairs of one fold
    """

    y: Labels
    wins: Floats
    comparable: Floats

    @classmethod
    def of(cls, y: Labels, folds: NDArray[np.int64], scores: Floats) -> FoldComparisons:
        """Compare ``scores`` (repeats, rows) within ``folds`` (repeats, rows)."""
        positive, negative = y > 0, y == 0
        comparable = (folds[:, positive, None] == folds[:, None, negative]).astype(np.float64)
        high, low = scores[:, positive, None], scores[:, None, negative]
        return cls(y, comparable * ((high > low) + 0.5 * (high == low)), comparable)

    def minus(self, other: FoldComparisons) -> FoldComparisons:
        """For the difference of two AUCs on the same rows and folds."""
        return replace(self, wins=self.wins - other.wins)

    def auc(self, weights: Floats) -> Floats:
        """Mean over repeats (resamples,) when each row counts as often as ``weights`` (resamples, rows) say.

        NaN where no pair is left.
        """
        positives, negatives = weights[:, self.y > 0], weights[:, self.y == 0]
        found = []
        for wins, comparable in zip(self.wins, self.comparable, strict=True):
            won = ((positives @ wins) * negatives).sum(axis=1)
            pairs = ((positives @ comparable) * negatives).sum(axis=1)
            found.append(np.divide(won, pairs, out=np.full(len(weights), np.nan), where=pairs > 0))
        result: Floats = np.mean(found, axis=0)
        return result

    def estimate(
        self, patients: NDArray[np.str_], level: float = 0.95, seed: int = 0, difference: bool = False
    ) -> Estimate:
        """The AUC, or the ``difference`` of two, with its interval over resampled ``patients`` (rows,)."""
        rows = len(self.y)
        values = np.concatenate([self.auc(weights) for weights in patient_weights(patients, _RESAMPLES, seed)])
        value = float(self.auc(np.ones((1, rows)))[0])
        if difference:
            return Estimate(value, percentiles(value, values, level), rows)
        with_it, without = (len(np.unique(patients[self.y == truth])) for truth in (1, 0))
        return Estimate(value, auc_interval(value, values, level, positives=with_it, negatives=without), rows)
