"""How far several models disagree about a case: the part of the uncertainty that more training data could remove."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from .binary import Floats


@dataclass(frozen=True)
class Disagreement:
    """In nats, each (cases,): ``total`` entropy of the mean answer is ``within`` (mean entropy of the models' own
    answers) plus ``between`` (mutual information of answer and model; 0 where all models say the same)."""

    total: Floats
    within: Floats
    between: Floats


def disagreement(probabilities: ArrayLike) -> Disagreement:
    """For probabilities (models, cases, classes) that sum to 1 over the classes (Depeweg et al., ICML 2018).

    Raises
    ------
    ValueError : another number of axes
    """
    values = np.asarray(probabilities, dtype=np.float64)
    if values.ndim != 3:
        raise ValueError(f"Probabilities {values.shape} are not (models, cases, classes).")
    total = special.entr(values.mean(axis=0)).sum(axis=-1)
    within = special.entr(values).sum(axis=-1).mean(axis=0)
    return Disagreement(total, within, np.maximum(total - within, 0))
