"""From features as measured to what a model gets: filters and z-scores, all learned from the rows that train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ...errors import InputError
from .recipe import Correlation, Recipe

Floats: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True)
class Preparation:
    """``columns`` (kept,) of a table of features are kept; their ``mean`` and ``scale`` (kept,) make them z-scores."""

    columns: Numbers
    mean: Floats
    scale: Floats

    def apply(self, values: Floats) -> Floats:
        """Z-scores (rows, kept) of ``values`` (rows, features)."""
        z: Floats = (values[:, self.columns] - self.mean) / self.scale
        return z


def prepare(values: Floats, recipe: Recipe) -> Preparation:
    """Learn the filters and the z-scores from ``values`` (rows, features).

    Raises
    ------
    InputError : no feature is left
    """
    columns = varying(values, recipe.least_deviation, recipe.relative)
    if not columns.size:
        raise InputError("No feature varies among the patients, so there is nothing to learn from.")
    columns = columns[uncorrelated(values[:, columns], recipe.correlation, recipe.largest_correlation)]
    kept = values[:, columns]
    return Preparation(columns, kept.mean(axis=0), kept.std(axis=0))


def varying(values: Floats, least: float, relative: bool) -> Numbers:
    """Columns whose standard deviation is above ``least``, or above that share of their root mean square.

    The share does not depend on the unit, where a limit on raw values drops a volume in litres and keeps it in mm³.
    """
    deviation = values.std(axis=0)
    limit = least * np.sqrt((values**2).mean(axis=0)) if relative else np.full_like(deviation, least)
    return np.flatnonzero((deviation > limit) & (deviation > 0))


def uncorrelated(values: Floats, kind: Correlation, largest: float) -> Numbers:
    """Columns of which no two correlate more strongly than ``largest``.

    Of a correlated group the one is kept whose mean absolute correlation with all columns is smallest; the outcome
    is not looked at.
    """
    if kind == "none" or values.shape[1] == 1:
        return np.arange(values.shape[1])
    ranked = stats.rankdata(values, axis=0) if kind == "spearman" else values
    strength = np.abs(np.corrcoef(ranked, rowvar=False))
    kept: list[int] = []
    for column in np.argsort(strength.mean(axis=0), kind="stable"):
        if not kept or strength[column, kept].max() <= largest:
            kept.append(int(column))
    return np.sort(np.array(kept, dtype=np.intp))
