"""Runs in the box around each voxel, counted while the box slides along rows.

A run is known by its places: the first has one place behind it in the box, itself, the second two and so on. So the
runs of at least a length are the places with so many behind them. Each place that enters the box adds to these counts,
and each that leaves takes away as many as are ahead of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .boxes import levels_of_box
from .jit import compiled, compiled_in_any_order
from .size_measures import add_measures, sums

Counts = NDArray[np.int32]
Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Ranks = NDArray[np.uint32]
Steps = NDArray[np.uint32]
Lengths = NDArray[np.unsignedinteger]


@compiled
def runs_of_boxes(
    ranks: Ranks,
    levels: Places,
    corners: Places,
    steps: Steps,
    leaving: Steps,
    entering: Steps,
    offsets: Places,
    turned: NDArray[np.bool_],
    behind: NDArray[np.int32],
    room_behind: Lengths,
    room_ahead: Lengths,
    weights: Numbers,
    together: bool,
    squares: Numbers,
    table: Numbers,
    out: Numbers,
) -> None:
    """Write the measures ``(voxels, 16)`` of runs: their mean over the directions, or of all directions together.

    A direction in which no line of the box has two places that count has no runs; NaN where no direction has any.

    Parameters
    ----------
    ranks, levels, corners, steps : as in `glcm_boxes.glcm_of_boxes`; corners ascend
    leaving, entering : `sliding.first_and_last`
    offsets, turned : of the directions in ``ranks``, and which of them go against the row
    behind : the place before each, `boxes.places_behind`
    room_behind, room_ahead : `sliding.room_along`
    weights : of the directions
    squares : `size_measures.squares_of_sizes`
    """
    largest, directions, places = len(squares[0]) - 1, len(offsets), len(steps)
    begin, end = corners[0], corners[-1] + steps[-1] + 1
    backward, forward = _lengths(ranks[begin:end], offsets, turned, largest, room_behind)
    # Runs of at least a length, 0 for none, of each level and direction.
    at_least = np.zeros((len(levels), largest + 2, directions), np.int32)
    last_seen, present = np.full(len(levels), -1), np.zeros(min(places, len(levels)), np.uint32)
    on_line, every = np.zeros(places + 1, np.int64), np.arange(places).astype(np.uint32)
    whole = (behind >= 0).sum(axis=1) > 0
    uses = np.zeros(directions)
    sums_of = np.zeros((8, directions))
    of_size = np.zeros((largest + 2, directions))
    most = len(present) + 1
    counts, by_level, by_size = np.zeros((most, largest + 1)), np.zeros((3, most)), np.zeros(largest + 1)
    of_number = np.zeros(most, np.int64)
    kinds, previous = 0, -2
    for voxel in range(len(corners)):
        corner = corners[voxel]
        box, first = ranks[corner:], corner - begin
        if corner == previous + 1:
            _change(ranks[previous:], forward[first - 1 :], steps, leaving, room_ahead, -1, at_least)
            _change(box, backward[first:], steps, entering, room_behind, 1, at_least)
        else:
            at_least[0] = 0
            for index in range(kinds):
                at_least[present[index]] = 0
            _change(box, backward[first:], steps, every, room_behind, 1, at_least)
        previous = corner
        kinds, count = levels_of_box(box, steps, voxel, last_seen, present)
        used = 0
        for d in range(directions):
            uses[d] = 0.0
            if weights[d] != 0 and (whole[d] if count == places else _has_line(box, steps, behind[d], on_line)):
                uses[d] = weights[d]
                used += 1
        out[voxel] = 0.0 if used > 0 else np.nan
        if used == 0:
            continue
        if together:
            for index in range(kinds):
                of_number[index + 1] = levels[present[index]]
                for size in range(1, largest + 1):
                    longer = at_least[present[index], size] - at_least[present[index], size + 1]
                    for d in range(directions):
                        counts[index + 1, size] += uses[d] * longer[d]
            total, entropy = sums(counts, kinds, by_level, by_size, squares, table)
            add_measures(total, entropy, kinds, largest, of_number, by_level, by_size, squares, out[voxel])
        else:
            _add_means(
                present[:kinds], levels, at_least, uses, used, count, squares, table, of_size, sums_of, out[voxel]
            )


@compiled
def _lengths(
    ranks: Ranks, offsets: Places, turned: NDArray[np.bool_], most: int, room: Lengths
) -> tuple[Lengths, Lengths]:
    """Places of one level from each voxel on, backward and forward, at most so many, ``(voxels, directions)``."""
    backward = np.ones((len(ranks), len(offsets)), room.dtype)
    forward = np.ones((len(ranks), len(offsets)), room.dtype)
    for d in range(len(offsets)):
        step = offsets[d]
        down, up = (forward, backward) if turned[d] else (backward, forward)
        for voxel in range(step, len(ranks)):
            if ranks[voxel] == ranks[voxel - step]:
                down[voxel, d] = min(most, down[voxel - step, d] + 1)
        for voxel in range(len(ranks) - step - 1, -1, -1):
            if ranks[voxel] == ranks[voxel + step]:
                up[voxel, d] = min(most, up[voxel + step, d] + 1)
    return backward, forward


@compiled
def _change(
    box: Ranks,
    lengths: Lengths,
    steps: Steps,
    places: Steps,
    room: Lengths,
    by: int,
    at_least: Counts,
) -> None:
    """Add places (``by`` 1) or take them out (-1)."""
    for place in places:
        of_level, length, most = at_least[box[steps[place]]], lengths[steps[place]], room[place]
        for d in range(len(length)):
            of_level[min(length[d], most[d]), d] += by


@compiled
def _has_line(box: Ranks, steps: Steps, behind: NDArray[np.int32], on_line: Places) -> bool:
    """Whether a line of the box in one direction has two places that count; ``on_line`` is scratch."""
    for place in range(len(steps)):
        on_line[place] = on_line[behind[place]] if behind[place] >= 0 else 0
        on_line[place] += 1 if box[steps[place]] > 0 else 0
        if on_line[place] > 1:
            return True
    return False


@compiled_in_any_order
def _add_means(
    present: Steps,
    levels: Places,
    at_least: Counts,
    uses: Numbers,
    used: int,
    count: int,
    squares: Numbers,
    table: Numbers,
    of_size: Numbers,
    sums_of: Numbers,
    found: Numbers,
) -> None:
    """Add the mean over the directions of the measures of each, see `size_measures.add_measures`."""
    directions, largest = len(uses), len(of_size) - 2
    totals, once, bits, level_squares = sums_of[0], sums_of[1], sums_of[2], sums_of[3]
    level_sums, levels_squared = sums_of[4], sums_of[5]
    sums_of[:] = 0.0
    of_size[:] = 0.0
    lowest = levels[present[0]]
    for rank in present:
        lowest = min(lowest, levels[rank])
    for rank in present:
        of_level, apart = at_least[rank, 1], float(levels[rank] - lowest)
        for d in range(directions):
            w = float(of_level[d])
            totals[d] += w
            levels_squared[d] += w * w
            level_sums[d] += w * apart
            level_squares[d] += w * apart * apart
    for d in range(directions):
        once[d] = 1 / totals[d] if uses[d] > 0 else 0.0
    for rank in present:
        square = float(levels[rank]) * levels[rank]
        for size in range(1, largest + 1):
            share, longer = 0.0, 0
            this, following, of_this = at_least[rank, size], at_least[rank, size + 1], of_size[size]
            for d in range(directions):
                share += once[d] * (this[d] - following[d])
                longer += following[d]
            for d in range(directions):
                of_this[d] += this[d]
            for d in range(directions):
                bits[d] += table[this[d] - following[d]]
            large, small = share * squares[0, size], share * squares[1, size]
            found[0] += small
            found[1] += large
            found[10] += share / square
            found[11] += share * square
            found[12] += small / square
            found[13] += small * square
            found[14] += large / square
            found[15] += large * square
            if longer == 0:
                break
    for d in range(directions):
        if once[d] == 0:
            continue
        total, sizes_squared, square_sum = totals[d], 0.0, 0.0
        for size in range(1, largest + 1):
            w = of_size[size, d] - of_size[size + 1, d]
            sizes_squared += w * w
            square_sum += w * squares[0, size]
        found[2] += levels_squared[d] * once[d]
        found[3] += levels_squared[d] * once[d] * once[d]
        found[4] += sizes_squared * once[d]
        found[5] += sizes_squared * once[d] * once[d]
        found[6] += total / count
        found[7] += (total * level_squares[d] - level_sums[d] * level_sums[d]) * once[d] * once[d]
        found[8] += (total * square_sum - float(count) * count) * once[d] * once[d]
        found[9] += (table[int(total)] - bits[d]) * once[d]
    for feature in range(len(found)):
        found[feature] /= used
