"""Maximum-likelihood logistic regression on a few columns, by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from .binary import Floats


@dataclass(frozen=True)
class LogisticFit:
    """``coefficients`` (columns,) and their ``covariance`` (columns, columns)."""

    coefficients: Floats
    covariance: Floats


def fit_logistic(
    design: Floats, targets: Floats, offset: Floats | None = None, clusters: np.ndarray | None = None
) -> LogisticFit:
    """Fit ``P = 1 / (1 + exp(-(offset + design @ coefficients)))``.

    Parameters
    ----------
    design : (cases, columns), with a column of ones where an intercept is wanted
    targets : (cases,) 0 to 1; fractions are allowed (Platt's targets)
    offset : (cases,) added with a fixed coefficient of 1
    clusters : (cases,) patient of each case; the covariance is then robust to several cases of one patient (sandwich)

    Raises
    ------
    ValueError : no finite solution, as when one column separates the classes
    """
    fixed = np.zeros(len(targets)) if offset is None else offset
    coefficients = np.zeros(design.shape[1])
    loss = _loss(fixed, targets)
    for _ in range(100):
        mean = special.expit(fixed + design @ coefficients)
        information = design.T @ (design * (mean * (1 - mean))[:, None])
        gradient = design.T @ (targets - mean)
        if np.linalg.cond(information) > 1e14 or loss < 1e-6:  # a perfect fit only gets steeper
            break
        if np.abs(gradient).max() < 1e-10 * len(targets):
            return LogisticFit(coefficients, _covariance(design, targets - mean, information, clusters))
        step = np.linalg.solve(information, gradient)
        coefficients, loss = _descend(design, targets, fixed, coefficients, step, loss)
    raise ValueError(
        "The logistic regression has no finite solution: the classes are separated or there are too few cases."
    )


def _descend(
    design: Floats, targets: Floats, offset: Floats, coefficients: Floats, step: Floats, loss: float
) -> tuple[Floats, float]:
    """The coefficients after as much of the step as lowers the loss, with the new loss."""
    for _ in range(40):
        new = coefficients + step
        new_loss = _loss(offset + design @ new, targets)
        if new_loss <= loss + 1e-12 * abs(loss):
            return new, new_loss
        step = step / 2
    return coefficients, loss


def _loss(logits: Floats, targets: Floats) -> float:
    return float((np.logaddexp(0, logits) - targets * logits).sum())


def _covariance(design: Floats, residuals: Floats, information: Floats, clusters: np.ndarray | None) -> Floats:
    bread = np.asarray(np.linalg.inv(information), dtype=np.float64)
    if clusters is None:
        return bread
    _, which = np.unique(clusters, return_inverse=True)
    scores = np.zeros((which.max() + 1, design.shape[1]))
    np.add.at(scores, which, design * residuals[:, None])
    return np.asarray(bread @ (scores.T @ scores) @ bread)
