"""Shapes whose size is known, and diameters against the comparison of all pairs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.radiomics import shape, shape_2d
from readingroom.radiomics.diameter import diameters
from readingroom.radiomics.marching_cubes import surface


def ball(radius: float, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> np.ndarray:
    axes = [np.arange(-math.ceil(radius / step) - 1, math.ceil(radius / step) + 2) * step for step in spacing]
    return axes[0][:, None, None] ** 2 + axes[1][:, None] ** 2 + axes[2] ** 2 <= radius**2


def test_a_voxel_has_the_surface_of_an_octahedron():
    one = np.zeros((3, 3, 3), bool)
    one[1, 1, 1] = True
    area, volume = surface(one, (1.0, 1.0, 1.0))
    assert volume == pytest.approx(1 / 6)  # half diagonals of 0.5
    assert area == pytest.approx(math.sqrt(3))


def test_a_ball_has_about_its_volume_and_is_round():
    found = shape.features(ball(20), (1.0, 1.0, 1.0))
    assert found["MeshVolume"] == pytest.approx(4 / 3 * math.pi * 20**3, rel=0.01)
    assert found["Maximum3DDiameter"] == pytest.approx(41, abs=1e-12)  # of the mid-points beyond the outermost voxels
    assert found["Maximum2DDiameterSlice"] == found["Maximum2DDiameterRow"] == found["Maximum2DDiameterColumn"]
    assert found["Flatness"] == pytest.approx(1)
    assert 0.9 < found["Sphericity"] < 1


def test_surface_and_volume_do_not_depend_on_where_a_ball_lies():
    mask = np.pad(ball(6, (2.0, 1.5, 0.7)), 1)
    moved = np.pad(mask, ((3, 0), (0, 5), (2, 1)))
    assert surface(moved, (2.0, 1.5, 0.7)) == pytest.approx(surface(mask, (2.0, 1.5, 0.7)), rel=1e-12)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.02, 0.3, 0.95]), st.sampled_from([(3, 4, 5), (9, 10, 12)]))
@settings(max_examples=40, deadline=None)
def test_diameters_are_those_of_all_pairs(seed, fill, size):
    random = np.random.default_rng(seed)
    spacing = tuple(random.uniform(0.3, 4, 3))
    mask = random.random(size) < fill
    mask[1, 2, 2] = True
    mask = np.pad(mask, 1)
    assert diameters(mask, spacing) == pytest.approx(all_pairs(mask, spacing), rel=1e-12)


def all_pairs(mask: np.ndarray, spacing: tuple[float, ...]) -> tuple[float, ...]:
    """Space, then planes of constant k, j, i, from the mid-points of all neighbors that differ."""
    points = []
    for axis in range(3):
        crossed = 2 * np.argwhere(np.diff(mask, axis=axis))
        crossed[:, axis] += 1
        points.append(crossed)
    doubled = np.concatenate(points)
    places = doubled * np.asarray(spacing) / 2
    apart = np.sqrt(((places[:, None] - places[None, :]) ** 2).sum(axis=2))
    planes = [np.where(doubled[:, None, axis] == doubled[None, :, axis], apart, 0).max() for axis in range(3)]
    return (apart.max(), *planes)


def test_a_box_has_the_axes_of_its_variances():
    found = shape.features(np.ones((4, 6, 10), bool), (2.0, 1.0, 0.5))
    variances = sorted((size**2 - 1) / 12 * step**2 for size, step in ((4, 2.0), (6, 1.0), (10, 0.5)))
    lengths = [found[name] for name in ("LeastAxisLength", "MinorAxisLength", "MajorAxisLength")]
    assert lengths == pytest.approx([4 * math.sqrt(variance) for variance in variances])
    assert found["VoxelVolume"] == 240


def test_a_flat_region_has_no_least_axis():
    found = shape.features(np.ones((1, 5, 5), bool), (3.0, 0.9, 0.9))
    assert found["LeastAxisLength"] == 0
    assert found["Flatness"] == 0


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_turning_the_axes_turns_the_planes(axis):
    mask = ball(7, (2.0, 1.0, 0.5))[:, :9]
    order = np.roll(np.arange(3), axis)
    spacing = np.array([2.0, 1.0, 0.5])
    one = diameters(np.pad(mask, 1), tuple(spacing))
    turned = diameters(np.pad(mask.transpose(order), 1), tuple(spacing[order]))
    assert turned[0] == pytest.approx(one[0])
    assert turned[1:] == pytest.approx([one[1 + each] for each in order])


def test_a_square_of_pixels_in_the_slice():
    found = shape_2d.features(np.ones((4, 4), bool), (1.0, 1.0))
    assert found["PixelSurface"] == 16
    assert found["MeshSurface"] == pytest.approx(16 - 4 / 8)  # each corner is cut
    assert found["Perimeter"] == pytest.approx(12 + 4 * math.sqrt(0.5))
    assert found["MaximumDiameter"] == pytest.approx(math.hypot(3, 4))


def test_every_configuration_of_a_cube_and_its_complement_have_one_surface():
    for corners in itertools.product([False, True], repeat=8):
        cube = np.array(corners).reshape(2, 2, 2)
        hollow = np.ones((6, 6, 6), bool)
        hollow[2:4, 2:4, 2:4] = ~cube
        inner = np.zeros((6, 6, 6), bool)
        inner[2:4, 2:4, 2:4] = cube
        if not cube.any():
            continue
        in_full = surface(np.pad(hollow, 1), (1.0, 1.0, 1.0))
        full = surface(np.pad(np.ones((6, 6, 6), bool), 1), (1.0, 1.0, 1.0))
        alone = surface(np.pad(inner, 1), (1.0, 1.0, 1.0))
        assert in_full[0] - full[0] == pytest.approx(alone[0])
        assert full[1] - in_full[1] == pytest.approx(alone[1])
