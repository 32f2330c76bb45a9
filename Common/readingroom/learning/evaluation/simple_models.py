"""Small scikit-learn models for columns of numbers, all with ``fit`` and ``predict_proba``."""

from __future__ import annotations

from typing import Any


def forest(seed: int, trees: int = 100, leaf: int = 5) -> Any:
    """A random forest: sees ranges and combinations, and takes missing values (NaN) as they are.

    Parameters
    ----------
    leaf : fewest rows of a leaf
    """
    from sklearn.ensemble import RandomForestClassifier  # heavy, and of the extra "train" only

    return RandomForestClassifier(trees, min_samples_leaf=leaf, random_state=seed)


def regression(seed: int, strength: float = 1e-3) -> Any:
    """Logistic regression on standardized columns; ``strength`` is scikit-learn's C: many columns need a small one."""
    from sklearn.linear_model import LogisticRegression  # heavy, and of the extra "train" only
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000, random_state=seed))
