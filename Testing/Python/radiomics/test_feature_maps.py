"""Maps of features: side by side with PyRadiomics where it is installed, and what holds without it."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
import pytest
import SimpleITK

from readingroom.errors import CancelledError, InputError
from readingroom.progress import Progress
from readingroom.radiomics.compiled import choice
from readingroom.radiomics.compiled.maps import MAPS
from readingroom.radiomics.maps import classes
from readingroom.radiomics.maps.feature_maps import feature_maps
from readingroom.radiomics.maps.repeats import sort
from readingroom.radiomics.measure import measure
from readingroom.radiomics.settings import Settings, from_parameters

TEXTURE = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
CONTRAST = {"glcm": ("Contrast",)}

Case = tuple[SimpleITK.Image, SimpleITK.Image]


@pytest.fixture(scope="module")
def a_small_case() -> Case:
    """6 x 7 x 8 voxels with a region of some fifty, holes in it."""
    random = np.random.default_rng(11)
    values = np.round(random.normal(0, 70, (6, 7, 8))).astype(np.int16)
    mask = np.zeros(values.shape, dtype=np.uint8)
    mask[1:5, 1:5, 2:6] = 1
    mask[random.random(values.shape) < 0.2] = 0
    images = SimpleITK.GetImageFromArray(values), SimpleITK.GetImageFromArray(mask)
    for image in images:
        image.SetSpacing((0.8, 1.1, 2.5))
        image.SetOrigin((-31.0, 12.5, 7.0))
    return images


def array(image: SimpleITK.Image) -> np.ndarray:
    return SimpleITK.GetArrayFromImage(image)


@pytest.mark.parametrize(
    ("setting", "of_maps"),
    [
        ({}, {}),
        ({"binWidth": 60}, {"kernelRadius": 2, "maskedKernel": False, "initValue": -3}),
        ({"force2D": True, "force2Ddimension": 1, "distances": [1, 2], "gldm_a": 1}, {"kernelRadius": 2}),
        ({"weightingNorm": "euclidean", "symmetricalGLCM": False, "binCount": 6}, {}),
        ({"resampledPixelSpacing": [1, 1, 2], "resegmentRange": [-90, 90]}, {}),
    ],
)
def test_maps_are_those_of_pyradiomics(a_small_case: Case, setting: dict[str, Any], of_maps: dict[str, Any]) -> None:
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed")
    from radiomics import featureextractor

    logging.getLogger("radiomics").setLevel(logging.CRITICAL)
    parameters = {
        "imageType": {"Original": {}},
        "featureClass": dict.fromkeys(TEXTURE),
        "setting": {"label": 1, "additionalInfo": False, **setting},
        "voxelSetting": {"voxelBatch": 1, **of_maps},  # in larger batches it loses MCC and means of levels at gaps
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = featureextractor.RadiomicsFeatureExtractor(parameters).execute(*a_small_case, voxelBased=True)

    ours = feature_maps(*a_small_case, from_parameters({**parameters, "voxelSetting": of_maps})).images

    assert set(ours) == set(theirs)
    for name, expected in theirs.items():
        noise = 1e-7 if name.endswith(("MCC", "Imc2")) else 1e-12  # square roots of rounding errors
        np.testing.assert_allclose(array(ours[name]), array(expected), rtol=1e-9, atol=noise, err_msg=name)
        assert ours[name].GetOrigin() == expected.GetOrigin()
        assert ours[name].GetSpacing() == expected.GetSpacing()


@pytest.mark.filterwarnings("ignore:.*encountered in scalar")  # as Python, loops warn of infinite numbers on their way
@pytest.mark.parametrize(
    ("setting", "of_maps"),
    [
        ({}, {}),
        ({"binWidth": 60, "ibsi": True}, {"kernelRadius": 2, "maskedKernel": False}),
        ({"force2D": True, "distances": [1, 2], "gldm_a": 1, "symmetricalGLCM": False}, {"kernelRadius": 2}),
        ({"weightingNorm": "euclidean", "symmetricalGLCM": False, "binCount": 6}, {}),
        ({"weightingNorm": "no_weighting", "binWidth": 500}, {}),
    ],
)
def test_compiled_loops_give_the_maps_of_numpy(
    a_small_case: Case, setting: dict[str, Any], of_maps: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, mask = a_small_case[0], SimpleITK.Image(a_small_case[1])
    mask[:3], mask[:, :, :3] = 0, 0  # where numba is not installed, the loops are Python: a few voxels are enough
    parameters = {
        "featureClass": dict.fromkeys(TEXTURE),
        "setting": {"label": 1, "additionalInfo": False, **setting},
        "voxelSetting": of_maps,
    }
    by_numpy = feature_maps(image, mask, from_parameters(parameters)).images
    monkeypatch.setattr(choice, "maps", lambda places, progress: MAPS)

    by_loops = feature_maps(image, mask, from_parameters(parameters)).images

    assert set(by_loops) == set(by_numpy)
    for name, expected in by_numpy.items():
        noise = 1e-7 if name.endswith(("MCC", "Imc2")) else 1e-12  # square roots of rounding errors
        np.testing.assert_allclose(array(by_loops[name]), array(expected), rtol=1e-9, atol=noise, err_msg=name)


@pytest.mark.parametrize("setting", [{}, {"force2D": True, "force2Ddimension": 2}])
def test_compiled_loops_stay_within_a_slice_that_other_directions_lead_out_of(
    a_small_case: Case, setting: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, mask = (each[3:, 2:3, :4] for each in a_small_case)
    parameters = {"featureClass": {"glrlm": None, "glszm": None}, "setting": {"label": 1, **setting}}
    by_numpy = feature_maps(image, mask, from_parameters(parameters)).images
    monkeypatch.setattr(choice, "maps", lambda places, progress: MAPS)

    by_loops = feature_maps(image, mask, from_parameters(parameters)).images

    for name, expected in by_numpy.items():
        np.testing.assert_allclose(array(by_loops[name]), array(expected), rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("feature_class", TEXTURE)
def test_a_kernel_over_all_of_the_region_gives_the_features_of_the_region(
    a_small_case: Case, feature_class: str
) -> None:
    image, mask = a_small_case[0], SimpleITK.Image(a_small_case[1])
    mask[:2], mask[5:], mask[:, 4:], mask[:, :, 4:] = 0, 0, 0, 0  # 3 x 3 x 3 voxels are left
    ibsi = feature_class == "firstorder"  # which has features of its own there
    settings = Settings(features={feature_class: ()}, kernel_radius=2, init_value=-12345, ibsi=ibsi)

    maps = feature_maps(image, mask, settings).images

    expected = measure(image, mask, settings).values
    for name, found in maps.items():
        everywhere = array(found)[array(found) != -12345]
        np.testing.assert_allclose(everywhere, expected[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_numbers_do_not_depend_on_the_batch(a_small_case: Case) -> None:
    whole = feature_maps(*a_small_case, Settings(features={"glszm": (), "ngtdm": ()})).images

    in_sevens = feature_maps(*a_small_case, Settings(features={"glszm": (), "ngtdm": ()}, voxel_batch=7)).images

    for name, image in whole.items():
        np.testing.assert_array_equal(array(image), array(in_sevens[name]), err_msg=name)


@pytest.mark.parametrize("maps", [classes.MAPS, MAPS], ids=["by numpy", "by compiled loops"])
def test_busyness_is_zero_where_each_level_has_the_same_share(maps: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.repeat([1, 5], [5, 1]).astype(np.int16)[None, None]
    image, mask = SimpleITK.GetImageFromArray(values), SimpleITK.GetImageFromArray(np.ones(values.shape, np.uint8))
    monkeypatch.setattr(choice, "maps", lambda places, progress: maps)
    settings = Settings({"Original": {}}, {"ngtdm": ("Busyness",)}, bin_width=1, kernel_radius=10, minimum_dimensions=1)

    found = array(feature_maps(image, mask, settings).images["original_ngtdm_Busyness"])

    assert not found.any()


def test_outside_the_region_a_map_has_the_value_that_was_asked_for(a_small_case: Case) -> None:
    maps = feature_maps(*a_small_case, Settings(features=CONTRAST, init_value=float("nan"))).images

    contrast = maps["original_glcm_Contrast"]
    inside = array(SimpleITK.Resample(a_small_case[1], contrast, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor))
    np.testing.assert_array_equal(np.isnan(array(contrast)), inside == 0)


def test_a_picture_is_mapped_as_a_picture(an_image: SimpleITK.Image, a_mask: SimpleITK.Image) -> None:
    maps = feature_maps(an_image[:, :, 6], a_mask[:, :, 6], Settings(features=CONTRAST)).images

    assert maps["original_glcm_Contrast"].GetDimension() == 2


def test_mapping_ends_when_it_is_canceled(a_small_case: Case) -> None:
    said: list[str] = []
    progress = Progress(lambda _, sentence: said.append(sentence), canceled=lambda: len(said) > 3)

    with pytest.raises(CancelledError):
        feature_maps(*a_small_case, Settings(voxel_batch=10), progress)


def test_shape_has_no_map(a_small_case: Case) -> None:
    with pytest.raises(InputError, match="first-order and texture features"):
        feature_maps(*a_small_case, Settings(features={"shape": ()}))


@pytest.mark.parametrize("masked", [True, False])
def test_voxels_without_a_value_around_the_region_matter_where_they_count(a_small_case: Case, masked: bool) -> None:
    image, mask = a_small_case
    values = SimpleITK.GetArrayFromImage(image).astype(np.float32)
    values[SimpleITK.GetArrayViewFromImage(mask) == 0] = np.nan
    holed = SimpleITK.GetImageFromArray(values)
    holed.CopyInformation(image)
    settings = Settings(features={"firstorder": ("Mean",)}, masked_kernel=masked)
    if masked:
        assert list(feature_maps(holed, mask, settings).images) == ["original_firstorder_Mean"]
    else:
        with pytest.raises(InputError, match="around the region"):
            feature_maps(holed, mask, settings)


def test_a_radius_of_zero_is_refused() -> None:
    with pytest.raises(InputError, match="kernelRadius must be greater than 0"):
        Settings(kernel_radius=0)


def test_settings_of_maps_go_through_a_parameter_dictionary_and_back() -> None:
    settings = Settings(kernel_radius=2, masked_kernel=False, init_value=-1.0, voxel_batch=500)

    assert settings.parameters()["voxelSetting"]["kernelRadius"] == 2
    assert from_parameters(settings.parameters()) == settings


@pytest.mark.parametrize("things", [1, 2, 3, 7, 18, 27, 100])
def test_the_network_sorts(things: int) -> None:
    values = np.random.default_rng(things).integers(-40, 40, (things, 300)).astype(np.int16)

    np.testing.assert_array_equal(sort(values.copy()), np.sort(values, axis=0))
