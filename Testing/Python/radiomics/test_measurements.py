"""Features as measurements of a reading."""

from __future__ import annotations

import math

import pytest
from pydicom.sr._concepts_dict import concepts

from readingroom.radiomics import feature_classes
from readingroom.radiomics.features import Features
from readingroom.radiomics.ibsi_codes import ibsi_code
from readingroom.radiomics.measure import measure
from readingroom.radiomics.measurements import feature_title, measurements
from readingroom.radiomics.settings import Settings
from readingroom.radiomics.units import ucum_unit

# The statistics of gray values: DICOM has codes of its own for these, so that pydicom does not list IBSI's.
STATISTICS = {
    "Q4LE": "Mean", "ECT3": "Variance", "KE2A": "Skewness", "IPH6": "Kurtosis", "Y12H": "Median", "1GSF": "Minimum",
    "QG58": "10Percentile", "8DWT": "90Percentile", "84IY": "Maximum", "SALO": "InterquartileRange", "2OJQ": "Range",
    "4FUA": "MeanAbsoluteDeviation", "1128": "RobustMeanAbsoluteDeviation", "N8CA": "Energy", "5ZWQ": "RootMeanSquared",
    "N72L": "MedianAbsoluteDeviation", "7TET": "CoefficientOfVariation", "9S40": "QuartileCoefficientOfDispersion",
}  # fmt: skip


def codes(ibsi):
    """Every feature that can be asked for, with its code."""
    for feature_class in feature_classes.NAMES:
        for name in feature_classes.known(feature_class, ibsi=True):
            feature = f"original_{feature_class}_{name}"
            if (code := ibsi_code(feature, ibsi)) is not None:
                yield feature, code


def test_codes_and_meanings_are_those_of_dicom_or_of_the_statistics():
    dicom = {value: meaning for terms in concepts["IBSI"].values() for value, (meaning, _) in terms.items()}
    for feature, code in codes(ibsi=True):
        if code.value in STATISTICS:
            assert feature == f"original_firstorder_{STATISTICS[code.value]}"
        else:
            assert dicom[code.value] == code.meaning
        assert code.scheme == "IBSI"


def test_no_two_features_bear_one_code():
    values = [code.value for _feature, code in codes(ibsi=True)]
    assert (
        len(values) == len(set(values)) == 107 - 5 + 3 + 3
    )  # what IBSI lacks, what is only given by name, and what IBSI alone has


def test_what_pyradiomics_defines_otherwise_has_a_code_by_ibsi_alone():
    otherwise = {feature for feature, _ in codes(ibsi=True)} - {feature for feature, _ in codes(ibsi=False)}
    assert "original_firstorder_Kurtosis" in otherwise
    assert len(otherwise) == 9


@pytest.mark.parametrize("feature", ["wavelet-LLH_glcm_Contrast", "original_glcm_MCC", "original_shape2D_Perimeter"])
def test_filtered_images_and_what_ibsi_lacks_have_no_code(feature):
    assert ibsi_code(feature) is None


@pytest.mark.parametrize(
    ("feature", "unit"),
    [
        ("original_shape_MeshVolume", "mm3"),
        ("original_shape_SurfaceArea", "mm2"),
        ("original_shape_SurfaceVolumeRatio", "/mm"),
        ("original_shape_Sphericity", "1"),
        ("original_firstorder_Mean", "[hnsf'U]"),
        ("original_firstorder_Variance", "[hnsf'U]2"),
        ("original_firstorder_TotalEnergy", "[hnsf'U]2.mm3"),
        ("original_firstorder_Entropy", "bit"),
        ("original_glcm_Contrast", "1"),
    ],
)
def test_units_are_ucum(feature, unit):
    assert ucum_unit(feature, "HU") == unit


@pytest.mark.parametrize(
    ("feature", "title"),
    [
        ("original_shape_Maximum3DDiameter", "Maximum 3D diameter"),
        ("original_firstorder_90Percentile", "90 percentile"),
        ("original_glcm_Contrast", "Contrast, co-occurrence of gray levels"),
        ("original_glcm_Imc1", "Imc1, co-occurrence of gray levels"),
        ("wavelet-LLH_firstorder_RootMeanSquared", "Root mean squared (wavelet-LLH)"),
    ],
)
def test_titles_are_words(feature, title):
    assert feature_title(feature) == title


def test_a_measured_region_becomes_measurements_in_the_order_asked_for(an_image, a_mask):
    features = measure(an_image, a_mask, Settings())
    wanted = ("original_firstorder_Mean", "original_shape_MeshVolume")
    mean, volume = measurements(features, wanted, "ct", "tumor", "HU")
    assert (mean.value, mean.unit, mean.code.value) == (features.values[wanted[0]], "[hnsf'U]", "Q4LE")
    assert (volume.value, volume.unit, volume.image, volume.region) == (
        features.values[wanted[1]], "mm3", "ct", "tumor",
    )  # fmt: skip
    assert len(measurements(features)) == len(features.values)


def test_what_is_not_defined_is_left_out_and_what_was_not_measured_raises():
    features = Features({"original_glcm_MCC": math.nan, "original_glcm_Id": 1.0}, {})
    assert [found.name for found in measurements(features)] == ["original_glcm_Id"]
    with pytest.raises(KeyError):
        measurements(features, ["original_glcm_Idm"])
