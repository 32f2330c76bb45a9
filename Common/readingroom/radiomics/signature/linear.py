"""A weighted sum of z-scores: LASSO, and an SVM without a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...bundles.signature import SignatureForm
from .preparation import Floats
from .stored import number, numbers


@dataclass(frozen=True)
class LinearModel:
    """``value = coefficients @ z + intercept``; ``coefficients`` (features,)."""

    coefficients: Floats
    intercept: float

    form: ClassVar[SignatureForm] = "linear"

    @property
    def used(self) -> np.ndarray:
        """(features,) whether the feature has a say."""
        return self.coefficients != 0

    def values(self, z: Floats) -> Floats:
        """The score (rows,) of ``z`` (rows, features)."""
        result: Floats = z @ self.coefficients + self.intercept
        return result

    def contributions(self, z: Floats, background: Floats) -> Floats:
        """What each feature adds to the score of ``z`` (features,) over the mean of ``background`` (rows, features).

        Exact: coefficient times distance from the mean. They add up to the score minus the mean score.
        """
        result: Floats = self.coefficients * (z - background.mean(axis=0))
        return result

    def only(self, features: np.ndarray) -> LinearModel:
        """The same model on some of its features, those that it uses among them."""
        return LinearModel(self.coefficients[features], self.intercept)

    def arrays(self) -> dict[str, np.ndarray]:
        """What a bundle stores."""
        return {"coefficients": self.coefficients, "intercept": np.array([self.intercept])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], features: int) -> LinearModel:
        """Read what `arrays` gave, for a model of so many ``features``.

        Raises
        ------
        KeyError, ValueError : an array is missing or has the wrong shape
        """
        coefficients = numbers(arrays, "coefficients")
        if coefficients.shape != (features,):
            raise ValueError(f"there are {coefficients.size} coefficients for {features} features")
        return cls(coefficients, number(arrays, "intercept"))
