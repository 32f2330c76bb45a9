"""Segments as masks on the grid of an image. The segmentation is looked at and never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _

from ...errors import InputError
from ..scene import write_on_grid


@dataclass(frozen=True)
class LabelFile:
    """A file of labels on the image's grid, and the key of the segment that each label is."""

    path: Path
    segments: Mapping[int, str]


@dataclass(frozen=True)
class SegmentMask:
    """Where one segment lies: ``voxels`` (boolean, ``[k, j, i]``) is cut to its box, which begins at ``start``."""

    start: tuple[int, int, int]
    voxels: Any

    @property
    def is_empty(self) -> bool:
        """No voxel of the image is in it."""
        return self.voxels.size == 0

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """Its place in an array of the whole image."""
        k, j, i = (slice(a, a + length) for a, length in zip(self.start, self.voxels.shape, strict=True))
        return k, j, i

    @property
    def digest(self) -> str:
        """Of the voxels and their place: what holds the same voxels has the same, also in a later session."""
        import numpy as np

        place = f"{self.start} {self.voxels.shape} ".encode()
        return hashlib.sha256(place + np.packbits(np.ascontiguousarray(self.voxels)).tobytes()).hexdigest()

    def same_as(self, other: SegmentMask | None) -> bool:
        """Whether both hold the same voxels."""
        import numpy as np

        return other is not None and self.start == other.start and np.array_equal(self.voxels, other.voxels)


def masks_on(volume: Any, segmentation: Any, segment_ids: Collection[str]) -> dict[str, SegmentMask]:
    """The segments as Slicer shows them over ``volume``, brought onto its grid by Slicer's own filter (nearest).

    Transforms of both nodes count. A segment whose source is a surface is converted in a copy.

    Raises
    ------
    InputError : the segments cannot be brought onto the grid
    """
    source = _with_labelmaps(segmentation, volume)
    grid, way = _grid(volume), _way(segmentation, volume)
    found = dict.fromkeys(segment_ids, _empty())
    for number in range(source.GetNumberOfLayers(_LABELMAP)):
        here = [key for key in source.GetSegmentIDsForLayer(number, _LABELMAP) if key in found]
        layer = source.GetLayerDataObject(number, _LABELMAP)
        if not here or layer is None or layer.IsEmpty():
            continue
        labels = _resampled(layer, grid, way, segmentation)
        boxes = _boxes(labels)
        for key in here:
            value = source.GetSegment(key).GetLabelValue()
            if value in boxes:
                box = boxes[value]
                found[key] = SegmentMask((box[0].start, box[1].start, box[2].start), labels[box] == value)
    return found


def state_of(segmentation: Any, segment_ids: Collection[str]) -> dict[str, tuple[int, int]]:
    """What changes whenever the pixels behind a segment are written; cheap, and at times changed without need."""
    source = segmentation.GetSegmentation()
    name = source.GetSourceRepresentationName()
    states = {}
    for key in segment_ids:
        segment = source.GetSegment(key)
        pixels = segment.GetRepresentation(name) if segment is not None else None
        states[key] = (pixels.GetMTime() if pixels is not None else 0, segment.GetLabelValue() if segment else 0)
    return states


def contents_of(segmentation: Any, segment_ids: Collection[str]) -> dict[str, bytes]:
    """A digest of the voxels that each segment holds and of where they lie; empty where it holds none."""
    import numpy as np
    from vtk.util.numpy_support import vtk_to_numpy

    contents = dict.fromkeys(segment_ids, b"")
    for key in segment_ids:
        segment = segmentation.GetSegmentation().GetSegment(key)
        pixels = segment.GetRepresentation(_LABELMAP) if segment is not None else None
        if pixels is None or pixels.GetPointData().GetScalars() is None:
            continue
        width, height, slices = pixels.GetDimensions()
        labels = vtk_to_numpy(pixels.GetPointData().GetScalars()).reshape(slices, height, width)
        value = segment.GetLabelValue()
        box = _boxes(labels == value).get(1) if labels.size else None
        if box is None:
            continue
        # Cut to the box: a labelmap grows and shrinks with the other segments that share it.
        start = [place.start + first for place, first in zip(box, pixels.GetExtent()[4::-2], strict=True)]
        matrix = vtk.vtkMatrix4x4()
        pixels.GetImageToWorldMatrix(matrix)
        place = [matrix.GetElement(row, column) for row in range(3) for column in range(4)]
        marked = labels[box] == value
        where = repr((start, marked.shape, [round(number, 6) for number in place])).encode()
        contents[key] = hashlib.blake2b(np.packbits(marked).tobytes() + where).digest()
    return contents


