"""Logistic regression with an L1 penalty: few features, each with its weight."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .algorithm import Choice, Labels, logistic_losses
from .linear import LinearModel
from .preparation import Floats
from .recipe import Recipe

PUBLISHED_C = tuple(
    10.0**power for power in range(3, -4, -1)
)  # papers/liver-hcc: lambda = logspace(-3, 3, 7), C = 1/lambda
_WEAKEST = 1e-2  # the last lambda as a share of the first, as glmnet has it where features outnumber rows

_FREE = 1e4  # the constant column that liblinear weighs for the intercept; its penalty shrinks by this factor
_MOST_ROUNDS = 1_000

Intercept = Literal["penalized", "free"]


class Lasso:
    """The penalty is chosen as ``C`` of scikit-learn (``published``) or as glmnet's lambda (``rigorous``).

    scikit-learn minimizes ``C * sum(loss) + |w|``, glmnet ``mean(loss) + lambda * |w|``: lambda = 1 / (C * rows).
    Lambda means the same for samples of other sizes, so one that was chosen within folds fits the whole.
    """

    score = "logit"

    def made_with(self) -> str:
        import sklearn

        return f"scikit-learn {sklearn.__version__}, LogisticRegression with an L1 penalty"

    def candidates(self, z: Floats, y: Labels, recipe: Recipe) -> tuple[Choice, ...]:
        if recipe.protocol == "published":
            return tuple({"C": c} for c in PUBLISHED_C)
        largest = lambda_max(z, y)
        return tuple({"lambda": float(value)} for value in np.geomspace(largest, _WEAKEST * largest, recipe.candidates))

    def train(self, z: Floats, y: Labels, choice: Choice, recipe: Recipe) -> LinearModel:
        if "C" in choice:
            return fit_l1(z, y, choice["C"], "penalized", recipe.tolerance, recipe.seed)
        return fit_l1(z, y, 1 / (choice["lambda"] * len(y)), "free", recipe.tolerance, recipe.seed)

    def losses(self, values: Floats, y: Labels) -> Floats:
        return logistic_losses(values, y)

    def calls(self, values: Floats) -> NDArray[np.bool_]:
        return values > 0


def lambda_max(z: Floats, y: Labels) -> float:
    """The smallest lambda (of the mean loss) that leaves no feature in the model."""
    return float(np.abs(z.T @ (y - y.mean())).max() / len(y))


def fit_l1(z: Floats, y: Labels, c: float, intercept: Intercept, tolerance: float = 1e-8, seed: int = 0) -> LinearModel:
    """Minimize ``c * sum(log(1 + exp(-y f))) + |w|`` by liblinear.

    Parameters
    ----------
    c : scikit-learn's C
    intercept : liblinear ``penalized`` it as a weight when the liver paper used it; ``free`` makes that penalty
        negligible, which agrees with saga's optimum and takes a fiftieth of saga's time where features are many
    """
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    scaling = 1.0 if intercept == "penalized" else _FREE
    model = LogisticRegression(
        C=c,
        l1_ratio=1.0,
        solver="liblinear",
        tol=tolerance,
        max_iter=_MOST_ROUNDS,
        intercept_scaling=scaling,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # Under the weakest penalties separated classes have their optimum far away; they lose when one is chosen.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(z, y)
    return LinearModel(model.coef_[0].astype(np.float64), float(model.intercept_[0]))
