"""Regions on an image as ``.seg.nrrd``, the file that Slicer opens as a segmentation."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..codes import ANATOMY, IMAGE_REGION, Code
from ..errors import InputError
from .between_slices import Heat
from .file_kind import file_kind
from .geometry import Geometry
from .nrrd_writing import write_nrrd
from .organ import box
from .structure_names import chosen_structures
from .volume_file import read_volume

_CONTEXT = "Segmentation category and type - DICOM master list"
# Category from DICOM CID 7150: what has no code is a part of the picture, not an organ or a lesion.
_NO_ANATOMY = Code("309825002", "SCT", "Spatial and Relational Concept")
# Slicer's file format: a segment's tags are "name:value" pairs, each followed by a bar.
_TERMINOLOGY_TAG = "TerminologyEntry"
_OFFSET = "Segmentation_ReferenceImageExtentOffset"


@dataclass(frozen=True, eq=False)
class AtLeast:
    """Where values ``[k, j, i]``, or ``[j, i]``, reach a level: a mask that takes no memory.

    Parameters
    ----------
    within : only in one of these masks; everywhere when left out
    """

    values: Heat
    level: float
    within: tuple[NDArray[np.bool_], ...] = ()

    def holds(self, other: Mask) -> bool:
        """Whether it is plain, without a look at the values, that all of another mask lies in this one."""
        if not isinstance(other, AtLeast) or other.values is not self.values or self.within:
            return False
        return other.level >= self.level

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def __getitem__(self, place: Any) -> NDArray[np.bool_]:
        found = np.asarray(self.values[place] >= self.level)
        if self.within:
            found &= functools.reduce(np.logical_or, [mask[place] for mask in self.within])
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[...], dtype=dtype)


@dataclass(frozen=True, eq=False)
class Labeled:
    """Where labels ``[k, j, i]`` are one of them: a mask that takes no memory."""

    labels: NDArray[np.uint8]
    label: int

    @property
    def shape(self) -> tuple[int, ...]:
        return self.labels.shape

    def __getitem__(self, place: Any) -> NDArray[np.bool_]:
        return np.asarray(self.labels[place] == self.label)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[...], dtype=dtype)


Mask = NDArray[np.bool_] | AtLeast | Labeled


@dataclass(frozen=True, eq=False)
class Segment:
    """A named region.

    Parameters
    ----------
    color : red, green, blue of 0 to 1
    mask : boolean, in the array order of its image: ``[k, j, i]``, or ``[j, i]`` of a picture
    code : of the anatomical structure; None for a part of the picture
    """

    id: str
    name: str
    color: tuple[float, float, float]
    mask: Mask
    code: Code | None = None

    @property
    def category(self) -> Code:
        """What kind of thing the segment shows, from DICOM CID 7150."""
        return _NO_ANATOMY if self.code is None else ANATOMY

    @property
    def terminology(self) -> str:
        """Category and type as Slicer writes them into one text: parts between tildes, codes between carets."""
        return "~".join((_CONTEXT, _carets(self.category), _carets(self.code or IMAGE_REGION), "^^", "", "^^", "^^"))


def write_segments(path: Path, image: SimpleITK.Image, segments: Sequence[Segment]) -> None:
    """Write segments, which may overlap, in the geometry of ``image`` (2D images become one slice).

    Of a volume the file holds the box around all of them, as Slicer's own do; it says where that lies in the image.

    Raises
    ------
    OSError : the file cannot be written
    """
    masks = [segment.mask for segment in segments]
    place = _box(masks, image.GetSize())
    size, first = tuple(part.stop - part.start for part in place), tuple(part.start for part in place)
    texts = {
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        "Segmentation_MasterRepresentation": "Binary labelmap",
        _OFFSET: " ".join(map(str, first)),
    }
    layers = _in_layers(masks)
    for index, segment in enumerate(segments):
        layer, value = next((at, own.index(index) + 1) for at, own in enumerate(layers) if index in own)
        texts |= {f"Segment{index}_{key}": text for key, text in _texts(segment, layer, value, size).items()}
    written = [[masks[index] for index in layer] for layer in layers]
    write_nrrd(path, _layered(written, place), size, _in_space(image, first), len(layers), texts)


def _box(masks: Sequence[Mask], size: tuple[int, ...]) -> tuple[slice, slice, slice]:
    """Columns, rows and slices of a volume of that size that hold all of the masks; all of a picture, of one slice."""
    columns, rows, count = (*size, 1)[:3]
    held, seen = np.zeros(count, dtype=bool), np.zeros((rows, columns), dtype=bool)
    for mask in masks:
        if count == 1 or _is_held(mask, masks):
            continue
        for k in range(count):
            slice_ = mask[k]
            if slice_.any():
                held[k] = True
                seen |= slice_
    if not seen.any():
        return slice(0, columns), slice(0, rows), slice(0, count)
    (slices,), (in_rows, in_columns) = box(held), box(seen)
    return in_columns, in_rows, slices


def _is_held(mask: Mask, others: Sequence[Mask]) -> bool:
    """Whether it is plain, without a look at it, that all of a mask lies in the others."""
    if not isinstance(mask, AtLeast):
        return False
    if mask.within and all(any(other is one for other in others) for one in mask.within):
        return True
    return any(isinstance(other, AtLeast) and other is not mask and other.holds(mask) for other in others)


def _in_layers(masks: Sequence[Mask]) -> list[list[int]]:
    """The numbers of the masks in each layer: those that are drawn, and do not overlap, share one."""
    drawn: dict[int, NDArray[np.bool_]] = {}
    for index, mask in enumerate(masks):
        if isinstance(mask, np.ndarray) and not any(_overlap(mask, other) for other in drawn.values()):
            drawn[index] = mask
    alone = [[index] for index in range(len(masks)) if index not in drawn]
    return [list(drawn), *alone] if drawn else alone


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    return any((part & own).any() for part, own in zip(one, other, strict=True))


def _texts(segment: Segment, layer: int, value: int, size: tuple[int, ...]) -> dict[str, str]:
    """A segment in the header; see Slicer's documentation of the segmentation file format."""
    return {
        "ID": segment.id,
        "Name": segment.name,
        "Color": " ".join(f"{part:g}" for part in segment.color),
        "LabelValue": str(value),
        "Layer": str(layer),
        "Extent": " ".join(f"0 {length - 1}" for length in size),
        "Tags": f"{_TERMINOLOGY_TAG}:{segment.terminology}|",
    }


