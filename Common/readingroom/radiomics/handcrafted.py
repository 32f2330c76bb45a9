"""The 72 handcrafted features beside a network's own, with what they are in plain words.

14 of shape, 18 of first order, 24 of co-occurrence (GLCM), 16 of size zones (GLSZM), with a fixed number of gray
levels, as in papers/liver-hcc and its released code.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..bundles.explained import HandcraftedSettings
from ..imaging.organ import box
from . import feature_classes
from .measure import measure
from .settings import Settings
from .units import feature_class_of

_BY_BINS = (("shape", "firstorder", "glcm"), ("glszm",))
NAMES = tuple(
    f"original_{feature_class}_{name}"
    for classes in _BY_BINS
    for feature_class in classes
    for name in feature_classes.NAMES[feature_class]
)


def settings_of(measured: HandcraftedSettings) -> tuple[Settings, Settings]:
    """How shape, first order and co-occurrence are measured, and how size zones are."""
    resampled = measured.spacing is not None
    found = (
        Settings(
            features=dict.fromkeys(classes, ()),
            bin_count=bins,
            resampled_spacing=measured.spacing,
            interpolator="sitkLinear" if resampled else None,
            provenance=False,
        )
        for classes, bins in zip(_BY_BINS, (measured.bins, measured.zone_bins), strict=True)
    )
    first, zones = found
    return first, zones


def measure_handcrafted(
    image: SimpleITK.Image, voxels: NDArray[np.bool_], measured: HandcraftedSettings
) -> dict[str, float]:
    """All of `NAMES` in their order; NaN where a feature is not defined.

    Parameters
    ----------
    image : 3D gray values
    voxels : ``[k, j, i]`` of the region, on its grid

    Raises
    ------
    InputError : the region cannot be measured: it is empty, flat, or all of one value
    """
    if measured.spacing is None:  # then nothing beyond the neighbors of the region has a say
        k, j, i = (slice(max(part.start - 1, 0), part.stop + 1) for part in box(voxels))
        image, voxels = image[i, j, k], voxels[k, j, i]
    mask = SimpleITK.GetImageFromArray(voxels.astype(np.uint8))
    mask.CopyInformation(image)
    values: dict[str, float] = {}
    for settings in settings_of(measured):
        values |= measure(image, mask, settings).values
    return {name: values.get(name, math.nan) for name in NAMES}


def title(name: str) -> str:
    """What people call a feature: "rough texture (GLCM contrast)"; its name where no words are known."""
    feature_class, short = feature_class_of(name), name.rsplit("_", 1)[-1]
    words = _WORDS.get(feature_class, {}).get(short)
    return name if words is None else f"{words} ({_CLASS[feature_class]} {_spaced(short)})"


def in_words(name: str, correlation: float) -> str:
    """What a deep feature is that follows this one: its title, or the opposite where it falls as the other rises."""
    said = title(name)
    return f"{said[:1].upper()}{said[1:]}" if correlation >= 0 else f"Opposite of {said}"


def _spaced(short: str) -> str:
    """``GrayLevelVariance`` as "gray level variance"; ``Imc1`` and ``MCC`` as they are."""
    if short.isupper() or short[-1].isdigit():
        return short
    return " ".join(re.findall(r"[23]D|\d+|[A-Z][a-z]*", short)).lower().replace("3d", "3D").replace("2d", "2D")


_CLASS: Mapping[str, str] = {"shape": "shape", "firstorder": "first order", "glcm": "GLCM", "glszm": "GLSZM"}

_WORDS: Mapping[str, Mapping[str, str]] = {
    "shape": {
        "Elongation": "roundness of the outline",
        "Flatness": "thickness against length",
        "LeastAxisLength": "thickness",
        "MajorAxisLength": "length",
        "Maximum2DDiameterColumn": "largest diameter seen from the side",
        "Maximum2DDiameterRow": "largest diameter seen from the front",
        "Maximum2DDiameterSlice": "largest diameter within a slice",
        "Maximum3DDiameter": "largest diameter",
        "MeshVolume": "volume",
        "MinorAxisLength": "width",
        "Sphericity": "likeness to a ball",
        "SurfaceArea": "area of the surface",
        "SurfaceVolumeRatio": "much surface for the volume",
        "VoxelVolume": "volume",
    },
    "firstorder": {
        "10Percentile": "brightness of the darker parts",
        "90Percentile": "brightness of the brighter parts",
        "Energy": "size and brightness together",
        "Entropy": "disorder of the gray values",
        "InterquartileRange": "spread of the middle gray values",
        "Kurtosis": "many extreme gray values",
        "Maximum": "brightest voxel",
        "MeanAbsoluteDeviation": "spread of the gray values",
        "Mean": "mean brightness",
        "Median": "median brightness",
        "Minimum": "darkest voxel",
        "Range": "range of the gray values",
        "RobustMeanAbsoluteDeviation": "spread of the gray values without extremes",
        "RootMeanSquared": "overall brightness",
        "Skewness": "a tail of bright voxels",
        "TotalEnergy": "volume and brightness together",
        "Uniformity": "evenness of the gray values",
        "Variance": "spread of the gray values",
    },
    "glcm": {
        "Autocorrelation": "bright neighbors of bright voxels",
        "ClusterProminence": "groups of voxels far from the mean",
        "ClusterShade": "lopsided groups of voxels",
        "ClusterTendency": "groups of alike voxels",
        "Contrast": "rough texture",
        "Correlation": "neighbors that resemble each other",
        "DifferenceAverage": "mean difference between neighbors",
        "DifferenceEntropy": "disorder of differences between neighbors",
        "DifferenceVariance": "uneven differences between neighbors",
        "Id": "smooth texture",
        "Idm": "smooth texture",
        "Idmn": "smooth texture for the range of grays",
        "Idn": "smooth texture for the range of grays",
        "Imc1": "neighbors that do not foretell each other",
        "Imc2": "neighbors that foretell each other",
        "InverseVariance": "small steps between neighbors",
        "JointAverage": "mean gray level of neighbors",
        "JointEnergy": "a pattern that repeats itself",
        "JointEntropy": "disorder of neighboring pairs",
        "MCC": "complex texture",
        "MaximumProbability": "one pair of grays that prevails",
        "SumAverage": "mean gray level of neighbors",
        "SumEntropy": "disorder of sums of neighbors",
        "SumSquares": "spread of neighboring pairs",
    },
    "glszm": {
        "GrayLevelNonUniformity": "many zones of few gray levels",
        "GrayLevelNonUniformityNormalized": "zones of few gray levels",
        "GrayLevelVariance": "zones of many gray levels",
        "HighGrayLevelZoneEmphasis": "bright zones",
        "LargeAreaEmphasis": "large even zones",
        "LargeAreaHighGrayLevelEmphasis": "large bright zones",
        "LargeAreaLowGrayLevelEmphasis": "large dark zones",
        "LowGrayLevelZoneEmphasis": "dark zones",
        "SizeZoneNonUniformity": "many zones of one size",
        "SizeZoneNonUniformityNormalized": "zones of one size",
        "SmallAreaEmphasis": "small zones",
        "SmallAreaHighGrayLevelEmphasis": "small bright zones",
        "SmallAreaLowGrayLevelEmphasis": "small dark zones",
        "ZoneEntropy": "disorder of the zones",
        "ZonePercentage": "fine texture",
        "ZoneVariance": "zones of very different sizes",
    },
}
