"""Side by side with PyRadiomics where it is installed: random regions, real images, provenance."""

from __future__ import annotations

import contextlib
import logging
import math
import warnings
from typing import Any

import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readingroom.errors import InputError
from readingroom.radiomics.measure import measure
from readingroom.radiomics.settings import from_parameters

pyradiomics = pytest.importorskip("radiomics", reason="PyRadiomics is not installed")
from radiomics import featureextractor  # noqa: E402  # only where it is there

logging.getLogger("radiomics").setLevel(logging.CRITICAL)

CLASSES = dict.fromkeys(("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm"))


def theirs(image: SimpleITK.Image, mask: SimpleITK.Image, parameters: dict[str, Any]) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dict(featureextractor.RadiomicsFeatureExtractor(parameters).execute(image, mask))


def values_of(rows: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in rows.items() if not name.startswith("diagnostics_")}


@st.composite
def regions(draw: st.DrawFn) -> tuple[SimpleITK.Image, SimpleITK.Image, float]:
    """Image and mask with holes, islands, thin parts and contact with the edge, in any place, and a bin width."""
    shape = draw(st.tuples(*[st.integers(1, 7)] * 3).filter(lambda s: sum(size > 1 for size in s) >= 2))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from([np.int16, np.int32, np.float32, np.float64]))
    values = random.normal(draw(st.sampled_from([-400.0, 0.0, 90.0])), draw(st.sampled_from([5.0, 60.0])), shape)
    mask = random.random(shape) < draw(st.sampled_from([0.15, 0.4, 0.8, 1.0]))
    mask[0, 0, 0] = mask[-1, -1, -1] = True
    mask = np.pad(mask, ((0, 0), (0, 1), (0, 0)))  # PyRadiomics takes a mask without background for an empty one
    values = np.pad(values, ((0, 0), (0, 1), (0, 0)))
    images = [SimpleITK.GetImageFromArray(each) for each in (values.astype(kind), mask.astype(np.uint8))]
    spacing = draw(st.tuples(*[st.sampled_from([0.31, 0.9765625, 1.0, 2.7, 5.0])] * 3))
    angle = draw(st.sampled_from([0.0, 0.35, 1.2]))
    for image in images:
        image.SetSpacing(spacing)
        image.SetOrigin((-120.5, 33.0, 1000.0))
        turn = (math.cos(angle), -math.sin(angle), 0, math.sin(angle), math.cos(angle), 0, 0, 0, 1)
        image.SetDirection(tuple(float(c) for c in turn))
    return images[0], images[1], draw(st.sampled_from([4.0, 25.0, 200.0]))


@given(regions())
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_regions_measure_alike(differing, region):
    image, mask, width = region
    parameters = {"setting": {"label": 1, "binWidth": width}, "featureClass": CLASSES}
    expected = values_of(theirs(image, mask, parameters))
    inside = SimpleITK.GetArrayFromImage(image)[SimpleITK.GetArrayFromImage(mask) > 0]
    if inside.min() == inside.max():
        return  # refused here, with a sentence
    found = measure(image, mask, from_parameters(parameters)).values
    assert list(found) == list(expected)
    assert not differing(found, expected)


