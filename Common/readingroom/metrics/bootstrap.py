"""Percentile bootstrap that draws patients, not images, so that several images of one patient stay together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..reading import Estimate, Interval
from .binary import OneClassError


@dataclass(frozen=True)
class Bootstrap:
    """The metric on all cases with its interval (``estimate.n`` counts images); ``patients`` were drawn.

    ``kept`` of ``resamples`` resamples gave a value; the others had one class only.
    """

    estimate: Estimate
    patients: int
    mean: float
    deviation: float
    kept: int
    resamples: int
    seed: int


def patient_resamples(patients: ArrayLike, resamples: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Row numbers of each resample: as many patients as there are, drawn with replacement, with all their rows."""
    names, which = np.unique(np.asarray(patients), return_inverse=True)
    rows = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
    generator = np.random.default_rng(seed)
    for _ in range(resamples):
        drawn = generator.integers(0, names.size, names.size)
        yield np.concatenate([rows[patient] for patient in drawn])


def patient_bootstrap(
    metric: Callable[..., float],
    patients: ArrayLike,
    *arrays: ArrayLike,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Bootstrap:
    """``metric(*arrays)`` with its percentile interval over patients.

    Parameters
    ----------
    metric : takes the arrays, all indexed by case first, and returns a number; a resample on which it raises
        `OneClassError` is left out and counted
    patients : (cases,) whose image it is; any type that sorts

    Example
    -------
    >>> patient_bootstrap(auc, ["a", "a", "b", "c"], [0, 0, 1, 1], [0.1, 0.3, 0.2, 0.9]).estimate.value
    0.75

    Raises
    ------
    ValueError : arrays of different lengths, or fewer than half of the resamples gave a value
    """
    inputs = [np.asarray(array) for array in arrays]
    who = np.asarray(patients)
    if {len(array) for array in inputs} != {len(who)}:
        raise ValueError("The arrays and the list of patients must have one length.")
    value = metric(*inputs)
    values = []
    for rows in patient_resamples(who, resamples, seed):
        try:
            values.append(metric(*(array[rows] for array in inputs)))
        except OneClassError:
            continue
    if len(values) < resamples / 2:
        raise ValueError(
            f"Only {len(values)} of {resamples} resamples hold both classes: too few cases for an interval."
        )
    return Bootstrap(
        estimate=Estimate(float(value), _percentiles(values, resamples, level), len(who)),
        patients=int(np.unique(who).size),
        mean=float(np.mean(values)),
        deviation=float(np.std(values, ddof=1)),
        kept=len(values),
        resamples=resamples,
        seed=seed,
    )


def patient_intervals(
    metrics: Callable[..., Mapping[str, float]],
    patients: ArrayLike,
    *arrays: ArrayLike,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Several metrics at once, each with its percentile interval over the same resampled patients.

    Parameters
    ----------
    metrics : takes the arrays, all indexed by case first, and returns values by name; in a resample where a metric has
        no value its name may be missing, or all where it raises `OneClassError`
    patients : (cases,) whose image it is

    A metric with a value in fewer than half of the resamples has no interval: there are too few cases for one. Neither
    has one whose interval would not end, such as a log loss that is infinite in many resamples.
    """
    inputs = [np.asarray(array) for array in arrays]
    who = np.asarray(patients)
    if {len(array) for array in inputs} != {len(who)}:
        raise ValueError("The arrays and the list of patients must have one length.")
    values = metrics(*inputs)
    drawn: dict[str, list[float]] = {name: [] for name in values}
    for rows in patient_resamples(who, resamples, seed):
        try:
            found = metrics(*(array[rows] for array in inputs))
        except OneClassError:
            continue
        for name in drawn.keys() & found.keys():
            drawn[name].append(found[name])
    return {
        name: Estimate(value, _percentiles(drawn[name], resamples, level), len(who)) for name, value in values.items()
    }


def _percentiles(values: list[float], resamples: int, level: float) -> Interval | None:
    if not values or len(values) < resamples / 2:
        return None
    with np.errstate(invalid="ignore"):  # between two infinite values lies nothing
        low, high = np.percentile(values, [50 * (1 - level), 50 * (1 + level)])
    if not (np.isfinite(low) and np.isfinite(high)):
        return None
    return Interval(float(low), float(high), level)
