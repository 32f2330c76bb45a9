"""From image planes in any order to the evenly spaced slices of one volume, or to the sentence that says why not.

A gap is never read as a thicker slice: where one slice is missing, its place is kept and said; where more is missing,
or the slices lie unevenly, the volume is refused. Features and networks take distances from the grid, and would be
wrong without a sign of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..formatting import counted
from .dicom_slice import VOLUME_KEYWORDS, Plane, Slice

FEWEST_SLICES = 3  # fewer are a picture, or a localizer

# How far a slice may lie from its place on an even grid, as a share of the distance between slices. Positions are often
# rounded to 0.1 mm; thin slices then lie further off.
_OFF_ITS_PLACE, _OFF_BY_ROUNDING = 0.1, 0.25
_ROUNDED = 0.101  # mm: by 0.05 here and by 0.05 at the ends, which the grid is laid through
_SAME_PLACE = 0.05  # of the distance between slices
_SAME_DIRECTION = 1e-3  # of direction cosines, which headers round to three digits or more
_ROUNDING = 1e-6  # mm
_SIDEWAYS = 0.5  # pixels: less is not worth a resampling
_FEW = 10  # one slice in so many may be missing, or be there twice


@dataclass(frozen=True, eq=False)
class Stack:
    """The slices of one volume, in equal steps.

    Parameters
    ----------
    slices : along the normal of the planes; None where one is missing, which lies between two that are there
    plane : of the first slice
    step : from a slice to the next, LPS mm; not along the normal where the gantry was tilted
    notes : what was set aside or is missing, in plain sentences
    """

    slices: tuple[Slice | None, ...]
    plane: Plane
    step: NDArray[np.float64]
    notes: tuple[str, ...]

    @property
    def first(self) -> Slice:
        """A slice that is there."""
        return next(item for item in self.slices if item is not None)

    @property
    def spacing(self) -> float:
        """Distance between neighboring planes, mm."""
        return float(self.step @ self.plane.normal)

    @property
    def tilt(self) -> float:
        """Angle between the step and the normal of the planes, degrees; 0 where the slices lie straight."""
        sideways = float(np.linalg.norm(self.step - self.spacing * self.plane.normal))
        return float(np.degrees(np.arctan2(sideways, self.spacing))) if sideways > _ROUNDING else 0.0


def stacked(slices: Iterable[Slice], name: str) -> Stack:
    """The volume that the slices of a series make.

    Parameters
    ----------
    name : of the file or folder, for sentences

    Raises
    ------
    InputError : too few slices, no positions, several missing side by side, uneven distances, slices that are shifted,
        or several at one place that nothing tells apart
    """
    notes: list[str] = []
    chosen = _one_grid(_placed(_each_once(list(slices), notes), name, notes), notes)
    chosen = _one_volume(sorted(chosen, key=lambda item: (_height(item, chosen[0]), item.number)), name, notes)
    if len(chosen) < FEWEST_SLICES:
        raise InputError(
            f"'{name}' is no volume: it has {_slices(len(chosen))}, and at least {FEWEST_SLICES} are needed."
        )
    indices, spacing = _indices(chosen, name)
    step, origin = _steps(chosen, indices, spacing, name)
    places: list[Slice | None] = [None] * (int(indices[-1]) + 1)
    for index, item in zip(indices, chosen, strict=True):
        places[int(index)] = item
    missing = [index for index, item in enumerate(places) if item is None]
    first = _plane(chosen[0])
    plane = Plane(origin, first.row, first.column, first.spacing)
    if missing:
        at = _listed(_place(_axis(plane), (origin + index * step)) for index in missing)
        notes.insert(
            0,
            f"Missing: {_slices(len(missing))} of {len(places)}, at {at}. The values there are halfway between those "
            "of the neighbors; nothing was imaged.",
        )
    stack = Stack(tuple(places), plane, step, ())
    notes += _thickness_notes(stack)
    return Stack(stack.slices, plane, step, tuple(notes))


def _each_once(slices: list[Slice], notes: list[str]) -> list[Slice]:
    """Without files that are copies of others."""
    found: dict[Hashable, Slice] = {}
    for item in sorted(slices, key=lambda item: (item.number, str(item.path), item.frame)):
        # With its place: some programs that take names out of files give one UID to all of them.
        place = None if item.plane is None else tuple(item.plane.position)
        found.setdefault((item.instance_uid, item.frame, place) if item.instance_uid else (item.path, item.frame), item)
    if copies := len(slices) - len(found):
        notes.append(f"Read once: {_slices(copies)} of which the folder holds a copy.")
    return list(found.values())


def _placed(slices: list[Slice], name: str, notes: list[str]) -> list[Slice]:
    placed = [item for item in slices if item.plane is not None]
    if not placed:
        raise InputError(
            f"'{name}' does not say where its slices lie (ImagePositionPatient, ImageOrientationPatient or "
            "PixelSpacing is missing or impossible), so no volume can be made of them."
        )
    if left := len(slices) - len(placed):
        notes.append(f"Set aside: {_slices(left)} without a position in the patient.")
    return placed


def _one_grid(slices: list[Slice], notes: list[str]) -> list[Slice]:
    """The most slices of one size and orientation."""
    groups: list[list[Slice]] = []
    for item in slices:
        group = next((group for group in groups if _same_grid(group[0], item)), None)
        if group is None:
            groups.append([item])
        else:
            group.append(item)
    chosen = max(groups, key=len)
    if left := len(slices) - len(chosen):
        notes.append(f"Set aside: {_slices(left)} of another size or orientation.")
    return chosen


def _same_grid(first: Slice, other: Slice) -> bool:
    one, two = _plane(first), _plane(other)
    return (
        (first.rows, first.columns) == (other.rows, other.columns)
        and np.allclose(one.spacing, two.spacing, rtol=1e-3)
        and np.allclose([one.row, one.column], [two.row, two.column], atol=_SAME_DIRECTION)
    )


def _one_volume(slices: list[Slice], name: str, notes: list[str]) -> list[Slice]:
    """One slice for each place; of several volumes in a series the first, which is said."""
    places = _places(slices)
    if len(places) == len(slices):
        return slices
    if len(places) < FEWEST_SLICES:
        raise InputError(f"'{name}' is no volume: its {len(slices)} images lie at {_places_of(len(places))}.")
    twice = [place[0] for place in places if len(place) > 1]
    if len(twice) * _FEW <= len(places):
        at = _listed(_place(_axis(_plane(item)), _plane(item).position) for item in twice)
        notes.append(f"Several slices lie at {at}; the one with the lowest InstanceNumber was read.")
        return [place[0] for place in places]
    for keyword in VOLUME_KEYWORDS:
        volumes: dict[str, list[Slice]] = defaultdict(list)
        for item in slices:
            volumes[item.volume.get(keyword, "")].append(item)
        if len(volumes) > 1 and all(len(_places(volume)) == len(volume) for volume in volumes.values()):
            value, chosen = max(volumes.items(), key=lambda volume: (len(volume[1]), _first(volume[0])))
            if 2 * len(chosen) >= len(places):
                notes.append(
                    f"The series holds {len(volumes)} volumes that differ in {keyword}; "
                    f"the one with {keyword} {_words(value)} was read ({len(chosen)} slices)."
                )
                return chosen
    counts = {len(place) for place in places}
    if len(counts) == 1:
        notes.append(f"The series holds {counts.pop()} volumes, one after the other; the first was read.")
        return [place[0] for place in places]
    raise InputError(
        f"In '{name}' several slices lie at {len(twice)} of {len(places)} places, and nothing in their headers says "
        "which of them belong together."
    )


def _places(slices: Sequence[Slice]) -> list[list[Slice]]:
    """Slices in the order of their heights, those at one place together."""
    heights = np.array([_height(item, slices[0]) for item in slices])
    steps = np.diff(heights)
    apart = steps[steps > 1e-4]  # mm: less is rounding
    limit = _SAME_PLACE * float(np.median(apart)) if len(apart) else np.inf
    found = [[slices[0]]]
    for item, step in zip(slices[1:], steps, strict=True):
        if step > limit:
            found.append([])
        found[-1].append(item)
    return [sorted(place, key=lambda item: item.number) for place in found]


def _indices(slices: list[Slice], name: str) -> tuple[NDArray[np.intp], float]:
    """The number of each slice on an even grid, and the distance between its planes in mm.

    Raises
    ------
    InputError : uneven distances, or more than one slice missing at a place or one in `_FEW`
    """
    heights = np.array([_height(item, slices[0]) for item in slices])
    steps = np.diff(heights)
    usual = float(np.median(steps))
    numbers = np.rint(steps / usual).astype(np.intp)
    indices = np.concatenate([[0], np.cumsum(numbers)]).astype(np.intp)
    spacing = float(heights[-1] - heights[0]) / max(int(indices[-1]), 1)
    off_place = np.abs(heights - heights[0] - spacing * indices).max()
    limit = max(_OFF_ITS_PLACE * spacing, min(_OFF_BY_ROUNDING * spacing, _ROUNDED))
    even = bool((numbers > 0).all() and off_place <= limit)
    widest = int(numbers.argmax()) if even else int(np.abs(steps - usual).argmax())
    missing = int((numbers - 1).sum())
    if even and numbers.max() <= 2 and missing * _FEW <= len(slices):
        return indices, spacing
    ends = [_plane(slices[widest + end]) for end in (0, 1)]
    axis = _axis(ends[0])
    where = f"between {_place(axis, ends[0].position)} and {_place(axis, ends[1].position)}"
    if not even:
        raise InputError(
            f"The slices of '{name}' are unequally spaced: {steps[widest]:.1f} mm {where}, {usual:.1f} mm elsewhere. "
            "No volume is made of them, for distances in it would be wrong."
        )
    if numbers.max() > 2:
        gap = counted(int(numbers[widest]) - 1, "slice is", "slices are")
        raise InputError(
            f"In '{name}' {gap} missing {where}, a gap of {steps[widest]:.1f} mm where neighbors lie {spacing:.1f} mm "
            "apart. Export the series again."
        )
    raise InputError(
        f"In '{name}' {missing} of {int(indices[-1]) + 1} slices are missing, the first {where}. "
        "Export the series again."
    )


def _steps(
    slices: list[Slice], indices: NDArray[np.intp], spacing: float, name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The step from a slice to the next and the position of the first, LPS mm.

    Raises
    ------
    InputError : slices are shifted sideways against each other
    """
    first = _plane(slices[0])
    positions = np.array([_plane(item).position for item in slices])
    slope = (positions[-1] - positions[0]) / indices[-1]
    sideways = slope - (slope @ first.normal) * first.normal
    pixel = min(first.spacing)
    shifts = positions - positions[0] - np.outer(indices, slope)
    shifts -= np.outer(shifts @ first.normal, first.normal)
    worst = int(np.linalg.norm(shifts, axis=1).argmax())
    if np.linalg.norm(shifts[worst]) > _SIDEWAYS * pixel:
        at = _place(_axis(first), positions[worst])
        raise InputError(
            f"The slices of '{name}' do not lie above each other: the one at {at} is shifted sideways by "
            f"{np.linalg.norm(shifts[worst]):.1f} mm."
        )
    straight = spacing * first.normal
    if np.linalg.norm(sideways) * indices[-1] <= _SIDEWAYS * pixel:
        return straight, first.position
    return straight + sideways, first.position


