"""Regions on an image as ``.seg.nrrd``, the file that Slicer opens as a segmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..codes import ANATOMY, Code
from ..errors import SetupError

# Category from DICOM CID 7150, type from the DICOM dictionary: a part of the picture, not an organ or a lesion.
_TERMINOLOGY = {
    "contextName": "Segmentation category and type - DICOM master list",
    "category": ["SCT", "309825002", "Spatial and Relational Concept"],
    "type": ["DCM", "111030", "Image Region"],
}


@dataclass(frozen=True)
class Segment:
    """A named region: ``mask`` is a boolean array in the array order of its image, ``color`` RGB of 0 to 1."""

    id: str
    name: str
    color: tuple[float, float, float]
    mask: NDArray[np.bool_]
    code: Code | None = None


def write_segments(path: Path, image: SimpleITK.Image, segments: Sequence[Segment]) -> None:
    """Write segments, which may overlap, in the geometry of ``image`` (2D images become one slice).

    Raises
    ------
    SetupError : slicerio is not installed
    OSError : the file cannot be written
    """
    try:
        import slicerio
    except ImportError as error:
        raise SetupError("Writing segments needs the package slicerio; install it first.") from error
    layers = np.stack([_kji(segment.mask).transpose() for segment in segments]).astype(np.uint8)  # [layer, i, j, k]
    slicerio.write_segmentation(
        str(path),
        {
            "voxels": layers,
            "ijkToLPS": _ijk_to_lps(image),
            "containedRepresentationNames": ["Binary labelmap"],
            "segments": [
                {
                    "id": segment.id,
                    "name": segment.name,
                    "color": list(segment.color),
                    "labelValue": 1,
                    "layer": layer,
                    "terminology": _terminology(segment.code),
                }
                for layer, segment in enumerate(segments)
            ],
        },
    )


def _terminology(code: Code | None) -> Mapping[str, object]:
    """Slicer's terminology entry of a coded term; of a part of the picture where there is none."""
    if code is None:
        return _TERMINOLOGY
    category, kind = ([one.scheme, one.value, one.meaning] for one in (ANATOMY, code))
    return {**_TERMINOLOGY, "category": category, "type": kind}


def _kji(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return mask[None] if mask.ndim == 2 else mask


def _ijk_to_lps(image: SimpleITK.Image) -> list[list[float]]:
    """4 x 4 matrix from voxel indices to physical points in LPS, mm."""
    size = image.GetDimension()
    matrix = np.eye(4)
    directions = np.array(image.GetDirection()).reshape(size, size)
    matrix[:size, :size] = directions * np.array(image.GetSpacing())
    matrix[:size, 3] = image.GetOrigin()
    listed: list[list[float]] = matrix.tolist()
    return listed
