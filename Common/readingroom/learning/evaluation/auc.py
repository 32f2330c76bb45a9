"""The AUC of predictions: the mean over repeats, and over classes where no single one is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...metrics.auc import auc_interval
from ...metrics.bootstrap import INTERVAL_FROM, IntervalOf, no_interval, patient_interval, percentiles
from ...metrics.curves import Ranking
from ...reading import Estimate, Interval
from .predictions import Floats, Predictions, Strings
from .sample_size import can_be_evaluated


def auc_of(predictions: Predictions, finding: str = "", resamples: int = 2000, seed: int = 0) -> Estimate:
    """The AUC with its interval over patients.

    Parameters
    ----------
    finding : a class against the rest; the mean over classes (of two the positive one) when left out

    Raises
    ------
    InputError : all rows have the same truth
    """
    present, scores = present_and_scores(predictions, evaluated_findings(predictions, finding))
    aucs = WeightedAucs(present, scores)
    return patient_interval(
        lambda weights: aucs(weights).mean(axis=1),
        predictions.patients,
        resamples,
        seed=seed,
        interval=interval_of_auc(present, predictions.patients),
    )


class WeightedAucs:
    """The AUC of each finding, the mean over repeats, for many resamples of the same rows.

    Parameters
    ----------
    present : (rows, findings) whether a row has the finding
    scores : (rows, repeats, findings)

    Raises
    ------
    OneClassError : a finding is in no row or in every row
    """

    def __init__(self, present: NDArray[np.bool_], scores: Floats):
        self._rankings = [
            [Ranking(present[:, finding], repeat) for repeat in scores[:, :, finding].T]
            for finding in range(present.shape[1])
        ]

    def __call__(self, weights: Floats) -> Floats:
        """(resamples, findings) for ``weights`` (resamples, rows); NaN where a resample lacks the finding or has it
        throughout."""
        means = [np.mean([each.curves(weights)[0].area for each in repeats], axis=0) for repeats in self._rankings]
        return np.stack(means, axis=1)


def interval_of_auc(present: NDArray[np.bool_], patients: Strings) -> IntervalOf:
    """How the interval of an AUC follows from its resamples, see `metrics.auc.auc_interval`.

    Parameters
    ----------
    present : (rows,) or (rows, findings); of several the rarest finding decides
    """
    with_it, without = fewest_of_each(present, patients)
    return partial(auc_interval, positives=with_it, negatives=without)


def interval_of_others(present: NDArray[np.bool_], patients: Strings) -> IntervalOf:
    """The same of measures other than the AUC: percentiles where there are patients enough.

    None of no width: that all resamples agree does not make a number certain.
    """
    return _with_width if min(fewest_of_each(present, patients)) >= INTERVAL_FROM else no_interval


def _with_width(value: float, resampled: Floats, level: float = 0.95) -> Interval | None:
    found = percentiles(value, resampled, level)
    return None if found is None or found.low == found.high else found


def fewest_of_each(present: NDArray[np.bool_], patients: Strings) -> tuple[int, int]:
    """Patients with the finding and without it; of several findings (rows, findings) the fewest."""
    columns = present.reshape(len(present), -1).T
    with_it = min(len(np.unique(patients[column])) for column in columns)
    without = min(len(np.unique(patients[~column])) for column in columns)
    return with_it, without


def evaluated_findings(predictions: Predictions, finding: str = "") -> tuple[str, ...]:
    """The finding, or all that some rows have and some have not.

    Raises
    ------
    InputError : all rows have the same truth
    """
    if finding:
        return (finding,)
    evaluated = tuple(name for name in predictions.findings if can_be_evaluated(predictions, name, 1))
    if not evaluated:
        raise InputError("There is nothing to evaluate: all studies have the same truth.")
    return evaluated


def present_and_scores(predictions: Predictions, findings: Sequence[str]) -> tuple[NDArray[np.bool_], Floats]:
    """(rows, findings) and (rows, repeats, findings), what `metrics.auc.aucs` takes."""
    present = np.stack([predictions.present(name) for name in findings], axis=1)
    return present, np.stack([predictions.scores(name).T for name in findings], axis=2)
