"""Random forest; its score is the mean share of positives in the leaves that a region falls into."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .algorithm import Choice, Labels
from .preparation import Floats
from .recipe import Recipe
from .trees import Tree, TreeModel

_TREES = 200


class Forest:
    """The least number of rows in a leaf is chosen."""

    score = "share of trees"

    def made_with(self) -> str:
        import sklearn

        return f"scikit-learn {sklearn.__version__}, RandomForestClassifier"

    def candidates(self, z: Floats, y: Labels, recipe: Recipe) -> tuple[Choice, ...]:
        if recipe.protocol == "published":  # the papers state nothing: the library's default
            return ({"least_rows": 1},)
        return tuple({"least_rows": rows} for rows in (20, 10, 5, 2) if 4 * rows <= len(y)) or ({"least_rows": 2},)

    def train(self, z: Floats, y: Labels, choice: Choice, recipe: Recipe) -> TreeModel:
        from sklearn.ensemble import RandomForestClassifier

        forest = RandomForestClassifier(
            n_estimators=_TREES, min_samples_leaf=int(choice["least_rows"]), random_state=recipe.seed
        ).fit(z, y)
        return TreeModel.join([_tree(estimator.tree_) for estimator in forest.estimators_], 0.0, z.shape[1])

    def losses(self, values: Floats, y: Labels) -> Floats:
        """Squared distance from the label: log loss is infinite where all trees agree and are wrong."""
        result: Floats = (values - y) ** 2
        return result

    def calls(self, values: Floats) -> NDArray[np.bool_]:
        return values > 0.5


def _tree(found: object) -> Tree:
    """One tree of scikit-learn; each leaf gives its share of positives, divided by the number of trees."""
    left, right, feature, threshold, value = (
        getattr(found, name) for name in ("children_left", "children_right", "feature", "threshold", "value")
    )
    shares = value[:, 0, 1] / value[:, 0].sum(axis=1) / _TREES
    leaf = left < 0
    return Tree(np.where(leaf, -1, feature), np.where(leaf, 0.0, threshold), left, right, shares)
