"""Agreement of the convolutional filters with the reference of IBSI 2."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from experiments import ibsi_filters
from readingroom.errors import InputError
from readingroom.radiomics import image_names, image_types
from readingroom.radiomics.convolution import turns
from readingroom.radiomics.maps.feature_maps import feature_maps
from readingroom.radiomics.measure import measure
from readingroom.radiomics.prepare import prepare
from readingroom.radiomics.settings import IBSI_FILTERS, Settings, from_parameters

CORNER = (slice(0, 3), slice(60, 64), slice(0, 4))
MIDDLE = (slice(29, 33), slice(30, 33), slice(29, 34))
MEAN = {"firstorder": ("Mean",)}


@pytest.mark.parametrize("name", ibsi_filters.MAPS)
def test_parts_of_each_response_map_agree_with_the_reference(shared, name):
    for box in (CORNER, MIDDLE):
        assert ibsi_filters.difference(name, box).max() < ibsi_filters.TOLERANCE


@pytest.mark.parametrize("configuration", ["3.A", "4.A", "7.A"])
def test_features_of_the_filtered_ct_agree_with_the_consensus(shared, configuration):
    expected = ibsi_filters.references()[configuration]
    found = ibsi_filters.features(configuration)
    assert len(found) == 18
    assert not [tag for tag, value in found.items() if abs(value - expected[tag][0]) > expected[tag][1]]


def test_a_turned_filter_gives_the_turned_image():
    values = np.random.default_rng(0).normal(0, 100, (9, 9, 9))
    for kind in ("Laws", "Gabor", "Wavelet"):
        upright, turned = (filtered(kind, each) for each in (values, np.rot90(values, axes=(0, 2))))
        for name, image in upright.items():
            assert np.rot90(image, axes=(0, 2)) == pytest.approx(turned[name], abs=1e-9)


def filtered(kind: str, values) -> dict:
    image = SimpleITK.GetImageFromArray(values)
    mask = SimpleITK.GetImageFromArray(np.ones(values.shape, np.uint8))
    settings = Settings(ibsi=True, rotation_invariant=True, gabor_sigma=1.5, gabor_step=90, laws_energy=1)
    return dict(image_types.images(prepare(image, mask, settings), kind, settings))


def test_slabs_make_no_difference_to_a_gabor_filter(monkeypatch):
    values = np.random.default_rng(1).normal(0, 100, (5, 6, 7))
    (whole,) = filtered("Gabor", values).values()
    monkeypatch.setattr("readingroom.radiomics.ibsi_filters._SLAB", 1)
    (slabs,) = filtered("Gabor", values).values()
    assert slabs == pytest.approx(whole)


@pytest.mark.parametrize(
    "image_type",
    [{"LoG": {"sigma": (1000.0,)}}, {"Gabor": {"gabor_sigma": 100.0, "gabor_gamma": 0.1}}, {"Wavelet": {"level": 10}}],
)
def test_a_filter_far_wider_than_any_image_is_refused(an_image, a_mask, image_type):
    with pytest.raises(InputError, match="voxels far"):
        measure(an_image, a_mask, Settings(ibsi=True, wavelet="db20", image_types=image_type, features=MEAN))


def test_there_are_24_turns_in_space_and_4_in_a_plane():
    for axes, count in (((0, 1, 2), 24), ((1, 2), 4)):
        assert len({tuple(turn.items()) for turn in turns(axes)}) == count


def test_filters_have_the_names_that_were_said_and_maps(an_image, a_mask):
    options = {"level": 2, "gabor_sigma": 1.0, "laws_energy": 2}
    for kind in IBSI_FILTERS:
        settings = Settings(ibsi=True, image_types={kind: options}, features=MEAN)
        said = image_names.names(kind, settings.of_image_type(kind))
        assert [name.rsplit("_", 2)[0] for name in measure(an_image, a_mask, settings).values] == said
        assert all(image_names.type_of(name)[0] == kind for name in said)
        assert list(feature_maps(an_image, a_mask, settings).images) == [f"{name}_firstorder_Mean" for name in said]


def test_a_list_of_kernels_or_widths_gives_an_image_each(an_image, a_mask):
    """Each is what its own filter alone gives."""
    laws, gabor = {"laws_energy": 1}, {"gabor_gamma": 2.0}
    kinds = {
        "Laws": {**laws, "laws_kernel": ("L5E5E5", "S3L3L3")},
        "Gabor": {**gabor, "gabor_sigma": (1.0, 1.5), "gabor_wavelength": (2.0, 3.0)},
    }
    together = measure(an_image, a_mask, Settings(ibsi=True, image_types=kinds, features=MEAN)).values
    one = {"Laws": {**laws, "laws_kernel": "S3L3L3"}, "Gabor": {**gabor, "gabor_sigma": 1.5, "gabor_wavelength": 2.0}}
    alone = measure(an_image, a_mask, Settings(ibsi=True, image_types=one, features=MEAN)).values
    assert len(together) == 6
    assert alone.items() <= together.items()
    assert set(alone) == {
        "laws-S3L3L3-energy-1_firstorder_Mean",
        "gabor-sigma-1-5-wavelength-2-0-gamma-2-0_firstorder_Mean",
    }


def test_filters_are_read_from_parameters_and_written_back():
    setting = {"ibsi": True, "filterBoundary": "zero", "rotationInvariance": True, "lawsKernel": "S5S5"}
    settings = from_parameters({"imageType": {"Laws": {"lawsEnergyDistance": 0}}, "setting": setting})
    assert settings.of_image_type("Laws").laws_energy == 0
    assert from_parameters(settings.parameters()) == settings
    assert "filterBoundary" not in Settings(ibsi=True).parameters()["setting"]


@pytest.mark.parametrize(
    "options",
    [
        {"image_types": {"Mean": {}}},
        {"ibsi": True, "filter_boundary": "wrap"},
        {"ibsi": True, "mean_support": 4},
        {"ibsi": True, "laws_kernel": "L5"},
        {"ibsi": True, "laws_kernel": "L7E5"},
        {"ibsi": True, "laws_kernel": ("L5E5", "L7E5")},
        {"ibsi": True, "laws_kernel": ()},
        {"ibsi": True, "gabor_sigma": (1.0, 0.0)},
        {"ibsi": True, "gabor_wavelength": ("wide",)},
        {"ibsi": True, "gabor_gamma": 0},
        {"ibsi": True, "pooling": "median"},
        {"ibsi": True, "riesz_order": (0, 0, 0)},
        {"ibsi": True, "riesz_order": (1, 0)},
    ],
)
def test_an_option_that_no_filter_has_is_refused(options):
    with pytest.raises(InputError):
        Settings(**options)


def test_a_riesz_transform_out_of_the_plane_is_refused(an_image, a_mask):
    log = {"sigma": (2.0,), "riesz_order": (0, 0, 1)}
    settings = Settings(ibsi=True, image_types={"LoG": log}, features=MEAN, force_2d=True)
    with pytest.raises(InputError, match="rieszOrder"):
        measure(an_image, a_mask, settings)


def test_kernels_of_a_plane_are_refused_in_space(an_image, a_mask):
    settings = Settings(ibsi=True, image_types={"Laws": {"laws_kernel": "L5E5"}}, features=MEAN)
    with pytest.raises(InputError, match="filtered along 3 axes"):
        measure(an_image, a_mask, settings)
