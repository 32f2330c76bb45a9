"""A prior CT laid over the present one."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from readingroom.errors import CancelledError
from readingroom.imaging.lungs import Lungs
from readingroom.imaging.registration import register
from readingroom.phantoms.fibrosis_ct import fibrosis_ct
from readingroom.progress import Progress

SHAPE, SPACING = (24, 64, 80), (12.0, 4.5, 4.5)


def image_of(voxels: np.ndarray) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(voxels.astype(np.float32))
    image.SetSpacing(SPACING[::-1])
    return image


@pytest.fixture(scope="module")
def chest() -> tuple[SimpleITK.Image, Lungs]:
    made = fibrosis_ct(4, shape=SHAPE, spacing=SPACING)
    return image_of(made.pixels), Lungs(made.right_lung, made.left_lung)


def moved(image: SimpleITK.Image, transform: SimpleITK.Transform, lungs: Lungs) -> tuple[SimpleITK.Image, Lungs]:
    """The chest as a prior that ``transform`` maps points of the present to."""
    inverse = transform.GetInverse()

    def mask(voxels: np.ndarray) -> np.ndarray:
        laid = SimpleITK.Resample(image_of(voxels), image, inverse, SimpleITK.sitkLinear, 0.0)
        return SimpleITK.GetArrayFromImage(laid) > 0.5

    laid = SimpleITK.Resample(image, image, inverse, SimpleITK.sitkLinear, -1000.0)
    return laid, Lungs(mask(lungs.right), mask(lungs.left))


def test_a_rigid_move_is_found_within_a_voxel(chest) -> None:
    image, lungs = chest
    true = SimpleITK.Euler3DTransform((178.0, 142.0, 138.0), 0.04, -0.03, 0.06, (9.0, -7.0, 10.0))
    fit = register(image, moved(image, true, lungs)[0], lungs, moved(image, true, lungs)[1])
    inside = np.argwhere(lungs.both)[:: int(lungs.both.sum()) // 50]
    points = [image.TransformIndexToPhysicalPoint([int(index) for index in place[::-1]]) for place in inside]
    off = [np.subtract(fit.transform.TransformPoint(point), true.TransformPoint(point)) for point in points]
    assert np.linalg.norm(off, axis=1).mean() < SPACING[1]
    assert fit.dice > 0.93
    assert fit.correlation > 0.4  # the rest is noise


def test_another_breath_is_followed_by_the_displacement_field(chest) -> None:
    image, lungs = chest
    breath = SimpleITK.AffineTransform(3)
    breath.SetCenter((178.0, 142.0, 250.0))
    breath.Scale((1.04, 1.08, 1.15))
    prior, prior_lungs = moved(image, breath, lungs)
    rigid = register(image, prior, lungs, prior_lungs)
    bent = register(image, prior, lungs, prior_lungs, deformable=True)
    assert bent.dice > rigid.dice + 0.02
    laid = bent.mask_on_present(prior_lungs.both, prior)
    assert 2 * (laid & lungs.both).sum() / (laid.sum() + lungs.both.sum()) > 0.93


def test_a_volume_of_the_prior_comes_to_lie_on_the_grid_of_the_present_ct(chest) -> None:
    image, lungs = chest
    shift = SimpleITK.TranslationTransform(3, (9.0, 0.0, 12.0))
    prior, prior_lungs = moved(image, shift, lungs)
    fit = register(image, prior, lungs, prior_lungs)
    laid = fit.on_present(prior)
    assert laid.shape == SHAPE
    inside = lungs.both
    assert np.corrcoef(laid[inside], SimpleITK.GetArrayViewFromImage(image)[inside])[0, 1] > 0.6


def test_a_cancel_is_raised_out_of_the_registration(chest) -> None:
    image, lungs = chest
    asked = []
    progress = Progress(lambda fraction, sentence: asked.append(fraction), lambda: len(asked) > 2)
    with pytest.raises(CancelledError):
        register(image, image, lungs, lungs, progress=progress)


def test_a_prior_that_lies_elsewhere_fits_badly_and_does_not_fail(chest) -> None:
    image, lungs = chest
    only = np.zeros(SHAPE, dtype=bool)
    only[:2, :3, :3] = True
    fit = register(image, image, lungs, Lungs(only, np.zeros(SHAPE, dtype=bool)))
    assert fit.dice < 0.5
