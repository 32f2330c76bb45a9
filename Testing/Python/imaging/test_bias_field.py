"""The bias field of an MR, estimated and taken out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from readingroom.errors import CancelledError
from readingroom.imaging.bias_field import bias_field, without_bias
from readingroom.imaging.volume import Volume, load_volume
from readingroom.phantoms.abdomen_mr import AbdomenMR, abdomen_mr
from readingroom.progress import Progress
from readingroom.trust.mr_checks import bias_check


@pytest.fixture(scope="module")
def an_abdomen() -> AbdomenMR:
    return abdomen_mr(3, bias=0.0)


def planted(shape: tuple[int, ...], strength: float) -> np.ndarray:
    """Brighter toward the front, as by a coil that lies on the belly."""
    return np.broadcast_to(np.exp(-strength * np.linspace(-1, 1, shape[1])[None, :, None]), shape)


def volume_of(phantom: AbdomenMR, field: np.ndarray) -> Volume:
    image = SimpleITK.GetImageFromArray((phantom.pixels * field).astype(np.float32))
    image.SetSpacing(tuple(reversed(phantom.spacing)))
    image.SetOrigin((-200.0, 10.0, 50.0))
    image.SetMetaData("0010|0020", "same")
    return Volume(image)


def test_a_planted_field_is_found_and_mostly_taken_out(an_abdomen: AbdomenMR) -> None:
    true = planted(an_abdomen.pixels.shape, 0.7)
    volume = volume_of(an_abdomen, true)
    found = bias_field(volume.image)
    assert found is not None
    inside = an_abdomen.body
    estimated = np.log(np.asarray(found.on(true.shape))[inside])
    assert np.corrcoef(estimated, np.log(true[inside]))[0, 1] > 0.8
    corrected = without_bias(volume, found)
    left = true[inside] / np.asarray(found.on(true.shape))[inside]
    assert np.log(left).std() < 0.75 * np.log(true[inside]).std()
    assert np.allclose(corrected.voxels, volume.voxels / found.on(true.shape), rtol=1e-5)
    assert corrected.image.GetOrigin() == volume.image.GetOrigin()
    assert corrected.image.GetMetaData("0010|0020") == "same"


def test_a_strong_field_is_told_and_an_even_image_passes(an_abdomen: AbdomenMR) -> None:
    even = bias_field(volume_of(an_abdomen, planted(an_abdomen.pixels.shape, 0.0)).image)
    strong = bias_field(volume_of(an_abdomen, planted(an_abdomen.pixels.shape, 0.6)).image)
    assert even is not None
    assert strong is not None
    assert (bias_check(even).status, bias_check(strong).status) == ("pass", "warn")
    assert bias_check(strong, corrected=True).sentence.startswith("Before it was corrected")


def test_the_real_abdomen_is_even(shared: Path) -> None:
    path = shared / "data/abdomen_mr/CMB-CRC_SCAN_001/t2_image_dicom"
    if not path.exists():
        pytest.skip("the MR is not there")
    found = bias_field(load_volume(path).image)
    assert found is not None
    assert bias_check(found).status == "pass"


def test_a_field_on_the_grid_of_the_image_goes_on_to_its_border(an_abdomen: AbdomenMR) -> None:
    found = bias_field(volume_of(an_abdomen, planted(an_abdomen.pixels.shape, 0.7)).image)
    assert found is not None
    level = replace(found, logarithm=np.full_like(found.logarithm, np.log(2)))
    assert np.allclose(level.on((40, 113, 145)), 2)


def test_it_can_be_canceled(an_abdomen: AbdomenMR) -> None:
    asked: list[float] = []

    class Impatient(Progress):
        def __call__(self, fraction: float, sentence: str) -> None:
            asked.append(fraction)
            if len(asked) == 3:
                raise CancelledError("Canceled.")

    with pytest.raises(CancelledError):
        bias_field(volume_of(an_abdomen, planted(an_abdomen.pixels.shape, 0.0)).image, Impatient())
    assert len(asked) == 3


def test_nothing_is_estimated_without_a_body() -> None:
    image = SimpleITK.GetImageFromArray(np.zeros((20, 30, 30), np.float32))
    assert bias_field(image) is None
