"""What fits a model; one file for each kind. scikit-learn and XGBoost are imported when a model is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .model import Model
from .preparation import Floats
from .recipe import Recipe

Choice: TypeAlias = Mapping[str, float]  # what is tried: {"C": 10.0}
Labels: TypeAlias = NDArray[np.int64]


class Algorithm(Protocol):
    """One way to fit a model on z-scores ``z`` (rows, features) and labels ``y`` (rows,) of 0 and 1."""

    @property
    def score(self) -> str:
        """What its models give: ``logit``, ``margin`` ..."""
        ...

    def made_with(self) -> str:
        """The library and its version."""
        ...

    def candidates(self, z: Floats, y: Labels, recipe: Recipe) -> tuple[Choice, ...]:
        """What is tried, the simplest first (``published``: the weakest penalty first, as the paper's grid)."""
        ...

    def train(self, z: Floats, y: Labels, choice: Choice, recipe: Recipe) -> Model: ...

    def losses(self, values: Floats, y: Labels) -> Floats:
        """The loss (rows,) of scores ``values``, in the sense of the model itself."""
        ...

    def calls(self, values: Floats) -> NDArray[np.bool_]:
        """Which rows (rows,) the model itself calls positive."""
        ...


def logistic_losses(values: Floats, y: Labels) -> Floats:
    """Log loss of logits."""
    signed: Floats = np.where(y > 0, -values, values)
    return np.logaddexp(0.0, signed)
