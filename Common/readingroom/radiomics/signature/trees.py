"""A sum of decision trees: random forest and gradient boosting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...bundles.signature import SignatureForm
from .preparation import Floats
from .shapley import box_game
from .stored import number, numbers, whole_numbers

_LEAF = -1
_LARGEST = 50_000_000  # nodes times features, of which explaining makes a table
_DEEPEST = 200  # nodes from a root to a leaf; forests of thousands of patients reach some thirty


class Tree(NamedTuple):
    """Nodes of one tree, the root first: a row with ``z[feature] <= threshold`` goes left; ``feature`` -1 is a leaf.

    ``left`` and ``right`` are numbers of later nodes; ``value`` is what a leaf gives.
    """

    feature: NDArray[np.integer]
    threshold: Floats
    left: NDArray[np.integer]
    right: NDArray[np.integer]
    value: Floats


@dataclass(frozen=True)
class TreeModel:
    """``value = bias + sum of the leaves``. ``nodes`` holds all trees, ``roots`` where each begins.

    Thresholds are met by z-scores in single precision, as scikit-learn and XGBoost do.
    """

    nodes: Tree
    roots: NDArray[np.integer]
    bias: float
    features: int

    form: ClassVar[SignatureForm] = "trees"

    @classmethod
    def join(cls, trees: Sequence[Tree], bias: float, features: int) -> TreeModel:
        """A model from single trees."""
        starts = np.cumsum([0, *(len(tree.feature) for tree in trees)])[:-1]
        moved = [
            tree._replace(
                left=np.where(tree.feature == _LEAF, _LEAF, tree.left + start),
                right=np.where(tree.feature == _LEAF, _LEAF, tree.right + start),
            )
            for tree, start in zip(trees, starts, strict=True)
        ]
        parts = [np.concatenate(column) for column in zip(*moved, strict=True)]
        feature, left, right = (parts[i].astype(np.int32) for i in (0, 2, 3))
        return cls(Tree(feature, parts[1], left, right, parts[4]), starts.astype(np.int32), bias, features)

    @property
    def used(self) -> np.ndarray:
        """(features,) whether any tree asks for the feature."""
        return np.isin(np.arange(self.features), self.nodes.feature)

    def values(self, z: Floats) -> Floats:
        """The score (rows,) of ``z`` (rows, features)."""
        single = z.astype(np.float32)
        at = np.tile(self.roots, (len(z), 1))
        while (inside := self.nodes.feature[at] != _LEAF).any():
            rows, trees = np.nonzero(inside)
            node = at[rows, trees]
            goes_left = single[rows, self.nodes.feature[node]] <= self.nodes.threshold[node]
            at[rows, trees] = np.where(goes_left, self.nodes.left[node], self.nodes.right[node])
        result: Floats = self.nodes.value[at].sum(axis=1) + self.bias
        return result

    def contributions(self, z: Floats, background: Floats) -> Floats:
        """Interventional Shapley values (features,) of ``z`` (features,) against ``background`` (rows, features).

        Exact. They add up to the score minus the background's mean score.
        """
        low, high, weights = self._boxes
        single, others = z.astype(np.float32), background.astype(np.float32)
        present = (single > low) & (single <= high)
        games = [box_game(weights, present, (other > low) & (other <= high)) for other in others]
        result: Floats = np.mean(games, axis=0)
        return result

    def only(self, features: np.ndarray) -> TreeModel:
        """The same model on some of its features, those that it uses among them."""
        places = np.cumsum(features) - 1
        feature = np.where(self.nodes.feature == _LEAF, _LEAF, places[self.nodes.feature]).astype(np.int32)
        return TreeModel(self.nodes._replace(feature=feature), self.roots, self.bias, int(np.sum(features)))

    @cached_property
    def _boxes(self) -> tuple[Floats, Floats, Floats]:
        """Each leaf as a box: ``low < z <= high`` (leaves, features), and what it gives (leaves,)."""
        nodes = self.nodes
        low = np.full((len(nodes.feature), self.features), -np.inf)
        high = np.full((len(nodes.feature), self.features), np.inf)
        for node in np.flatnonzero(nodes.feature != _LEAF):  # parents come before their children
            feature, threshold = nodes.feature[node], nodes.threshold[node]
            for child in (nodes.left[node], nodes.right[node]):
                low[child], high[child] = low[node], high[node]
            high[nodes.left[node], feature] = min(high[node, feature], threshold)
            low[nodes.right[node], feature] = max(low[node, feature], threshold)
        leaves = nodes.feature == _LEAF
        return low[leaves], high[leaves], nodes.value[leaves]

    def arrays(self) -> dict[str, np.ndarray]:
        """What a bundle stores."""
        return {**self.nodes._asdict(), "roots": self.roots, "bias": np.array([self.bias])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], features: int) -> TreeModel:
        """Read what `arrays` gave, for a model of so many ``features``.

        Raises
        ------
        KeyError, ValueError : an array is missing, or the nodes do not make trees
        """
        feature, left, right, roots = (whole_numbers(arrays, name) for name in ("feature", "left", "right", "roots"))
        nodes = Tree(feature, numbers(arrays, "threshold"), left, right, numbers(arrays, "value"))
        if any(column.shape != feature.shape for column in nodes):
            raise ValueError("the nodes of its trees do not fit together")
        if len(feature) * features > _LARGEST:
            raise ValueError("its trees are too large")
        if feature.min(initial=_LEAF) < _LEAF or feature.max(initial=_LEAF) >= features:
            raise ValueError("its trees ask for a feature that is not there")
        _require_trees(nodes, roots)
        return cls(nodes, roots, number(arrays, "bias"), features)


def _require_trees(nodes: Tree, roots: NDArray[np.integer]) -> None:
    """See that every walk from a root ends at a leaf, and soon.

    Raises
    ------
    ValueError : a node has no parent or two, comes before its parent, or lies too deep
    """
    inner = np.flatnonzero(nodes.feature != _LEAF)
    left, right = nodes.left[inner], nodes.right[inner]
    if not np.array_equal(np.sort(np.concatenate([left, right, roots])), np.arange(len(nodes.feature))):
        raise ValueError("a node of its trees leads nowhere")
    if (left <= inner).any() or (right <= inner).any():  # parents come before their children
        raise ValueError("a node of its trees leads back")
    level = roots
    for _ in range(_DEEPEST):
        level = level[nodes.feature[level] != _LEAF]
        if not len(level):
            return
        level = np.concatenate([nodes.left[level], nodes.right[level]])
    raise ValueError("its trees are too deep")
