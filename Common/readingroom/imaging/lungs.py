"""Right and left lung of a chest CT, found without a network.

Air inside the body is what a CT shows most plainly. The rest is to leave out what is no lung (airways, bowel, table)
and to keep inside what is no air (vessels, nodules, fibrosis, tumors at the pleura): after Hu, Hoffman and Reinhardt
(IEEE TMI 2001), with the airways followed slice by slice and the side of the ribs closed more widely than the hilum.

Lungs are looked for on voxels of about 2.5 mm; the border follows the image's own voxels. Dense disease of a whole lobe
and effusions have the gray of the chest wall: they are left out, and the volumes of both lungs will say so.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

from .nearness import near
from .organ import Booleans, box

Gray = NDArray[np.float32]

_STEP = 2.5  # mm, of the grid on which lungs are looked for
_AIR_BELOW = -400.0  # HU of averaged voxels; lung, airways, bowel gas
_AIR_BELOW_FINE = -320.0  # HU of the image's own voxels at the border
_OUTSIDE_BELOW = -930.0  # HU; the air around the body and what pads the image
_CUT_BODY = 20.0  # mm of the body on a side of the image, at least, where it cuts lungs
_SPOT = 20.0  # mm; emphysema on a side of the image
_SIDES = np.s_[:, 0], np.s_[:, -1], np.s_[:, :, 0], np.s_[:, :, -1]  # front, back, right, left
_SMALLEST = 0.04  # liters, of a part of a lung
_GAS_BELOW, _GAS_SHARE = -940.0, 0.3  # HU; what gas is on averaged voxels, and how much of bowel it is at least
_LUMEN_BELOW = -930.0  # HU; trachea and main bronchi on averaged voxels
_TRACHEA = (50.0, 700.0)  # mm2 on an axial slice
_USUAL_TRACHEA = 350.0  # mm2
_FROM_MIDDLE = 40.0  # mm; of the trachea from the body's middle
_CLOSED = 7.0  # mm; vessels, nodules, bands
_CLOSED_AT_WALL = 26.0  # mm; what lies against the ribs (three fifths of the tumor of LUNG1-001; a fifth at 18)
_EVEN = 0.15  # the smaller lung's least share of both, for the two to be told apart


@dataclass(frozen=True, eq=False)
class Lungs:
    """Both lungs ``[k, j, i]`` on the grid of their CT, and what was done that a reader should know.

    Either may be empty: nobody has to have two.
    """

    right: Booleans
    left: Booleans
    notes: tuple[str, ...] = ()

    @property
    def both(self) -> Booleans:
        return np.asarray(self.right | self.left)


def find_lungs(volume: SimpleITK.Image) -> Lungs:
    """Both lungs of a CT; both empty where there is no air inside a body.

    Parameters
    ----------
    volume : HU, in LPS: ``i`` runs to the patient's left, ``j`` to the back, ``k`` to the head
    """
    coarse = averaged(volume)
    gray = SimpleITK.GetArrayFromImage(coarse)
    spacing = tuple(reversed(coarse.GetSpacing()))
    air, middle = _air_in_body(gray)
    airways = _airways(gray, air, middle, spacing)
    parts = _lung_parts(gray, air & ~airways, spacing)
    empty = np.zeros(tuple(reversed(volume.GetSize())), dtype=bool)
    if not parts.any():
        return Lungs(empty, empty)
    right, left, notes = _sides(parts, middle, spacing)
    fine = [
        _refined(_closed(side, right if side is left else left, airways, spacing, lateral), coarse, volume)
        for side, lateral in ((right, -1), (left, 1))
    ]
    fine[1] &= ~fine[0]
    return Lungs(fine[0], fine[1], notes)


def part_lungs(mask: Booleans, volume: SimpleITK.Image) -> Lungs:
    """Right and left of a mask of both lungs that somebody drew; not one voxel of it is changed.

    Parameters
    ----------
    mask : on the grid of the volume, not empty
    """
    image = SimpleITK.GetImageFromArray(mask.astype(np.float32))
    image.CopyInformation(volume)
    factors = _factors(volume)
    parts = SimpleITK.GetArrayFromImage(SimpleITK.BinShrink(image, factors)) > 0
    coarse = averaged(volume)
    _, middle = _air_in_body(SimpleITK.GetArrayFromImage(coarse))
    right, _, notes = _sides(parts, middle, tuple(reversed(coarse.GetSpacing())))
    # Each voxel belongs where its large voxel does; the last ones may have none of their own.
    places = (
        np.minimum(np.arange(size) // factor, cells - 1)
        for size, factor, cells in zip(mask.shape, reversed(factors), parts.shape, strict=True)
    )
    on_right = mask & right[np.ix_(*places)]
    return Lungs(on_right, mask & ~on_right, notes)


def _factors(volume: SimpleITK.Image) -> list[int]:
    """How many voxels along i, j and k become one."""
    return [
        min(max(round(_STEP / step), 1), size) for step, size in zip(volume.GetSpacing(), volume.GetSize(), strict=True)
    ]


def averaged(volume: SimpleITK.Image) -> SimpleITK.Image:
    """On voxels of about 2.5 mm, where noise is low and work is little; float32."""
    return SimpleITK.Cast(SimpleITK.BinShrink(volume, _factors(volume)), SimpleITK.sitkFloat32)


def filled(mask: Booleans, volume: SimpleITK.Image) -> Booleans:
    """Which voxels of the `averaged` volume a mask ``[k, j, i]`` of its own voxels fills."""
    for axis, factor in enumerate(reversed(_factors(volume))):
        cells = mask.shape[axis] // factor
        own = np.moveaxis(mask, axis, 0)[: cells * factor]
        mask = np.moveaxis(functools.reduce(np.logical_and, [own[n::factor] for n in range(factor)]), 0, axis)
    return mask


def _air_in_body(gray: Gray) -> tuple[Booleans, float]:
    """Air that the body encloses slice by slice; the body's middle column.

    Where the image's side cuts a lung, that side is as good as a chest wall: room air is blacker than lung.
    """
    cross = ndimage.generate_binary_structure(2, 1)[None]  # in the plane: the first and last slice have no neighbor
    tissue = _largest(ndimage.binary_opening(gray > _AIR_BELOW, cross))
    walls = [_cut_side(tissue[side], gray[side]) for side in _SIDES]
    body = np.stack([_enclosed(tissue[k], [wall[k] for wall in walls]) for k in range(len(gray))])
    columns = body.sum(axis=(0, 1))
    middle = float((columns * np.arange(len(columns))).sum() / max(columns.sum(), 1))
    return np.asarray((gray < _AIR_BELOW) & body), middle


def _cut_side(tissue: Booleans, gray: Gray) -> Booleans:
    """What of a side of the image ``[k, along]`` cuts the body, and not room or the foam of a table."""
    # Emphysema is black in spots, the room all along.
    long = round(_SPOT / _STEP)
    padded = np.pad(gray > _OUTSIDE_BELOW, ((0, 0), (long, long)))
    seen = ndimage.binary_closing(padded, np.ones((1, long)))[:, long:-long]
    touched = (tissue.sum(axis=1) * _STEP >= _CUT_BODY)[:, None]
    whole = touched.mean() > 0.1 and seen.mean() > 0.97  # where lung alone reaches it on other slices
    return np.asarray((touched | whole) & seen)


def _enclosed(tissue: Booleans, walls: Sequence[Booleans]) -> Booleans:
    """The tissue of a slice with all that it encloses, alone or together with the walls at the slice's four sides."""
    framed = np.pad(tissue, 1, constant_values=True)
    framed[0, 1:-1], framed[-1, 1:-1], framed[1:-1, 0], framed[1:-1, -1] = walls
    return np.asarray(ndimage.binary_fill_holes(framed)[1:-1, 1:-1])


