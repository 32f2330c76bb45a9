"""The area under the left part of the ROC curve, where a screening program can afford to work."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .curves import roc


def partial_auc(labels: ArrayLike, scores: ArrayLike, specificity: float = 0.9) -> float:
    """Area at or above this specificity, standardized: 0.5 is chance and 1 perfect (McClish 1989).

    Parameters
    ----------
    labels, scores : (cases,)
    specificity : above 0 and below 1

    Raises
    ------
    OneClassError : positives or negatives are missing
    ValueError : a specificity outside 0 to 1
    """
    if not 0 < specificity < 1:
        raise ValueError(f"A specificity of {specificity} is not between 0 and 1.")
    curve = roc(labels, scores)
    limit = 1 - specificity
    false_positives = 1 - curve.specificity
    inside = false_positives < limit
    x = np.append(false_positives[inside], limit)
    y = np.append(curve.sensitivity[inside], np.interp(limit, false_positives, curve.sensitivity))
    area, least = float(np.trapezoid(y, x)), limit**2 / 2
    return 0.5 * (1 + (area - least) / (limit - least))
