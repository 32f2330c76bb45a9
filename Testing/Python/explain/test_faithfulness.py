"""On a network whose mechanism is known: it looks for one bright patch and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from readingroom.explain.cam import activation_maps
from readingroom.explain.faithfulness import deletion_curve, fill


def patch_detector(dimensions: int = 2) -> nn.Sequential:
    """Answers with 40 x the mean over 8 x 8 cells of how far each cell is brighter than 2."""
    convolution, pooling = (nn.Conv2d, nn.AdaptiveAvgPool2d) if dimensions == 2 else (nn.Conv3d, nn.AdaptiveAvgPool3d)
    network = nn.Sequential(convolution(1, 1, 4, stride=4), nn.ReLU(), pooling(1), nn.Flatten(), nn.Linear(1, 1))
    with torch.no_grad():
        network[0].weight.fill_(1 / 4**dimensions)
        network[0].bias.fill_(-2)
        network[-1].weight.fill_(0.625 * 8**dimensions)
        network[-1].bias.fill_(-3)
    return network.eval()


def picture(dimensions: int = 2) -> torch.Tensor:
    """Noise of 32 elements a side with one bright patch of 8 elements, off the center."""
    pixels = 0.3 * torch.randn(1, *[32] * dimensions, generator=torch.Generator().manual_seed(1))
    pixels[(slice(None), *[slice(4, 12)] * dimensions)] += 5
    return pixels


@pytest.fixture
def detector():
    network = patch_detector()
    return lambda batch: torch.sigmoid(network(batch)[:, 0])


@pytest.fixture
def true_map() -> np.ndarray:
    return activation_maps(patch_detector(), picture()[None], targets=0).maps[0, 0].numpy()


def test_the_true_map_is_faithful(detector, true_map):
    curve = deletion_curve(detector, picture(), true_map)
    assert detector(picture()[None]).item() > 0.9
    assert curve.hottest[0] == curve.random[0] > 0.9
    assert curve.hottest[-1] < 0.1 < 0.4 < curve.random[-1]
    assert curve.gain > 0.2


def test_an_inverted_map_is_worse_than_chance(detector, true_map):
    assert deletion_curve(detector, picture(), -true_map).gain < 0


def test_random_maps_gain_nothing_on_average(detector):
    maps = np.random.default_rng(2).random((20, 8, 8))
    gains = [deletion_curve(detector, picture(), heat).gain for heat in maps]
    assert abs(np.mean(gains)) < 0.05


def test_a_connected_map_of_the_wrong_place_gains_nothing(detector, true_map):
    elsewhere = np.roll(true_map, (3, 3), (0, 1))
    assert deletion_curve(detector, picture(), elsewhere).gain <= 0.01


def test_volumes_work_as_pictures_do():
    network, pixels = patch_detector(3), picture(3)
    heat = activation_maps(network, pixels[None], targets=0).maps[0, 0]
    curve = deletion_curve(lambda batch: torch.sigmoid(network(batch)[:, 0]), pixels, heat, repeats=3)
    assert curve.hottest[1] < 0.2 < 0.9 < curve.hottest[0]
    assert curve.gain > 0.1


def test_the_same_seed_gives_the_same_curves_in_batches_of_any_size(detector, true_map):
    curves = [deletion_curve(detector, picture(), true_map, seed=7, batch_size=size) for size in (1, 5, 64)]
    for curve in curves[1:]:
        assert curve.hottest == pytest.approx(curves[0].hottest, abs=1e-6)
        assert curve.random == pytest.approx(curves[0].random, abs=1e-6)
    assert curves[0].random != deletion_curve(detector, picture(), true_map, seed=8).random


def test_fractions_are_whole_cells_and_predictions_are_not_repeated(true_map):
    seen = []

    def predict(batch: torch.Tensor) -> torch.Tensor:
        seen.append(len(batch))
        return batch.flatten(1).mean(1)

    curve = deletion_curve(predict, picture(), true_map, fractions=(0, 0.001, 0.02, 0.5), repeats=4, batch_size=10)
    assert curve.fractions == (0, 1 / 64, 0.5)
    assert sum(seen) == 1 + 2 * 5


def test_a_map_that_points_at_nothing_has_no_curve(detector):
    assert deletion_curve(detector, picture(), np.zeros((8, 8))) is None


def test_wrong_arguments_are_refused(detector, true_map):
    with pytest.raises(ValueError, match="does not fit pixels"):
        deletion_curve(detector, picture(), true_map[0])
    for wrong in ({"repeats": 0}, {"fractions": (0.1, 0.2)}, {"fractions": (0, 0.5, 0.2)}, {"fractions": (0, 1.0)}):
        with pytest.raises(ValueError, match="Deletion needs"):
            deletion_curve(detector, picture(), true_map, **wrong)
    with pytest.raises(ValueError, match="NaN"):
        deletion_curve(detector, picture(), true_map * np.nan)


@pytest.mark.parametrize("size", [(32,), (17, 30), (9, 12, 5)])
def test_a_fill_keeps_what_is_kept_and_takes_nothing_from_what_is_removed(size):
    generator = torch.Generator().manual_seed(3)
    pixels = torch.rand(2, 3, *size, generator=generator)
    keep = torch.rand(2, 1, *size, generator=generator) < 0.4
    filled = fill(pixels, keep)
    kept = keep.expand_as(pixels)
    assert torch.equal(filled[kept], pixels[kept])
    torch.testing.assert_close(fill(torch.where(keep, pixels, 1e6), keep), filled)
    assert 0 <= filled.min() <= filled.max() <= 1


def test_a_hole_in_a_slope_is_filled_with_the_slope():
    slope = torch.arange(64.0).expand(1, 1, 64, 64)
    keep = torch.ones(1, 1, 64, 64, dtype=torch.bool)
    keep[..., 24:40, 24:40] = False
    assert (fill(slope, keep) - slope).abs().max() < 8  # a flat fill would be 40 wide of it at one edge or the other
    assert fill(slope, keep)[0, 0, 32, 24] < fill(slope, keep)[0, 0, 32, 39]


def test_an_empty_picture_is_filled_with_nothing_invented():
    filled = fill(torch.full((1, 1, 8, 8), 5.0), torch.zeros(1, 1, 8, 8, dtype=torch.bool))
    assert torch.isfinite(filled).all()
