"""Maps of the co-occurrence of gray levels, without a matrix.

A feature that is linear in the matrix is the mean of a value of each pair; the others are sums over how often a code
(of two levels, of their difference, of their sum, of one level) occurs among the pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..first_order import EPSILON
from .correlation import maximal_correlation
from .mean_of_numbers import mean_of_numbers
from .pairs import Pairs
from .repeats import Repeats, code_kind, entropy

NOTHING = 1e-12  # bits; less is the rounding of nearly equal entropies

Map = NDArray[np.float64]


def features(pairs: Iterable[Pairs], symmetrical: bool, names: Collection[str], voxels: int) -> dict[str, Map]:
    """GLCM features ``(voxels,)``: the mean over the directions in which a voxel has pairs, NaN where it has none.

    Parameters
    ----------
    pairs : of each direction, or of all together
    symmetrical : count each pair in both orders
    """
    return mean_of_numbers((_of_matrix(_Cooccurrences(each, symmetrical), names) for each in pairs), names, voxels)


def _of_matrix(matrix: _Cooccurrences, names: Collection[str]) -> dict[str, Map]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return {name: _FEATURES[name](matrix) for name in names}


@dataclass(frozen=True)
class _Cooccurrences:
    """What several features are made of; each is made when it is first asked for."""

    pairs: Pairs
    symmetrical: bool

    @cached_property
    def distance(self) -> NDArray[np.signedinteger]:
        """Between the two levels, without sign, ``(pairs, voxels)``."""
        return np.asarray(np.abs(self.pairs.one - self.pairs.other))

    @cached_property
    def sum(self) -> NDArray[np.signedinteger]:
        return np.asarray(self.pairs.one + self.pairs.other)

    @cached_property
    def mean_distance(self) -> Map:
        return self.pairs.mean(self.distance)

    @cached_property
    def contrast(self) -> Map:
        return self.pairs.mean(np.square(self.distance, dtype=np.float64))

    @cached_property
    def mean_sum(self) -> Map:
        return self.pairs.mean(self.sum)

    @cached_property
    def mean_level(self) -> Map:
        return self.mean_sum / 2 if self.symmetrical else self.pairs.mean(self.pairs.one)

    @cached_property
    def apart(self) -> Map:
        """Each sum from the mean, ``(pairs, voxels)``."""
        return np.asarray(self.sum - self.mean_sum)

    @cached_property
    def apart_squared(self) -> Map:
        return np.square(self.apart)

    @cached_property
    def tendency(self) -> Map:
        return self.pairs.mean(self.apart_squared)

    @cached_property
    def variances(self) -> tuple[Map, Map, Map]:
        """Variance of the first level of a pair and of the second, and their covariance."""
        if self.symmetrical:
            one = (self.tendency + self.contrast) / 4
            return one, one, (self.tendency - self.contrast) / 4
        one = self.pairs.one - self.mean_level
        other = self.pairs.other - self.pairs.mean(self.pairs.other)
        return self.pairs.mean(one * one), self.pairs.mean(other * other), self.pairs.mean(one * other)

    @cached_property
    def correlation(self) -> Map:
        first, second, covariance = self.variances
        deviations = np.sqrt(first) * np.sqrt(second)
        return np.where(deviations == 0, 1.0, covariance / (deviations + EPSILON))

    @cached_property
    def difference_variance(self) -> Map:
        return self.pairs.mean(np.square(self.distance - self.mean_distance))

    @cached_property
    def alike(self) -> Map:
        """The share of pairs of one level."""
        return self.pairs.mean(self.distance == 0)

    @cached_property
    def joint(self) -> Repeats:
        """Of the two levels of a pair; in a symmetrical matrix the last bit of the code says whether they differ."""
        one, other, kinds = self.pairs.one_rank, self.pairs.other_rank, self.pairs.kinds
        kind = code_kind(2 * (kinds + 1) ** 2)
        one, other = np.asarray(one, dtype=kind), np.asarray(other, dtype=kind)
        if not self.symmetrical:
            return self.pairs.repeats(one * (kinds + 1) + other, (kinds + 1) ** 2)
        code = np.minimum(one, other) * (kinds + 1) + np.maximum(one, other)
        return self.pairs.repeats(2 * code + (one != other), 2 * (kinds + 1) ** 2)

    @cached_property
    def of_both_orders(self) -> NDArray[np.integer]:
        """How much of the weight of a code goes to each of its cells, in halves, ``(pairs, voxels)``."""
        return np.asarray(2 - (self.joint.codes & 1))

    @cached_property
    def joint_entropy(self) -> Map:
        one_order = entropy(self.joint, self.pairs.total)
        return one_order + (1 - self.alike) if self.symmetrical else one_order

    @cached_property
    def energy(self) -> Map:
        if not self.symmetrical:
            return self.joint.square_sum / self.pairs.total**2
        running, weights = self.joint.running, self.joint.weights
        weight = 1.0 if weights is None else weights
        raised = (2 * running - weight) * weight * (running > 0)  # w^2 - (w - weight)^2
        return np.asarray(np.sum(raised * self.of_both_orders, axis=0) / (2 * self.pairs.total**2))

    @cached_property
    def most_probable(self) -> Map:
        most = np.max(self.joint.running * (self.of_both_orders if self.symmetrical else 1), axis=0)
        return np.asarray(most / (self.pairs.total * (2 if self.symmetrical else 1)))

    @cached_property
    def level_entropies(self) -> tuple[Map, Map]:
        """Of the first level of a pair and of the second."""
        pairs, most = self.pairs, self.pairs.kinds + 1
        if self.symmetrical:
            both = pairs.repeats(np.concatenate([pairs.one_rank, pairs.other_rank]), most)
            return (found := entropy(both, 2 * pairs.total)), found
        one, other = (pairs.repeats(ranks, most) for ranks in (pairs.one_rank, pairs.other_rank))
        return entropy(one, pairs.total), entropy(other, pairs.total)

    @cached_property
    def shared(self) -> Map:
        """How much one level of a pair tells about the other, in bits."""
        found = self.level_entropies[0] + self.level_entropies[1] - self.joint_entropy
        return np.where(np.abs(found) < NOTHING, 0.0, found)

    @cached_property
    def correlation_1(self) -> Map:
        most = np.maximum(*self.level_entropies)
        return np.where(most < NOTHING, np.where(np.isnan(most), np.nan, 0.0), -self.shared / most)

    @cached_property
    def correlation_2(self) -> Map:
        return np.sqrt(-np.expm1(-2 * self.shared))

    def by_distance(self, function: Callable[[Map], Map]) -> Map:
        """The mean of a function of the distance between the levels."""
        return self.pairs.mean(function(np.arange(self.pairs.highest + 1, dtype=np.float64)).take(self.distance))


def _difference_entropy(m: _Cooccurrences) -> Map:
    return entropy(m.pairs.repeats(m.distance, m.pairs.highest + 1), m.pairs.total)


def _sum_entropy(m: _Cooccurrences) -> Map:
    return entropy(m.pairs.repeats(m.sum, 2 * m.pairs.highest + 1), m.pairs.total)


_FEATURES: dict[str, Callable[[_Cooccurrences], Map]] = {
    "Autocorrelation": lambda m: m.pairs.mean(np.multiply(m.pairs.one, m.pairs.other, dtype=np.float64)),
    "ClusterProminence": lambda m: m.pairs.mean(np.square(m.apart_squared)),
    "ClusterShade": lambda m: m.pairs.mean(m.apart_squared * m.apart),
    "ClusterTendency": lambda m: m.tendency,
    "Contrast": lambda m: m.contrast,
    "Correlation": lambda m: m.correlation,
    "DifferenceAverage": lambda m: m.mean_distance,
    "DifferenceEntropy": _difference_entropy,
    "DifferenceVariance": lambda m: m.difference_variance,
    "Id": lambda m: m.by_distance(lambda k: 1 / (1 + k)),
    "Idm": lambda m: m.by_distance(lambda k: 1 / (1 + k**2)),
    "Idmn": lambda m: m.by_distance(lambda k: 1 / (1 + k**2 / m.pairs.highest**2)),
    "Idn": lambda m: m.by_distance(lambda k: 1 / (1 + k / m.pairs.highest)),
    "Imc1": lambda m: m.correlation_1,
    "Imc2": lambda m: m.correlation_2,
    "InverseVariance": lambda m: m.by_distance(lambda k: (k > 0) / np.maximum(k, 1) ** 2),
    "JointAverage": lambda m: m.mean_level,
    "JointEnergy": lambda m: m.energy,
    "JointEntropy": lambda m: m.joint_entropy,
    "MCC": lambda m: maximal_correlation(m.pairs, m.symmetrical),
    "MaximumProbability": lambda m: m.most_probable,
    "SumAverage": lambda m: m.mean_sum,
    "SumEntropy": _sum_entropy,
    "SumSquares": lambda m: m.variances[0],
}