@st.composite
def pictures(draw: st.DrawFn) -> tuple[SimpleITK.Image, SimpleITK.Image, dict[str, Any]]:
    """A picture or a single slice, a region of it that may be a line, and any options."""
    shape = draw(st.sampled_from([(13, 10), (8, 17), (1, 12, 9), (11, 1, 14)]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = random.normal(100, 40, shape).astype(draw(st.sampled_from([np.int16, np.float64])))
    mask = random.random(shape) < draw(st.sampled_from([0.2, 0.6]))
    mask.flat[0] = mask.flat[-1] = True
    images = [SimpleITK.GetImageFromArray(each) for each in (values, mask.astype(np.uint8))]
    for image in images:
        image.SetSpacing((0.9, 1.25, 2.0)[: len(shape)])
    setting: dict[str, Any] = {"label": 1, "minimumROIDimensions": 1}
    options: dict[str, list[Any]] = {
        "force2D": [True],
        "force2Ddimension": [0, 1],
        "distances": [[1, 2]],
        "weightingNorm": ["euclidean"],
        "normalize": [True],
        "binCount": [8],
        "preCrop": [True],
        "resegmentRange": [[60.0, 140.0]],
        "resampledPixelSpacing": [[1.1, 0.0, 0.0][: len(shape)]],
    }
    for name in draw(st.sets(st.sampled_from(sorted(options)), max_size=4)):
        setting[name] = draw(st.sampled_from(options[name]))
    kinds = {"Original": {}, "LoG": {"sigma": [1.0, 2.5]}}
    if len(shape) == 2:  # along an axis of one voxel a wavelet leaves rounding errors alone
        kinds["Wavelet"] = {}
    return images[0], images[1], {"setting": setting, "imageType": kinds, "featureClass": {**CLASSES, "shape2D": None}}


@given(pictures())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_pictures_and_single_slices_measure_alike_in_every_option(differing, picture):
    image, mask, parameters = picture
    try:
        expected = theirs(image, mask, parameters)
    except (ValueError, RuntimeError):
        return  # nothing to compare with
    with contextlib.suppress(InputError):  # a sentence
        measured = measure(image, mask, from_parameters(parameters))
        # The page on radiomics says where PyRadiomics leaves shape2D out, and what it gives where no run exists.
        apart = {name for name in measured.values if name.endswith(("RunEntropy", "RunVariance")) or "shape2D" in name}
        found = {name: value for name, value in measured.values.items() if name not in apart}
        assert not differing(found, {k: v for k, v in values_of(expected).items() if k not in apart})
        assert list(found) == [name for name in values_of(expected) if name not in apart]


@pytest.mark.parametrize("dimensions", [2, 3])
def test_provenance_rows_are_those_of_pyradiomics(an_image, a_mask, dimensions):
    if dimensions == 2:
        an_image, a_mask = an_image[:, :, 6], a_mask[:, :, 6]
    parameters = {
        "setting": {"label": 1, "resampledPixelSpacing": [2] * dimensions, "resegmentRange": [-100, 100]},
        "featureClass": {"firstorder": ["Mean"]},
    }
    expected = {
        name: value for name, value in theirs(an_image, a_mask, parameters).items() if name.startswith("diagnostics_")
    }
    found = measure(an_image, a_mask, from_parameters(parameters)).provenance
    for name, value in expected.items():
        if "Versions_Py" in name or "Configuration" in name:
            continue
        if isinstance(value, tuple):
            assert _numbers(found[name]) == pytest.approx([float(each) for each in value]), name
        elif isinstance(value, str):
            assert found[name] == value, name
        else:
            assert float(found[name]) == pytest.approx(float(value)), name


REAL = {
    "CT phantom": ("data/ibsi/ibsi_1_ct_radiomics_phantom/nifti/image/phantom", "../mask/mask", 25),
    "lung tumor": ("data/lung_ct/LUNG1-001/ct", "gtv", 25),
    "sarcoma CT": ("data/sts_pet_ct_mr/STS_002/CT_image", "CT_mask", 25),
    "sarcoma PET": ("data/sts_pet_ct_mr/STS_003/PET_image", "PET_mask", 0.5),
    "sarcoma MR": ("data/sts_pet_ct_mr/STS_003/MR_T1_image", "MR_T1_mask", 20),
}


@pytest.mark.parametrize("case", REAL)
def test_real_regions_measure_alike(shared, differing, case):
    path, mask_name, width = REAL[case]
    path = shared / f"{path}.nii.gz"
    image, mask = (SimpleITK.ReadImage(str(p)) for p in (path, path.parent / f"{mask_name}.nii.gz"))
    parameters = {"setting": {"label": 1, "binWidth": width}, "featureClass": CLASSES}
    expected = values_of(theirs(image, mask, parameters))
    assert not differing(measure(image, mask, from_parameters(parameters)).values, expected)


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.strip("()").split(",") if part.strip()]