def _layered(layers: Sequence[Sequence[Mask]], place: tuple[slice, slice, slice]) -> Iterator[NDArray[np.uint8]]:
    """Slice by slice ``[j, i, layer]`` in a box of columns, rows and slices; masks of a layer have 1, 2, ..."""
    columns, rows, slices = place
    for k in range(slices.start, slices.stop):
        slice_ = np.empty((rows.stop - rows.start, columns.stop - columns.start, len(layers)), dtype=np.uint8)
        for number, (first, *others) in enumerate(layers):
            where = (k, rows, columns) if len(first.shape) == 3 else (rows, columns)
            slice_[..., number] = first[where]
            for value, mask in enumerate(others, start=2):
                np.copyto(slice_[..., number], value, where=mask[where])
        yield slice_


def first_voxel(file: SimpleITK.Image | SimpleITK.ImageFileReader) -> tuple[int, int, int]:
    """Where the first voxel of a file of segments lies in the image that they are of.

    Raises
    ------
    ValueError : the header is damaged
    """
    i, j, k = file.GetMetaData(_OFFSET).split() if file.HasMetaDataKey(_OFFSET) else (0, 0, 0)
    return int(i), int(j), int(k)


@dataclass(frozen=True)
class SegmentPlace:
    """Where a segment lies in the image of its file: in a layer, with a value.

    Of a structure of DICOM there are ``notes`` as well, or the ``problem`` for which nothing of it is there.
    """

    id: str
    name: str
    layer: int
    value: int
    notes: tuple[str, ...] = ()
    problem: str = ""


def segment_places(image: SimpleITK.Image, file: str) -> tuple[SegmentPlace, ...]:
    """The segments that the header of a file tells of, in its order; none of one that is no segmentation.

    Parameters
    ----------
    image : as `read_volume` gives it
    file : its name, for the sentence

    Raises
    ------
    InputError : the header is damaged
    """
    header = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    try:
        return tuple(_place(header, index, image.GetNumberOfComponentsPerPixel()) for index in range(_count(header)))
    except (ValueError, LookupError) as error:
        raise InputError(f"The segments in '{file}' cannot be opened; the file is damaged.") from error


