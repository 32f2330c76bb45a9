"""Which features of one table follow which of another: correlated strongly, not by chance, and again when patients are
drawn anew. Everything is learned from the rows that are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..bundles.explained import Correlation
from ..metrics.bootstrap import patient_resamples
from .signature.preparation import Floats


@dataclass(frozen=True)
class Rule:
    """When one feature follows another.

    Parameters
    ----------
    correlation : Pearson's, or Spearman's, which asks for an order alone
    least : absolute correlation
    rate : of false discoveries among all pairs (Benjamini and Hochberg 1995); 1 asks for ``least`` alone
    """

    correlation: Correlation = "spearman"
    least: float = 0.5
    rate: float = 0.05


def correlations(first: Floats, second: Floats, kind: Correlation) -> Floats:
    """(columns, other columns) of ``first`` (rows, columns) and ``second`` (rows, other columns); 0 where one does not
    vary."""
    if len(first) < 2:
        return np.zeros((first.shape[1], second.shape[1]))
    one, other = (_standard(values, kind) for values in (first, second))
    found: Floats = np.clip(one.T @ other / len(first), -1, 1)
    return found


def followed(first: Floats, second: Floats, patients: NDArray[np.str_], rule: Rule) -> tuple[Floats, NDArray[np.bool_]]:
    """Correlations (columns, other columns), and which pairs the rule chooses.

    Parameters
    ----------
    patients : (rows,); several rows of one patient count as one in the test
    """
    found = correlations(first, second, rule.correlation)
    chosen = np.abs(found) >= rule.least
    if rule.rate < 1:
        chosen &= benjamini_hochberg(p_values(found, len(np.unique(patients))), rule.rate)
    return found, chosen


def p_values(correlation: Floats, n: int) -> Floats:
    """Two-sided, of correlations on ``n`` independent rows where there is none; by Student's t with n - 2 degrees."""
    if n < 3:
        return np.ones_like(correlation)
    r = np.minimum(np.abs(correlation), 1 - 1e-15)
    found: Floats = 2 * stats.t.sf(r * np.sqrt((n - 2) / (1 - r**2)), n - 2)
    return found


def benjamini_hochberg(p: Floats, rate: float) -> NDArray[np.bool_]:
    """Which of the tests ``p`` (any shape) are discoveries at this rate of false ones."""
    ordered = np.sort(p, axis=None)
    below = np.flatnonzero(ordered <= rate * np.arange(1, ordered.size + 1) / ordered.size)
    found: NDArray[np.bool_] = p <= ordered[below[-1]] if below.size else np.zeros(p.shape, dtype=bool)
    return found


def stability(
    first: Floats, second: Floats, patients: NDArray[np.str_], rule: Rule, resamples: int, seed: int
) -> Floats:
    """(columns, other columns) the share of bootstrap resamples of the patients in which the rule chooses a pair."""
    counts = np.zeros((first.shape[1], second.shape[1]))
    for number, rows in enumerate(patient_resamples(patients, resamples, seed), 1):
        _, chosen = followed(first[rows], second[rows], patients[rows], rule)
        counts += (chosen - counts) / number
    return counts


def _standard(values: Floats, kind: Correlation) -> Floats:
    """(rows, columns) with mean 0 and deviation 1; 0 throughout where a column does not vary."""
    if kind == "spearman":
        values = stats.rankdata(values, axis=0)
    centered = values - values.mean(axis=0)
    deviation = centered.std(axis=0)
    # What is left of equal values after their mean is taken away is rounding.
    varies = deviation > 1e-12 * np.maximum(np.abs(values).max(axis=0), 1e-300)
    return np.where(varies, centered / np.where(varies, deviation, 1.0), 0.0)
