"""Whether a chest CT lies as its geometry says: head up, back behind, left on the left.

Apices are narrow and the spine lies behind: that is plain on nearly every chest. Which side is left is not: lungs of
either size, hearts pushed aside and fluid beneath a lung are common. A check warns of a mirrored image only where two
signs agree: heart and descending aorta both lie clearly on the right and the right lung does not end higher, or there
is liver beneath the left lung and fat beneath the right one, and no aorta on the left. Else it says what it does not
know. How often that is stands in docs/ct-orientation.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..formatting import percent
from ..imaging.lungs import Lungs
from ..imaging.organ import areas
from ..reading import Check

Spacing = tuple[float, float, float]

_FEWEST_SLICES = 6  # with lung
_OPEN_END = 0.1  # of the largest slice of the lungs, on the first or last one: more is no apex and no base
_BASE_TO_APEX = 0.8  # of the boxes around both lungs; 1.5 and more on upright chests
_BONE = 200.0  # HU
_BEHIND = 0.3  # of the bone near the midline; the sternum is the rest (0.8 and more on real chests, 0.4 without ribs)
_NEAR_MIDDLE = 30.0  # mm
_HEART, _AORTA, _LIVER = 8.0, 10.0, 10.0  # mm
_LEAST_LUNG = 1500.0  # mm2 of each lung on a slice, for its middle to be judged
_VERTEBRA = 25.0  # mm, from front to back
_BESIDE_SPINE = 12.0  # mm in front of and behind its front edge, where the descending aorta lies
_BENEATH = (5.0, 20.0)  # mm below a lung: liver on one side, heart, stomach and fat on the other
_LIVER_HU, _FAT_HU = (20.0, 200.0), -30.0  # fluid has less than liver, with and without contrast medium
_MORE_LIVER, _MORE_FAT = 0.25, 0.1  # of what lies beneath the lungs; 0.3 and 0.2 on real chests without fluid there
_SEEN_BENEATH = 0.5  # of each lung's columns


def orientation_checks(lungs: Lungs, gray: NDArray[np.floating], spacing: Spacing) -> tuple[Check, ...]:
    """Checks of the three axes.

    Parameters
    ----------
    gray : HU ``[k, j, i]`` on the grid of the lungs
    spacing : of k, j and i in mm
    """
    both = lungs.both
    area = areas(both)
    held = np.flatnonzero(area)
    if len(held) < _FEWEST_SLICES:
        return ()
    return (
        *_way_up(both, area, held),
        *_front_and_back(both, held, gray, spacing),
        _left_and_right(lungs, gray, spacing),
    )


def _way_up(both: NDArray[np.bool_], area: NDArray[np.intp], held: NDArray[np.intp]) -> Iterator[Check]:
    """Nothing where an end of the lungs is not on the image."""
    if max(area[0], area[-1]) > _OPEN_END * area.max():
        return
    fifth = max(len(held) // 5, 1)
    # The base ends in a thin rim around the diaphragm: its outline counts, not its area.
    ratio = _outline(both[held[:fifth]]) / _outline(both[held[-fifth:]])
    if ratio < _BASE_TO_APEX:
        sentence = "The lungs are wider at the top than at the base: the image may be upside down."
        yield Check("way up", "warn", sentence, ratio, _BASE_TO_APEX)
    else:
        yield Check("way up", "pass", "The lungs are narrow at the top, as they should be.", ratio, _BASE_TO_APEX)


def _outline(slices: NDArray[np.bool_]) -> float:
    """Area of the box around the lungs on the slices, mean."""
    sizes = []
    for slice_ in slices:
        rows, columns = np.flatnonzero(slice_.any(axis=1)), np.flatnonzero(slice_.any(axis=0))
        if len(rows):
            sizes.append(float(np.ptp(rows) + 1) * float(np.ptp(columns) + 1))
    return float(np.mean(sizes))


def _front_and_back(
    both: NDArray[np.bool_], held: NDArray[np.intp], gray: NDArray[np.floating], spacing: Spacing
) -> Iterator[Check]:
    on_top = both.sum(axis=0, dtype=np.int32)  # of each other: all slices
    row, column = round(_center(on_top.sum(axis=1))), round(_center(on_top.sum(axis=0)))
    near = round(_NEAR_MIDDLE / spacing[2])
    strip = gray[held[0] : held[-1] + 1, :, max(column - near, 0) : column + near + 1] > _BONE
    bone = strip.sum(axis=(0, 2))
    if not bone.sum():
        return
    behind = float(bone[row:].sum() / bone.sum())
    if behind < _BEHIND:
        sentence = (
            f"Only {percent(behind)} of the bone near the midline lies behind the lungs' middle: front and back may be "
            "exchanged."
        )
        yield Check("front and back", "warn", sentence, behind, _BEHIND)
    else:
        yield Check("front and back", "pass", "The spine lies behind, as it should.", behind, _BEHIND)


def _left_and_right(lungs: Lungs, gray: NDArray[np.floating], spacing: Spacing) -> Check:
    name = "left and right"
    liver = _liver_beneath_right(lungs, gray, spacing)
    if liver > 0:
        return Check(name, "pass", "The liver lies beneath the right lung.", liver, -_MORE_LIVER)
    signs = _Signs.of(lungs, gray, spacing)
    if liver < 0 and (signs is None or signs.aorta < _AORTA):
        sentence = (
            "The liver seems to lie beneath the left lung: left and right of the image may be exchanged, or the "
            "patient's organs are."
        )
        return Check(name, "warn", sentence, liver, -_MORE_LIVER)
    if signs is None or abs(signs.heart) < _HEART or signs.heart * signs.aorta < 0 or abs(signs.aorta) < _AORTA:
        sentence = "Heart and aorta do not show whether left and right are exchanged; the file's geometry was followed."
        return Check(name, "pass", sentence)
    if signs.heart > 0:
        return Check(name, "pass", "Heart and descending aorta lie on the left.", signs.heart, -_HEART)
    if signs.liver > _LIVER:
        sentence = "Heart and descending aorta lie on the right, yet the right lung ends higher, as above a liver."
        return Check(name, "pass", sentence, signs.heart, -_HEART)
    sentence = (
        "Heart and descending aorta seem to lie on the right: left and right of the image may be exchanged, or the "
        "patient's organs are."
    )
    return Check(name, "warn", sentence, signs.heart, -_HEART)


def _liver_beneath_right(lungs: Lungs, gray: NDArray[np.floating], spacing: Spacing) -> float:
    """How much more of what lies beneath the right lung is liver than beneath the left; 0 where fat says otherwise.

    Fluid beneath one lung, or a lung whose base is cut off, leaves it open.
    """
    right, left = (_beneath(lung, gray, spacing) for lung in (lungs.right, lungs.left))
    if right is None or left is None:
        return 0.0
    more_liver, more_fat = right[0] - left[0], right[1] - left[1]
    agree = more_liver * more_fat < 0 and abs(more_liver) >= _MORE_LIVER and abs(more_fat) >= _MORE_FAT
    return more_liver if agree else 0.0


def _beneath(lung: NDArray[np.bool_], gray: NDArray[np.floating], spacing: Spacing) -> tuple[float, float] | None:
    """Shares of liver and of fat in a layer below a lung; None where the image ends too soon to tell."""
    near, far = (max(round(depth / spacing[0]), 1) for depth in _BENEATH)
    begins = _lowest(lung)
    rows, columns = np.nonzero(begins >= 0)
    lowest = begins[rows, columns]
    seen = lowest >= far
    if not len(rows) or seen.mean() < _SEEN_BENEATH:
        return None
    layer = np.stack([gray[lowest[seen] - step, rows[seen], columns[seen]] for step in range(near, far + 1)])
    return float(((layer > _LIVER_HU[0]) & (layer < _LIVER_HU[1])).mean()), float((layer < _FAT_HU).mean())


@dataclass(frozen=True)
class _Signs:
    """Millimeters, toward the patient's left.

    Parameters
    ----------
    heart : of the middle between the lungs, in front and low, from the middle of the chest
    aorta : how much more there is left of the spine than right of it, between spine and lung
    liver : how much higher the right lung ends than the left one
    """

    heart: float
    aorta: float
    liver: float

    @classmethod
    def of(cls, lungs: Lungs, gray: NDArray[np.floating], spacing: Spacing) -> _Signs | None:
        least = _LEAST_LUNG / (spacing[1] * spacing[2])
        held = np.flatnonzero(np.minimum(areas(lungs.right), areas(lungs.left)) >= least)
        hearts = [_middle(lungs.right[k], lungs.left[k]) for k in held[: max(len(held) * 2 // 3, 1)]]
        quarter = len(held) // 4
        aortas = [
            _beside_spine(lungs.right[k], lungs.left[k], gray[k], spacing) for k in held[quarter : len(held) - quarter]
        ]
        widths = [(offset * spacing[2], width) for offset, width in hearts if width > 0]
        beside = [value * spacing[2] for value in aortas if value is not None]
        if not widths or not beside:
            return None
        offsets, weights = zip(*widths, strict=True)
        lowest = [_lowest(lung) for lung in (lungs.right, lungs.left)]
        ends = [np.median(begins[begins >= 0]) * spacing[0] for begins in lowest]
        return cls(float(np.average(offsets, weights=weights)), float(np.median(beside)), float(ends[0] - ends[1]))


def _lowest(lung: NDArray[np.bool_]) -> NDArray[np.intp]:
    """``[j, i]``: the slice on which the lung begins; -1 where there is none of it."""
    lowest = np.full(lung.shape[1:], -1)
    for k in range(len(lung) - 1, -1, -1):
        np.copyto(lowest, k, where=lung[k])
    return lowest


def _center(counts: NDArray[np.intp]) -> float:
    """The mean place along an axis, of how many voxels lie at each."""
    return float((counts * np.arange(len(counts))).sum() / counts.sum())


def _between(right: NDArray[np.bool_], left: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The last column of the right lung and the first of the left one, of each row that holds both."""
    both = right.any(axis=1) & left.any(axis=1)
    right, left = right[both], left[both]
    return right.shape[1] - 1 - right[:, ::-1].argmax(axis=1), left.argmax(axis=1)


