"""Decision curves: whether acting on a probability does more good than acting on everybody or on nobody.

Source: Vickers and Elkin, Medical Decision Making 2006.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .binary import labels_and_scores


@dataclass(frozen=True)
class DecisionPoint:
    """Net benefit in true positives for each case; acting on nobody has 0.

    ``threshold`` is the probability from which on one acts; its odds are the harm of acting on a negative, counted in
    true positives.
    """

    threshold: float
    model: float
    everybody: float


def net_benefit(labels: ArrayLike, probabilities: ArrayLike, threshold: float) -> float:
    """``TP / n - FP / n * threshold / (1 - threshold)`` for probabilities (cases,) at or above the threshold.

    Raises
    ------
    ValueError : a threshold that is not between 0 and 1
    """
    if not 0 < threshold < 1:
        raise ValueError(f"A threshold of {threshold} is not between 0 and 1.")
    truth, values = labels_and_scores(labels, probabilities)
    called = values >= threshold
    return float((called & truth).mean() - (called & ~truth).mean() * threshold / (1 - threshold))


def decision_curve(
    labels: ArrayLike, probabilities: ArrayLike, thresholds: Sequence[float] | None = None
) -> tuple[DecisionPoint, ...]:
    """Net benefit at each threshold (1 % to 99 % when left out), beside that of acting on everybody."""
    chosen = np.arange(1, 100) / 100 if thresholds is None else thresholds
    everybody = np.ones(len(np.asarray(labels)))
    return tuple(
        DecisionPoint(float(t), net_benefit(labels, probabilities, t), net_benefit(labels, everybody, t))
        for t in chosen
    )
