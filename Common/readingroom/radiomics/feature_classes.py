"""The feature classes and the names in each, in the order of a PyRadiomics table."""

from __future__ import annotations

from . import glcm, gldm, glrlm, glszm, ngtdm

NAMES: dict[str, tuple[str, ...]] = {
    "shape": (
        "Elongation",
        "Flatness",
        "LeastAxisLength",
        "MajorAxisLength",
        "Maximum2DDiameterColumn",
        "Maximum2DDiameterRow",
        "Maximum2DDiameterSlice",
        "Maximum3DDiameter",
        "MeshVolume",
        "MinorAxisLength",
        "Sphericity",
        "SurfaceArea",
        "SurfaceVolumeRatio",
        "VoxelVolume",
    ),
    "shape2D": (
        "Elongation",
        "MajorAxisLength",
        "MaximumDiameter",
        "MeshSurface",
        "MinorAxisLength",
        "Perimeter",
        "PerimeterSurfaceRatio",
        "PixelSurface",
        "Sphericity",
    ),
    "firstorder": (
        "10Percentile",
        "90Percentile",
        "Energy",
        "Entropy",
        "InterquartileRange",
        "Kurtosis",
        "Maximum",
        "MeanAbsoluteDeviation",
        "Mean",
        "Median",
        "Minimum",
        "Range",
        "RobustMeanAbsoluteDeviation",
        "RootMeanSquared",
        "Skewness",
        "TotalEnergy",
        "Uniformity",
        "Variance",
    ),
    "glcm": glcm.NAMES,
    "gldm": tuple(gldm.NAMES),
    "glrlm": tuple(glrlm.NAMES),
    "glszm": tuple(glszm.NAMES),
    "ngtdm": ngtdm.NAMES,
}

# Features of IBSI that PyRadiomics lacks, there with IBSI's definitions alone.
OF_IBSI: dict[str, tuple[str, ...]] = {
    "firstorder": ("CoefficientOfVariation", "MedianAbsoluteDeviation", "QuartileCoefficientOfDispersion"),
}

# Given when asked for by name, as in PyRadiomics: each is a formula of others.
DEPRECATED: dict[str, tuple[str, ...]] = {
    "shape": ("Compactness1", "Compactness2", "SphericalDisproportion"),
    "shape2D": ("SphericalDisproportion",),
    "firstorder": ("StandardDeviation",),
}

# Known to PyRadiomics and given by nobody: each is equal to another feature, or always to 1.
RETIRED: dict[str, dict[str, str]] = {
    "glcm": {
        "Dissimilarity": "DifferenceAverage",
        "Homogeneity1": "Id",
        "Homogeneity2": "Idm",
        "SumVariance": "ClusterTendency",
    },
    "gldm": {"DependencePercentage": "1", "GrayLevelNonUniformityNormalized": "Uniformity of first order"},
}

SHAPES = ("shape", "shape2D")  # where the region lies, whatever the gray values are
DEFAULT = ("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")

TITLES: dict[str, str] = {
    "shape": "shape",
    "shape2D": "shape in the slice",
    "firstorder": "first-order statistics",
    "glcm": "co-occurrence of gray levels",
    "gldm": "gray level dependence",
    "glrlm": "run lengths",
    "glszm": "size zones",
    "ngtdm": "neighboring tone differences",
}


def names(feature_class: str, ibsi: bool = False) -> tuple[str, ...]:
    """The features of a class that are measured when none is named."""
    return NAMES[feature_class] + (OF_IBSI.get(feature_class, ()) if ibsi else ())


def known(feature_class: str, ibsi: bool = False) -> tuple[str, ...]:
    """The features of a class that can be measured."""
    return names(feature_class, ibsi) + DEPRECATED.get(feature_class, ())
