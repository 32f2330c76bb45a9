"""Support vector machine, with the Gaussian kernel or none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .algorithm import Choice, Labels
from .kernel import KernelModel
from .linear import LinearModel
from .model import Model
from .preparation import Floats
from .recipe import Recipe


class Svm:
    """``C`` is chosen; the kernel's gamma is one divided by the number of features, which are z-scores."""

    score = "margin"

    def made_with(self) -> str:
        import sklearn

        return f"scikit-learn {sklearn.__version__}, SVC"

    def candidates(self, z: Floats, y: Labels, recipe: Recipe) -> tuple[Choice, ...]:
        if recipe.protocol == "published":  # the papers state nothing: the library's default
            return ({"C": 1.0},)
        return tuple({"C": float(c)} for c in np.geomspace(0.01, 100, 9))

    def train(self, z: Floats, y: Labels, choice: Choice, recipe: Recipe) -> Model:
        from sklearn.svm import SVC

        gamma = 1 / z.shape[1]
        fitted = SVC(C=choice["C"], kernel=recipe.kernel, gamma=gamma).fit(z, y)
        intercept = float(fitted.intercept_[0])
        if recipe.kernel == "linear":
            return LinearModel(fitted.coef_[0].astype(np.float64), intercept)
        return KernelModel(fitted.support_vectors_.copy(), fitted.dual_coef_[0].copy(), gamma, intercept)

    def losses(self, values: Floats, y: Labels) -> Floats:
        """Hinge loss."""
        return np.maximum(0.0, 1 - np.where(y > 0, values, -values))

    def calls(self, values: Floats) -> NDArray[np.bool_]:
        return values > 0