def write_masks(masks: Mapping[str, SegmentMask], volume: Any, folder: Path) -> tuple[LabelFile, ...]:
    """Write the masks as label files, as few as hold them: segments that overlap go into different files.

    Empty masks are left out.

    Raises
    ------
    OutputError : a file cannot be written
    """
    import numpy as np

    width, height, slices = volume.GetImageData().GetDimensions()
    kind = np.uint8 if len(masks) < 256 else np.uint16
    sheets: list[tuple[Any, dict[int, str]]] = []
    for label, (key, mask) in enumerate(masks.items(), start=1):
        if mask.is_empty:
            continue
        free = next((s for s in sheets if not s[0][mask.box][mask.voxels].any()), None)
        if free is None:
            free = (np.zeros((slices, height, width), kind), {})
            sheets.append(free)
        free[0][mask.box][mask.voxels] = label
        free[1][label] = key
    files = []
    for number, (array, labels) in enumerate(sheets):
        path = Path(folder) / f"segments-{number}.nrrd"
        write_on_grid(array, volume, path)
        files.append(LabelFile(path, labels))
    return tuple(files)


_LABELMAP = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()


def _empty() -> SegmentMask:
    import numpy as np

    return SegmentMask((0, 0, 0), np.zeros((0, 0, 0), bool))


def _with_labelmaps(segmentation: Any, volume: Any) -> Any:
    """The node's own vtkSegmentation if it holds labelmaps, else a copy that was given some on the volume's grid."""
    own = segmentation.GetSegmentation()
    if own.ContainsRepresentation(_LABELMAP) or own.GetNumberOfSegments() == 0:
        return own
    copy = slicer.vtkSegmentation()
    copy.DeepCopy(own)
    converter = slicer.vtkSegmentationConverter
    geometry = converter.SerializeImageGeometry(_grid(volume))
    copy.SetConversionParameter(converter.GetReferenceImageGeometryParameterName(), geometry)
    if not copy.CreateRepresentation(_LABELMAP):
        raise InputError(_("The segments of '{name}' cannot be made into masks.").format(name=segmentation.GetName()))
    return copy


def _grid(volume: Any) -> Any:
    """The geometry of the volume as an oriented image without pixels."""
    to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(to_ras)
    grid = slicer.vtkOrientedImageData()
    grid.SetExtent(volume.GetImageData().GetExtent())
    grid.SetImageToWorldMatrix(to_ras)
    return grid


def _way(segmentation: Any, volume: Any) -> Any:
    """The transform from the segmentation's space to the volume's; None where both are one."""
    if segmentation.GetTransformNodeID() == volume.GetTransformNodeID():
        return None
    way = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(
        segmentation.GetParentTransformNode(), volume.GetParentTransformNode(), way
    )
    return way


def _resampled(layer: Any, grid: Any, way: Any, segmentation: Any) -> Any:
    """The labels of a layer on the grid, as ``[k, j, i]``."""
    out = slicer.vtkOrientedImageData()
    linear, padded = False, False
    arguments = (layer, grid, out, linear, padded) if way is None else (layer, grid, out, linear, padded, way)
    resample = slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage
    if not resample(*arguments) or out.GetPointData().GetScalars() is None:
        text = _("The segments of '{name}' cannot be brought onto the image's grid.")
        raise InputError(text.format(name=segmentation.GetName()))
    from vtk.util.numpy_support import vtk_to_numpy

    width, height, slices = out.GetDimensions()
    return vtk_to_numpy(out.GetPointData().GetScalars()).reshape(slices, height, width)


def _boxes(labels: Any) -> dict[int, tuple[slice, slice, slice]]:
    """The smallest box around each label."""
    import numpy as np
    from scipy import ndimage

    occupied = np.flatnonzero(labels.reshape(len(labels), -1).any(axis=1))  # most slices have nothing: pass them over
    if occupied.size == 0:
        return {}
    first = int(occupied[0])
    part = labels[first : occupied[-1] + 1]
    found = ndimage.find_objects(part if part.dtype.kind in "iu" else part.astype(np.int32))
    boxes = {value: box for value, box in enumerate(found, start=1) if box is not None}
    return {value: (slice(k.start + first, k.stop + first), j, i) for value, (k, j, i) in boxes.items()}
