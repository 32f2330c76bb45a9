"""The voxels of a DICOM series: every slice by its own rescaling, on an even and rectangular grid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path

import highdicom
import numpy as np
import SimpleITK
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ..errors import InputError
from ..progress import Progress
from .dicom_file import items, numbers, quiet_pydicom, read_image, text, whole_number
from .dicom_geometry import dicom_geometry
from .dicom_gray import padding
from .dicom_pixels import is_color, stored_values
from .dicom_series import Series
from .dicom_slice import Slice, frame_header
from .examination import examination, set_examination
from .limits import refuse_impossible_volume
from .lookup_tables import lookup_table
from .slice_stack import Stack, stacked

Voxels = NDArray[np.float32]

AIR = -1000.0  # HU
_NOTHING = {"CT": AIR}  # where nothing was measured; 0 in other modalities


@dataclass(frozen=True, eq=False)
class Slices:
    """A DICOM series as a volume in the orientation of its slices.

    Parameters
    ----------
    image : float32; columns, rows and slices are its axes, slices along the normal of their planes
    interpolated : numbers of the slices that were not imaged
    notes : what was set aside, is missing, or was done, in plain sentences
    """

    image: SimpleITK.Image
    interpolated: tuple[int, ...]
    notes: tuple[str, ...]


def series_volume(series: Series, progress: Progress | None = None) -> Slices:
    """Decode the slices of a series.

    Values are those of the modality, HU for CT, by the rescaling of each slice; padding becomes air (0 in other
    modalities than CT). Slices of a tilted gantry are moved into a rectangular grid, linearly.

    Raises
    ------
    InputError : as `slice_stack.stacked`; too large, damaged or color pixels
    SetupError : a decoder is not installed
    CancelledError : the user canceled
    """
    progress = progress or Progress()
    stack = stacked(series.slices, series.name)
    notes = [*series.notes, *stack.notes]
    nothing = _NOTHING.get(series.modality, 0.0)
    with quiet_pydicom():
        voxels = _decoded(stack, series, nothing, notes, progress)
    missing = tuple(index for index, item in enumerate(stack.slices) if item is None)
    for index in missing:  # never two side by side, never the first or the last
        np.mean(voxels[index - 1 : index + 2 : 2], axis=0, out=voxels[index])
    origin = stack.plane.position
    if stack.tilt:
        notes.append(
            f"The gantry was tilted by {stack.tilt:.1f} degrees; the slices were moved into a rectangular grid."
        )
        voxels, origin = _upright(voxels, stack, nothing)
    image = _placed(voxels, origin, stack)
    set_examination(image, stack.first.examination)
    return Slices(image, missing, tuple(notes))


def picture_values(path: Path) -> SimpleITK.Image:
    """One DICOM image as values of the modality, ``[i, j, 1]``; whole numbers are int32, others float32.

    As SimpleITK has it, low values are dark: those of MONOCHROME1 are turned before they are rescaled.

    Raises
    ------
    InputError : as `read_image` and `stored_values`, or a picture in color
    SetupError : a decoder is not installed
    """
    dataset = read_image(path)
    stored = stored_values(dataset, path.name)
    if is_color(dataset):
        raise InputError(f"'{path.name}' is a picture in color; one gray value for each pixel was expected.")
    if text(dataset, "PhotometricInterpretation") == "MONOCHROME1":
        signed = np.issubdtype(stored.dtype, np.signedinteger)
        stored = (-1 if signed else 2 ** (whole_number(dataset, "BitsStored") or 16) - 1) - stored.astype(np.int32)
    values = np.empty(stored.shape, np.float32)
    _modality_values(dataset, stored, values)
    whole = bool((values == np.rint(values)).all())
    image = dicom_geometry(dataset).place(values.astype(np.int32) if whole else values)
    set_examination(image, examination(dataset))
    return image


def _decoded(stack: Stack, series: Series, nothing: float, notes: list[str], progress: Progress) -> Voxels:
    first = stack.first
    count = len(stack.slices)
    refuse_impossible_volume((first.columns, first.rows, count), series.name)
    voxels = np.empty((count, first.rows, first.columns), np.float32)
    present = [(index, item) for index, item in enumerate(stack.slices) if item is not None]
    unscaled = 0
    for number, (index, header, dataset, item) in enumerate(with_pixels(present)):
        progress(number / count, f"Opening slice {number + 1} of {len(present)}.")
        if is_color(dataset):
            raise InputError(f"'{item.path.name}' is a color picture, not a slice of a volume.")
        stored = stored_values(dataset, item.path.name, item.frame)
        unscaled += not _modality_values(header, stored, voxels[index])
        if (filling := padding(header, stored)) is not None:
            voxels[index][filling] = nothing
    if unscaled and series.modality == "CT":
        notes.append(
            f"{unscaled} of {len(present)} slices do not say how their values become HU; they were taken as HU."
        )
    return voxels


def with_pixels(slices: Iterable[tuple[int, Slice]]) -> Iterator[tuple[int, Dataset, Dataset, Slice]]:
    """The number of each slice, its header, and the data set with its pixels; a multi-frame file is opened once."""
    opened: tuple[Path, Dataset] | None = None
    for index, item in slices:
        if opened is None or opened[0] != item.path:
            opened = None  # one file in memory, not two
            opened = item.path, read_image(item.path, several_frames=True)
        yield index, frame_header(opened[1], item.frame), opened[1], item


def _modality_values(header: Dataset, stored: NDArray, out: Voxels) -> bool:
    """Write the stored values in units of the modality; False where the header does not say how, and they stay."""
    for item in items(header, "ModalityLUTSequence"):
        if table := lookup_table(item, (int(stored.min()), int(stored.max()))):
            out[...] = table(stored)
            return True
    slope, intercept = numbers(header, "RescaleSlope")[:1], numbers(header, "RescaleIntercept")[:1]
    if (not intercept and (not slope or slope[0] == 1)) or (slope and slope[0] == 0):
        out[...] = stored
        return False
    np.multiply(stored, slope[0] if slope else 1.0, out=out, casting="same_kind", dtype=np.float64)
    if intercept:
        out += np.float32(intercept[0])
    return True


def _upright(voxels: Voxels, stack: Stack, nothing: float) -> tuple[Voxels, NDArray[np.float64]]:
    """Slices of a tilted gantry on a rectangular grid that holds all of them, and where its first voxel lies."""
    plane, last = stack.plane, len(voxels) - 1
    # Rows and columns from a slice to the next.
    shifts = (
        float(stack.step @ plane.column) / plane.spacing[0],
        float(stack.step @ plane.row) / plane.spacing[1],
    )
    room = [ceil(abs(shift) * last) + 1 for shift in shifts]
    before = [ceil(max(-shift * last, 0)) for shift in shifts]
    count, rows, columns = voxels.shape
    upright = np.full((count, rows + room[0], columns + room[1]), nothing, np.float32)
    for index, slice_ in enumerate(voxels):
        places = [index * shift + start for shift, start in zip(shifts, before, strict=True)]
        (j, down), (i, right) = ((floor(place), place - floor(place)) for place in places)
        padded = np.pad(slice_, 1, constant_values=nothing)
        moved = (1 - down) * padded[1:] + down * padded[:-1]
        moved = (1 - right) * moved[:, 1:] + right * moved[:, :-1]
        upright[index, j : j + rows + 1, i : i + columns + 1] = moved
    origin = plane.position - before[0] * plane.spacing[0] * plane.column - before[1] * plane.spacing[1] * plane.row
    return upright, origin


def _placed(voxels: Voxels, origin: NDArray[np.float64], stack: Stack) -> SimpleITK.Image:
    plane = stack.plane
    volume = highdicom.Volume.from_components(
        voxels,
        direction=np.stack([plane.normal, plane.column, plane.row], axis=1),  # type: ignore[arg-type]
        position=origin.tolist(),
        spacing=(stack.spacing, *plane.spacing),
        coordinate_system="PATIENT",
    )
    return as_image(volume)


def as_image(volume: highdicom.Volume) -> SimpleITK.Image:
    """A volume of highdicom ``[k, j, i]`` as SimpleITK has it, in the same place."""
    image = SimpleITK.GetImageFromArray(volume.array)
    image.SetSpacing(tuple(reversed(volume.spacing)))
    image.SetOrigin(volume.position)
    image.SetDirection(volume.direction[:, ::-1].ravel().tolist())
    return image
