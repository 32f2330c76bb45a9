"""The unit of a feature, for people who read tables and in UCUM."""

from __future__ import annotations

_LENGTHS = (
    "LeastAxisLength",
    "MajorAxisLength",
    "MinorAxisLength",
    "Maximum2DDiameterColumn",
    "Maximum2DDiameterRow",
    "Maximum2DDiameterSlice",
    "Maximum3DDiameter",
    "MaximumDiameter",
    "Perimeter",
)
_SHAPES = {
    **dict.fromkeys(_LENGTHS, "mm"),
    "SurfaceArea": "mm²",
    "MeshSurface": "mm²",
    "PixelSurface": "mm²",
    "MeshVolume": "mm³",
    "VoxelVolume": "mm³",
    "SurfaceVolumeRatio": "1/mm",
    "PerimeterSurfaceRatio": "1/mm",
}
_LIKE_THE_IMAGE = (
    "10Percentile",
    "90Percentile",
    "InterquartileRange",
    "Maximum",
    "MeanAbsoluteDeviation",
    "Mean",
    "Median",
    "MedianAbsoluteDeviation",
    "Minimum",
    "Range",
    "RobustMeanAbsoluteDeviation",
    "RootMeanSquared",
    "StandardDeviation",
)


def feature_class_of(feature: str) -> str:
    """``glcm`` for ``original_glcm_Contrast``, ``firstorder`` for ``wavelet-LLH_firstorder_Mean``."""
    return feature.split("_")[-2] if feature.count("_") >= 2 else ""


def image_type_of(feature: str) -> str:
    """``original`` for ``original_glcm_Contrast``, ``log-sigma-1-0-mm-3D`` for one of a filtered image."""
    return feature.rsplit("_", 2)[0] if feature.count("_") >= 2 else ""


def unit(feature: str, image_unit: str = "") -> str:
    """The unit of a feature such as ``original_shape_MeshVolume``: ``mm³``.

    Parameters
    ----------
    image_unit : of the gray values, such as ``HU``; empty where the image has none, as in MR

    Returns
    -------
    Empty for what has no unit: ratios, probabilities, and texture, which counts gray levels.
    """
    feature_class, name = feature_class_of(feature), feature.rsplit("_", 1)[-1]
    if feature_class in ("shape", "shape2D"):
        return _SHAPES.get(name, "")
    if "Entropy" in name:
        return "bit"
    if feature_class != "firstorder" or not image_unit or image_type_of(feature) != "original":
        return ""
    if name in _LIKE_THE_IMAGE:
        return image_unit
    return {"Variance": f"{image_unit}²", "Energy": f"{image_unit}²", "TotalEnergy": f"{image_unit}² mm³"}.get(name, "")


def ucum_unit(feature: str, image_unit: str = "") -> str:
    """The same unit in the Unified Code for Units of Measure: ``mm3``, ``[hnsf'U]``; ``1`` for what has none."""
    text = unit(feature, image_unit)
    for ours, ucum in (("HU", "[hnsf'U]"), ("1/mm", "/mm"), (" ", "."), ("²", "2"), ("³", "3")):
        text = text.replace(ours, ucum)
    return text or "1"
