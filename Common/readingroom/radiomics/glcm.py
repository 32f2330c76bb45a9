"""Gray level co-occurrence matrix: how often two levels are neighbors in a direction (Haralick 1973).

The features are sums over matrices ``[i, j, direction]``, one matrix for each direction, and the mean over the
directions is reported. The layout and the order of the sums are those of PyRadiomics: some features are differences of
nearly equal sums on tiny regions, and agree only when they are added up alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .first_order import EPSILON
from .gray_levels import GrayLevels, Offset

AT_ONCE = 1 << 18  # voxels whose neighbors are gathered together: what fits a processor's cache
MATRIX_ELEMENTS = 1 << 22  # of all directions that are summed together
PAIRS = (0, 1)  # the axes of a matrix
LEVELS_OF_PRODUCT = 128  # from here on the correlation coefficient's matrix is made as one product


def features(
    counts: NDArray[np.float64],
    gray: GrayLevels,
    weights: NDArray[np.float64] | None = None,
    names: Sequence[str] | None = None,
) -> dict[str, float]:
    """GLCM features.

    Parameters
    ----------
    counts : of `cooccurrences`
    weights : of the directions; one matrix is then made of all (``weightingNorm``)
    names : which features; all 24 when left out
    """
    if weights is not None:
        counts = np.sum(counts * weights, axis=2, keepdims=True)
    totals = counts.sum(axis=(0, 1))
    if len(totals) > 1 and not totals.all():  # a lone empty matrix stays, and gives NaN
        counts, totals = counts.compress(totals > 0, axis=2), totals[totals > 0]
    return _probability_features(counts, totals, gray, NAMES if names is None else names)


def cooccurrences(gray: GrayLevels, offsets: list[Offset], symmetrical: bool = True) -> NDArray[np.float64]:
    """Counts ``[level, level of the neighbor, direction]`` over the levels that occur.

    Parameters
    ----------
    offsets : one of each opposite pair of neighbors
    symmetrical : count each pair in both orders
    """
    kinds = len(gray.present) + 1  # with "outside"
    counts = np.zeros((len(offsets), kinds * kinds), dtype=np.int64)
    at_once = max(AT_ONCE, kinds * kinds)
    for start in range(0, len(gray.inside), at_once):
        here = gray.inside[start : start + at_once]
        row = gray.flat[here].astype(np.int64) * kinds
        for matrix, offset in zip(counts, offsets, strict=True):
            matrix += np.bincount(row + gray.flat[here + gray.step(offset)], minlength=kinds * kinds)
    return matrices_of_counts(counts.reshape(-1, kinds, kinds), symmetrical)


def matrices_of_counts(counts: NDArray[np.integer], symmetrical: bool) -> NDArray[np.float64]:
    """Counts ``[direction, rank, rank of the neighbor]``, where rank 0 is outside, as `cooccurrences` gives them."""
    matrices = counts[:, 1:, 1:]
    if symmetrical:
        matrices = matrices + matrices.transpose(0, 2, 1)
    return np.ascontiguousarray(matrices.transpose(1, 2, 0), dtype=np.float64)


def _probability_features(
    counts: NDArray[np.float64], totals: NDArray[np.float64], gray: GrayLevels, names: Sequence[str]
) -> dict[str, float]:
    """Features of each direction's matrix, and their mean over the directions (NaN where there is none)."""
    if not len(totals):  # no two voxels are neighbors
        return {name: 1.0 if name == "MCC" and len(gray.present) == 1 else np.nan for name in names}
    per_part = max(1, MATRIX_ELEMENTS // len(gray.present) ** 2)
    found = np.empty((len(names), len(totals)))
    with np.errstate(invalid="ignore", divide="ignore"):
        for start in range(0, len(totals), per_part):
            which = slice(start, start + per_part)
            divisor = np.where(totals[which] == 0, np.nan, totals[which])
            matrices = _Matrices(counts[:, :, which] / divisor, gray.present, gray.highest)
            for row, name in zip(found, names, strict=True):
                row[which] = _FEATURES[name](matrices)
    return dict(zip(names, _means(found).tolist(), strict=True))


def _means(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each row the mean of what is a number."""
    numbers = ~np.isnan(rows)
    count = numbers.sum(axis=1)
    return np.asarray(np.where(numbers, rows, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan))


def _entropy(p: NDArray[np.float64], axes: int | tuple[int, int] = 0) -> NDArray[np.float64]:
    return np.asarray(-1 * np.sum(p * np.log2(p + EPSILON), axes))


@dataclass(frozen=True)
class _Matrices:
    """Probabilities ``[i, j, direction]`` of pairs of the levels ``present``, and what several features are made of.

    Each is made when it is first asked for, so that one feature costs what it needs and no more. Most are sums over the
    cells that are not empty, in the order of the matrix.
    """

    p: NDArray[np.float64]
    present: NDArray[np.int64]
    highest: int

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """Places of those that are not empty, ``(cells,)``."""
        return np.flatnonzero(self.p)

    @cached_property
    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Row, column and direction of the cells."""
        pairs, direction = np.divmod(self.cells, self.p.shape[2])
        rows, columns = np.divmod(pairs, self.p.shape[1])
        return rows, columns, direction

    @cached_property
    def probable(self) -> NDArray[np.float64]:
        """Probabilities of the cells."""
        return self.p.ravel()[self.cells]

    def sum(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of what the cells have, for each direction."""
        if self.p.shape[2] == 1:  # as numpy adds up a lone matrix
            whole = np.zeros(self.p.shape)
            whole.ravel()[self.cells] = values
            return np.asarray(np.sum(whole, PAIRS))
        return np.asarray(np.bincount(self.places[2], values, self.p.shape[2]), dtype=np.float64)

    @cached_property
    def i(self) -> NDArray[np.float64]:
        """First level of the cells."""
        return self.present.astype(np.float64)[self.places[0]]

    @cached_property
    def j(self) -> NDArray[np.float64]:
        return self.present.astype(np.float64)[self.places[1]]

    @cached_property
    def px(self) -> NDArray[np.float64]:
        return np.asarray(self.p.sum(axis=1, keepdims=True))

    @cached_property
    def py(self) -> NDArray[np.float64]:
        return np.asarray(self.p.sum(axis=0, keepdims=True))

    @cached_property
    def ux(self) -> NDArray[np.float64]:
        """Mean level of the first of a pair, ``(directions,)``."""
        return self.sum(self.i * self.probable)

    @cached_property
    def from_ux(self) -> NDArray[np.float64]:
        """How far the first level of the cells is from its mean."""
        return self.i - self.ux[self.places[2]]

    @cached_property
    def uy(self) -> NDArray[np.float64]:
        return self.sum(self.j * self.probable)

    @cached_property
    def from_uy(self) -> NDArray[np.float64]:
        return self.j - self.uy[self.places[2]]

    @cached_property
    def cluster(self) -> NDArray[np.float64]:
        """How far the sum of a pair is from its mean."""
        return self.i + self.j - self.ux[self.places[2]] - self.uy[self.places[2]]

    @cached_property
    def squared(self) -> NDArray[np.float64]:
        return self.cluster * self.cluster

    @cached_property
    def sum_of_squares(self) -> NDArray[np.float64]:
        return self.sum(self.probable * self.from_ux**2)

    @cached_property
    def correlation(self) -> NDArray[np.float64]:
        sigma = np.sqrt(self.sum_of_squares) * np.sqrt(self.sum(self.probable * self.from_uy**2))
        return np.where(sigma == 0, 1.0, self.sum(self.probable * self.from_ux * self.from_uy) / (sigma + EPSILON))

    @cached_property
    def difference(self) -> NDArray[np.float64]:
        """Probability that two levels differ by 0, 1, ..., ``[difference, direction]``."""
        rows, columns, _ = self.places
        return self._pooled(np.abs(self.present[rows] - self.present[columns]), self.highest)

    @cached_property
    def k(self) -> NDArray[np.float64]:
        """The differences 0, 1, ..., ``[difference, 1]``."""
        return np.arange(self.highest, dtype=np.float64)[:, None]

    @cached_property
    def average_difference(self) -> NDArray[np.float64]:
        return np.asarray(np.sum(self.k * self.difference, 0, keepdims=True))

    @cached_property
    def addition(self) -> NDArray[np.float64]:
        """Probability that two levels add up to 2, 3, ..., ``[sum - 2, direction]``."""
        rows, columns, _ = self.places
        return self._pooled(self.present[rows] + self.present[columns] - 2, 2 * self.highest - 1)

    def _pooled(self, group: NDArray[np.int64], groups: int) -> NDArray[np.float64]:
        directions = self.p.shape[2]
        code = group * directions + self.places[2]
        pooled = np.asarray(np.bincount(code, self.probable, groups * directions), dtype=np.float64)
        return pooled.reshape(groups, directions)

    @cached_property
    def joint(self) -> NDArray[np.float64]:
        """Entropy of the pairs."""
        return -1 * self.sum(self.probable * np.log2(self.probable + EPSILON))

    @cached_property
    def independent(self) -> NDArray[np.float64]:
        """What the probabilities were if the levels of a pair had nothing to do with each other."""
        return self.px * self.py

    @cached_property
    def logarithm(self) -> NDArray[np.float64]:
        return np.log2(self.independent + EPSILON)

    @cached_property
    def correlation_1(self) -> NDArray[np.float64]:
        """First informational measure of correlation."""
        most = np.fmax(_entropy(self.px, PAIRS), _entropy(self.py, PAIRS))
        crossed = -1 * self.sum(self.probable * self.logarithm.ravel()[self.cells])
        return np.where(most != 0, (self.joint - crossed) / most, 0.0)

    @cached_property
    def correlation_2(self) -> NDArray[np.float64]:
        """Second informational measure of correlation."""
        unrelated = -1 * np.sum(self.independent * self.logarithm, PAIRS)
        return np.where(unrelated == self.joint, 0.0, np.sqrt(1 - np.exp(-2 * (unrelated - self.joint))))

    @cached_property
    def maximal_correlation(self) -> NDArray[np.float64]:
        """Square root of the second largest eigenvalue of ``Q(i, k) = sum_g p(i, g) p(k, g) / (px(i) py(g))``."""
        levels, _, count = self.p.shape
        if np.isnan(self.p).any():
            return np.full(count, np.nan)
        if levels < 2:
            return np.ones(count)
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


_FEATURES: dict[str, Callable[[_Matrices], NDArray[np.float64]]] = {
    "Autocorrelation": lambda m: m.sum(m.probable * (m.i * m.j)),
    "ClusterProminence": lambda m: m.sum(m.probable * (m.squared * m.squared)),
    "ClusterShade": lambda m: m.sum(m.probable * (m.squared * m.cluster)),
    "ClusterTendency": lambda m: m.sum(m.probable * m.squared),
    "Contrast": lambda m: m.sum(m.probable * (m.i - m.j) ** 2),
    "Correlation": lambda m: m.correlation,
    "DifferenceAverage": lambda m: m.average_difference[0],
    "DifferenceEntropy": lambda m: _entropy(m.difference),
    "DifferenceVariance": lambda m: np.sum(m.difference * (m.k - m.average_difference) ** 2, 0),
    "Id": lambda m: np.sum(m.difference / (1 + m.k), 0),
    "Idm": lambda m: np.sum(m.difference / (1 + m.k**2), 0),
    "Idmn": lambda m: np.sum(m.difference / (1 + m.k**2 / m.highest**2), 0),
    "Idn": lambda m: np.sum(m.difference / (1 + m.k / m.highest), 0),
    "Imc1": lambda m: m.correlation_1,
    "Imc2": lambda m: m.correlation_2,
    "InverseVariance": lambda m: np.sum(m.difference[1:] / m.k[1:] ** 2, 0),
    "JointAverage": lambda m: m.ux,
    "JointEnergy": lambda m: m.sum(m.probable * m.probable),
    "JointEntropy": lambda m: m.joint,
    "MCC": lambda m: m.maximal_correlation,
    "MaximumProbability": lambda m: np.max(m.p, PAIRS),
    "SumAverage": lambda m: np.sum(np.arange(2, 2 * m.highest + 1, dtype=np.float64)[:, None] * m.addition, 0),
    "SumEntropy": lambda m: _entropy(m.addition),
    "SumSquares": lambda m: m.sum_of_squares,
}
NAMES = tuple(_FEATURES)
OF_DIFFERENCES = tuple(name for name in NAMES if name.startswith(("Difference", "Id", "InverseVariance")))
OF_SUMS = ("SumAverage", "SumEntropy")