def chosen_segments(
    image: SimpleITK.Image, places: Sequence[SegmentPlace], names: Sequence[str], file: str
) -> SimpleITK.Image:
    """The named segments together, 1 inside and 0 outside, on the grid of the file.

    Parameters
    ----------
    names : of segments, or their IDs; a file with a single one needs none

    Raises
    ------
    InputError : one is not there, or none of several was named
    """
    ids = {place.id for place in places}
    named = [name for name in names if name not in ids]
    wanted = chosen_structures(file, [place.name for place in places], named) if named or not names else ()
    layers = _layers(image)
    inside = np.zeros(layers.shape[:3], np.uint8)
    for place in places:
        if place.name in wanted or place.id in names:
            inside |= layers[..., place.layer] == place.value
    found = SimpleITK.GetImageFromArray(inside if image.GetDimension() == 3 else inside[0])
    found.CopyInformation(image)
    return found


def read_segments(path: Path) -> list[Segment]:
    """The segments of a ``.seg.nrrd`` file in the file's order, masks ``[k, j, i]`` on the file's own grid.

    Raises
    ------
    InputError : the file is missing or damaged
    """
    try:
        image = read_volume(path, file_kind(path), several_slices=True)
        header = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
        layers, places = _layers(image), segment_places(image, path.name)
        return [_segment(header, f"Segment{index}_", layers, place) for index, place in enumerate(places)]
    except (RuntimeError, ValueError, LookupError) as error:
        raise InputError(f"The segments in '{path.name}' cannot be opened; the file is missing or damaged.") from error


def _layers(image: SimpleITK.Image) -> NDArray[Any]:
    """``[k, j, i, layer]``"""
    layers = SimpleITK.GetArrayViewFromImage(image)
    if image.GetNumberOfComponentsPerPixel() == 1:
        layers = layers[..., None]
    return layers[None] if layers.ndim == 3 else layers  # a picture has no third axis


def _count(header: dict[str, str]) -> int:
    return sum(1 for key in header if key.startswith("Segment") and key.endswith("_ID"))


def _place(header: dict[str, str], index: int, layers: int) -> SegmentPlace:
    prefix = f"Segment{index}_"
    # Before Slicer 4.11 each segment had a layer of its own, which the header did not name.
    layer = int(header.get(f"{prefix}Layer", min(index, layers - 1)))
    if not 0 <= layer < layers:
        raise ValueError(f"there is no layer {layer}")
    id_ = header[f"{prefix}ID"]
    return SegmentPlace(id_, header.get(f"{prefix}Name", id_), layer, int(header.get(f"{prefix}LabelValue", "1")))


def _segment(header: dict[str, str], prefix: str, layers: NDArray[Any], place: SegmentPlace) -> Segment:
    red, green, blue = (float(part) for part in header.get(f"{prefix}Color", "1 0.6 0").split())
    tags = dict(tag.split(":", 1) for tag in header.get(f"{prefix}Tags", "").split("|") if ":" in tag)
    return Segment(
        id=place.id,
        name=place.name,
        color=(red, green, blue),
        mask=layers[..., place.layer] == place.value,
        code=_anatomy(tags.get(_TERMINOLOGY_TAG, "")),
    )


def _anatomy(terminology: str) -> Code | None:
    """The type of a terminology entry whose category is an anatomical structure."""
    parts = [part.split("^") for part in terminology.split("~")]
    if len(parts) < 3 or len(parts[2]) != 3 or parts[1][:2] != [ANATOMY.scheme, ANATOMY.value]:
        return None
    scheme, value, meaning = parts[2]
    return Code(value, scheme, meaning)


def _carets(code: Code) -> str:
    return "^".join(_list(code))


def _list(code: Code) -> list[str]:
    return [code.scheme, code.value, code.meaning]


def _in_space(image: SimpleITK.Image, first: tuple[int, ...]) -> Geometry:
    """The geometry of an image from a voxel of it on; a flat one lies at height 0 and is 1 mm thick."""
    found = Geometry.of(image)
    if found.dimensions == 3:
        return replace(found, origin=tuple(image.TransformIndexToPhysicalPoint(first)))
    axes = np.eye(3)
    axes[:2, :2] = np.reshape(found.direction, (2, 2))
    return Geometry((*found.spacing, 1.0), (*found.origin, 0.0), tuple(axes.ravel().tolist()))
