"""Units of features."""

import pytest

from readingroom.radiomics import feature_classes
from readingroom.radiomics.units import feature_class_of, image_type_of, unit


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("original_shape_MeshVolume", "mm³"),
        ("original_shape_SurfaceVolumeRatio", "1/mm"),
        ("original_shape_Sphericity", ""),
        ("original_shape2D_Perimeter", "mm"),
        ("original_firstorder_Mean", "HU"),
        ("original_firstorder_Variance", "HU²"),
        ("original_firstorder_TotalEnergy", "HU² mm³"),
        ("original_firstorder_Skewness", ""),
        ("original_firstorder_Entropy", "bit"),
        ("original_glcm_JointEntropy", "bit"),
        ("original_glcm_Contrast", ""),
        ("wavelet-LLH_firstorder_Mean", ""),
    ],
)
def test_a_feature_has_its_unit(feature, expected):
    assert unit(feature, "HU") == expected


def test_gray_values_without_a_unit_give_features_without_one():
    assert unit("original_firstorder_Mean") == unit("original_firstorder_Energy") == ""


def test_every_length_area_and_volume_of_the_shapes_has_a_unit():
    bare = {
        n
        for feature_class in ("shape", "shape2D")
        for n in feature_classes.NAMES[feature_class]
        if not unit(f"original_{feature_class}_{n}")
    }
    assert bare == {"Elongation", "Flatness", "Sphericity"}


def test_a_name_tells_its_feature_class_and_its_image():
    assert feature_class_of("log-sigma-1-0-mm-3D_glcm_Contrast") == "glcm"
    assert image_type_of("log-sigma-1-0-mm-3D_glcm_Contrast") == "log-sigma-1-0-mm-3D"
