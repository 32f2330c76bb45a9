"""Average precision: the area under the precision-recall curve as a sum of steps, without interpolation.

scikit-learn has the same number; it is written here because Slicer does not bundle scikit-learn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .curves import precision_recall


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Mean of the precision over the positives, ranked by score (cases,); chance is the share of positives.

    Raises
    ------
    OneClassError : positives or negatives are missing
    """
    curve = precision_recall(labels, scores)
    steps = np.diff(curve.recall, prepend=0.0)
    return float((steps * curve.precision).sum())
