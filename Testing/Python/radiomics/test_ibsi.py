"""Agreement with the reference values of the Image Biomarker Standardization Initiative (IBSI 1)."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from readingroom.errors import InputError
from readingroom.radiomics import feature_classes, first_order
from readingroom.radiomics.measure import measure
from readingroom.radiomics.settings import Settings

# IBSI's names, without the feature class and the way directions are put together, and ours.
FIRST_ORDER = {
    "mean": "Mean",
    "var": "Variance",
    "skew": "Skewness",
    "kurt": "Kurtosis",
    "median": "Median",
    "min": "Minimum",
    "p10": "10Percentile",
    "p90": "90Percentile",
    "max": "Maximum",
    "iqr": "InterquartileRange",
    "range": "Range",
    "mad": "MeanAbsoluteDeviation",
    "rmad": "RobustMeanAbsoluteDeviation",
    "medad": "MedianAbsoluteDeviation",
    "cov": "CoefficientOfVariation",
    "qcod": "QuartileCoefficientOfDispersion",
    "energy": "Energy",
    "rms": "RootMeanSquared",
}
SHAPE = {
    "volume": "MeshVolume",
    "vol_approx": "VoxelVolume",
    "area_mesh": "SurfaceArea",
    "av": "SurfaceVolumeRatio",
    "sphericity": "Sphericity",
    "diam": "Maximum3DDiameter",
    "pca_maj_axis": "MajorAxisLength",
    "pca_min_axis": "MinorAxisLength",
    "pca_least_axis": "LeastAxisLength",
    "pca_elongation": "Elongation",
    "pca_flatness": "Flatness",
}
GLCM = {
    "joint_max": "MaximumProbability",
    "joint_avg": "JointAverage",
    "joint_var": "SumSquares",
    "joint_entr": "JointEntropy",
    "diff_avg": "DifferenceAverage",
    "diff_var": "DifferenceVariance",
    "diff_entr": "DifferenceEntropy",
    "sum_avg": "SumAverage",
    "sum_entr": "SumEntropy",
    "energy": "JointEnergy",
    "contrast": "Contrast",
    "inv_diff": "Id",
    "inv_diff_norm": "Idn",
    "inv_diff_mom": "Idm",
    "inv_diff_mom_norm": "Idmn",
    "inv_var": "InverseVariance",
    "corr": "Correlation",
    "auto_corr": "Autocorrelation",
    "clust_tend": "ClusterTendency",
    "clust_shade": "ClusterShade",
    "clust_prom": "ClusterProminence",
    "info_corr1": "Imc1",
    "info_corr2": "Imc2",
}
GLRLM = {
    "sre": "ShortRunEmphasis",
    "lre": "LongRunEmphasis",
    "lgre": "LowGrayLevelRunEmphasis",
    "hgre": "HighGrayLevelRunEmphasis",
    "srlge": "ShortRunLowGrayLevelEmphasis",
    "srhge": "ShortRunHighGrayLevelEmphasis",
    "lrlge": "LongRunLowGrayLevelEmphasis",
    "lrhge": "LongRunHighGrayLevelEmphasis",
    "glnu": "GrayLevelNonUniformity",
    "glnu_norm": "GrayLevelNonUniformityNormalized",
    "rlnu": "RunLengthNonUniformity",
    "rlnu_norm": "RunLengthNonUniformityNormalized",
    "r_perc": "RunPercentage",
    "gl_var": "GrayLevelVariance",
    "rl_var": "RunVariance",
    "rl_entr": "RunEntropy",
}
GLSZM = {
    "sze": "SmallAreaEmphasis",
    "lze": "LargeAreaEmphasis",
    "lgze": "LowGrayLevelZoneEmphasis",
    "hgze": "HighGrayLevelZoneEmphasis",
    "szlge": "SmallAreaLowGrayLevelEmphasis",
    "szhge": "SmallAreaHighGrayLevelEmphasis",
    "lzlge": "LargeAreaLowGrayLevelEmphasis",
    "lzhge": "LargeAreaHighGrayLevelEmphasis",
    "glnu": "GrayLevelNonUniformity",
    "glnu_norm": "GrayLevelNonUniformityNormalized",
    "zsnu": "SizeZoneNonUniformity",
    "zsnu_norm": "SizeZoneNonUniformityNormalized",
    "z_perc": "ZonePercentage",
    "gl_var": "GrayLevelVariance",
    "zs_var": "ZoneVariance",
    "zs_entr": "ZoneEntropy",
}
NGTDM = {
    "coarseness": "Coarseness",
    "contrast": "Contrast",
    "busyness": "Busyness",
    "complexity": "Complexity",
    "strength": "Strength",
}
GLDM = {
    "lde": "SmallDependenceEmphasis",
    "hde": "LargeDependenceEmphasis",
    "lgce": "LowGrayLevelEmphasis",
    "hgce": "HighGrayLevelEmphasis",
    "ldlge": "SmallDependenceLowGrayLevelEmphasis",
    "ldhge": "SmallDependenceHighGrayLevelEmphasis",
    "hdlge": "LargeDependenceLowGrayLevelEmphasis",
    "hdhge": "LargeDependenceHighGrayLevelEmphasis",
    "glnu": "GrayLevelNonUniformity",
    "dcnu": "DependenceNonUniformity",
    "dcnu_norm": "DependenceNonUniformityNormalized",
    "gl_var": "GrayLevelVariance",
    "dc_var": "DependenceVariance",
    "dc_entr": "DependenceEntropy",
}

TWO_MILLIMETERS = (2.0, 2.0, 2.0)
CONFIGURATIONS = {
    "a": ("2_5D", Settings(ibsi=True, force_2d=True, resegment_range=(-500, 400))),
    "b": (
        "2_5D",
        Settings(
            ibsi=True,
            force_2d=True,
            bin_count=32,
            resegment_range=(-500, 400),
            resampled_spacing=(2, 2, 0),
            interpolator="sitkLinear",
        ),
    ),
    "c": (
        "3D",
        Settings(ibsi=True, resegment_range=(-1000, 400), resampled_spacing=TWO_MILLIMETERS, interpolator="sitkLinear"),
    ),
    "d": (
        "3D",
        Settings(
            ibsi=True,
            bin_count=32,
            resegment_sigma=3,
            resampled_spacing=TWO_MILLIMETERS,
            interpolator="sitkLinear",
        ),
    ),
    "e": (
        "3D",
        Settings(
            ibsi=True,
            bin_count=32,
            resegment_range=(-1000, 400),
            resegment_sigma=3,
            resampled_spacing=TWO_MILLIMETERS,
            interpolator="sitkBSpline",
        ),
    ),
}


@pytest.mark.parametrize(("dimension", "flat"), [("3D", False), ("2_5D", True)])
def test_the_digital_phantom_agrees(shared, dimension, flat):
    folder = shared / "data" / "ibsi" / "ibsi_1_digital_phantom" / "nifti"
    image, mask = (SimpleITK.ReadImage(str(folder / path)) for path in ("image/phantom.nii.gz", "mask/mask.nii.gz"))
    found = measure(image, mask, Settings(ibsi=True, bin_width=1, force_2d=flat)).values
    assert not disagreements(found, references(shared, "dig_phantom"), dimension)


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_the_ct_phantom_agrees(shared, configuration):
    folder = shared / "data" / "ibsi" / "ibsi_1_ct_radiomics_phantom" / "nifti"
    image, mask = (SimpleITK.ReadImage(str(folder / path)) for path in ("image/phantom.nii.gz", "mask/mask.nii.gz"))
    whole = SimpleITK.Cast(SimpleITK.Round(image), SimpleITK.sitkInt16)  # HU; the file holds them as 32-bit floats
    dimension, settings = CONFIGURATIONS[configuration]
    found = measure(whole, mask, settings).values
    assert not disagreements(found, references(shared, f"chest_config_{configuration}"), dimension)


def test_without_ibsi_the_definitions_of_pyradiomics_hold(an_image, a_mask):
    theirs, ibsi = (measure(an_image, a_mask, Settings(ibsi=choice)).values for choice in (False, True))
    assert theirs["original_firstorder_Kurtosis"] == pytest.approx(ibsi["original_firstorder_Kurtosis"] + 3)
    assert theirs["original_shape_MajorAxisLength"] < ibsi["original_shape_MajorAxisLength"]


def test_what_ibsi_alone_has_is_measured_with_its_definitions_alone(an_image, a_mask):
    names = [f"original_firstorder_{name}" for name in feature_classes.OF_IBSI["firstorder"]]
    plain, ibsi = (measure(an_image, a_mask, Settings(ibsi=choice)).values for choice in (False, True))
    assert not set(names) & set(plain)
    assert set(ibsi) == {*plain, *names}
    with pytest.raises(InputError, match="ibsi must be true for CoefficientOfVariation"):
        Settings(features={"firstorder": ("CoefficientOfVariation",)})


def test_a_coefficient_without_a_denominator_is_no_number():
    found = first_order.features(np.array([-1.0, 0.0, 1.0]), None, 1.0)
    assert math.isnan(found["CoefficientOfVariation"])
    assert math.isnan(found["QuartileCoefficientOfDispersion"])
    assert found["MedianAbsoluteDeviation"] == pytest.approx(2 / 3)


def references(shared: Path, name: str) -> dict[str, tuple[float, float]]:
    """Value and tolerance of each tag; values of three digits are good to half of the last one."""
    path = shared / "data" / "ibsi" / "ibsi_1_reference" / f"ibsi_1_{name}.csv"
    found = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter=";"):
            if row["reference value"]:
                value = float(row["reference value"])
                rounding = 0.501 * 10 ** (math.floor(math.log10(abs(value))) - 2) if value else 0.0
                found[row["tag"]] = (value, max(float(row["tolerance"]), rounding))
    return found


def disagreements(
    found: dict[str, float], expected: dict[str, tuple[float, float]], dimension: str
) -> list[tuple[str, float, float]]:
    pairs = {tag: name for tag, name in tags(dimension).items() if tag in expected}
    assert len(pairs) == 105
    return [
        (tag, found[name], expected[tag][0])
        for tag, name in pairs.items()
        if not abs(found[name] - expected[tag][0]) <= expected[tag][1]
    ]


def tags(dimension: str) -> dict[str, str]:
    """IBSI's tag of each of our features; directions are averaged, in slices after adding up the slices (2.5D)."""
    average = f"{dimension}_avg"
    return {
        **{f"stat_{tag}": f"original_firstorder_{name}" for tag, name in FIRST_ORDER.items()},
        "ih_entropy": "original_firstorder_Entropy",
        "ih_uniformity": "original_firstorder_Uniformity",
        **{f"morph_{tag}": f"original_shape_{name}" for tag, name in SHAPE.items()},
        **{f"cm_{tag}_{average}": f"original_glcm_{name}" for tag, name in GLCM.items()},
        **{f"rlm_{tag}_{average}": f"original_glrlm_{name}" for tag, name in GLRLM.items()},
        **{f"szm_{tag}_{dimension}": f"original_glszm_{name}" for tag, name in GLSZM.items()},
        **{f"ngt_{tag}_{dimension}": f"original_ngtdm_{name}" for tag, name in NGTDM.items()},
        **{f"ngl_{tag}_{dimension}": f"original_gldm_{name}" for tag, name in GLDM.items()},
    }