def _airways(gray: Gray, air: Booleans, middle: float, spacing: tuple[float, ...]) -> Booleans:
    """Trachea and main bronchi, followed downward from the top; empty where no trachea is seen."""
    area = spacing[1] * spacing[2]
    found = np.zeros(air.shape, dtype=bool)
    size = 0.0
    for k in range(len(gray) - 1, -1, -1):
        if not size:
            seed = _trachea_on_slice(air[k], middle, spacing)
            if seed is not None:
                found[k], size = seed, seed.sum() * area
            continue
        following = _lumen_below(found[k + 1], air[k], gray[k] < _LUMEN_BELOW, max(1.6 * size, _USUAL_TRACHEA) / area)
        if following is None:
            break  # the bronchi leave the plane of the slices, or open into a lung
        found[k] = following
        size = 0.7 * size + 0.3 * float(following.sum() * area)
    return np.asarray(ndimage.binary_dilation(found, iterations=1) & air) if size else found


def _lumen_below(above: Booleans, air: Booleans, lumen: Booleans, most: float) -> Booleans | None:
    """The parts of a slice that go on from the lumen above; of the blackest air alone where air is no longer apart."""
    for candidates in (air, air & lumen):
        labels, count = ndimage.label(candidates)
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        kept = [label for label in np.unique(labels[above & (labels > 0)]) if sizes[label] <= most]
        if kept and sum(sizes[label] for label in kept) <= most:
            return np.asarray(np.isin(labels, kept))
    return None


