"""First-order statistics: the distribution of gray values without regard to where they lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EPSILON = np.spacing(1.0)  # PyRadiomics adds it inside logarithms and to some denominators


def features(
    values: NDArray,
    histogram: NDArray[np.integer] | None,
    voxel_volume: float,
    shift: float = 0.0,
    excess: bool = False,
) -> dict[str, float]:
    """The 18 first-order features, without a histogram the 16 that need none, a deprecated one, and IBSI's three.

    A coefficient whose denominator is 0 is NaN.

    Parameters
    ----------
    values : gray values of the region, ``(voxels,)``
    histogram : voxels in each occupied bin, ``(levels,)``
    voxel_volume : mm3
    shift : added to each value before energies are taken (``voxelArrayShift``)
    excess : kurtosis is 0 for a normal distribution (IBSI), not 3
    """
    with np.errstate(over="ignore", invalid="ignore"):  # squares of huge values are infinite
        found = _of_values(values.astype(np.float64), voxel_volume, shift, excess)
    if histogram is not None:
        p = histogram / histogram.sum()
        found |= {"Entropy": -np.sum(p * np.log2(p + EPSILON)), "Uniformity": np.sum(p * p)}
    return found


def _of_values(x: NDArray[np.float64], voxel_volume: float, shift: float, excess: bool) -> dict[str, float]:
    mean = x.mean()
    deviation = x - mean
    squares = deviation * deviation
    variance = squares.mean()
    third, fourth = (squares * deviation).mean(), (squares * squares).mean()
    p10, p25, median, p75, p90 = np.percentile(x, [10, 25, 50, 75, 90])
    robust = x[(x >= p10) & (x <= p90)]
    energy = np.sum((x + shift) ** 2)
    spread = variance if variance != 0 else 1.0
    return {
        "10Percentile": p10,
        "90Percentile": p90,
        "CoefficientOfVariation": _ratio(np.sqrt(variance), mean),
        "Energy": energy,
        "InterquartileRange": p75 - p25,
        "Kurtosis": fourth / spread**2 - (3 if excess else 0),
        "Maximum": x.max(),
        "MeanAbsoluteDeviation": np.abs(deviation).mean(),
        "Mean": mean,
        "Median": median,
        "MedianAbsoluteDeviation": np.abs(x - median).mean(),
        "Minimum": x.min(),
        "QuartileCoefficientOfDispersion": _ratio(p75 - p25, p75 + p25),
        "Range": x.max() - x.min(),
        "RobustMeanAbsoluteDeviation": np.abs(robust - robust.mean()).mean() if len(robust) else np.nan,
        "RootMeanSquared": np.sqrt(energy / len(x)),
        "Skewness": third / spread**1.5,
        "StandardDeviation": np.sqrt(variance),
        "TotalEnergy": energy * voxel_volume,
        "Variance": variance,
    }


def _ratio(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator else float("nan")
