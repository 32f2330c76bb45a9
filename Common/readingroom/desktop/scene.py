"""Volume nodes of the scene: what they hold, and how it is saved for the worker process. No node is ever changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..errors import InputError, OutputError
from ..imaging.open import OpenedImage, open_displayed
from ..imaging.slice_stack import FEWEST_SLICES
from .owned_nodes import is_owned


def volumes_in_scene() -> list[Any]:
    """All volumes with gray values or colors, in the order they were loaded; not what ReadingRoom made itself."""
    return [
        volume
        for volume in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
        if not volume.GetHideFromEditors() and not volume.IsA("vtkMRMLLabelMapVolumeNode") and not is_owned(volume)
    ]


def own_volumes() -> list[Any]:
    """The volumes in the scene that ReadingRoom made itself, which are not for reading."""
    return [volume for volume in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if is_owned(volume)]


def require_gray_picture(volume: Any, title: str) -> None:
    """See that the node holds one gray-scale 2D image, as ``title`` ("Radiograph") is.

    Raises
    ------
    InputError : it does not; the sentence says what was found
    """
    require_pixels(volume)
    name, slices = volume.GetName(), volume.GetImageData().GetDimensions()[2]
    if slices > 1:
        text = _("'{name}' has {slices} slices; '{title}' is a single image.")
        raise InputError(text.format(name=name, slices=slices, title=title))
    if not is_gray(volume):
        raise InputError(_("'{name}' is a color picture; '{title}' is gray.").format(name=name, title=title))


def require_volume(volume: Any, title: str) -> None:
    """See that the node holds a volume of several slices with one value for each voxel.

    Raises
    ------
    InputError : it does not; the sentence says what was found
    """
    require_pixels(volume)
    name, pixels = volume.GetName(), volume.GetImageData()
    if min(pixels.GetDimensions()) < FEWEST_SLICES:
        raise InputError(
            _("'{name}' is a single image; '{title}' is a volume of slices.").format(name=name, title=title)
        )
    if pixels.GetNumberOfScalarComponents() != 1:
        text = _("'{name}' holds several values for each voxel; '{title}' has one.")
        raise InputError(text.format(name=name, title=title))


def require_pixels(volume: Any) -> None:
    """See that the node holds pixels.

    Raises
    ------
    InputError : it does not
    """
    pixels = volume.GetImageData()
    if pixels is None or 0 in pixels.GetDimensions() or pixels.GetPointData().GetScalars() is None:
        raise InputError(_("'{name}' holds no pixels.").format(name=volume.GetName()))


def is_gray(volume: Any) -> bool:
    """Whether each pixel is one gray value, be it stored as a color."""
    return volume.GetImageData().GetNumberOfScalarComponents() == 1 or _channels_equal(volume)


def original_file(volume: Any) -> Path | None:
    """The DICOM file that the node was loaded from, if it is in the database and still has the node's size."""
    instances = (volume.GetAttribute("DICOM.instanceUIDs") or "").split()
    path = file_of(instances[0]) if len(instances) == 1 else None
    if path is None:
        return None
    database = slicer.dicomDatabase
    size = (database.fileValue(str(path), "0028,0011"), database.fileValue(str(path), "0028,0010"))  # Columns, Rows
    shown = volume.GetImageData().GetDimensions()[:2]
    return path if size == tuple(str(length) for length in shown) else None


def displayed_look(volume: Any) -> dict[str, str]:
    """How the node is displayed, as facts of a `StudyImage`: window center and width, and inverted gray scale."""
    display = volume.GetScalarVolumeDisplayNode()
    if display is None:
        return {}
    inverted = "InvertedGrey" in (display.GetColorNodeID() or "")
    if display.GetInvertDisplayScalarRange():
        inverted = not inverted
    facts = {}
    if display.GetWindow() > 0:
        facts = {"WindowCenter": f"{display.GetLevel():.10g}", "WindowWidth": f"{display.GetWindow():.10g}"}
    return {**facts, "PhotometricInterpretation": "MONOCHROME1" if inverted else "MONOCHROME2"}


def write_pixels(volume: Any, path: Path) -> None:
    """Save the node's pixels as an uncompressed file with its geometry, without giving the node a storage node.

    Raises
    ------
    OutputError : the file cannot be written
    """
    array = slicer.util.arrayFromVolume(volume)
    write_on_grid(array[..., 0] if array.ndim == 4 else array, volume, path)


def write_on_grid(array: Any, volume: Any, path: Path) -> None:
    """Save ``array``, one value ``[k, j, i]`` for each pixel of ``volume``, as an uncompressed file with its geometry.

    Raises
    ------
    OutputError : the file cannot be written
    """
    import SimpleITK

    try:
        SimpleITK.WriteImage(image_on_grid(array, volume), str(path), useCompression=False)
    except RuntimeError as error:  # all that SimpleITK raises
        raise OutputError(_("The pixels cannot be saved for reading: is the disk full?")) from error


def image_on_grid(array: Any, volume: Any, start: tuple[int, int, int] = (0, 0, 0)) -> Any:
    """A SimpleITK image of values ``[k, j, i]`` that lie on the grid of ``volume`` from ``start`` (k, j, i) on."""
    import SimpleITK
    import vtk

    image = SimpleITK.GetImageFromArray(array)
    to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASDirectionMatrix(to_ras)
    # LPS is RAS with the first two axes reversed.
    signs = (-1.0, -1.0, 1.0)
    image.SetDirection([signs[row] * to_ras.GetElement(row, column) for row in range(3) for column in range(3)])
    image.SetOrigin([sign * value for sign, value in zip(signs, volume.GetOrigin(), strict=True)])
    image.SetSpacing(volume.GetSpacing())
    image.SetOrigin(image.TransformIndexToPhysicalPoint([int(place) for place in reversed(start)]))
    return image


def _channels_equal(volume: Any) -> bool:
    """Whether a picture stored as color is gray all the same; a second or fourth channel is opacity."""
    array = slicer.util.arrayFromVolume(volume)
    colors = array[..., :3] if array.shape[-1] >= 3 else array[..., :1]
    return bool((colors == colors[..., :1]).all())


def files_of(volume: Any) -> list[Path] | None:
    """The DICOM files that a volume was loaded from; None where it was not, or one of them is not there any more."""
    instances = (volume.GetAttribute("DICOM.instanceUIDs") or "").split()
    files = [path for instance in instances if (path := file_of(instance)) is not None]
    return files if files and len(files) == len(instances) else None


def displayed_header(volume: Any, role: str) -> OpenedImage | None:
    """What the headers of a volume's DICOM files say; None where it has none, or none any more.

    Raises
    ------
    InputError : its slices do not lie as the node has them
    """
    files = files_of(volume)
    if files is None or volume.GetImageData().GetDimensions()[2] < FEWEST_SLICES:
        return None
    return open_displayed(files, volume.GetName(), role)


def file_of(instance: str) -> Path | None:
    """The file of a DICOM instance, where the database knows it and it is still there."""
    database = getattr(slicer, "dicomDatabase", None)
    path = Path(database.fileForInstance(instance) or "") if database is not None else Path()
    return path if path.is_file() else None
