"""Which features of a region differ between two images by more than their repeatability."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from readingroom.errors import CancelledError, InputError
from readingroom.progress import Progress
from readingroom.radiomics.measurements import comparisons
from readingroom.radiomics.perturb import Pair, contour_noise
from readingroom.radiomics.repeatability import FeatureChange, feature_changes

MEAN, VOLUME = "original_firstorder_Mean", "original_shape_VoxelVolume"


def a_pair(
    seed: int = 0, level: float = -800.0, radius: float = 30.0, spacing: tuple[float, float, float] = (2.0, 2.0, 4.0)
) -> Pair:
    """A ball of slowly varying gray in fat, with the noise of one scan."""
    size = [round(90 / step) for step in spacing]
    k, j, i = np.meshgrid(
        *((np.arange(n) - (n - 1) / 2) * step for n, step in zip(size[::-1], spacing[::-1], strict=True)), indexing="ij"
    )
    ball = k**2 + j**2 + i**2 <= radius**2
    gray = level + 60 * np.sin(i / 6) * np.cos(j / 7) + 40 * np.sin(k / 8)
    values = np.where(ball, gray, -100.0) + np.random.default_rng(seed).normal(0, 8, ball.shape)
    pair = SimpleITK.GetImageFromArray(values.astype(np.int16)), SimpleITK.GetImageFromArray(ball.astype(np.uint8))
    for image in pair:
        image.SetSpacing(spacing)
    return pair


def beyond(now: Pair, prior: Pair) -> set[str]:
    return {name for name, change in feature_changes(now, prior).items() if change.is_beyond}


def test_the_same_region_scanned_twice_has_not_changed() -> None:
    changes = feature_changes(a_pair(1), a_pair(2))
    assert len(changes) == 13
    assert [name for name, change in changes.items() if change.is_beyond] == []
    assert all(change.limit > 0 for change in changes.values())


def test_other_voxels_of_the_same_region_are_no_change() -> None:
    assert beyond(a_pair(1), a_pair(2, spacing=(1.5, 1.5, 2.5))) == set()


def test_a_denser_region_has_changed_in_what_looks_at_density_alone() -> None:
    changes = feature_changes(a_pair(1, level=-700), a_pair(2))
    assert changes[MEAN].now - changes[MEAN].prior == pytest.approx(100, abs=5)  # borders mix with fat
    for name in (MEAN, "original_firstorder_Median", "original_firstorder_10Percentile"):
        assert changes[name].is_beyond
    assert not changes[VOLUME].is_beyond


def test_a_larger_region_has_changed_in_volume() -> None:
    changes = feature_changes(a_pair(1, radius=34), a_pair(2))
    assert changes[VOLUME].is_beyond
    assert changes[VOLUME].now == pytest.approx(4 / 3 * np.pi * 34**3, rel=0.02)
    assert not changes[MEAN].is_beyond


def test_a_seed_repeats_the_limits_and_another_one_moves_them() -> None:
    limits = [feature_changes(a_pair(1), a_pair(2), seed)[MEAN].limit for seed in (3, 3, 4)]
    assert limits[0] == limits[1] != limits[2]


@pytest.mark.parametrize("empty", [0, 1])
def test_an_empty_region_is_refused(empty: int) -> None:
    pairs = [a_pair(1), a_pair(2)]
    pairs[empty] = (pairs[empty][0], pairs[empty][1] * 0)
    with pytest.raises(InputError, match="The region is empty"):
        feature_changes(*pairs)


def test_a_region_of_few_voxels_is_refused() -> None:
    image, mask = a_pair()
    with pytest.raises(InputError):
        feature_changes((image, mask), a_pair(radius=1.5))


def test_it_can_be_canceled() -> None:
    with pytest.raises(CancelledError):
        feature_changes(a_pair(1), a_pair(2), progress=Progress(canceled=lambda: True))


@pytest.mark.parametrize(("outward", "larger"), [(3.0, True), (-3.0, False)])
def test_a_contour_is_moved_outward_or_inward(outward: float, larger: bool) -> None:
    image, mask = a_pair(spacing=(1.5, 1.5, 1.5))
    random = np.random.default_rng(0)
    (_, moved) = contour_noise(0.5, outward=outward)(image, mask, random)
    ml = [float(SimpleITK.GetArrayViewFromImage(one).sum()) * 1.5**3 for one in (mask, moved)]
    assert (ml[1] > ml[0]) == larger
    assert ml[1] == pytest.approx(4 / 3 * np.pi * (30 + outward) ** 3, rel=0.05)


def test_comparisons_are_of_what_changed_with_the_limit_about_it() -> None:
    changes = {VOLUME: FeatureChange(5_200_000.0, 4_700_000.0, 100_000.0), MEAN: FeatureChange(-800.0, -805.0, 20.0)}
    (found,) = comparisons(changes, "lungs", "Lungs", ("ct", "prior-ct"), "HU")
    assert (found.title, found.unit, found.now, found.prior) == ("Lungs: voxel volume", "mL", 5200.0, 4700.0)
    assert (found.change.low, found.change.high) == (400.0, 600.0)
    assert (found.now_image, found.prior_image, found.code.scheme) == ("ct", "prior-ct", "IBSI")
