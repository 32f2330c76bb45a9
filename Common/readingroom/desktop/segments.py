"""Read ``segments.seg.nrrd`` as arrays, whatever the geometry of the node that the segments go on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError

# Slicer's file format: a segment's tags are "name:value" pairs, each followed by a bar.
_TERMINOLOGY_TAG = "TerminologyEntry"


@dataclass(frozen=True)
class Segment:
    """One named region: ``mask`` is a boolean array ``[k, j, i]``, ``color`` is red, green, blue from 0 to 1."""

    name: str
    color: tuple[float, float, float]
    terminology: str
    mask: Any


def read_segments(path: Path) -> list[Segment]:
    """The segments of a ``.seg.nrrd`` file, in the file's order.

    Raises
    ------
    InputError : the file is missing or damaged
    """
    import SimpleITK

    try:
        image = SimpleITK.ReadImage(str(path))
    except RuntimeError as error:
        raise InputError(f"The segments in '{path.name}' cannot be opened; read the study again.") from error
    layers = SimpleITK.GetArrayFromImage(image)
    if image.GetNumberOfComponentsPerPixel() == 1:
        layers = layers[..., None]
    if layers.ndim == 3:  # a picture without a third axis
        layers = layers[None]
    header = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    return [_segment(header, f"Segment{index}_", layers) for index in range(_count(header))]


def _count(header: dict[str, str]) -> int:
    return sum(1 for key in header if key.startswith("Segment") and key.endswith("_ID"))


def _segment(header: dict[str, str], prefix: str, layers: Any) -> Segment:
    layer = int(header.get(f"{prefix}Layer", "0"))
    value = int(header.get(f"{prefix}LabelValue", "1"))
    red, green, blue = (float(part) for part in header.get(f"{prefix}Color", "1 0.6 0").split())
    tags = dict(tag.split(":", 1) for tag in header.get(f"{prefix}Tags", "").split("|") if ":" in tag)
    return Segment(
        name=header.get(f"{prefix}Name", header[f"{prefix}ID"]),
        color=(red, green, blue),
        terminology=tags.get(_TERMINOLOGY_TAG, ""),
        mask=layers[..., layer] == value,
    )
