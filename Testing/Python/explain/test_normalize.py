from __future__ import annotations

import pytest
import torch

from readingroom.explain.normalize import heat_maps, normalize, upsample


def test_each_map_is_stretched_to_the_whole_range_on_its_own():
    maps = torch.tensor([[[[0.0, 1.0], [2.0, 4.0]], [[10.0, 11.0], [12.0, 14.0]]]])
    expected = torch.tensor([[0.0, 0.25], [0.5, 1.0]])
    torch.testing.assert_close(normalize(maps), torch.stack([expected, expected])[None])


def test_evidence_against_the_class_is_as_cold_as_none():
    maps = torch.tensor([[[[-5.0, 0.0], [1.0, 2.0]]]])
    torch.testing.assert_close(normalize(maps), torch.tensor([[[[0.0, 0.0], [0.5, 1.0]]]]))


@pytest.mark.parametrize("value", [0.0, 3.0, -2.0])
def test_a_map_that_points_at_nothing_becomes_zeros(value):
    assert torch.equal(normalize(torch.full((2, 1, 4, 4, 4), value)), torch.zeros(2, 1, 4, 4, 4))


def test_rounding_is_not_stretched_into_a_picture():
    maps = torch.full((1, 1, 4, 4), 0.1)
    maps[0, 0, 1, 1] += 1e-8
    assert normalize(maps).max() == 0


def test_a_very_small_map_is_still_a_map():
    maps = torch.zeros(1, 1, 2, 2)
    maps[0, 0, 1, 0] = 1e-20
    assert normalize(maps)[0, 0].tolist() == [[0, 0], [1, 0]]


def test_nan_in_a_map_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        normalize(torch.tensor([[[[0.0, torch.nan]]]]))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_a_cell_lies_at_the_center_of_its_part_of_the_picture(dimensions):
    cells = torch.zeros(1, 1, *[3] * dimensions)
    cells[(0, 0, *[1] * dimensions)] = 1
    picture = upsample(cells, [15] * dimensions)[0, 0]
    assert picture.argmax().item() == picture.numel() // 2
    assert picture.max() == 1
    torch.testing.assert_close(picture, picture.flip(tuple(range(dimensions))))


def test_heat_maps_cut_before_they_upsample():
    maps = torch.tensor([[[[-100.0, 1.0]]]])
    heat = heat_maps(maps, (1, 8))[0, 0, 0]
    assert heat[4] > 0.5  # a strong negative neighbor does not eat into the positive cell
    assert (heat[0], heat[7]) == (0, 1)