def _thickness_notes(stack: Stack) -> list[str]:
    thickness = Counter(item.thickness for item in stack.slices if item is not None and item.thickness)
    if not thickness:
        return []
    thick = thickness.most_common(1)[0][0] or 0.0
    if stack.spacing <= 1.5 * thick:
        return []
    return [
        f"The slices are {thick:.3g} mm thick and lie {stack.spacing:.3g} mm apart: "
        "what lies between them was not imaged."
    ]


def _height(item: Slice, reference: Slice) -> float:
    """Along the normal of the reference, mm."""
    return float(_plane(item).position @ _plane(reference).normal)


def _plane(item: Slice) -> Plane:
    if item.plane is None:
        raise ValueError("A slice without a place was to be stacked.")
    return item.plane


def _axis(plane: Plane) -> int:
    """The axis of the patient that the normal is closest to."""
    return int(np.abs(plane.normal).argmax())


def _place(axis: int, position: NDArray[np.float64]) -> str:
    return f"{'xyz'[axis]} = {position[axis]:.1f} mm"


def _listed(places: Iterable[str]) -> str:
    *rest, last = places
    if len(rest) > 3:
        return f"{', '.join(rest[:3])} and {len(rest) - 2} other places"
    return f"{', '.join(rest)} and {last}" if rest else last


def _first(value: str) -> tuple[float, tuple[int, ...]]:
    """A key whose largest is the first value: numbers by size, words by their letters."""
    try:
        return -float(value), ()
    except ValueError:
        return 0.0, tuple(-ord(letter) for letter in value)


def _words(value: str) -> str:
    return value.replace("\\", "/") or "empty"


def _places_of(number: int) -> str:
    return "one place" if number == 1 else f"{number} places"


def _slices(number: int) -> str:
    return counted(number, "slice")
