"""What is measured: predictions with calibrated probabilities and decisions that their own rows did not shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .predictions import Floats, Predictions


@dataclass(frozen=True)
class CalibratedPredictions:
    """Predictions with what follows from them.

    Parameters
    ----------
    predictions : logits of all repeats, and the truth
    probabilities : (rows, classes) of the first repeat, calibrated on other rows
    called : (rows, classes) decisions of the first repeat, by thresholds from other rows
    covered : whether the prediction set of each row holds the truth: (rows, 1), or (rows, classes) where each class
        has its own set; None where there are no sets
    """

    predictions: Predictions
    probabilities: Floats
    called: NDArray[np.bool_]
    covered: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        expected = (len(self.predictions), len(self.predictions.classes))
        if self.probabilities.shape != expected or self.called.shape != expected:
            raise ValueError(f"Probabilities and decisions must be {expected}.")

    def take(self, rows: ArrayLike) -> CalibratedPredictions:
        """These rows alone, given as numbers or as a mask."""
        wanted = np.asarray(rows)
        covered = None if self.covered is None else self.covered[wanted]
        return CalibratedPredictions(
            self.predictions.take(wanted), self.probabilities[wanted], self.called[wanted], covered
        )
