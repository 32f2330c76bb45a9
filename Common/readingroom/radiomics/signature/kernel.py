"""A support vector machine with the Gaussian kernel ``exp(-gamma |z - s|²)``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.spatial.distance import cdist

from ...bundles.signature import SignatureForm
from .preparation import Floats
from .shapley import product_game
from .stored import number, numbers


@dataclass(frozen=True)
class KernelModel:
    """``value = sum(dual * exp(-gamma |z - support|²)) + intercept``; ``support`` (vectors, features)."""

    support: Floats
    dual: Floats
    gamma: float
    intercept: float

    form: ClassVar[SignatureForm] = "kernel"

    @property
    def used(self) -> np.ndarray:
        """(features,) whether the feature has a say: each has."""
        return np.ones(self.support.shape[1], dtype=bool)

    def values(self, z: Floats) -> Floats:
        """The score (rows,) of ``z`` (rows, features)."""
        result: Floats = np.exp(-self.gamma * cdist(z, self.support, "sqeuclidean")) @ self.dual + self.intercept
        return result

    def contributions(self, z: Floats, background: Floats) -> Floats:
        """Interventional Shapley values (features,) of ``z`` (features,) against ``background`` (rows, features).

        Exact: the kernel is a product over features. They add up to the score minus the background's mean score.
        """
        present = np.exp(-self.gamma * (z - self.support) ** 2)
        games = [
            product_game(self.dual, present, np.exp(-self.gamma * (other - self.support) ** 2)) for other in background
        ]
        result: Floats = np.mean(games, axis=0)
        return result

    def only(self, features: np.ndarray) -> KernelModel:
        """The same model on some of its features, those that it uses among them."""
        return KernelModel(self.support[:, features], self.dual, self.gamma, self.intercept)

    def arrays(self) -> dict[str, np.ndarray]:
        """What a bundle stores."""
        return {
            "support": self.support,
            "dual": self.dual,
            "gamma": np.array([self.gamma]),
            "intercept": np.array([self.intercept]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], features: int) -> KernelModel:
        """Read what `arrays` gave, for a model of so many ``features``.

        Raises
        ------
        KeyError, ValueError : an array is missing or has the wrong shape
        """
        support, dual = numbers(arrays, "support", dimensions=2), numbers(arrays, "dual")
        if support.shape != (dual.size, features):
            raise ValueError(f"support vectors of shape {support.shape} do not fit {dual.size} weights")
        gamma = number(arrays, "gamma")
        if gamma < 0:
            raise ValueError("its kernel grows with the distance")
        return cls(support, dual, gamma, number(arrays, "intercept"))
