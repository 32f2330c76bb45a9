"""The files of a reading as arrays in the geometry of the scene.

A picture keeps the geometry of its node: only the node knows where the scene has it. It may have been turned upright
while it was read; then its axes are those of the node in another order or direction. A volume may have been turned to
LPS, so its files say themselves where they lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vtk
from slicer.i18n import tr as _

from ..errors import InputError
from ..files import native_name
from ..imaging.blocks import side_between
from ..imaging.segments import Segment, first_voxel, read_segments


@dataclass(frozen=True)
class Grid:
    """Values ``[k, j, i]`` and the 4 x 4 matrix from their indices to RAS, mm.

    ``block`` is how many pixels of the image, along each axis of a picture, one value stands for.
    """

    array: Any
    to_ras: Any
    block: int = 1


@dataclass(frozen=True)
class SegmentLayer:
    """The segments of an image, the matrix from indices of its whole grid to RAS, mm, and where in it they begin."""

    segments: list[Segment]
    to_ras: Any
    first: tuple[int, int, int] = (0, 0, 0)


def heat_grid(path: Path, volume: Any) -> Grid:
    """The values of a heat map, 0 to 1.

    Raises
    ------
    InputError : the file is missing or damaged, or does not fit ``volume``
    """
    import SimpleITK

    try:
        image = SimpleITK.ReadImage(native_name(path), SimpleITK.sitkFloat32)
    except RuntimeError as error:
        raise InputError(_("The heat map cannot be opened; read the study again.")) from error
    array = SimpleITK.GetArrayFromImage(image)
    array = array[None] if array.ndim == 2 else array  # files of pictures may have two axes
    if len(array) > 1:
        _require_size(array.shape, volume)
        return Grid(array, file_matrix(image))
    block = _require_blocks(array.shape, volume)
    return Grid(array, _picture_matrix(image, volume, block), block)


def volume_grid(path: Path) -> Grid:
    """The values of a file as they are, where it says that they lie.

    Raises
    ------
    InputError : the file is missing or damaged
    """
    import SimpleITK

    try:
        image = SimpleITK.ReadImage(native_name(path))
    except RuntimeError as error:
        raise InputError(_("The map cannot be opened; make it again.")) from error
    array = SimpleITK.GetArrayFromImage(image)
    return Grid(array[None] if array.ndim == 2 else array, file_matrix(image))


def segment_layer(path: Path, volume: Any) -> SegmentLayer | None:
    """The segments of an image; None where there is no such file.

    Raises
    ------
    InputError : the file is damaged, or does not fit ``volume``
    """
    import SimpleITK

    if not path.is_file():
        return None
    segments = read_segments(path)
    if not segments:
        return None
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(native_name(path))
    reader.ReadImageInformation()
    if 1 in volume.GetImageData().GetDimensions():
        block = _require_blocks(segments[0].mask.shape, volume)
        return SegmentLayer(segments, _picture_matrix(reader, volume, block))
    first, matrix = first_voxel(reader), file_matrix(reader)
    _require_size([at + length for at, length in zip(first, reader.GetSize(), strict=True)], volume, whole=False)
    for row, value in enumerate(matrix.MultiplyPoint([*(-float(at) for at in first), 1.0])[:3]):
        matrix.SetElement(row, 3, value)
    return SegmentLayer(segments, matrix, first)


def ras_matrix(volume: Any) -> Any:
    """The matrix from a volume node's indices to RAS, mm; transforms above the node are left out."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return matrix


def _picture_matrix(image: Any, volume: Any, block: int) -> Any:
    """The matrix from a picture file's indices to RAS, by where its node lies in the scene.

    ``block`` is how many pixels of the node, along both axes, one of the file stands for.
    """
    import numpy as np

    of_node, size = ras_matrix(volume), volume.GetImageData().GetDimensions()
    node = np.array([[of_node.GetElement(row, column) for column in range(4)] for row in range(4)])
    steps = node[:3, :3] * [[-1.0], [-1.0], [1.0]]  # LPS
    file, dimensions = np.eye(3), image.GetDimension()
    file[:dimensions, :dimensions] = np.reshape(image.GetDirection(), (dimensions, dimensions))
    turn = (steps / np.linalg.norm(steps, axis=0)).T @ file  # [axis of the node, axis of the file]
    whole = np.rint(turn)
    if np.abs(turn - whole).max() > 0.01 or not np.array_equal(np.abs(whole).sum(axis=0), np.ones(3)):
        whole = np.eye(3)  # the file says nothing of how the node lies
    turned = node.copy()
    turned[:3, :3] = node[:3, :3] @ whole
    for axis in range(3):
        if whole[axis].min() < 0:  # the file begins where this axis of the node ends
            turned[:3, 3] += node[:3, axis] * (size[axis] - 1)
    turned[:3, 3] += (turned[:3, 0] + turned[:3, 1]) * (block - 1) / 2
    turned[:3, :2] *= block
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(turned.ravel().tolist())
    return matrix


def file_matrix(image: Any) -> Any:
    """The matrix from indices of a ``SimpleITK.Image``, or of its reader, to RAS, mm."""
    matrix = vtk.vtkMatrix4x4()
    direction, spacing, origin = image.GetDirection(), image.GetSpacing(), image.GetOrigin()
    for row, sign in enumerate((-1.0, -1.0, 1.0)):  # RAS is LPS with the first two axes reversed
        for column in range(3):
            matrix.SetElement(row, column, sign * direction[3 * row + column] * spacing[column])
        matrix.SetElement(row, 3, sign * origin[row])
    return matrix


def _require_blocks(lengths: Sequence[int], volume: Any) -> int:
    """How many pixels of a picture, along both axes, one value of a file of that size stands for."""
    block = side_between(tuple(sorted(volume.GetImageData().GetDimensions())), tuple(sorted(lengths)))
    if block < 1:
        raise InputError(_("'{name}' changed its size while it was read; read it again.").format(name=volume.GetName()))
    return block


def _require_size(lengths: Sequence[int], volume: Any, whole: bool = True) -> None:
    """What was turned has the same lengths in another order; not ``whole``, it ends within them."""
    pairs = zip(sorted(lengths), sorted(volume.GetImageData().GetDimensions()), strict=True)
    if not all(length == own if whole else length <= own for length, own in pairs):
        raise InputError(_("'{name}' changed its size while it was read; read it again.").format(name=volume.GetName()))
