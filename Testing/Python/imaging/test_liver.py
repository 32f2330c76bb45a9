"""A liver grown from one point: on phantoms, whose liver is known, and on the one real MR that has a liver's mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

from readingroom.errors import CancelledError, InputError
from readingroom.imaging.liver import grow_liver
from readingroom.imaging.volume import load_volume
from readingroom.phantoms.abdomen_mr import SEQUENCES, AbdomenMR, Sequence, abdomen_mr
from readingroom.progress import Progress

Point = tuple[float, float, float]


def image_of(pixels: NDArray, spacing: tuple[float, ...]) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(pixels.astype(np.float32))
    image.SetSpacing(tuple(reversed(spacing)))
    return image


def deepest(mask: NDArray[np.bool_], image: SimpleITK.Image) -> Point:
    distance = ndimage.distance_transform_edt(np.pad(mask, 1), tuple(reversed(image.GetSpacing())))[1:-1, 1:-1, 1:-1]
    k, j, i = (int(index) for index in np.unravel_index(distance.argmax(), mask.shape))
    return image.TransformIndexToPhysicalPoint((i, j, k))


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other)))


def grown_on(phantom: AbdomenMR) -> float:
    image = image_of(phantom.pixels, phantom.spacing)
    found = grow_liver(image, deepest(phantom.liver & ~phantom.nodules, image))
    assert found.shape == phantom.liver.shape
    return dice(found, phantom.liver)


@pytest.fixture(scope="module")
def a_phantom() -> AbdomenMR:
    return abdomen_mr(3)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_the_liver_is_found_on_each_sequence(sequence: Sequence) -> None:
    assert grown_on(abdomen_mr(3, sequence=sequence)) > 0.93


def test_tumors_belong_to_the_liver(a_phantom: AbdomenMR) -> None:
    assert grown_on(abdomen_mr(3, nodules_ml=80)) > 0.9


def test_a_cirrhotic_liver_is_followed() -> None:
    assert grown_on(abdomen_mr(3, cirrhosis=0.8)) > 0.9


def test_a_strong_bias_field_is_followed() -> None:
    assert grown_on(abdomen_mr(3, bias=0.3)) > 0.9


def test_a_real_liver_is_found_from_any_of_its_parts(shared: Path) -> None:
    folder = shared / "data" / "totalseg_examples"
    volume = load_volume(folder / "example_mr_sm.nii.gz")
    labels = SimpleITK.GetArrayFromImage(
        SimpleITK.DICOMOrient(SimpleITK.ReadImage(str(folder / "example_seg_mr.nii.gz")), "LPS")
    )
    for index in ((19, 54, 14), (29, 47, 8), (18, 41, 4)):
        assert dice(grow_liver(volume.image, volume.image.TransformIndexToPhysicalPoint(index)), labels == 5) > 0.85


def test_normalized_values_give_the_same_liver(a_phantom: AbdomenMR) -> None:
    image = image_of(a_phantom.pixels, a_phantom.spacing)
    values = a_phantom.pixels.astype(np.float32)
    other = image_of((values - values.mean()) / values.std(), a_phantom.spacing)
    point = deepest(a_phantom.liver, image)
    assert dice(grow_liver(image, point), grow_liver(other, point)) > 0.98


@pytest.mark.parametrize(
    ("point", "words"), [((1e4, 0.0, 0.0), "outside the image"), ((2.0, 2.0, 100.0), "lies in air")]
)
def test_a_point_outside_the_body_is_refused(a_phantom: AbdomenMR, point: Point, words: str) -> None:
    with pytest.raises(InputError, match=words):
        grow_liver(image_of(a_phantom.pixels, a_phantom.spacing), point)


def test_an_image_of_one_gray_value_is_refused() -> None:
    with pytest.raises(InputError, match="far larger than a liver"):
        grow_liver(image_of(np.full((60, 80, 80), 100), (5.0, 5.0, 5.0)), (200.0, 200.0, 150.0))


def test_a_point_on_a_small_thing_is_refused() -> None:
    pixels = np.full((40, 60, 60), 100.0)
    pixels[16:24, 26:34, 26:34] = 1000
    with pytest.raises(InputError, match="Choose another point"):
        grow_liver(image_of(pixels, (3.0, 3.0, 3.0)), (88.5, 88.5, 58.5))


def test_growing_can_be_canceled(a_phantom: AbdomenMR) -> None:
    image = image_of(a_phantom.pixels, a_phantom.spacing)
    with pytest.raises(CancelledError):
        grow_liver(image, deepest(a_phantom.liver, image), Progress(canceled=lambda: True))
