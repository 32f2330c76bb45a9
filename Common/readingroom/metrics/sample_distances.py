"""How far a sample of pictures is from another one, by their features: Fréchet's distance, the kernel distance, copies.

Rows are pictures, columns are features of any network. With features of Inception the first is called FID, the second
KID.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from ..reading import Estimate
from .auc import auc_interval
from .binary import Floats
from .bootstrap import INTERVAL_FROM, no_interval, patient_interval, percentiles

RESAMPLES = 500


def frechet_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Fréchet's distance between the normal distributions of two samples (Heusel et al. 2017).

    It is biased upward, the more so the fewer rows there are: two samples of one distribution with 64 features have 45
    at 50 rows each and 1.9 at 1,158.

    Parameters
    ----------
    first, second : (rows, features), two rows or more each

    Raises
    ------
    ValueError : fewer than two rows, or other features
    """
    one, other = _samples(first, second)
    if min(len(one), len(other)) < 2:
        raise ValueError("A covariance needs two rows or more.")
    means = one.mean(axis=0), other.mean(axis=0)
    # The trace of the root of the product of two covariances is the sum of the singular values of the product of any
    # roots of them; the centered rows are such roots, however few they are.
    roots = [(rows - mean) / np.sqrt(len(rows) - 1) for rows, mean in zip((one, other), means, strict=True)]
    shared = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    spread = sum(float((root**2).sum()) for root in roots)
    return max(float(((means[0] - means[1]) ** 2).sum() + spread - 2 * shared), 0.0)


def kernel_distance(
    first: ArrayLike,
    second: ArrayLike,
    first_patients: ArrayLike | None = None,
    second_patients: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """The squared maximum mean discrepancy with the kernel ``(x y / features + 1)^3``, and its interval (KID).

    It has no bias: of two samples of one distribution it is 0 on average, and often below (Bińkowski et al. 2018).
    Pictures of one patient are never compared with each other.

    Parameters
    ----------
    first_patients, second_patients : (rows,) who is resampled, and compared with all others; each row when left out

    Raises
    ------
    ValueError : fewer than two patients in a sample, or other features
    """
    one, other = _samples(first, second)
    who = [
        [f"{sample} {name}" for name in (range(len(rows)) if names is None else np.asarray(names).tolist())]
        for sample, rows, names in ((0, one, first_patients), (1, other, second_patients))
    ]
    if min(len(set(names)) for names in who) < 2:
        raise ValueError("A sample of one patient has no distance from another sample.")
    rows, patients = np.concatenate([one, other]), np.array([*who[0], *who[1]])
    kernel = (rows @ rows.T / rows.shape[1] + 1) ** 3
    is_other = np.arange(len(rows)) >= len(one)
    strangers = patients[:, None] != patients

    def mean(weights: Floats, left: NDArray[np.bool_], right: NDArray[np.bool_]) -> Floats:
        there = strangers[np.ix_(left, right)].astype(np.float64)
        sums = [((weights[:, left] @ part) * weights[:, right]).sum(axis=1) for part in
                (kernel[np.ix_(left, right)] * there, there)]  # fmt: skip
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(sums[0] / sums[1])

    def discrepancy(weights: Floats) -> Floats:
        within = mean(weights, ~is_other, ~is_other) + mean(weights, is_other, is_other)
        return np.asarray(within - 2 * mean(weights, ~is_other, is_other))

    enough = min(len(set(names)) for names in who) >= INTERVAL_FROM
    interval = percentiles if enough else no_interval
    return patient_interval(discrepancy, patients, resamples, seed=seed, interval=interval)


def nearest(rows: ArrayLike, among: ArrayLike) -> tuple[Floats, NDArray[np.intp]]:
    """(rows,) the distance of the nearest, and (rows, among) numbers of ``among``, the nearest first."""
    found, others = _samples(rows, among)
    distances = cdist(found, others)
    return distances.min(axis=1), np.argsort(distances, axis=1, kind="stable")


def closer_than(
    distances: ArrayLike, others: ArrayLike, other_patients: ArrayLike, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """The chance that one of ``distances`` is smaller than one of ``others``; equal ones count half.

    Of distances of made pictures and of real new ones to what a generator learned from, 0.5 means that it made new
    pictures, and 1 that it copies.

    Parameters
    ----------
    other_patients : (others,) who is resampled
    """
    own, real = np.asarray(distances, dtype=np.float64), np.asarray(others, dtype=np.float64)
    wins = (own[:, None] < real) + 0.5 * (own[:, None] == real)
    patients = np.array([*(f"0 {n}" for n in range(len(own))), *(f"1 {name}" for name in np.asarray(other_patients))])

    def share(weights: Floats) -> Floats:
        left, right = weights[:, : len(own)], weights[:, len(own) :]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(((left @ wins) * right).sum(axis=1) / (left.sum(axis=1) * right.sum(axis=1)))

    held_out = len(np.unique(np.asarray(other_patients)))
    interval = partial(auc_interval, positives=len(own), negatives=held_out)  # it is one
    return patient_interval(share, patients, resamples, seed=seed, interval=interval)


def _samples(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats]:
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1]:
        raise ValueError(f"Samples of shapes {one.shape} and {other.shape} have not the same features.")
    return one, other
