"""Texture matrices of a small image that can be counted by hand, and against counting voxel by voxel."""

from __future__ import annotations

import itertools
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.radiomics import ngtdm
from readingroom.radiomics.compiled import matrices as compiled_matrices
from readingroom.radiomics.compiled.matrices import BY_LOOPS
from readingroom.radiomics.gray_levels import GrayLevels, directions, fixed_count, fixed_width, gray_levels
from readingroom.radiomics.matrices import BY_NUMPY

# The example of the PyRadiomics documentation, also used by IBSI's authors.
PICTURE = np.array([[1, 2, 5, 2, 3], [3, 2, 1, 3, 1], [1, 3, 5, 5, 2], [1, 1, 1, 1, 2], [1, 2, 4, 3, 5]])

by_both = pytest.mark.parametrize("matrices", [BY_NUMPY, BY_LOOPS], ids=["by numpy", "by compiled loops"])


def levels(values: np.ndarray, mask: np.ndarray | None = None, margin: int = 1) -> GrayLevels:
    inside = np.ones(values.shape, bool) if mask is None else mask
    return gray_levels(values[inside], inside, margin)


@pytest.fixture
def picture() -> GrayLevels:
    return levels(PICTURE[None])


@by_both
def test_cooccurrences_along_rows(picture, matrices):
    counts = matrices.cooccurrences(picture, [(0, 0, 1)])[:, :, 0]
    expected = [[6, 4, 3, 0, 0], [4, 0, 2, 1, 3], [3, 2, 0, 1, 2], [0, 1, 1, 0, 0], [0, 3, 2, 0, 2]]
    assert counts.tolist() == expected


@by_both
def test_runs_along_rows(picture, matrices):
    matrix = matrices.run_length_matrices(picture, [(0, 0, 1)])[0]
    assert matrix.sizes.tolist() == [1, 2, 4]
    assert matrix.counts.tolist() == [[5, 0, 1], [6, 0, 0], [5, 0, 0], [1, 0, 0], [2, 1, 0]]


@by_both
def test_zones(picture, matrices):
    ranks, sizes = matrices.zones(picture, directions())
    assert sorted(zip(ranks.tolist(), sizes.tolist(), strict=True))[:4] == [(1, 1), (1, 1), (1, 1), (1, 6)]
    assert sizes.sum() == PICTURE.size


@by_both
def test_a_zone_goes_on_across_corners_but_not_across_the_picture(matrices):
    ranks, sizes = matrices.zones(levels(np.array([[[1, 2, 2, 1], [2, 1, 2, 1]]])), directions())
    assert sorted(zip(ranks.tolist(), sizes.tolist(), strict=True)) == [(1, 2), (1, 2), (2, 4)]


@by_both
def test_each_voxel_is_a_zone_where_there_is_no_room_for_a_neighbor(matrices):
    gray = levels(np.array([[[1]], [[1]], [[2]]]))
    ranks, sizes = matrices.zones(gray, [])
    assert sorted(zip(ranks.tolist(), sizes.tolist(), strict=True)) == [(1, 1), (1, 1), (2, 1)]


@st.composite
def small_regions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(*[st.integers(1, 6)] * 3))
    values = random.choice([1, 2, 3, 7], shape)
    mask = random.random(shape) < draw(st.sampled_from([0.3, 0.7, 1.0]))
    mask.flat[0] = True
    return values, mask


def neighbors(mask: np.ndarray, place: tuple[int, ...], offsets: list[tuple[int, int, int]]) -> list[tuple[int, ...]]:
    there = (tuple(p + o for p, o in zip(place, offset, strict=True)) for offset in offsets)
    return [q for q in there if all(0 <= c < s for c, s in zip(q, mask.shape, strict=True)) and mask[q]]


@by_both
@given(
    region=small_regions(),
    distances=st.sampled_from([(1,), (2,), (1, 3)]),
    flat_axis=st.sampled_from([None, 0, 2]),
    tolerance=st.sampled_from([0, 1]),
)
@settings(max_examples=40, deadline=None)
def test_matrices_are_what_counting_voxel_by_voxel_gives(matrices, region, distances, flat_axis, tolerance):
    values, mask = region
    gray = levels(values, mask, margin=max(distances))
    half = directions(distances, flat_axis)
    both = half + [tuple(-o for o in offset) for offset in half]
    counts = dict.fromkeys((1, 2, 3, 7), 0)
    apart = dict.fromkeys(counts, 0.0)
    pairs: dict[tuple[int, int], int] = dict.fromkeys(itertools.product(counts, counts), 0)
    dependences: dict[tuple[int, int], int] = {}
    for place in map(tuple, np.argwhere(mask)):
        level = int(values[place])
        around = [int(values[q]) for q in neighbors(mask, place, both)]
        counts[level] += 1
        apart[level] += abs(level - sum(around) / len(around)) if around else 0
        for other in around:
            pairs[level, other] += 1
        key = level, 1 + sum(abs(level - other) <= tolerance for other in around)
        dependences[key] = dependences.get(key, 0) + 1
    present = gray.present.tolist()
    tones = matrices.tone_differences(gray, distances, flat_axis)
    assert tones.counts.tolist() == [counts[level] for level in present]
    assert tones.differences == pytest.approx([apart[level] for level in present])
    if half:
        found = matrices.cooccurrences(gray, half).sum(axis=2)
        assert found.tolist() == [[pairs[a, b] for b in present] for a in present]
    matrix = matrices.dependence_matrix(gray, half, tolerance)
    assert {
        (int(level), int(size)): int(matrix.counts[row, column])
        for row, level in enumerate(matrix.levels)
        for column, size in enumerate(matrix.sizes)
        if matrix.counts[row, column]
    } == dependences


