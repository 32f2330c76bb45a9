"""Identifiers of features in the reference manual of the Image Biomarker Standardization Initiative (IBSI 1).

Meanings of shape, histogram and texture are those of DICOM PS3.16, context groups 7468 and 7477.
"""

from __future__ import annotations

from ..codes import Code
from .units import feature_class_of, image_type_of

# Defined in another way by PyRadiomics, which we follow unless IBSI's definitions are asked for: kurtosis is 3 more,
# axes divide by the number of voxels and not by one less, and voxels without neighbors count in tone differences.
_OTHERWISE_BY_PYRADIOMICS = {
    "shape": ("MajorAxisLength", "MinorAxisLength", "LeastAxisLength"),
    "firstorder": ("Kurtosis",),
    "ngtdm": ("Coarseness", "Contrast", "Busyness", "Complexity", "Strength"),
}

_TABLE: dict[str, dict[str, tuple[str, str]]] = {
    "shape": {
        "VoxelVolume": ("YEKZ", "Volume from Voxel Summation"),
        "MeshVolume": ("RNU0", "Volume of Mesh"),
        "SurfaceArea": ("C0JK", "Surface Area of Mesh"),
        "SurfaceVolumeRatio": ("2PR5", "Surface to Volume Ratio"),
        "Compactness1": ("SKGS", "Compactness 1"),
        "Compactness2": ("BQWJ", "Compactness 2"),
        "SphericalDisproportion": ("KRCK", "Spherical Disproportion"),
        "Sphericity": ("QCFX", "Sphericity"),
        "Maximum3DDiameter": ("L0JK", "Maximum 3D Diameter of a Mesh"),
        "MajorAxisLength": ("TDIC", "Major Axis in 3D Length"),
        "MinorAxisLength": ("P9VJ", "Minor Axis in 3D Length"),
        "LeastAxisLength": ("7J51", "Least Axis in 3D Length"),
        "Elongation": ("Q3CK", "Elongation"),
        "Flatness": ("N17B", "Flatness"),
    },
    "firstorder": {
        "Mean": ("Q4LE", "Mean"),
        "Variance": ("ECT3", "Variance"),
        "Skewness": ("KE2A", "Skewness"),
        "Kurtosis": ("IPH6", "Kurtosis"),
        "Median": ("Y12H", "Median"),
        "Minimum": ("1GSF", "Minimum"),
        "10Percentile": ("QG58", "10th percentile"),
        "90Percentile": ("8DWT", "90th percentile"),
        "Maximum": ("84IY", "Maximum"),
        "InterquartileRange": ("SALO", "Interquartile range"),
        "Range": ("2OJQ", "Range"),
        "MeanAbsoluteDeviation": ("4FUA", "Mean absolute deviation"),
        "RobustMeanAbsoluteDeviation": ("1128", "Robust mean absolute deviation"),
        "MedianAbsoluteDeviation": ("N72L", "Median absolute deviation"),
        "CoefficientOfVariation": ("7TET", "Coefficient of variation"),
        "QuartileCoefficientOfDispersion": ("9S40", "Quartile coefficient of dispersion"),
        "Energy": ("N8CA", "Energy"),
        "RootMeanSquared": ("5ZWQ", "Root mean square"),
        "Entropy": ("TLU2", "Intensity Histogram Entropy"),
        "Uniformity": ("BJ5W", "Intensity Histogram Uniformity"),
    },
    "glcm": {
        "MaximumProbability": ("GYBY", "Joint Maximum of GLCM"),
        "JointAverage": ("60VM", "Joint Average of GLCM"),
        "SumSquares": ("UR99", "Joint Variance of GLCM"),
        "JointEntropy": ("TU9B", "Joint Entropy of GLCM"),
        "DifferenceAverage": ("TF7R", "Difference Average of GLCM"),
        "DifferenceVariance": ("D3YU", "Difference Variance of GLCM"),
        "DifferenceEntropy": ("NTRS", "Difference Entropy of GLCM"),
        "SumAverage": ("ZGXS", "Sum Average of GLCM"),
        "SumEntropy": ("P6QZ", "Sum Entropy of GLCM"),
        "JointEnergy": ("8ZQL", "Angular Second Moment of GLCM"),
        "Contrast": ("ACUI", "Contrast of GLCM"),
        "Id": ("IB1Z", "Inverse Difference of GLCM"),
        "Idn": ("NDRX", "Normalized Inverse Difference of GLCM"),
        "Idm": ("WF0Z", "Inverse Difference Moment of GLCM"),
        "Idmn": ("1QCO", "Normalized Inverse Difference Moment of GLCM"),
        "InverseVariance": ("E8JP", "Inverse Variance of GLCM"),
        "Correlation": ("NI2N", "Correlation of GLCM"),
        "Autocorrelation": ("QWB0", "Autocorrelation of GLCM"),
        "ClusterTendency": ("DG8W", "Cluster Tendency of GLCM"),
        "ClusterShade": ("7NFM", "Cluster Shade of GLCM"),
        "ClusterProminence": ("AE86", "Cluster Prominence of GLCM"),
        "Imc1": ("R8DG", "First Measure of Information Correlation of GLCM"),
        "Imc2": ("JN9H", "Second Measure of Information Correlation of GLCM"),
    },
    "glrlm": {
        "ShortRunEmphasis": ("22OV", "Short Runs Emphasis"),
        "LongRunEmphasis": ("W4KF", "Long Runs Emphasis"),
        "LowGrayLevelRunEmphasis": ("V3SW", "Low Gray Level Run Emphasis"),
        "HighGrayLevelRunEmphasis": ("G3QZ", "High Gray Level Run Emphasis"),
        "ShortRunLowGrayLevelEmphasis": ("HTZT", "Short Run Low Gray Level Emphasis"),
        "ShortRunHighGrayLevelEmphasis": ("GD3A", "Short Run High Gray Level Emphasis"),
        "LongRunLowGrayLevelEmphasis": ("IVPO", "Long Run Low Gray Level Emphasis"),
        "LongRunHighGrayLevelEmphasis": ("3KUM", "Long Run High Gray Level Emphasis"),
        "GrayLevelNonUniformity": ("R5YN", "Gray Level Nonuniformity in Runs"),
        "GrayLevelNonUniformityNormalized": ("OVBL", "Normalized Gray Level Nonuniformity in Runs"),
        "RunLengthNonUniformity": ("W92Y", "Run Length Nonuniformity"),
        "RunLengthNonUniformityNormalized": ("IC23", "Normalized Run Length Nonuniformity"),
        "RunPercentage": ("9ZK5", "Run Percentage"),
        "GrayLevelVariance": ("8CE5", "Gray Level Variance in Runs"),
        "RunVariance": ("SXLW", "Run Length Variance"),
        "RunEntropy": ("HJ9O", "Run Entropy"),
    },
    "glszm": {
        "SmallAreaEmphasis": ("5QRC", "Small Zone Emphasis"),
        "LargeAreaEmphasis": ("48P8", "Large Zone Emphasis"),
        "LowGrayLevelZoneEmphasis": ("XMSY", "Low Gray Level Zone Emphasis"),
        "HighGrayLevelZoneEmphasis": ("5GN9", "High Gray Level Zone Emphasis"),
        "SmallAreaLowGrayLevelEmphasis": ("5RAI", "Small Zone Low Gray Level Emphasis"),
        "SmallAreaHighGrayLevelEmphasis": ("HW1V", "Small Zone High Gray Level Emphasis"),
        "LargeAreaLowGrayLevelEmphasis": ("YH51", "Large Zone Low Gray Level Emphasis"),
        "LargeAreaHighGrayLevelEmphasis": ("J17V", "Large Zone High Gray Level Emphasis"),
        "GrayLevelNonUniformity": ("JNSA", "Gray Level Nonuniformity of Size Zone Counts"),
        "GrayLevelNonUniformityNormalized": ("Y1RO", "Normalized Gray Level Nonuniformity of Size Zone Counts"),
        "SizeZoneNonUniformity": ("4JP3", "Zone Size Nonuniformity"),
        "SizeZoneNonUniformityNormalized": ("VB3A", "Normalized Zone Size Nonuniformity"),
        "ZonePercentage": ("P30P", "Size Zone Percentage"),
        "GrayLevelVariance": ("BYLV", "Gray Level Variance in Size Zones"),
        "ZoneVariance": ("3NSA", "Zone Size Variance"),
        "ZoneEntropy": ("GU8N", "Zone Size Entropy"),
    },
    "ngtdm": {
        "Coarseness": ("QCDE", "Coarseness of NGTDM"),
        "Contrast": ("65HE", "Contrast of NGTDM"),
        "Busyness": ("NQ30", "Busyness of NGTDM"),
        "Complexity": ("HDEZ", "Complexity of NGTDM"),
        "Strength": ("1X9X", "Strength of NGTDM"),
    },
    "gldm": {
        "SmallDependenceEmphasis": ("SODN", "Low dependence emphasis"),
        "LargeDependenceEmphasis": ("IMOQ", "High dependence emphasis"),
        "LowGrayLevelEmphasis": ("TL9H", "Low grey level count emphasis"),
        "HighGrayLevelEmphasis": ("OAE7", "High grey level count emphasis"),
        "SmallDependenceLowGrayLevelEmphasis": ("EQ3F", "Low dependence low grey level emphasis"),
        "SmallDependenceHighGrayLevelEmphasis": ("JA6D", "Low dependence high grey level emphasis"),
        "LargeDependenceLowGrayLevelEmphasis": ("NBZI", "High dependence low grey level emphasis"),
        "LargeDependenceHighGrayLevelEmphasis": ("9QMG", "High dependence high grey level emphasis"),
        "GrayLevelNonUniformity": ("FP8K", "Grey level non-uniformity of NGLDM"),
        "DependenceNonUniformity": ("Z87G", "Dependence count non-uniformity"),
        "DependenceNonUniformityNormalized": ("OKJI", "Dependence count non-uniformity normalized"),
        "GrayLevelVariance": ("1PFV", "Grey level variance of NGLDM"),
        "DependenceVariance": ("DNX2", "Dependence count variance"),
        "DependenceEntropy": ("FCBV", "Dependence count entropy"),
    },
}


def ibsi_code(feature: str, ibsi: bool = False) -> Code | None:
    """The code of a feature such as ``original_glcm_Contrast``; None where IBSI has none, or another definition.

    Parameters
    ----------
    ibsi : it was measured with IBSI's definitions (`Settings.ibsi`)
    """
    feature_class, name = feature_class_of(feature), feature.rsplit("_", 1)[-1]
    known = _TABLE.get(feature_class, {}).get(name)
    differs = not ibsi and name in _OTHERWISE_BY_PYRADIOMICS.get(feature_class, ())
    if known is None or differs or image_type_of(feature) != "original":
        return None
    value, meaning = known
    return Code(value, "IBSI", meaning)
