"""Gradient boosting: XGBoost where it is installed, else scikit-learn's own; the bundle says which."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .algorithm import Choice, Labels, logistic_losses
from .preparation import Floats
from .recipe import Recipe
from .trees import Tree, TreeModel

_RATE = 0.1
_DEPTH = 2  # interactions of two features; deeper trees learn a small table by heart
_PUBLISHED = {"trees": 100.0, "depth": 3.0}  # the papers state nothing: scikit-learn's default


class Boosting:
    """The number of trees is chosen."""

    score = "logit"

    def made_with(self) -> str:
        if xgboost := _xgboost():
            return f"XGBoost {xgboost.__version__}, XGBClassifier"
        import sklearn

        return f"scikit-learn {sklearn.__version__}, GradientBoostingClassifier (XGBoost is not installed)"

    def candidates(self, z: Floats, y: Labels, recipe: Recipe) -> tuple[Choice, ...]:
        if recipe.protocol == "published":
            return (_PUBLISHED,)
        return tuple({"trees": trees, "depth": _DEPTH} for trees in (5, 10, 20, 40, 80))

    def train(self, z: Floats, y: Labels, choice: Choice, recipe: Recipe) -> TreeModel:
        train = with_xgboost if _xgboost() else with_sklearn
        return train(z, y, int(choice["trees"]), int(choice["depth"]), recipe.seed)

    def losses(self, values: Floats, y: Labels) -> Floats:
        return logistic_losses(values, y)

    def calls(self, values: Floats) -> NDArray[np.bool_]:
        return values > 0


def with_xgboost(z: Floats, y: Labels, trees: int, depth: int, seed: int) -> TreeModel:
    """Boosting by XGBoost, whose trees are read from its JSON."""
    from xgboost import XGBClassifier

    fitted = XGBClassifier(
        n_estimators=trees, max_depth=depth, learning_rate=_RATE, random_state=seed, n_jobs=1, tree_method="exact"
    ).fit(z, y)
    learner = json.loads(fitted.get_booster().save_raw("json").decode("utf-8"))["learner"]
    base = float(str(learner["learner_model_param"]["base_score"]).strip("[]"))  # a probability
    found = [_xgboost_tree(tree) for tree in learner["gradient_booster"]["model"]["trees"]]
    return TreeModel.join(found, float(np.log(base / (1 - base))), z.shape[1])


def with_sklearn(z: Floats, y: Labels, trees: int, depth: int, seed: int) -> TreeModel:
    """Boosting by scikit-learn."""
    from sklearn.ensemble import GradientBoostingClassifier

    fitted = GradientBoostingClassifier(n_estimators=trees, max_depth=depth, learning_rate=_RATE, random_state=seed)
    fitted.fit(z, y)
    found = [_sklearn_tree(estimator.tree_) for estimator in fitted.estimators_[:, 0]]
    share = y.mean()
    return TreeModel.join(found, float(np.log(share / (1 - share))), z.shape[1])


def _xgboost_tree(tree: dict[str, Any]) -> Tree:
    left, right = (np.array(tree[name], dtype=np.int64) for name in ("left_children", "right_children"))
    # Its rule is "smaller than"; the next smaller single-precision number makes it "at most".
    conditions = np.array(tree["split_conditions"], dtype=np.float32)
    leaf = left < 0
    threshold = np.where(leaf, 0.0, np.nextafter(conditions, np.float32(-np.inf)).astype(np.float64))
    return Tree(
        np.where(leaf, -1, tree["split_indices"]),
        threshold,
        left,
        right,
        np.where(leaf, conditions.astype(np.float64), 0.0),
    )


def _sklearn_tree(tree: Any) -> Tree:
    leaf = tree.children_left < 0
    return Tree(
        np.where(leaf, -1, tree.feature),
        np.where(leaf, 0.0, tree.threshold),
        tree.children_left,
        tree.children_right,
        _RATE * tree.value[:, 0, 0],
    )


def _xgboost() -> Any:
    try:
        import xgboost
    except ImportError:
        return None
    return xgboost