@by_both
@given(region=small_regions(), flat_axis=st.sampled_from([None, 0, 1, 2]))
@settings(max_examples=40, deadline=None)
def test_zones_are_what_filling_gives(matrices, region, flat_axis):
    values, mask = region
    half = directions(flat_axis=flat_axis)
    both = half + [tuple(-o for o in offset) for offset in half]
    left = {tuple(int(c) for c in place) for place in np.argwhere(mask)}
    expected = []
    while left:
        stack = [left.pop()]
        level, size = values[stack[0]], 0
        while stack:
            place = stack.pop()
            size += 1
            alike = [q for q in neighbors(mask, place, both) if q in left and values[q] == level]
            left.difference_update(alike)
            stack += alike
        expected.append((int(level), size))
    gray = levels(values, mask)
    ranks, sizes = matrices.zones(gray, half)
    assert sorted(zip(gray.present[ranks.astype(int) - 1].tolist(), sizes.tolist(), strict=True)) == sorted(expected)


def runs_along(values: np.ndarray, mask: np.ndarray, offset: tuple[int, int, int]) -> dict[tuple[int, int], int]:
    """How many runs have a level and a length, by walking along them."""
    runs: dict[tuple[int, int], int] = {}
    for place in map(tuple, np.argwhere(mask)):
        if any(values[q] == values[place] for q in neighbors(mask, place, [tuple(-o for o in offset)])):
            continue
        length, last = 1, place
        while after := [q for q in neighbors(mask, last, [offset]) if values[q] == values[place]]:
            length, last = length + 1, after[0]
        runs[int(values[place]), length] = runs.get((int(values[place]), length), 0) + 1
    return runs


@by_both
@given(
    region=small_regions(),
    offsets=st.lists(st.sampled_from(directions()), min_size=1, max_size=3),
    at_once=st.sampled_from([1, 80, 1 << 24]),
)
@settings(max_examples=40, deadline=None)
def test_runs_are_what_walking_along_lines_gives(matrices, region, offsets, at_once):
    values, mask = region
    with mock.patch.object(compiled_matrices, "COUNTS_AT_ONCE", at_once):
        found = matrices.run_length_matrices(levels(values, mask), offsets)
    for offset, matrix in zip(offsets, found, strict=True):
        rows, columns = np.nonzero(matrix.counts)
        assert {
            (int(matrix.levels[row]), int(matrix.sizes[column])): int(matrix.counts[row, column])
            for row, column in zip(rows, columns, strict=True)
        } == runs_along(values, mask, offset)


@by_both
def test_a_run_of_more_voxels_than_sixteen_bits_count(matrices):
    matrix = matrices.run_length_matrices(levels(np.ones((1, 1, 65_537), dtype=int)), [(0, 0, 1)])[0]
    assert matrix.sizes.tolist() == [65_537]
    assert matrix.counts.tolist() == [[1]]


@by_both
def test_differences_of_levels_far_apart(matrices):
    tones = matrices.tone_differences(levels(np.array([[[1, 70_001, 2]]])), (1,), None)
    assert tones.levels.tolist() == [1, 2, 70_001]
    assert tones.differences.tolist() == [70_000, 69_999, 69_999.5]


def test_busyness_is_zero_where_levels_times_their_voxels_are_equal():
    found = ngtdm.tone_differences(levels(np.array([[[2, 2, 2, 3, 3]]])), (1,), None)
    assert ngtdm.features(found, ["Busyness"]) == {"Busyness": 0.0}  # 2 * (3 / 5) and 3 * (2 / 5) are not equal rounded


def test_bins_of_one_width_start_at_a_multiple_of_it():
    assert fixed_width(np.array([54, 74, 75, 166]), 25).tolist() == [1, 1, 2, 5]
    assert fixed_width(np.array([-30.0, -25.0, 0.0, 1.0]), 25).tolist() == [1, 2, 3, 3]


def test_bins_of_one_number_hold_the_maximum():
    assert fixed_count(np.array([0.0, 1.0, 2.5, 10.0]), 4).tolist() == [1, 1, 2, 4]


def test_levels_far_apart_take_no_table():
    gray = levels(np.array([[[1, 10**9, 5]]]))
    assert gray.present.tolist() == [1, 5, 10**9]
    assert gray.padded[1, 1, 1:4].tolist() == [1, 3, 2]


def test_thirteen_directions_and_their_number_in_a_slice():
    assert len(directions()) == 13
    assert len(directions((1, 2))) == 62
    assert len(directions(flat_axis=0)) == 4
