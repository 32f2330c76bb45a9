"""The 72 handcrafted features: which they are, how they are measured, what they are in words."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from readingroom.bundles.explained import HandcraftedSettings
from readingroom.errors import InputError
from readingroom.phantoms.abdomen_mr import abdomen_mr
from readingroom.radiomics.handcrafted import NAMES, in_words, measure_handcrafted, title
from readingroom.radiomics.measure import measure
from readingroom.radiomics.settings import Settings


@pytest.fixture(scope="module")
def liver():
    """An MR image and the voxels of its liver."""
    phantom = abdomen_mr(3, shape=(20, 56, 72), spacing=(12.0, 5.6, 5.6))
    image = SimpleITK.GetImageFromArray(phantom.pixels)
    image.SetSpacing(phantom.spacing[::-1])
    return image, phantom.liver


def test_there_are_14_18_24_and_16_of_them():
    classes = [name.split("_")[1] for name in NAMES]
    assert [classes.count(name) for name in ("shape", "firstorder", "glcm", "glszm")] == [14, 18, 24, 16]
    assert len(set(NAMES)) == 72


def test_texture_has_128_gray_levels_and_size_zones_32(liver):
    image, voxels = liver
    found = measure_handcrafted(image, voxels, HandcraftedSettings())
    assert tuple(found) == NAMES
    mask = SimpleITK.GetImageFromArray(voxels.astype(np.uint8))
    mask.CopyInformation(image)
    for feature_class, bins in (("firstorder", 128), ("glcm", 128), ("glszm", 32)):
        expected = measure(image, mask, Settings(features={feature_class: ()}, bin_count=bins)).values
        for name, value in expected.items():
            assert found[name] == pytest.approx(value, rel=1e-12), name


def test_the_volume_of_the_phantoms_liver_is_measured(liver):
    image, voxels = liver
    found = measure_handcrafted(image, voxels, HandcraftedSettings())
    assert found["original_shape_VoxelVolume"] == pytest.approx(voxels.sum() * np.prod(image.GetSpacing()))


def test_another_spacing_is_resampled_to(liver):
    image, voxels = liver
    native = measure_handcrafted(image, voxels, HandcraftedSettings())
    coarse = measure_handcrafted(image, voxels, HandcraftedSettings(spacing=(8.0, 8.0, 12.0)))
    volume, contrast = "original_shape_VoxelVolume", "original_glcm_Contrast"
    assert coarse[volume] == pytest.approx(native[volume], rel=0.05)
    assert coarse[contrast] != pytest.approx(native[contrast], rel=0.01)


def test_a_region_of_one_value_is_refused_in_a_sentence(liver):
    image, voxels = liver
    with pytest.raises(InputError, match="no texture"):
        measure_handcrafted(image * 0, voxels, HandcraftedSettings())


def test_every_feature_has_words_and_no_two_have_the_same():
    titles = [title(name) for name in NAMES]
    assert all(said != name for said, name in zip(titles, NAMES, strict=True))
    assert len(set(titles)) == len(titles)
    assert title("original_glcm_Contrast") == "rough texture (GLCM contrast)"
    assert title("original_firstorder_90Percentile") == "brightness of the brighter parts (first order 90 percentile)"
    assert title("original_shape_Maximum3DDiameter") == "largest diameter (shape maximum 3D diameter)"


def test_a_deep_feature_that_falls_as_another_rises_is_its_opposite():
    assert in_words("original_glcm_Contrast", 0.8) == "Rough texture (GLCM contrast)"
    assert in_words("original_glcm_Contrast", -0.8) == "Opposite of rough texture (GLCM contrast)"


def test_a_feature_of_another_kind_keeps_its_name():
    assert title("wavelet-LLH_glrlm_RunEntropy") == "wavelet-LLH_glrlm_RunEntropy"
