"""Masks on the grid of an image: label maps, pictures, segments of Slicer and of DICOM SEG, structures of RTSTRUCT."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..errors import InputError
from ..formatting import percent
from ..study import StudyMask
from .dicom_contours import Filled, structure_mask, structures_of
from .dicom_file import modality_of
from .dicom_segmentation import segment_mask, segments_of
from .examination import examination_of
from .file_kind import file_kind
from .nifti_labels import nifti_label_names
from .picture_file import read_picture
from .segments import chosen_segments, segment_places
from .structure_names import chosen_structures
from .volume_file import VOLUME_KINDS, read_volume

_BEYOND = 0.05  # of a mask; coarser voxels make a little less or more of it
_OFF_VOXEL = 0.1  # of a voxel
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


def load_mask(
    mask: StudyMask | Path, image: SimpleITK.Image, structures: tuple[str, ...] = (), may_be_empty: bool = False
) -> Mask:
    """A mask on the grid of ``image``: of a label map or a PNG whatever is not 0.

    A PNG does not say where it lies: it belongs to a picture of as many pixels.

    Parameters
    ----------
    structures : names in a ``.seg.nrrd``, DICOM SEG or RTSTRUCT, or a NIfTI file that names its labels; a file with a
        single one needs none, nor one of several whose structure bears the name of the organ that the mask is of
    may_be_empty : a label map, a PNG or a segment in which nothing is marked is one as well

    Raises
    ------
    InputError : damaged, no mask, empty, of another patient or examination, lying elsewhere, a structure that is not
        there, or several and none was named
    """
    organ = ""
    if isinstance(mask, StudyMask):
        if mask.pixels is not None:
            return _on_grid(mask.pixels, image, f"The mask '{mask.role}'", may_be_empty)
        structures, organ = mask.structures, mask.code.meaning if mask.code is not None else ""
        mask = Path(mask.path)  # type: ignore[arg-type]  # it has pixels or a path
    kind = file_kind(mask)
    if kind == "dicom":
        return dicom_mask(mask, image, structures, may_be_empty)
    if kind != "png" and kind not in VOLUME_KINDS:
        raise InputError(f"'{mask.name}' is no mask; it must be an NRRD, NIfTI, PNG, DICOM SEG or RTSTRUCT file.")
    found = _of_png(mask, image) if kind == "png" else read_volume(mask, kind, several_slices=True)
    if segments := segment_places(found, mask.name):
        structures = structures or _organ_in({number: one.name for number, one in enumerate(segments)}, organ)
        return _on_grid(chosen_segments(found, segments, structures, mask.name), image, f"'{mask.name}'", may_be_empty)
    names = nifti_label_names(mask) if kind == "nifti" else {}
    if structures and not names:
        raise InputError(f"'{mask.name}' has no structures to choose from by name.")
    if structures or _organ_in(names, organ):
        wanted = chosen_structures(mask.name, list(names.values()), structures or _organ_in(names, organ))
        labels = [label for label, name in names.items() if name in wanted]
        return _on_grid(_labeled(found, labels), image, f"'{mask.name}'", may_be_empty)
    if organ and len(names) > 1 and len(np.unique(SimpleITK.GetArrayViewFromImage(found))) > 2:
        chosen_structures(mask.name, list(names.values()), ())  # of several the one that is meant must be named
    return _on_grid(found, image, f"'{mask.name}'", may_be_empty)


def dicom_mask(
    path: Path, image: SimpleITK.Image, structures: tuple[str, ...] = (), may_be_empty: bool = False
) -> Mask:
    """A mask of DICOM SEG or RTSTRUCT, as `load_mask`."""
    modality = modality_of(path)
    if modality == "RTSTRUCT":
        return Mask(*structure_mask(path, image, structures))
    if modality == "SEG":
        marked = segment_mask(path, structures, examination_of(image))
        return _on_grid(marked, image, f"'{path.name}'", may_be_empty)
    raise InputError(f"'{path.name}' is no mask; of DICOM it must be a SEG or RTSTRUCT.")


def dicom_structures(path: Path, image: SimpleITK.Image) -> dict[str, Callable[[], Mask]]:
    """What gives each structure of a DICOM SEG or RTSTRUCT as a mask, by its name; it raises as `load_mask`.

    Raises
    ------
    InputError : damaged, no mask, of another examination
    """
    modality = modality_of(path)
    if modality == "RTSTRUCT":
        return {name: partial(_structure, fill) for name, fill in structures_of(path, image).items()}
    if modality == "SEG":
        marked = segments_of(path, examination_of(image))
        return {name: partial(_segment, mark, image, f"'{name}' of '{path.name}'") for name, mark in marked.items()}
    raise InputError(f"'{path.name}' is no mask; of DICOM it must be a SEG or RTSTRUCT.")


def _structure(fill: Callable[[], Filled]) -> Mask:
    return Mask(*fill())


def _segment(mark: Callable[[], SimpleITK.Image], image: SimpleITK.Image, name: str) -> Mask:
    return _on_grid(mark(), image, name, may_be_empty=False)


def _organ_in(names: Mapping[int, str], organ: str) -> tuple[str, ...]:
    """The name of the one structure among several that bears the name of the organ; none where there is no such one."""
    found = [name for name in names.values() if name.strip().lower() == organ.lower()]
    return tuple(found) if len(found) == 1 and len(names) > 1 else ()


def _labeled(image: SimpleITK.Image, labels: Sequence[int]) -> SimpleITK.Image:
    """1 where the image has one of the labels, on its own grid."""
    inside = SimpleITK.GetImageFromArray(np.isin(SimpleITK.GetArrayViewFromImage(image), labels).astype(np.uint8))
    inside.CopyInformation(image)
    return inside


def _of_png(path: Path, image: SimpleITK.Image) -> SimpleITK.Image:
    """A PNG in black and white on the picture ``image``."""
    values = read_picture(path, "png").values
    if values.ndim == 3:
        if np.ptp(values, axis=2).any():
            raise InputError(f"'{path.name}' is in color; a mask is black, and white inside.")
        values = values[..., 0]
    marked = SimpleITK.GetImageFromArray((values != 0).astype(np.uint8))
    return _in_place(marked, image, f"'{path.name}'")


def _on_grid(mask: SimpleITK.Image, image: SimpleITK.Image, name: str, may_be_empty: bool) -> Mask:
    """What is marked in the image; that it was moved to other voxels, and what lies beyond the image, is noted."""
    marked = _ml(SimpleITK.GetArrayViewFromImage(mask) != 0, mask)
    if not marked and may_be_empty:
        return Mask(np.zeros(image.GetSize()[::-1], bool))
    if not marked:
        raise InputError(f"{name} is empty: nothing is marked in it.")
    if mask.GetDimension() != image.GetDimension():
        mask = _in_place(mask, image, name)
    on_grid = SimpleITK.Resample(mask, image, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0.0)
    voxels = np.asarray(SimpleITK.GetArrayViewFromImage(on_grid) != 0)
    inside = _ml(voxels, image)
    if not inside:
        raise InputError(f"{name} lies elsewhere than its image: is it of another examination?")
    notes = []
    if not _shares_voxels(mask, image):
        notes.append(f"{name} was drawn on other voxels than those of the image: the nearest ones were marked.")
    if inside < (1 - _BEYOND) * marked:
        notes.append(f"{percent(1 - inside / marked)} of {name} lies beyond the image.")
    return Mask(voxels, tuple(notes))


def _in_place(mask: SimpleITK.Image, image: SimpleITK.Image, name: str) -> SimpleITK.Image:
    """A flat mask on a picture that has a third axis, or the other way about: pixel by pixel."""
    sizes = [tuple(one.GetSize()) for one in (mask, image)]
    if any(math.prod(size[2:]) != 1 for size in sizes) or sizes[0][:2] != sizes[1][:2]:
        there, wanted = (" x ".join(map(str, size)) for size in sizes)
        raise InputError(f"{name} has {there} pixels and its image {wanted}: it must be drawn on the image itself.")
    marked = SimpleITK.GetArrayFromImage(mask != 0)
    placed = SimpleITK.GetImageFromArray(marked.reshape(sizes[1][::-1]))
    placed.CopyInformation(image)
    return placed


def _ml(marked: NDArray[np.bool_], image: SimpleITK.Image) -> float:
    return float(marked.sum() * np.prod(image.GetSpacing()) / 1000)


def _shares_voxels(mask: SimpleITK.Image, image: SimpleITK.Image) -> bool:
    """Whether the voxels of the mask lie on those of the image, be they fewer or in another order."""

    def place(*index: float) -> NDArray[np.float64]:
        return np.array(
            image.TransformPhysicalPointToContinuousIndex(mask.TransformContinuousIndexToPhysicalPoint(index))
        )

    size, first = mask.GetSize(), place(*[0.0] * mask.GetDimension())
    along = [place(*(float(n - 1) if other == axis else 0.0 for other in range(len(size)))) - first
             for axis, n in enumerate(size)]  # fmt: skip
    whole = [[*[0] * (len(size) - 1), n - 1] for n in size]  # along one axis of the image, voxel by voxel
    return bool(
        np.allclose(first, np.round(first), atol=_OFF_VOXEL)
        and np.allclose(np.sort(np.abs(along), axis=1), whole, atol=_OFF_VOXEL)
    )
