"""What simpler models make of the same films on the same folds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .films import Films

Floats = NDArray[np.float64]
_THUMBNAIL = 32


def facts(cohort: Films) -> Floats:
    """(films, 4): age, age below 18, female, AP. What is known without looking at the film."""
    return np.array(
        [[film.age, film.age < 18, film.sex == "F", film.view == "AP"] for film in cohort.films], dtype=np.float64
    )


def thumbnails(cohort: Films) -> Floats:
    """(films, 1024): the film at 32 x 32 pixels, where no pneumonia can be seen but the way it was taken can."""
    small = [
        Image.fromarray(cohort.gray(i)).resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BILINEAR)
        for i in range(len(cohort.films))
    ]
    return np.stack([np.asarray(picture, dtype=np.float64).ravel() for picture in small])


def out_of_fold_logits(
    features: Floats, labels: NDArray[np.int64], folds: NDArray[np.int64], strength: float = 1e-3
) -> Floats:
    """Logistic regression on standardized ``features`` (films, features), as logits (repeats, films).

    Parameters
    ----------
    folds : (repeats, films)
    strength : scikit-learn's C
    """
    logits = np.empty(folds.shape)
    for repeat, split in enumerate(folds):
        for fold in np.unique(split):
            held_out = split == fold
            weights, bias = logistic_regression(features[~held_out], labels[~held_out], strength)
            logits[repeat, held_out] = features[held_out] @ weights + bias
    return logits


def logistic_regression(features: Floats, labels: NDArray[np.int64], strength: float) -> tuple[Floats, float]:
    """Weights (features,) and bias on ``features`` as they are; the fit itself is on standardized ones."""
    from sklearn.linear_model import LogisticRegression  # heavy, and of the extra "train" only
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(features)
    model = LogisticRegression(C=strength, max_iter=1000).fit(scaler.transform(features), labels)
    weights: Floats = model.coef_[0] / scaler.scale_
    return weights, float(model.intercept_[0] - weights @ scaler.mean_)
