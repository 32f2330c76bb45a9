"""The things of a gray level and a size in many boxes: dependent neighbors, runs and zones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..gray_levels import Offset
from .neighborhoods import Neighborhoods, Places
from .repeats import Repeats, code_kind, sort
from .sizes import Sized


def dependences(boxes: Neighborhoods, offsets: list[Offset], tolerance: int) -> Sized:
    """Each place with one more than its dependent neighbors within the box; see `gldm.dependence_matrix`."""
    levels, inside = boxes.in_box(boxes.levels), boxes.in_box(boxes.inside)
    sizes = np.ones(levels.shape, dtype=np.int16)
    for offset in offsets:
        if (places := boxes.pairs_of(offset)) is None:
            continue
        here, there = places
        near = levels[here] == levels[there] if tolerance == 0 else np.abs(levels[here] - levels[there]) <= tolerance
        if not boxes.whole:
            near &= inside[here] & inside[there]
        sizes[here] += near
        sizes[there] += near
    most = 2 * len(offsets) + 1
    within = None if boxes.whole else boxes.inside
    return Sized(boxes.ranks, sizes.reshape(boxes.ranks.shape), most, within, boxes.around.present)


def runs(boxes: Neighborhoods, offset: Offset) -> Sized:
    """Each run in one direction at its last place; see `glrlm.run_length_matrices`.

    A voxel has none where no line of its box has two places that count.
    """
    ranks, inside = boxes.in_box(boxes.ranks), boxes.in_box(boxes.inside)
    lengths = np.ones(ranks.shape, dtype=np.int16)
    last = inside.copy()
    on_line = inside.astype(np.int16)  # places up to this one that count
    axis = next(axis for axis in range(3) if offset[axis])
    size = boxes.around.sizes[axis]
    whole = boxes.pairs_of(offset)
    if whole is not None:
        for layer in range(1, size):  # the leading component of a direct neighbor is 1
            here, there = _layers(whole, axis, layer)
            goes_on = (ranks[here] == ranks[there]) & inside[there]
            lengths[there] += lengths[here] * goes_on
            last[here] &= ~goes_on
            on_line[there] += on_line[here]
    flat = boxes.ranks.shape
    if boxes.whole:
        several = np.full(flat[1], max(boxes.around.sizes) > 1 and whole is not None)
    else:
        several = on_line.reshape(flat).max(axis=0) > 1
    return Sized(
        boxes.ranks,
        lengths.reshape(flat),
        max(boxes.around.sizes),
        last.reshape(flat) & several,
        boxes.around.present,
    )


def _layers(pairs: tuple[Places, Places], axis: int, layer: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Those pairs of neighbors of which the second lies in this layer along the axis."""
    one, other = list(pairs[0]), list(pairs[1])
    one[axis], other[axis] = slice(layer - 1, layer), slice(layer, layer + 1)
    return tuple(one), tuple(other)


def runs_together(directions: Iterator[Sized], weights: NDArray[np.float64]) -> Sized:
    """The runs of all directions, each with the weight of its own."""
    found = list(directions)
    rows = [np.broadcast_to(weight, each.ranks.shape) for each, weight in zip(found, weights, strict=True)]
    return Sized(
        np.concatenate([each.ranks for each in found]),
        np.concatenate([each.sizes for each in found]),
        found[0].largest,
        np.concatenate([each.inside for each in found if each.inside is not None]),
        found[0].present,
        np.concatenate(rows),
    )


def zones(boxes: Neighborhoods, offsets: list[Offset]) -> Sized:
    """Connected zones of one level within the box, each once; see `glszm.zones`.

    Every place begins as a zone of its own number, and takes over the least of its neighbors of the same level until
    nothing changes.
    """
    ranks, places = boxes.in_box(boxes.ranks), len(boxes.ranks)
    kind = np.uint8 if places < np.iinfo(np.uint8).max else np.uint16
    zone = np.empty(ranks.shape, dtype=kind)
    zone.reshape(places, -1)[:] = np.arange(places, dtype=kind)[:, None]
    nowhere = np.iinfo(kind).max
    links = []
    for offset in offsets:
        if (found := boxes.pairs_of(offset)) is not None:
            here, there = found
            apart = (ranks[here] != ranks[there]).astype(kind) * nowhere
            links.append((zone[here], zone[there], apart))
    while True:
        before = zone.copy()
        for one, other, apart in (*links, *reversed(links)):
            np.minimum(other, one | apart, out=other)
            np.minimum(one, other | apart, out=one)
        if np.array_equal(before, zone):
            break
    codes = boxes.ranks.astype(np.int64) * places + zone.reshape(places, -1)
    most = (len(boxes.around.present) + 1) * places
    left_out = None
    if not boxes.whole:
        codes, left_out = np.where(boxes.inside, codes, most), most
    members = Repeats(sort(codes.astype(code_kind(most))), None, left_out)
    ends = members.running > 0
    ends[:-1] &= members.codes[:-1] != members.codes[1:]
    of_zones = np.where(ends, members.codes // places, 0).astype(boxes.ranks.dtype)
    return Sized(of_zones, members.running, places, ends, boxes.around.present)
