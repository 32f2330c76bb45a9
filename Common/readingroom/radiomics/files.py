"""Image and mask files of a measurement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import SimpleITK

from ..errors import InputError
from ..files import native_name
from ..imaging.dicom_file import modality_of, read_header
from ..imaging.dicom_series import find_series
from ..imaging.dicom_slice import frames_of
from ..imaging.dicom_volume import picture_values, series_volume
from ..imaging.file_kind import file_kind
from ..imaging.mask_file import STRUCTURES, load_mask
from ..imaging.picture_file import read_picture
from ..imaging.segments import SegmentPlace, segment_places
from ..imaging.structure_layers import structure_layers
from ..imaging.structure_names import named_structures
from ..imaging.volume_file import VOLUME_KINDS, read_volume
from ..progress import Progress
from ..time_limit import time_limit
from .engines import measure_with
from .features import Features
from .grids import difference
from .settings import Settings

_TOLERANCE = 1e-4  # of grids, in voxels


@dataclass(frozen=True, eq=False)
class Opened:
    """An image and the mask of its regions, and what has to be said of them in plain sentences.

    ``segments`` are those of a ``.seg.nrrd``, DICOM SEG or RTSTRUCT, of which none was named; of any other mask there
    are labels. They are ``drawn`` where they come from DICOM.
    """

    image: SimpleITK.Image
    mask: SimpleITK.Image
    notes: tuple[str, ...] = ()
    segments: tuple[SegmentPlace, ...] = ()
    drawn: bool = False

    def only(self, value: int, layer: int, notes: tuple[str, ...] = ()) -> Opened:
        """With 1 in the mask where a layer has a value, and 0 elsewhere."""
        several = self.mask.GetNumberOfComponentsPerPixel() > 1
        labels = SimpleITK.VectorIndexSelectionCast(self.mask, layer) if several else self.mask
        return Opened(self.image, SimpleITK.Cast(labels == value, SimpleITK.sitkUInt8), (*self.notes, *notes))


def open_files(image: Path, mask: Path, each: bool = False) -> Opened:
    """The image and the mask of a measurement.

    Parameters
    ----------
    image : a volume file (NRRD, NIfTI, MetaImage), a picture, a DICOM file, or a DICOM folder of one series
    mask : a file of labels, or a ``.seg.nrrd``, DICOM SEG or RTSTRUCT, which may name structures: ``RS.dcm::GTV-1``; of
        these whatever is inside becomes label 1 on the grid of the image
    each : of several structures of a DICOM SEG or RTSTRUCT, of which none is named, all become segments

    Raises
    ------
    InputError : missing, damaged, a picture with colors, several series, slices that are missing or uneven, or as
        `load_mask`
    """
    with time_limit():
        return _opened(image, mask, each)


def _opened(image: Path, mask: Path, each: bool) -> Opened:
    opened, notes = _image(image)
    file, structures = named_structures(str(mask))
    if each and not structures and _holds_structures(file):
        layers, places = structure_layers(file, opened)
        if len(places) == 1:
            notes, places = (*notes, *places[0].notes), (replace(places[0], notes=()),)
        return Opened(opened, layers, notes, places, drawn=True)
    if structures or _holds_structures(file):
        region = load_mask(file, opened, structures)
        labels = SimpleITK.GetImageFromArray(region.voxels.astype("uint8"))
        labels.CopyInformation(opened)
        return Opened(opened, labels, (*notes, *region.notes))
    labels, of_mask = _image(file)
    segments = segment_places(labels, file.name)
    if segments and labels.GetDimension() == opened.GetDimension() and difference(labels, opened, _TOLERANCE):
        # Slicer may cut a segmentation to what is drawn.
        labels = SimpleITK.Resample(labels, opened, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0.0)
        of_mask = (*of_mask, "The segments lie on another grid and were brought onto the image's (nearest neighbor).")
    return Opened(opened, labels, (*notes, *of_mask), segments)


def measure_opened(
    opened: Opened, settings: Settings, engine: str = "readingroom", progress: Progress | None = None
) -> Features:
    """The features of the region, with what had to be said of its files.

    Raises
    ------
    InputError, SetupError, CancelledError : as `engines.measure_with`
    """
    features = measure_with(engine, opened.image, opened.mask, settings, progress)
    return replace(features, notes=(*opened.notes, *features.notes))


def require_one_region(opened: Opened, label: int | None) -> None:
    """See that it is plain which segment is meant; of labels `prepare.chosen_label` sees to it.

    Raises
    ------
    InputError : there are several, and none was named, nor is there a label that says which
    """
    layers = opened.mask.GetNumberOfComponentsPerPixel()
    if len(opened.segments) > 1 and (label is None or layers > 1):
        names = ", ".join(f"'{segment.name}'" for segment in opened.segments)
        raise InputError(f"The mask holds {len(opened.segments)} segments, {names}; name the one that is meant.")


def _image(path: Path) -> tuple[SimpleITK.Image, tuple[str, ...]]:
    native_name(path)
    if path.is_dir():
        return _series(path)
    kind = file_kind(path)
    if kind in VOLUME_KINDS:
        return read_volume(path, kind, several_slices=True), ()
    if kind == "dicom":
        several = frames_of(read_header(path, several_frames=True)) > 1
        return _series(path) if several else (picture_values(path), ())
    picture = read_picture(path, kind)
    if picture.values.ndim != 2:
        raise InputError(f"'{path.name}' holds a picture with colors; one gray value for each pixel was expected.")
    return picture.geometry.place(picture.values), picture.notes


def _series(path: Path) -> tuple[SimpleITK.Image, tuple[str, ...]]:
    """Slices in their own orientation, as masks that were drawn on them have it."""
    series = find_series(path)
    if series.rivals:
        raise InputError(
            f"The folder {path.name} holds {series.rivals + 1} DICOM series of several slices; give the one that is "
            "meant a folder of its own."
        )
    slices = series_volume(series)
    if slices.interpolated:
        raise InputError(f"Features are not measured where slices were not imaged. {slices.notes[-1]}")
    return slices.image, slices.notes


def _holds_structures(path: Path) -> bool:
    """Whether a file is a DICOM SEG or RTSTRUCT."""
    return path.is_file() and file_kind(path) == "dicom" and modality_of(path) in STRUCTURES
