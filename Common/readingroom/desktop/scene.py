"""A volume node of the scene as a Study that the worker process can open. The node is never changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..errors import InputError, OutputError
from ..study import Study, StudyImage


def radiograph_study(volume: Any, folder: Path) -> Study:
    """The study that ``volume`` (a ``vtkMRMLScalarVolumeNode`` or None) shows, as one image named ``frontal``.

    A node loaded from DICOM is read from its original file, whose header tells what pixels cannot. The pixels of any
    other node go uncompressed into ``folder``, together with the window and the gray scale that it is displayed with.

    Raises
    ------
    InputError : nothing is chosen, or it is not one gray-scale 2D image
    """
    require_gray_picture(volume)
    original = original_file(volume)
    if original is not None:
        from ..readers.opening import open_study
        from ..readers.registry import find_reader

        return open_study(find_reader("chest-xray"), {"frontal": original})
    path = Path(folder) / "frontal.nrrd"
    write_pixels(volume, path)
    return Study(images=(StudyImage(role="frontal", path=path, **displayed_look(volume)),))


def require_gray_picture(volume: Any) -> None:
    """See that the node holds one gray-scale 2D image.

    Raises
    ------
    InputError : it does not; the sentence says what was found
    """
    if volume is None:
        raise InputError(_("Choose a study first: load a radiograph, then select it."))
    require_pixels(volume)
    name, slices = volume.GetName(), volume.GetImageData().GetDimensions()[2]
    if slices > 1:
        raise InputError(
            _("'{name}' has {slices} slices; a radiograph is a single image.").format(name=name, slices=slices)
        )
    if not is_gray(volume):
        raise InputError(_("'{name}' is a color picture; a radiograph is gray.").format(name=name))


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
    database = getattr(slicer, "dicomDatabase", None)
    if len(instances) != 1 or database is None:
        return None
    path = Path(database.fileForInstance(instances[0]) or "")
    if not path.is_file():
        return None
    size = (database.fileValue(str(path), "0028,0011"), database.fileValue(str(path), "0028,0010"))  # Columns, Rows
    shown = volume.GetImageData().GetDimensions()[:2]
    return path if size == tuple(str(length) for length in shown) else None


def displayed_look(volume: Any) -> dict[str, Any]:
    """How the node is displayed, as fields of a `StudyImage`: window center and width, and inverted gray scale."""
    display = volume.GetScalarVolumeDisplayNode()
    if display is None:
        return {}
    inverted = "InvertedGrey" in (display.GetColorNodeID() or "")
    if display.GetInvertDisplayScalarRange():
        inverted = not inverted
    facts = {}
    if display.GetWindow() > 0:
        facts = {"WindowCenter": f"{display.GetLevel():.10g}", "WindowWidth": f"{display.GetWindow():.10g}"}
    return {"facts": {**facts, "PhotometricInterpretation": "MONOCHROME1" if inverted else "MONOCHROME2"}}


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
    import vtk

    image = SimpleITK.GetImageFromArray(array)
    to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASDirectionMatrix(to_ras)
    # LPS is RAS with the first two axes reversed.
    signs = (-1.0, -1.0, 1.0)
    image.SetDirection([signs[row] * to_ras.GetElement(row, column) for row in range(3) for column in range(3)])
    image.SetOrigin([sign * value for sign, value in zip(signs, volume.GetOrigin(), strict=True)])
    image.SetSpacing(volume.GetSpacing())
    try:
        SimpleITK.WriteImage(image, str(path), useCompression=False)
    except RuntimeError as error:  # all that SimpleITK raises
        raise OutputError(_("The pixels cannot be saved for reading: is the disk full?")) from error


def _channels_equal(volume: Any) -> bool:
    """Whether a picture stored as color is gray all the same; a second or fourth channel is opacity."""
    array = slicer.util.arrayFromVolume(volume)
    colors = array[..., :3] if array.shape[-1] >= 3 else array[..., :1]
    return bool((colors == colors[..., :1]).all())
