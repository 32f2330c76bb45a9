"""The names of filtered images are known before they are made."""

import numpy as np
import pytest
import SimpleITK

from readingroom.errors import InputError
from readingroom.radiomics import image_names, image_types
from readingroom.radiomics.maps.files import maps_named
from readingroom.radiomics.prepare import prepare
from readingroom.radiomics.settings import IMAGE_TYPES, Settings

CONTRAST, ENERGY = {"glcm": ("Contrast",)}, {"glcm": ("JointEnergy",)}


@pytest.mark.parametrize("flat", [False, True])
def test_images_bear_the_names_that_were_said_and_say_their_type(flat):
    image = SimpleITK.GetImageFromArray(np.random.default_rng(0).normal(100, 20, (12, 12, 12)))
    mask = SimpleITK.Image(12, 12, 12, SimpleITK.sitkUInt8)
    mask[4:8, 4:8, 4:8] = 1
    settings = Settings(sigma=(1, 1.5), level=2, lbp_3d_levels=3)
    prepared = prepare(*((image[:, :, 5], mask[:, :, 5]) if flat else (image, mask)), settings)
    for kind in IMAGE_TYPES:
        said = image_names.names(kind, settings, flat)
        assert [name for name, _values in image_types.images(prepared, kind, settings)] == said
        assert all(image_names.type_of(name)[0] == kind for name in said)


@pytest.mark.parametrize("name", ["log", "wavelet", "wavelet-", "lbp3d", "log-sigma-x-mm-3D", "Original", ""])
def test_a_name_that_no_image_has_is_refused(name):
    with pytest.raises(InputError, match="no image named"):
        image_names.type_of(name)


def test_a_name_without_an_image_is_about_every_image_of_the_settings():
    settings = Settings(image_types={"Original": {}, "LoG": {"sigma": (1.0,)}})
    found, asked = maps_named(["glcm_Contrast", "log-sigma-2-0-mm-3D_glcm_JointEnergy"], settings)
    assert found.image_types == {"Original": {}, "LoG": {"sigma": (1.0, 2.0)}}
    assert asked == {"original": CONTRAST, "log-sigma-1-0-mm-3D": CONTRAST, "log-sigma-2-0-mm-3D": ENERGY}


def test_a_filtered_image_is_filtered_as_the_settings_say():
    settings = Settings(image_types={"Wavelet": {"wavelet": "haar", "level": 2}})
    found, asked = maps_named(["wavelet2-LLL_glcm_Contrast"], settings)
    assert found.image_types == {"Wavelet": {"wavelet": "haar", "level": 2}}
    assert asked == {"wavelet2-LLL": CONTRAST}


def test_a_transformed_image_is_asked_for_by_name():
    found, _asked = maps_named(["riesz-0-2-0-log-sigma-3-0-mm-3D_glcm_Contrast"], Settings(ibsi=True))
    assert found.image_types == {"LoG": {"sigma": (3.0,), "riesz_order": (0, 2, 0)}}


def test_images_of_several_kernels_are_asked_for_by_name():
    words = ["laws-L5E5E5-energy-7_glcm_Contrast", "laws-E5E5L5-energy-7_glcm_JointEnergy"]
    found, asked = maps_named(words, Settings(ibsi=True))
    assert found.image_types["Laws"]["laws_kernel"] == ("L5E5E5", "E5E5L5")
    assert list(asked.values()) == [CONTRAST, ENERGY]


def test_two_images_that_no_setting_has_together_are_refused():
    with pytest.raises(InputError, match="no image named wavelet-LLL"):
        maps_named(["wavelet-LLL_glcm", "wavelet2-LLL_glcm"], Settings())
