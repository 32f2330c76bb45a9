"""How far a picture lies from the training pictures, in the network's own features.

The training embeddings are described by a normal distribution with few directions (probabilistic PCA, Tipping and
Bishop 1999): the strongest directions with their variances, and one variance for everything else, after Ledoit and
Wolf's shrinkage. The distance is Mahalanobis's under that covariance. Its limits come from pictures that were held out,
since training pictures lie too close by construction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..metrics.binary import Floats

# Of 280 NIH radiographs with MobileNetV2's features, in units of (99th percentile - median) above the median: frontal
# radiographs of two other hospitals reach 2.6, while CT and MR slices, hands, photographs and noise begin at 2.9.
# Mammograms lie between 1.5 and 3.2: other checks must stop them.
STOP_FACTOR = 2.8


@dataclass(frozen=True, eq=False)
class FeatureStatistics:
    """What a bundle keeps of the training embeddings.

    Parameters
    ----------
    mean : (features,)
    directions : (directions, features) orthonormal rows
    variances : (directions,) along them
    residual_variance : along every other direction
    held_out : (101,) percentiles 0 to 100 of the distances of held-out training cases
    warn_above, stop_above : limits of the distance
    n, held_out_n : training pictures and held-out pictures
    """

    mean: Floats
    directions: Floats
    variances: Floats
    residual_variance: float
    held_out: Floats
    warn_above: float
    stop_above: float
    n: int
    held_out_n: int

    def distance(self, embeddings: ArrayLike) -> Floats:
        """Distances (pictures,) of ``embeddings`` (pictures, features)."""
        return _distance(self.mean, self.directions, self.variances, self.residual_variance, embeddings)

    def closer_share(self, distance: float) -> float:
        """The share of held-out training cases that lie closer than ``distance``, rounded down to whole percents."""
        return max(int(np.searchsorted(self.held_out, distance)) - 1, 0) / 100

    def arrays(self) -> dict[str, NDArray]:
        """Arrays for a safetensors file; the directions in half precision, which `fit_statistics` allowed for."""
        return {
            "mean": self.mean.astype(np.float32),
            "directions": self.directions.astype(np.float16),
            "variances": self.variances.astype(np.float32),
            "residual_variance": np.array([self.residual_variance], dtype=np.float32),
            "held_out": self.held_out.astype(np.float64),
            "limits": np.array([self.warn_above, self.stop_above], dtype=np.float64),
            "counts": np.array([self.n, self.held_out_n], dtype=np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> FeatureStatistics:
        """Read what `arrays` gave.

        Raises
        ------
        ValueError : an array is missing or has the wrong shape
        """
        names = ("mean", "directions", "variances", "residual_variance", "held_out", "limits", "counts")
        if missing := [name for name in names if name not in arrays]:
            raise ValueError(f"The feature statistics lack {', '.join(missing)}.")
        mean, directions, variances = (np.asarray(arrays[name], dtype=np.float64) for name in names[:3])
        if directions.shape != (variances.size, mean.size) or arrays["held_out"].shape != (101,):
            raise ValueError("The arrays of the feature statistics do not fit together.")
        warn, stop = (float(limit) for limit in arrays["limits"])
        n, held_out_n = (int(count) for count in arrays["counts"])
        residual = float(arrays["residual_variance"][0])
        held_out = np.asarray(arrays["held_out"], dtype=np.float64)
        return cls(mean, directions, variances, residual, held_out, warn, stop, n, held_out_n)


def fit_statistics(embeddings: ArrayLike, held_out: ArrayLike, directions: int = 64) -> FeatureStatistics:
    """Statistics of all training ``embeddings`` (pictures, features), with limits from ``held_out`` distances.

    ``warn_above`` is the distance that 99 % of held-out pictures stay below. ``stop_above`` is `STOP_FACTOR` times as
    far above the median, and not below the largest held-out distance.

    Parameters
    ----------
    held_out : (held-out pictures,) from `cross_fitted_distances`, or `held_out_distances` where each fold has its own
        network
    directions : how many are kept at most

    Raises
    ------
    ValueError : embeddings that are not finite
    InputError : embeddings that are all alike
    """
    values, distances = np.asarray(embeddings, dtype=np.float64), np.asarray(held_out, dtype=np.float64)
    median, warn = np.percentile(distances, [50, 99])
    stop = max(float(distances.max()), float(median + STOP_FACTOR * (warn - median)))
    return FeatureStatistics(
        *_fit(values, directions),
        held_out=np.percentile(distances, np.arange(101)),
        warn_above=float(warn),
        stop_above=stop,
        n=len(values),
        held_out_n=len(distances),
    )


def held_out_distances(training: ArrayLike, held_out: ArrayLike, directions: int = 64) -> Floats:
    """Distances (held-out pictures,) from statistics of ``training`` alone; both (pictures, features)."""
    return _distance(*_fit(np.asarray(training, dtype=np.float64), directions), held_out)


def cross_fitted_distances(embeddings: ArrayLike, folds: ArrayLike, directions: int = 64) -> Floats:
    """Distances (pictures,) of each fold from statistics of the other folds, for one network.

    Parameters
    ----------
    embeddings : (pictures, features)
    folds : (pictures,) a patient's pictures must share one

    Raises
    ------
    ValueError : fewer than two folds
    """
    values, where = np.asarray(embeddings, dtype=np.float64), np.asarray(folds)
    if values.ndim != 2 or where.shape != values.shape[:1] or np.unique(where).size < 2:
        raise ValueError("Each embedding needs a fold, and there must be two folds or more.")
    distances = np.empty(len(values))
    for fold in np.unique(where):
        distances[where == fold] = held_out_distances(values[where != fold], values[where == fold], directions)
    return distances


def ledoit_wolf_shrinkage(values: Floats) -> float:
    """How far the covariance of ``values`` (cases, features) is drawn towards a multiple of the identity, 0 to 1.

    Source: Ledoit and Wolf, Journal of Multivariate Analysis 2004.
    """
    n, features = values.shape
    centered = values - values.mean(axis=0)
    # ||S||² from the smaller of the two Gram matrices.
    gram = centered @ centered.T if n <= features else centered.T @ centered
    squared = float((gram**2).sum()) / n**2
    scale = float((centered**2).sum()) / (n * features)
    spread = squared - features * scale**2
    noise = (float(((centered**2).sum(axis=1) ** 2).sum()) / n - squared) / n
    return 0.0 if spread <= 0 else min(noise / spread, 1.0)


def _fit(values: Floats, directions: int) -> tuple[Floats, Floats, Floats, float]:
    """Mean, directions, shrunk variances along them and elsewhere, rounded as a bundle stores them."""
    n, features = values.shape
    if not np.isfinite(values).all():
        raise ValueError("The embeddings are not finite.")
    if np.ptp(values, axis=0).max() == 0:
        raise InputError(
            "The network sees no difference between any two of the studies that train; look whether their pictures are "
            "all the same, and whether its weights are those of this network."
        )
    mean = values.mean(axis=0).astype(np.float32).astype(np.float64)
    _, singular, axes = np.linalg.svd(values - mean, full_matrices=False)
    kept = min(directions, len(singular), features - 1)
    shrinkage = ledoit_wolf_shrinkage(values)
    total = float((singular**2).sum()) / n
    raw = singular[:kept] ** 2 / n
    target = shrinkage * total / features
    # Where few of the studies differ, nothing varies in most directions, or less than nothing by rounding.
    least = float(np.finfo(np.float32).eps) * total / features
    variances = np.maximum((1 - shrinkage) * raw + target, least)
    residual = max((1 - shrinkage) * (total - float(raw.sum())) / (features - kept) + target, least)
    return mean, axes[:kept].astype(np.float16).astype(np.float64), variances, residual


def _distance(mean: Floats, directions: Floats, variances: Floats, residual: float, embeddings: ArrayLike) -> Floats:
    values = np.atleast_2d(np.asarray(embeddings, dtype=np.float64))
    if values.shape[1] != mean.size:
        raise ValueError(f"The embedding has {values.shape[1]} features, the statistics {mean.size}.")
    centered = values - mean
    along = centered @ directions.T
    rest = np.maximum((centered**2).sum(axis=1) - (along**2).sum(axis=1), 0)
    return np.asarray(np.sqrt((along**2 / variances).sum(axis=1) + rest / residual), dtype=np.float64)
