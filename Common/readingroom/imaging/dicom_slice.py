"""The image planes of DICOM files: one of a single-frame file, one for each frame of a multi-frame file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from .dicom_file import items, numbers, text, whole_number
from .examination import Examination, examination

_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
_GROUP_TAGS = tuple(Tag(keyword) for keyword in (*_GROUPS, "PixelData"))
# What tells the volumes of one series apart, in the order in which it is asked.
VOLUME_KEYWORDS = (
    "TemporalPositionIdentifier", "TemporalPositionIndex", "EchoNumbers", "EchoTime", "EffectiveEchoTime",
    "InversionTime", "DiffusionBValue", "TriggerTime", "NominalCardiacTriggerDelayTime", "ImageType", "FrameType",
    "StackID", "ConvolutionKernel", "AcquisitionNumber",
)  # fmt: skip
_VOLUME_TAGS = {Tag(keyword): keyword for keyword in VOLUME_KEYWORDS}
_FINEST, _COARSEST = 1e-3, 100.0  # mm: no pixel of a patient is smaller or larger
_UNIT_LENGTH = 0.01  # how far direction cosines may be from it: headers round them
_PERPENDICULAR = 0.01


@dataclass(frozen=True, eq=False)
class Plane:
    """Where an image plane lies (PS3.3 C.7.6.2): position of its first pixel, directions of row and column, LPS mm."""

    position: NDArray[np.float64]
    row: NDArray[np.float64]
    column: NDArray[np.float64]
    spacing: tuple[float, float]  # between rows, between columns

    @property
    def normal(self) -> NDArray[np.float64]:
        """Row direction x column direction."""
        return np.cross(self.row, self.column)


@dataclass(frozen=True, eq=False)
class Slice:
    """One image plane, and what decides to which volume it belongs.

    Parameters
    ----------
    frame : of the file, from 0
    plane : None where the header does not say where the plane lies
    volume : values by `VOLUME_KEYWORDS`
    """

    path: Path
    frame: int
    instance_uid: str
    examination: Examination
    number: int
    rows: int
    columns: int
    plane: Plane | None
    thickness: float | None
    volume: dict[str, str]


def slices_of(header: Dataset, path: Path) -> Iterator[Slice]:
    """The image planes of a file."""
    for frame in range(frames_of(header)):
        plane = frame_header(header, frame)
        present = plane.keys()
        yield Slice(
            path=path,
            frame=frame,
            instance_uid=text(plane, "SOPInstanceUID"),
            examination=examination(plane),
            number=whole_number(plane, "InstanceNumber") or 0,
            rows=whole_number(plane, "Rows") or 0,
            columns=whole_number(plane, "Columns") or 0,
            plane=_plane(plane),
            thickness=next(iter(numbers(plane, "SliceThickness")), None),
            volume={
                keyword: value
                for tag, keyword in _VOLUME_TAGS.items()
                if tag in present and (value := text(plane, keyword))
            },
        )


def frames_of(header: Dataset) -> int:
    """How many image planes a file has."""
    return max(whole_number(header, "NumberOfFrames") or 1, 1)


def frame_header(header: Dataset, frame: int) -> Dataset:
    """The header as if the frame were a file of its own: what its functional groups say goes before the rest.

    Source: PS3.3 C.7.6.16, Multi-frame Functional Groups.
    """
    shared, per_frame = (items(header, keyword) for keyword in _GROUPS)
    groups = [*shared[:1], *per_frame[frame : frame + 1]]
    if not groups:
        return header
    flat = Dataset()
    # Which bytes are numbers of two bytes, and in which order, is asked when an element is first looked at.
    flat.set_original_encoding(*header.original_encoding, header.original_character_set)  # type: ignore[call-arg]
    for tag in header.keys():  # noqa: SIM118  # a dataset yields elements, and decodes each of them
        if tag not in _GROUP_TAGS:
            flat[tag] = header.get_item(tag, keep_deferred=True)
    for group in groups:
        for macro in group.keys():  # noqa: SIM118
            for item in _items(group, macro)[:1]:
                for tag in item.keys():  # noqa: SIM118
                    flat[tag] = item.get_item(tag, keep_deferred=True)
    if hasattr(header, "file_meta"):
        flat.file_meta = header.file_meta
    return flat


def _items(group: Dataset, macro: BaseTag) -> list[Dataset]:
    return items(group, keyword_for_tag(macro))


def _plane(header: Dataset) -> Plane | None:
    position, orientation = numbers(header, "ImagePositionPatient"), numbers(header, "ImageOrientationPatient")
    spacing = numbers(header, "PixelSpacing")
    if len(position) != 3 or len(orientation) != 6 or len(spacing) != 2:
        return None
    if min(spacing) < _FINEST or max(spacing) > _COARSEST:
        return None
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if max(abs(length - 1) for length in lengths) > _UNIT_LENGTH or abs(row @ column) > _PERPENDICULAR:
        return None
    row = row / lengths[0]
    column = column - (column @ row) * row  # rounding leaves them a little off the right angle
    return Plane(np.array(position), row, column / np.linalg.norm(column), (spacing[0], spacing[1]))
