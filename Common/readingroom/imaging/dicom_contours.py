"""Structures of a DICOM RT Structure Set (RTSTRUCT) as masks: contours filled slice by slice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ..errors import InputError
from .dicom_file import items, quiet_pydicom, read_elements, text, whole_number
from .examination import Examination, examination_of, refuse_other_examination
from .structure_names import chosen_structures

Points = NDArray[np.float64]  # (points, 3)
Filled = tuple[NDArray[np.bool_], tuple[str, ...]]  # [k, j, i], and notes in plain sentences

_FLAT = 0.5  # of a slice: how far the points of a contour may lie from their plane
_ON_SLICE = 0.1  # of a slice: how far a contour may lie from a slice without a word
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "")


def structure_mask(path: Path, image: SimpleITK.Image, names: Sequence[str]) -> Filled:
    """The named structures together, ``[k, j, i]`` on the grid of ``image``, and notes in plain sentences.

    A voxel is inside where its center is. Contours of one structure in one slice are combined by the even-odd rule, so
    that a contour within another is a hole (PS3.3 C.8.8.6.3, which asks for that of CLOSEDPLANAR_XOR and of keyholes).

    Parameters
    ----------
    names : ROI names; a file with a single structure needs none

    Raises
    ------
    InputError : damaged, of another examination, the names do not fit, contours that do not lie in slices of the image,
        or a structure that was drawn on fewer slices than the image has
    """
    fill = structures_of(path, image)
    inside = np.zeros(tuple(reversed(image.GetSize())), bool)
    notes: list[str] = []
    for name in chosen_structures(path.name, list(fill), names):
        own, said = fill[name]()
        inside |= own
        notes += said
    return inside, tuple(notes)


def structures_of(path: Path, image: SimpleITK.Image) -> dict[str, Callable[[], Filled]]:
    """What fills each structure of a file, by its name; it raises as `structure_mask`.

    Raises
    ------
    InputError : damaged
    """
    with quiet_pydicom():
        dataset = read_elements(path, several_frames=True)
        return {
            name: partial(_filled_structure, dataset, path.name, name, numbers, image)
            for name, numbers in _structures(dataset).items()
        }


@quiet_pydicom()
def _filled_structure(dataset: Dataset, file: str, name: str, numbers: list[int], image: SimpleITK.Image) -> Filled:
    inside = np.zeros(tuple(reversed(image.GetSize())), bool)
    notes: list[str] = []
    for number in numbers:
        own = Examination(_frame_of_reference(dataset, number), text(dataset, "PatientID"))
        refuse_other_examination(file, own, examination_of(image))
        contours = [_indices(image, points) for points in _contours(dataset, number, file)]
        if not contours:
            raise InputError(f"The structure '{name}' of '{file}' has no contours.")
        inside |= _filled(contours, inside.shape, name, notes)
    return inside, tuple(notes)


def _structures(dataset: Dataset) -> dict[str, list[int]]:
    """ROI numbers by name."""
    known: dict[str, list[int]] = {}
    for item in items(dataset, "StructureSetROISequence"):
        number = whole_number(item, "ROINumber")
        if number is not None:
            known.setdefault(text(item, "ROIName") or f"ROI {number}", []).append(number)
    return known


def _frame_of_reference(dataset: Dataset, number: int) -> str:
    for item in items(dataset, "StructureSetROISequence"):
        if whole_number(item, "ROINumber") == number:
            return text(item, "ReferencedFrameOfReferenceUID")
    return ""


def _contours(dataset: Dataset, number: int, name: str) -> Iterator[Points]:
    """Closed contours of a structure, LPS mm."""
    for roi in items(dataset, "ROIContourSequence"):
        if whole_number(roi, "ReferencedROINumber") != number:
            continue
        for contour in items(roi, "ContourSequence"):
            if text(contour, "ContourGeometricType") not in _CLOSED:
                continue  # points and open lines enclose nothing
            points = _points(contour, name)
            if len(points) >= 3:  # fewer enclose nothing
                yield points


def _points(contour: Dataset, name: str) -> Points:
    """ContourData, which is too long to be taken apart number by number as other elements are."""
    element = contour.get_item("ContourData", keep_deferred=True)
    stored = b"" if element is None or element.value is None else element.value
    values = stored.split(b"\\") if isinstance(stored, bytes) else stored
    try:
        points = np.array(values if len(stored) else [], np.float64).reshape(-1, 3)
    except (TypeError, ValueError) as error:
        raise InputError(f"A contour in '{name}' is damaged: its points are not three numbers each.") from error
    if not np.isfinite(points).all():
        raise InputError(f"A contour in '{name}' is damaged: its points are not three numbers each.")
    return points


def _indices(image: SimpleITK.Image, points: Points) -> Points:
    """Points as continuous indices ``(points, [k, j, i])``."""
    to_points = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    return np.linalg.solve(to_points, (points - image.GetOrigin()).T).T[:, ::-1]


def _filled(contours: list[Points], shape: tuple[int, ...], name: str, notes: list[str]) -> NDArray[np.bool_]:
    axis = _slice_axis(contours, name)
    inside = np.zeros(shape, bool)
    slices = np.moveaxis(inside, axis, 0)
    crossings: dict[int, list[Points]] = {}
    outside = 0
    shifted = 0.0
    for contour in contours:
        height = float(contour[:, axis].mean())
        if not -_FLAT <= height <= len(slices) - 1 + _FLAT:
            outside += 1
            continue
        index = min(max(round(height), 0), len(slices) - 1)
        shifted = max(shifted, abs(height - index))
        crossings.setdefault(index, []).append(np.delete(contour, axis, axis=1))
    if outside == len(contours):
        raise InputError(f"The structure '{name}' lies outside the image.")
    for index, loops in crossings.items():
        slices[index] = even_odd(loops, slices.shape[1:])
    if outside:
        notes.append(f"{outside} of {len(contours)} contours of '{name}' lie beyond the image and were left out.")
    if shifted > _ON_SLICE:
        notes.append(f"Contours of '{name}' lie up to {shifted:.2f} of a slice off; each went to the nearest slice.")
    _refuse_sparse(sorted(crossings), name, notes)
    return inside


def _slice_axis(contours: list[Points], name: str) -> int:
    """The axis of the grid that the contours are perpendicular to."""
    axes = Counter(int(np.ptp(contour, axis=0).argmin()) for contour in contours)
    axis = axes.most_common(1)[0][0]
    uneven = max(float(np.ptp(contour[:, axis])) for contour in contours)
    if uneven > _FLAT:
        raise InputError(
            f"Contours of '{name}' do not lie in slices of the image (they pass through {uneven:.1f} of them), so no "
            "mask is made of them."
        )
    return axis


def _refuse_sparse(indices: list[int], name: str, notes: list[str]) -> None:
    """A structure that was drawn on every second slice, or on thicker ones, would be a stack of plates."""
    spanned = indices[-1] - indices[0] + 1
    empty = spanned - len(indices)
    if empty > len(indices) / 2:
        raise InputError(
            f"The structure '{name}' was drawn on {len(indices)} of the {spanned} slices that it spans, as on thicker "
            "slices than those of this image; open it with the series that it was drawn on."
        )
    if empty:
        notes.append(f"'{name}' has no contour on {empty} of the {spanned} slices that it spans; it is empty there.")


def even_odd(loops: Sequence[NDArray[np.float64]], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Pixels ``[j, i]`` whose centers lie inside an odd number of closed loops.

    Parameters
    ----------
    loops : corners ``(points, [j, i])``, the last one joined to the first
    """
    rows, columns = shape
    toggles = np.zeros((rows, columns + 1), np.uint8)
    for loop in loops:
        start, stop = loop, np.roll(loop, -1, axis=0)
        low, high = np.minimum(start[:, 0], stop[:, 0]), np.maximum(start[:, 0], stop[:, 0])
        # Rows with low <= j < high, so that a corner on a row counts once.
        first = np.clip(np.ceil(low), 0, rows).astype(np.intp)
        counts = np.maximum(np.clip(np.ceil(high), 0, rows).astype(np.intp) - first, 0)
        edge = np.repeat(np.arange(len(loop)), counts)
        j = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
        share = (j - start[edge, 0]) / (stop[edge, 0] - start[edge, 0])
        i = start[edge, 1] + share * (stop[edge, 1] - start[edge, 1])
        np.add.at(toggles, (j, np.clip(np.ceil(i), 0, columns).astype(np.intp)), 1)
    return np.asarray(np.cumsum(toggles[:, :columns], axis=1, dtype=np.uint32) % 2 == 1)