def _trachea_on_slice(air: Booleans, middle: float, spacing: tuple[float, ...]) -> Booleans | None:
    """A round hole near the body's middle, of the size of a trachea."""
    labels, count = ndimage.label(air)
    best: tuple[float, Booleans] | None = None
    for label, extent in enumerate(ndimage.find_objects(labels, count), 1):
        part = labels[extent] == label
        height, width = (length * step for length, step in zip(part.shape, spacing[1:], strict=True))
        size = part.sum() * spacing[1] * spacing[2]
        if not _TRACHEA[0] <= size <= _TRACHEA[1] or max(height, width) > 3 * min(height, width) or part.mean() < 0.5:
            continue
        away = abs((extent[1].start + extent[1].stop - 1) / 2 - middle) * spacing[2]
        if away < _FROM_MIDDLE and (best is None or away < best[0]):
            best = (away, labels == label)
    return None if best is None else best[1]


def _lung_parts(gray: Gray, air: Booleans, spacing: tuple[float, ...]) -> Booleans:
    """The parts of the air that are lung: large, and not the even gas of stomach and bowel below the others."""
    liter = float(np.prod(spacing)) / 1e6
    labels, count = ndimage.label(air)
    sizes = np.bincount(labels.ravel(), minlength=count + 1) * liter
    sizes[0] = 0
    large = [label for label in range(1, count + 1) if sizes[label] >= _SMALLEST]
    if not large:
        return np.zeros(air.shape, dtype=bool)
    boxes = ndimage.find_objects(labels)
    gas = dict(zip(large, ndimage.mean(gray < _GAS_BELOW, labels, large), strict=True))
    lowest = {label: boxes[label - 1][0].start for label in large}
    tops = {label: boxes[label - 1][0].stop for label in large}
    # Lungs lie above bowel, however much gas is in it.
    main = max(
        (label for label in large if sizes[label] > 0.2 * sizes.max()),
        key=lambda label: (gas[label] < _GAS_SHARE, tops[label], sizes[label]),
    )
    height = tops[main] - lowest[main]
    kept = [main]
    for label in large:
        middle = (lowest[label] + tops[label]) / 2
        bowel = gas[label] >= _GAS_SHARE and middle < lowest[main] + 0.35 * height
        below = middle < lowest[main] or tops[label] < lowest[main] + 0.15 * height
        if label != main and not (bowel or below) and sizes[label] > 0.02 * sizes[main]:
            kept.append(label)
    return np.asarray(np.isin(labels, kept))


def _sides(parts: Booleans, middle: float, spacing: tuple[float, ...]) -> tuple[Booleans, Booleans, tuple[str, ...]]:
    """`_parted` in the box of the lungs alone."""
    about = tuple(slice(max(part.start - 1, 0), part.stop + 1) for part in box(parts))
    right, left = np.zeros_like(parts), np.zeros_like(parts)
    right[about], left[about], notes = _parted(parts[about], middle - about[2].start, spacing)
    return right, left, notes


def _parted(parts: Booleans, middle: float, spacing: tuple[float, ...]) -> tuple[Booleans, Booleans, tuple[str, ...]]:
    """Right and left of the lungs; where they touch, they are parted where they are thinnest."""
    distance = ndimage.distance_transform_edt(parts, spacing)
    for depth in np.arange(0, 21, 2.5):
        labels, count = ndimage.label(distance > depth)
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        sizes[0] = 0
        order = np.argsort(sizes)[::-1][:2]
        if count > 1 and sizes[order[1]] > _EVEN / (1 + depth / 10) * sizes.sum():
            break
    else:
        return _one_sided(parts, middle)
    centers = ndimage.center_of_mass(np.ones_like(labels), labels, [int(label) for label in order])
    (one, x_one), (two, x_two) = ((int(label), center[2]) for label, center in zip(order, centers, strict=True))
    if abs(x_one - x_two) * spacing[2] < 40:
        return _one_sided(parts, middle)
    right_seed, left_seed = (one, two) if x_one < x_two else (two, one)
    # Every other part of the air belongs to the side that lies nearer.
    seeds = np.isin(labels, (right_seed, left_seed))
    nearest = ndimage.distance_transform_edt(~seeds, spacing, return_distances=False, return_indices=True)
    side = labels[tuple(nearest)]
    right, left = parts & (side == right_seed), parts & (side == left_seed)
    notes = () if depth == 0 else ("Both lungs touch in this image; they were parted where they are thinnest.",)
    return right, left, notes