def _middle(right: NDArray[np.bool_], left: NDArray[np.bool_]) -> tuple[float, float]:
    """Columns from the chest's middle to the middle between the lungs in front, and the columns between them."""
    rows = np.flatnonzero((right | left).any(axis=1))
    chest = (np.flatnonzero(right.any(axis=0))[0] + np.flatnonzero(left.any(axis=0))[-1]) / 2
    front = slice(rows[0], (rows[0] + rows[-1]) // 2)
    last, first = _between(right[front], left[front])
    gaps = np.maximum(first - last, 0)
    if len(gaps) < 3 or not gaps.sum():
        return 0.0, 0.0
    return float(np.average((last + first) / 2 - chest, weights=gaps)), float(gaps.mean())


def _beside_spine(
    right: NDArray[np.bool_], left: NDArray[np.bool_], gray: NDArray[np.floating], spacing: Spacing
) -> float | None:
    """Columns between spine and left lung, less those between spine and right lung; None where no spine is seen."""
    row = round(_center((right | left).sum(axis=1)))
    middle = round((_center(right.sum(axis=0)) + _center(left.sum(axis=0))) / 2)
    near = round(1.5 * _NEAR_MIDDLE / spacing[2])
    first = max(middle - near, 0)
    bone = ndimage.binary_opening(gray[row:, first : middle + near + 1] > _BONE)
    labels, count = ndimage.label(ndimage.binary_closing(bone, iterations=2))
    if not count:
        return None
    rows, columns = np.nonzero(labels == np.bincount(labels.ravel())[1:].argmax() + 1)
    front = np.quantile(rows, 0.05)
    center = columns[rows < front + _VERTEBRA / spacing[1]].mean() + first
    beside = _BESIDE_SPINE / spacing[1]
    about = slice(max(round(row + front - beside), 0), min(round(row + front + beside), len(right)))
    last_right, first_left = _between(right[about], left[about])
    return float(np.mean((first_left - center) - (center - last_right))) if len(last_right) else None
