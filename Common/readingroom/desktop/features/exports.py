"""What the worker is given to measure, so that an image is written once and an edit is noticed by its voxels."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import vtk
from slicer.i18n import tr as _

from ...errors import InputError
from ..scene import displayed_header, is_gray, require_pixels, write_pixels
from .segment_masks import LabelFile, SegmentMask, masks_on, state_of, write_masks

_TOLERANCE = 1e-4  # of a length


class Exports:
    """Files and masks of the last measurement.

    Parameters
    ----------
    parent : gives the folder, private to this program, that files are written into; those of the last measurement are
        removed when the next one begins
    """

    def __init__(self, parent: Callable[[], Path]) -> None:
        self._parent = parent
        self._folders: dict[str, Path] = {}
        self._numbers = itertools.count(1)
        self._image: tuple[Any, Path] | None = None
        self._masks: dict[str, SegmentMask] = {}
        self._states: dict[str, Any] = {}

    def image(self, volume: Any) -> Path:
        """The pixels of the volume node as a file; written again only when they changed.

        Raises
        ------
        InputError : the node has no pixels, or colors, or its slices do not lie as it has them
        OutputError : the file cannot be written
        """
        require_pixels(volume)
        if not is_gray(volume):
            raise InputError(_("'{name}' is a color picture; features need gray values.").format(name=volume.GetName()))
        state = _state_of_image(volume)
        if self._image is None or self._image[0] != state or not self._image[1].is_file():
            displayed_header(volume, "image")
            path = self._folder("image") / "image.nrrd"
            write_pixels(volume, path)
            self._image = state, path
        return self._image[1]

    def masks(self, masks: Mapping[str, SegmentMask], volume: Any) -> tuple[LabelFile, ...]:
        """The masks as files, see `write_masks`; those of the last measurement go.

        Raises
        ------
        OutputError : a file cannot be written
        """
        return write_masks(masks, volume, self._folder("masks"))

    def edited(self, volume: Any, segmentation: Any, keys: Collection[str]) -> dict[str, SegmentMask]:
        """The segments whose voxels are not those that were measured, as they are now."""
        states = state_of(segmentation, keys)
        suspects = [key for key in keys if states[key] != self._states.get(key) or key not in self._masks]
        masks = masks_on(volume, segmentation, suspects) if suspects else {}
        edited = {key: mask for key, mask in masks.items() if not mask.same_as(self._masks.get(key))}
        self._states |= {key: states[key] for key in suspects if key not in edited}
        return edited

    def may_be_edited(self, segmentation: Any, keys: Collection[str]) -> bool:
        """Whether it is worth looking at the voxels; cheap."""
        return any(state != self._states.get(key) for key, state in state_of(segmentation, keys).items())

    def remember(self, segmentation: Any, masks: Mapping[str, SegmentMask]) -> None:
        """These masks, just taken from the segmentation, are measured now."""
        self._masks |= masks
        self._states |= state_of(segmentation, masks)

    def forget(self, keys: Collection[str]) -> None:
        """These segments were not measured after all. They are with the next edit; until then nothing is to be done."""
        for key in keys:
            self._masks.pop(key, None)

    def clear(self) -> None:
        """Forget everything: the scene is closed."""
        self._image = None
        self._masks.clear()
        self._states.clear()

    def _folder(self, purpose: str) -> Path:
        """A new, empty folder; the last one for the same purpose goes."""
        earlier = self._folders.pop(purpose, None)
        if earlier is not None:
            shutil.rmtree(earlier, ignore_errors=True)
        folder = self._folders[purpose] = self._parent() / f"{purpose}-{next(self._numbers)}"
        folder.mkdir(parents=True)
        return folder


def _state_of_image(volume: Any) -> tuple[Any, ...]:
    """What changes whenever pixels or geometry of the node do."""
    to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(to_ras)
    elements = tuple(to_ras.GetElement(row, column) for row in range(3) for column in range(4))
    return volume.GetID(), volume.GetImageData().GetMTime(), elements


def notes_on_size(volume: Any) -> tuple[str, ...]:
    """A sentence where the transforms of the volume node change its size: voxels are measured as they are stored."""
    transform = volume.GetParentTransformNode()
    if transform is None:
        return ()
    if not transform.IsTransformToWorldLinear():
        return (_("The image is bent by its transform; it was measured as it is without."),)
    if not _is_rigid(transform):
        text = _("The transform of the image changes its size; it was measured without. Harden it to measure with it.")
        return (text,)
    return ()


def _is_rigid(transform: Any) -> bool:
    import numpy as np

    to_world = vtk.vtkMatrix4x4()
    transform.GetMatrixTransformToWorld(to_world)
    axes = np.array([[to_world.GetElement(row, column) for column in range(3)] for row in range(3)])
    return bool(np.allclose(axes.T @ axes, np.eye(3), atol=_TOLERANCE))