def _one_sided(parts: Booleans, middle: float) -> tuple[Booleans, Booleans, tuple[str, ...]]:
    """One lung, or two that cannot be told apart: by the middle of the body."""
    right = parts & (np.arange(parts.shape[2]) < middle)
    share = right.sum() / parts.sum()
    empty = np.zeros(parts.shape, dtype=bool)
    if share > 1 - _EVEN:
        return parts, empty, ("Air was found in the right half of the chest alone.",)
    if share < _EVEN:
        return empty, parts, ("Air was found in the left half of the chest alone.",)
    return right, parts & ~right, ("The lungs could not be told apart; they were parted at the middle of the body.",)


def _closed(lung: Booleans, other: Booleans, airways: Booleans, spacing: tuple[float, ...], lateral: int) -> Booleans:
    """With what the lung encloses, and with the dents that lie against the chest wall."""
    if not lung.any():
        return lung
    margin = [int(np.ceil(_CLOSED_AT_WALL / step)) + 1 for step in spacing]
    about = tuple(
        slice(max(part.start - lack, 0), part.stop + lack) for part, lack in zip(box(lung), margin, strict=True)
    )
    whole, lung, other = lung, lung[about], other[about] | airways[about]
    narrow = _closing(lung, spacing, _CLOSED)
    wide = _closing(lung, spacing, _CLOSED_AT_WALL)
    # Dents toward the ribs lie farther from the midline than the lung's own middle on their slice.
    columns = np.arange(lung.shape[2])[None, None]
    inside = lung.sum(axis=(1, 2))
    middle = (lung * columns).sum(axis=(1, 2)) / np.maximum(inside, 1)
    at_wall = (lateral * (columns - middle[:, None, None]) > 0) & (inside > 0)[:, None, None]
    closed = ndimage.binary_fill_holes(lung | narrow | (wide & at_wall)) & ~other
    result = whole.copy()
    result[about] = closed
    return result


def _closing(mask: Booleans, spacing: tuple[float, ...], radius: float) -> Booleans:
    """Closed by a ball of ``radius`` mm."""
    pad = [(int(np.ceil(radius / step)) + 1,) * 2 for step in spacing]
    padded = np.pad(mask, pad)
    shrunk = ~near(~near(padded, spacing, radius), spacing, radius)
    return np.asarray(shrunk[tuple(slice(before, -after) for before, after in pad)])


def _refined(lung: Booleans, coarse: SimpleITK.Image, volume: SimpleITK.Image) -> Booleans:
    """On the volume's own grid: what lies within stays, the border follows the air of the own voxels."""
    fine = np.zeros(tuple(reversed(volume.GetSize())), dtype=bool)
    if not lung.any():
        return fine
    cross = ndimage.generate_binary_structure(3, 1)
    levels = lung.astype(np.float32) + ndimage.binary_erosion(lung, cross) + ndimage.binary_dilation(lung, cross)
    image = SimpleITK.GetImageFromArray(levels)
    image.CopyInformation(coarse)
    # Only about the lung: the rest of the volume need not be resampled.
    places = [
        slice(max((part.start - 1) * factor, 0), (part.stop + 2) * factor)
        for part, factor in zip(box(lung), reversed(_factors(volume)), strict=True)
    ]
    k, j, i = places
    own = volume[i, j, k]
    place = SimpleITK.Resample(
        image, own, SimpleITK.Transform(), SimpleITK.sitkLinear, 0.0, SimpleITK.sitkFloat32, True
    )
    level = SimpleITK.GetArrayViewFromImage(place)
    air = SimpleITK.GetArrayViewFromImage(own) < _AIR_BELOW_FINE
    fine[k, j, i] = (level >= 2.0) | ((level >= 1.0) & air)
    return fine


def _largest(mask: Booleans) -> Booleans:
    labels, count = ndimage.label(mask)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax()) if count else mask
