"""How often marks on films hit their lesions, against how many marks hit nothing: the free-response ROC curve.

A mark is a place with a score. One that lies on a lesion hits it, and of several on one lesion the highest counts; a
mark on none is false. At a threshold, the **lesion localization fraction** is the share of all lesions that are hit,
held against the mean number of false marks on a film (Bunch et al., Proc. SPIE 127, 1977; the names are those of
Chakraborty, "Observer Performance Methods for Diagnostic Imaging", 2017). Films without lesions count with their false
marks. The curve ends where every mark is taken; nothing is read off beyond that end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .binary import Floats

Numbers = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Marks:
    """Marks of one film: ``places`` (marks, axes) and ``scores`` (marks,), the highest first."""

    places: Floats
    scores: Floats


def marks_of(places: ArrayLike, scores: ArrayLike, apart: float, most: int) -> Marks:
    """The highest places of a map, each at least ``apart`` from all higher ones; of equal ones the first.

    Parameters
    ----------
    places : (places, axes) where the map has a value; a film without any has no mark
    scores : (places,)
    most : marks

    Raises
    ------
    ValueError : shapes that do not fit, or a score that is not a finite number
    """
    where = np.asarray(places, dtype=np.float64)
    values = np.asarray(scores, dtype=np.float64)
    if where.ndim != 2 or values.shape != where.shape[:1]:
        raise ValueError(f"Places {where.shape} and scores {values.shape} do not fit.")
    if not np.isfinite(values).all():
        raise ValueError("A score is not a finite number.")
    free = np.ones(values.size, dtype=bool)
    chosen: list[int] = []
    for index in np.argsort(-values, kind="stable"):
        if len(chosen) == most:
            break
        if free[index]:
            chosen.append(int(index))
            free &= np.linalg.norm(where - where[index], axis=1) >= apart
    return Marks(where[chosen], values[chosen])


def hits(places: ArrayLike, centers: ArrayLike, radii: ArrayLike) -> NDArray[np.bool_]:
    """(places, lesions) whether places (places, axes) lie on lesions: within ``radii`` (lesions,) of their centers."""
    where, middle = (np.asarray(each, dtype=np.float64) for each in (places, centers))
    if not len(where) or not len(middle):
        return np.zeros((len(where), len(middle)), dtype=bool)
    return np.asarray(np.linalg.norm(where[:, None] - middle[None], axis=2) <= np.asarray(radii))


@dataclass(frozen=True)
class FrocCurve:
    """``thresholds`` (points,) with ``localized`` and ``false_marks`` (..., points), one row for each weighting.

    ``localized`` is the lesion localization fraction, ``false_marks`` their mean number on a film. The curve starts at
    no mark at all (threshold infinity). Where no lesion weighs anything, ``localized`` is NaN.
    """

    thresholds: Floats
    localized: Floats
    false_marks: Floats

    def localized_at(self, false_marks: float) -> Floats:
        """The lesion localization fraction (...) with at most so many false marks on a film, 0 or more."""
        points = (self.false_marks <= false_marks + 1e-12).sum(axis=-1, keepdims=True)
        return np.asarray(np.take_along_axis(self.localized, points - 1, axis=-1)[..., 0])

    def threshold_at(self, false_marks: float) -> Floats:
        """The lowest threshold (...) with at most so many false marks on a film."""
        within = self.false_marks <= false_marks + 1e-12
        return np.asarray(np.where(within, self.thresholds, math.inf).min(axis=-1))


class FreeResponse:
    """Marks and lesions of films, sorted once for the curves of as many weightings of the films as are wanted.

    Parameters
    ----------
    marks : of each film
    lesions : of each film its centers (lesions, axes) and radii (lesions,), in the units of the marks

    Raises
    ------
    ValueError : no films, no lesion in any of them, or lists of different lengths

    Example
    -------
    >>> marks = [Marks(np.array([[1.0, 1.0], [9.0, 9.0]]), np.array([0.9, 0.4])), Marks(np.zeros((0, 2)), np.zeros(0))]
    >>> lesions = [(np.array([[1.0, 2.0]]), np.array([1.5])), (np.zeros((0, 2)), np.zeros(0))]
    >>> curve = FreeResponse(marks, lesions).curve()
    >>> curve.localized.tolist(), curve.false_marks.tolist()
    ([0.0, 1.0, 1.0], [0.0, 0.0, 0.5])
    """

    def __init__(self, marks: Sequence[Marks], lesions: Sequence[tuple[ArrayLike, ArrayLike]]):
        if len(marks) != len(lesions) or not marks:
            raise ValueError(f"There are marks of {len(marks)} films and lesions of {len(lesions)}.")
        scores, films, lesion_films, of_lesion = [], [], [], []
        for number, (found, (centers, radii)) in enumerate(zip(marks, lesions, strict=True)):
            hit = hits(found.places, centers, radii)
            best = np.where(hit, found.scores[:, None], -math.inf).max(axis=0, initial=-math.inf)
            false = found.scores[~hit.any(axis=1)]
            lesion_films += [number] * best.size
            films += [number] * (best.size + false.size)
            scores += [*best, *false]
            of_lesion += [True] * best.size + [False] * false.size
        if not lesion_films:
            raise ValueError("No film has a lesion, so that there is nothing to localize.")
        order = np.argsort(-np.array(scores), kind="stable")
        ranked = np.array(scores)[order]
        order = order[np.isfinite(ranked)]
        ranked = ranked[np.isfinite(ranked)]
        self._film: Numbers = np.array(films, dtype=np.intp)[order]
        self._hit: NDArray[np.bool_] = np.array(of_lesion, dtype=bool)[order]
        self._last: Numbers = np.append(np.flatnonzero(np.diff(ranked)), ranked.size - 1) if ranked.size else order
        self._lesions = np.bincount(lesion_films, minlength=len(marks)).astype(np.float64)
        self._thresholds: Floats = np.concatenate([[math.inf], ranked[self._last]])

    @property
    def lesions(self) -> int:
        """How many there are."""
        return int(self._lesions.sum())

    def curve(self, weights: ArrayLike | None = None) -> FrocCurve:
        """The curve for ``weights`` (..., films), how often each film counts; each once when left out."""
        drawn = np.ones(self._lesions.size) if weights is None else np.asarray(weights, dtype=np.float64)
        counted = drawn[..., self._film]
        sums = [np.cumsum(counted * part, axis=-1)[..., self._last] for part in (self._hit, ~self._hit)]
        found, false = (np.concatenate([np.zeros((*drawn.shape[:-1], 1)), each], axis=-1) for each in sums)
        with np.errstate(divide="ignore", invalid="ignore"):
            localized = found / (drawn @ self._lesions)[..., None]
            false_marks = false / drawn.sum(axis=-1, keepdims=True)
        return FrocCurve(self._thresholds, localized, false_marks)
