"""Masks on the grid of an image: label maps, segments of DICOM SEG, structures of RTSTRUCT."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..errors import InputError
from ..study import StudyMask
from .dicom_contours import structure_mask
from .dicom_file import modality_of
from .dicom_segmentation import segment_mask
from .examination import examination_of
from .file_kind import file_kind
from .volume_file import VOLUME_KINDS, read_volume

STRUCTURES = ("SEG", "RTSTRUCT")  # modalities of files that mark regions


@dataclass(frozen=True, eq=False)
class Mask:
    """A region.

    Parameters
    ----------
    voxels : ``[k, j, i]`` on the grid of its image
    notes : what could not be taken as it is in the file, in plain sentences
    """

    voxels: NDArray[np.bool_]
    notes: tuple[str, ...] = ()


def load_mask(mask: StudyMask | Path, image: SimpleITK.Image, structures: tuple[str, ...] = ()) -> Mask:
    """A mask on the grid of ``image``: of a label map whatever is not 0.

    Parameters
    ----------
    structures : names in a DICOM SEG or RTSTRUCT; a file with a single one needs none

    Raises
    ------
    InputError : damaged, no mask, of another patient or examination, a structure that is not there, or several and
        none was named
    """
    if isinstance(mask, StudyMask):
        if mask.pixels is not None:
            return Mask(_on_grid(mask.pixels, image))
        structures = mask.structures
        mask = Path(mask.path)  # type: ignore[arg-type]  # it has pixels or a path
    kind = file_kind(mask)
    if kind == "dicom":
        return dicom_mask(mask, image, structures)
    if kind not in VOLUME_KINDS:
        raise InputError(f"'{mask.name}' is no mask; it must be an NRRD, NIfTI, DICOM SEG or RTSTRUCT file.")
    if structures:
        raise InputError(f"'{mask.name}' has no structures to choose from by name.")
    return Mask(_on_grid(read_volume(mask, kind, several_slices=True), image))


def dicom_mask(path: Path, image: SimpleITK.Image, structures: tuple[str, ...] = ()) -> Mask:
    """A mask of DICOM SEG or RTSTRUCT, as `load_mask`."""
    modality = modality_of(path)
    if modality == "RTSTRUCT":
        return Mask(*structure_mask(path, image, structures))
    if modality == "SEG":
        return Mask(_on_grid(segment_mask(path, structures, examination_of(image)), image))
    raise InputError(f"'{path.name}' is no mask; of DICOM it must be a SEG or RTSTRUCT.")


def _on_grid(mask: SimpleITK.Image, image: SimpleITK.Image) -> NDArray[np.bool_]:
    on_grid = SimpleITK.Resample(mask, image, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0.0)
    return np.asarray(SimpleITK.GetArrayViewFromImage(on_grid) != 0)
