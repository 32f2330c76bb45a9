"""Gray level co-occurrence matrix: how often two levels are neighbors in a direction (Haralick 1973).

The features are sums over matrices ``[i, j, direction]``, one matrix for each direction, and the mean over the
directions is reported. The layout and the order of the sums are those of PyRadiomics: some features are differences of
nearly equal sums on tiny regions, and agree only when they are added up alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .first_order import EPSILON
from .gray_levels import GrayLevels, Offset

AT_ONCE = 1 << 18  # voxels whose neighbors are gathered together: what fits a processor's cache
MATRIX_ELEMENTS = 1 << 22  # of all directions that are summed together
LEVELS_OF_PRODUCT = 128  # from here on the correlation coefficient's matrix is made as one product


def features(
    gray: GrayLevels,
    offsets: list[Offset],
    symmetrical: bool = True,
    weights: NDArray[np.float64] | None = None,
) -> dict[str, float]:
    """The 24 GLCM features.

    Parameters
    ----------
    offsets : one of each opposite pair of neighbors
    symmetrical : count each pair in both orders
    weights : of the directions; one matrix is then made of all (``weightingNorm``)
    """
    counts = cooccurrences(gray, offsets, symmetrical)
    if weights is not None:
        counts = np.sum(counts * weights, axis=2, keepdims=True)
    totals = counts.sum(axis=(0, 1))
    if len(totals) > 1:  # a lone empty matrix stays, and gives NaN
        counts, totals = counts[:, :, totals > 0], totals[totals > 0]
    return probability_features(counts, totals, gray)


def cooccurrences(gray: GrayLevels, offsets: list[Offset], symmetrical: bool = True) -> NDArray[np.float64]:
    """Counts ``[level, level of the neighbor, direction]`` over the levels that occur."""
    kinds = len(gray.present) + 1  # with "outside"
    counts = np.zeros((len(offsets), kinds * kinds), dtype=np.int64)
    at_once = max(AT_ONCE, kinds * kinds)
    for start in range(0, len(gray.inside), at_once):
        here = gray.inside[start : start + at_once]
        row = gray.flat[here].astype(np.int64) * kinds
        for matrix, offset in zip(counts, offsets, strict=True):
            matrix += np.bincount(row + gray.flat[here + gray.step(offset)], minlength=kinds * kinds)
    matrices = counts.reshape(-1, kinds, kinds)[:, 1:, 1:]
    if symmetrical:
        matrices = matrices + matrices.transpose(0, 2, 1)
    return np.ascontiguousarray(matrices.transpose(1, 2, 0), dtype=np.float64)


def probability_features(
    counts: NDArray[np.float64], totals: NDArray[np.float64], gray: GrayLevels
) -> dict[str, float]:
    """Features of each direction's matrix, and their mean over the directions (NaN where there is none)."""
    per_part = max(1, MATRIX_ELEMENTS // len(gray.present) ** 2)
    parts = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for start in range(0, len(totals), per_part):
            which = slice(start, start + per_part)
            divisor = np.where(totals[which] == 0, np.nan, totals[which])
            parts.append(_Matrices(counts[:, :, which] / divisor, gray.present, gray.highest).features())
    if not parts:  # no two voxels are neighbors
        return {name: 1.0 if name == "MCC" and len(gray.present) == 1 else np.nan for name in NAMES}
    return {name: _mean(np.concatenate([part[name] for part in parts])) for name in NAMES}


def _mean(values: NDArray[np.float64]) -> float:
    """Mean of what is a number."""
    numbers = values[~np.isnan(values)]
    return float(numbers.mean()) if len(numbers) else float("nan")


@dataclass(frozen=True)
class _Matrices:
    """Probabilities ``[i, j, direction]`` of pairs of the levels ``present``."""

    p: NDArray[np.float64]
    present: NDArray[np.int64]
    highest: int

    @cached_property
    def i(self) -> NDArray[np.float64]:
        return self.present.astype(np.float64)[:, None, None]

    @cached_property
    def j(self) -> NDArray[np.float64]:
        return self.present.astype(np.float64)[None, :, None]

    @cached_property
    def px(self) -> NDArray[np.float64]:
        return self.p.sum(axis=1, keepdims=True)

    @cached_property
    def py(self) -> NDArray[np.float64]:
        return self.p.sum(axis=0, keepdims=True)

    @cached_property
    def difference(self) -> NDArray[np.float64]:
        """Probability that two levels differ by 0, 1, ..., ``[difference, direction]``."""
        return self._pooled(np.abs(self.present[:, None] - self.present[None, :]), self.highest)

    @cached_property
    def addition(self) -> NDArray[np.float64]:
        """Probability that two levels add up to 2, 3, ..., ``[sum - 2, direction]``."""
        return self._pooled(self.present[:, None] + self.present[None, :] - 2, 2 * self.highest - 1)

    def _pooled(self, group: NDArray[np.int64], groups: int) -> NDArray[np.float64]:
        flat = group.ravel()
        columns = [np.bincount(flat, self.p[:, :, a].ravel(), groups) for a in range(self.p.shape[2])]
        return np.stack(columns, axis=1)

    def features(self) -> dict[str, NDArray[np.float64]]:
        """Each feature of each direction, ``(directions,)``."""
        return {**self._of_pairs(), **self._of_differences(), **self._of_information()}

    def _of_pairs(self) -> dict[str, NDArray[np.float64]]:
        p, i, j, pairs = self.p, self.i, self.j, (0, 1)
        ux, uy = np.sum(i * p, pairs, keepdims=True), np.sum(j * p, pairs, keepdims=True)
        cluster = i + j - ux - uy
        squared = cluster * cluster
        sum_of_squares = np.sum(p * (i - ux) ** 2, pairs)
        sigma = np.sqrt(sum_of_squares) * np.sqrt(np.sum(p * (j - uy) ** 2, pairs))
        correlation = np.sum(p * (i - ux) * (j - uy), pairs) / (sigma + EPSILON)
        return {
            "Autocorrelation": np.sum(p * (i * j), pairs),
            "ClusterProminence": np.sum(p * (squared * squared), pairs),
            "ClusterShade": np.sum(p * (squared * cluster), pairs),
            "ClusterTendency": np.sum(p * squared, pairs),
            "Contrast": np.sum(p * (i - j) ** 2, pairs),
            "Correlation": np.where(sigma == 0, 1.0, correlation),
            "JointAverage": ux[0, 0],
            "JointEnergy": np.sum(p * p, pairs),
            "MaximumProbability": np.max(p, pairs),
            "SumSquares": sum_of_squares,
        }

    def _of_differences(self) -> dict[str, NDArray[np.float64]]:
        d, s, n = self.difference, self.addition, self.highest
        k = np.arange(n, dtype=np.float64)[:, None]
        average = np.sum(k * d, 0, keepdims=True)
        return {
            "DifferenceAverage": average[0],
            "DifferenceEntropy": _entropy(d),
            "DifferenceVariance": np.sum(d * (k - average) ** 2, 0),
            "Id": np.sum(d / (1 + k), 0),
            "Idm": np.sum(d / (1 + k**2), 0),
            "Idmn": np.sum(d / (1 + k**2 / n**2), 0),
            "Idn": np.sum(d / (1 + k / n), 0),
            "InverseVariance": np.sum(d[1:] / k[1:] ** 2, 0),
            "SumAverage": np.sum(np.arange(2, 2 * n + 1, dtype=np.float64)[:, None] * s, 0),
            "SumEntropy": _entropy(s),
        }

    def _of_information(self) -> dict[str, NDArray[np.float64]]:
        p, px, py, pairs = self.p, self.px, self.py, (0, 1)
        independent = px * py
        logarithm = np.log2(independent + EPSILON)
        joint = -1 * np.sum(p * np.log2(p + EPSILON), pairs)
        hx = -1 * np.sum(px * np.log2(px + EPSILON), pairs)
        hy = -1 * np.sum(py * np.log2(py + EPSILON), pairs)
        crossed = -1 * np.sum(p * logarithm, pairs)
        unrelated = -1 * np.sum(independent * logarithm, pairs)
        most = np.fmax(hx, hy)
        imc2 = np.sqrt(1 - np.exp(-2 * (unrelated - joint)))
        return {
            "Imc1": np.where(most != 0, (joint - crossed) / most, 0.0),
            "Imc2": np.where(unrelated == joint, 0.0, imc2),
            "JointEntropy": joint,
            "MCC": self._maximal_correlation(),
        }

    def _maximal_correlation(self) -> NDArray[np.float64]:
        """Square root of the second largest eigenvalue of ``Q(i, k) = sum_g p(i, g) p(k, g) / (px(i) py(g))``."""
        levels, _, count = self.p.shape
        if levels < 2:
            return np.ones(count)
        if np.isnan(self.p).any():
            return np.full(count, np.nan)
        if levels < LEVELS_OF_PRODUCT:
            q = np.zeros_like(self.p)
            for g in range(levels):
                q += self.p[:, None, g] * self.p[None, :, g] / (self.px * self.py[:, g, None] + EPSILON)
            q = q.transpose(2, 0, 1)
        else:
            by_direction = self.p.transpose(2, 0, 1)
            q = (self.p / (self.px * self.py + EPSILON)).transpose(2, 0, 1) @ by_direction.transpose(0, 2, 1)
        eigenvalues = np.linalg.eigvals(q)
        eigenvalues.sort()
        return np.asarray(np.sqrt(eigenvalues[:, -2]).real, dtype=np.float64)


def _entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return -1 * np.sum(p * np.log2(p + EPSILON), 0)


NAMES = (
    "Autocorrelation",
    "ClusterProminence",
    "ClusterShade",
    "ClusterTendency",
    "Contrast",
    "Correlation",
    "DifferenceAverage",
    "DifferenceEntropy",
    "DifferenceVariance",
    "Id",
    "Idm",
    "Idmn",
    "Idn",
    "Imc1",
    "Imc2",
    "InverseVariance",
    "JointAverage",
    "JointEnergy",
    "JointEntropy",
    "MCC",
    "MaximumProbability",
    "SumAverage",
    "SumEntropy",
    "SumSquares",
)
