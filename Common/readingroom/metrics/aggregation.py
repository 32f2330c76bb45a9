"""From images to what is asked for: views to a breast, breasts to a woman, slices to a study, studies to a patient."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .binary import Floats

How = Literal["mean", "max", "vote"]


def aggregate(
    values: ArrayLike, groups: Sequence[Hashable], how: How = "mean", threshold: float = 0.5
) -> dict[Hashable, Floats]:
    """One value (or row of values) for each group, in the order in which groups first occur.

    Parameters
    ----------
    values : (images,) or (images, classes) probabilities
    groups : (images,) name of the group, such as ``("woman 1", "L")``
    how : ``mean``; ``max``, the most suspicious image; ``vote``, 1 where half of the images or more are at or above
        ``threshold``: a tie counts as positive, so that a vote of two does not miss what one of them saw

    Example
    -------
    >>> {k: float(v) for k, v in aggregate([0.2, 0.6, 0.1], ["L", "L", "R"]).items()}
    {'L': 0.4, 'R': 0.1}

    Raises
    ------
    ValueError : ``values`` and ``groups`` differ in length
    """
    scores = np.asarray(values, dtype=np.float64)
    if len(scores) != len(groups):
        raise ValueError(f"There are {len(scores)} values and {len(groups)} groups.")
    rows: dict[Hashable, list[int]] = {}
    for number, group in enumerate(groups):
        rows.setdefault(group, []).append(number)
    return {group: _one(scores[numbers], how, threshold) for group, numbers in rows.items()}


def _one(scores: Floats, how: How, threshold: float) -> Floats:
    if how == "max":
        return np.asarray(scores.max(axis=0))
    if how == "vote":
        return np.asarray((scores >= threshold).mean(axis=0) >= 0.5, dtype=np.float64)
    return np.asarray(scores.mean(axis=0))
