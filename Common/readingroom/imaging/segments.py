"""Regions on an image as ``.seg.nrrd``, the file that Slicer opens as a segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..codes import ANATOMY, IMAGE_REGION, Code
from ..errors import InputError, SetupError

if TYPE_CHECKING:
    import numpy as np
    import SimpleITK
    from numpy.typing import NDArray

_CONTEXT = "Segmentation category and type - DICOM master list"
# Category from DICOM CID 7150: what has no code is a part of the picture, not an organ or a lesion.
_NO_ANATOMY = Code("309825002", "SCT", "Spatial and Relational Concept")
# Slicer's file format: a segment's tags are "name:value" pairs, each followed by a bar.
_TERMINOLOGY_TAG = "TerminologyEntry"


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
    mask: NDArray[np.bool_]
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

    Raises
    ------
    SetupError : slicerio is not installed
    OSError : the file cannot be written
    """
    import numpy as np

    try:
        import slicerio
    except ImportError as error:
        raise SetupError("Writing segments needs the package slicerio; install it first.") from error
    # [layer, i, j, k]; a view, since the masks of a whole CT are large
    layers = np.stack([_kji(segment.mask).transpose() for segment in segments]).view(np.uint8)
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
                    "terminology": {
                        "contextName": _CONTEXT,
                        "category": _list(segment.category),
                        "type": _list(segment.code or IMAGE_REGION),
                    },
                }
                for layer, segment in enumerate(segments)
            ],
        },
        compression_level=1,  # masks shrink as well, in a tenth of the time
    )


def read_segments(path: Path) -> list[Segment]:
    """The segments of a ``.seg.nrrd`` file in the file's order, masks ``[k, j, i]``.

    Raises
    ------
    InputError : the file is missing or damaged
    """
    import SimpleITK

    from .file_kind import file_kind
    from .volume_file import read_volume

    try:
        image = read_volume(path, file_kind(path), several_slices=True)
        layers = SimpleITK.GetArrayFromImage(image)
        if image.GetNumberOfComponentsPerPixel() == 1:
            layers = layers[..., None]
        if layers.ndim == 3:  # a picture without a third axis
            layers = layers[None]
        header = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
        return [_segment(header, f"Segment{index}_", layers) for index in range(_count(header))]
    except (RuntimeError, ValueError, LookupError) as error:
        raise InputError(f"The segments in '{path.name}' cannot be opened; the file is missing or damaged.") from error


def _count(header: dict[str, str]) -> int:
    return sum(1 for key in header if key.startswith("Segment") and key.endswith("_ID"))


def _segment(header: dict[str, str], prefix: str, layers: Any) -> Segment:
    layer = int(header.get(f"{prefix}Layer", "0"))
    value = int(header.get(f"{prefix}LabelValue", "1"))
    red, green, blue = (float(part) for part in header.get(f"{prefix}Color", "1 0.6 0").split())
    tags = dict(tag.split(":", 1) for tag in header.get(f"{prefix}Tags", "").split("|") if ":" in tag)
    return Segment(
        id=header[f"{prefix}ID"],
        name=header.get(f"{prefix}Name", header[f"{prefix}ID"]),
        color=(red, green, blue),
        mask=layers[..., layer] == value,
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


def _kji(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return mask[None] if mask.ndim == 2 else mask


def _ijk_to_lps(image: SimpleITK.Image) -> list[list[float]]:
    """4 x 4 matrix from voxel indices to physical points in LPS, mm."""
    import numpy as np

    size = image.GetDimension()
    matrix = np.eye(4)
    directions = np.array(image.GetDirection()).reshape(size, size)
    matrix[:size, :size] = directions * np.array(image.GetSpacing())
    matrix[:size, 3] = image.GetOrigin()
    listed: list[list[float]] = matrix.tolist()
    return listed
