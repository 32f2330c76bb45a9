"""Nodes of the scene as a Study that the worker process can open. No node is ever changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..errors import InputError
from ..imaging.open import OpenedImage, open_image, open_slice
from ..readers.answer import CorrectedMask
from ..readers.base import Reader
from ..readers.description import ImageRole, MaskRole, require_roles
from ..readers.opening import entered, study_of
from ..study import Study, StudyImage, StudyMask
from .features.segment_masks import SegmentMask, masks_on
from .scene import (
    displayed_header,
    displayed_look,
    file_of,
    image_on_grid,
    original_file,
    require_gray_picture,
    require_volume,
    write_on_grid,
    write_pixels,
)


@dataclass(frozen=True)
class SegmentChoice:
    """One segment of a segmentation node."""

    segmentation: Any
    segment_id: str


@dataclass(frozen=True)
class Chosen:
    """What a person chose to have read.

    Parameters
    ----------
    images : volume nodes by the role of the image
    masks : segments by the role of the mask; a mask that is missing is found by the reader, where it can
    clinical : facts as a person typed them, by the name of the field
    """

    images: Mapping[str, Any] = field(default_factory=dict)
    masks: Mapping[str, SegmentChoice] = field(default_factory=dict)
    clinical: Mapping[str, str] = field(default_factory=dict)


def study_of_nodes(reader: Reader, chosen: Chosen, folder: Path) -> Study:
    """The study that the chosen nodes show.

    A picture loaded from DICOM is read from its original file, whose header tells what pixels cannot. The pixels of any
    other node go uncompressed into ``folder``: of a picture together with the window and the gray scale that it is
    displayed with, of a volume from DICOM together with what the headers of its slices say.

    Raises
    ------
    InputError : something is missing or does not fit what the reader takes; the images are of two patients; the slices
        of a DICOM series do not lie as the node has them
    OutputError : the pixels cannot be saved
    """
    images: dict[str, OpenedImage] = {}
    for role in reader.images:  # in the reader's order: the first one is the one that is read
        if chosen.images.get(role.name) is not None:
            images[role.name] = opened(chosen.images[role.name], role, folder)
    if not images:
        raise InputError(
            _("Choose a study first: load the image '{title}', then select it.").format(title=reader.images[0].title)
        )
    masks = tuple(_mask(reader, role.name, chosen, folder) for role in reader.masks if role.name in chosen.masks)
    study = study_of(reader, images, masks, entered(reader, chosen.clinical))
    require_roles(reader.title, study, reader.images, reader.masks, reader.clinical)
    return study


def corrected_mask(role: MaskRole, choice: SegmentChoice, volume: Any, whole: bool = False) -> CorrectedMask:
    """A segment that a person corrected on the volume of a reading, as its reader is told of it.

    Parameters
    ----------
    whole : not cut to what is marked

    Raises
    ------
    InputError : nothing of the volume is in it, though the role says that something must be
    """
    import numpy as np
    import SimpleITK

    (mask,) = masks_on(volume, choice.segmentation, [choice.segment_id]).values()
    name = choice.segmentation.GetSegmentation().GetSegment(choice.segment_id).GetName()
    if mask.is_empty and not role.may_be_empty:
        raise InputError(_("The segment '{segment}' is empty.").format(segment=name))
    if mask.is_empty:
        mask = SegmentMask((0, 0, 0), np.zeros((1, 1, 1), bool))  # an image has a pixel at least
    voxels = slicer.util.arrayFromVolume(volume)
    if whole:
        marked = np.zeros(voxels.shape, bool)
        marked[mask.box] = mask.voxels
        mask = SegmentMask((0, 0, 0), marked)
    image, drawn = (
        SimpleITK.DICOMOrient(image_on_grid(np.ascontiguousarray(array), volume, mask.start), "LPS")
        for array in (voxels[mask.box], mask.voxels.astype(np.uint8))
    )
    return CorrectedMask(role.name, _("segment '{name}', corrected").format(name=name), image, drawn)


def header_of(volume: Any, role: ImageRole) -> OpenedImage | None:
    """What the header of a volume node's first DICOM file says; None where it has none, or none any more."""
    instances = (volume.GetAttribute("DICOM.instanceUIDs") or "").split()
    for instance in instances[:1]:
        path = file_of(instance)
        if path is not None:
            try:
                return open_image(path, role.name) if role.dimensions == 2 else open_slice(path, role.name)
            except InputError:  # damaged since it was loaded: the pixels are in the node
                return None
    return None


def opened(volume: Any, role: ImageRole, folder: Path) -> OpenedImage:
    """The image that a volume node shows, as `study_of_nodes` has it."""
    if role.dimensions == 2:
        require_gray_picture(volume, role.title)
        original = original_file(volume)
        if original is not None:
            return open_image(original, role.name)
    else:
        require_volume(volume, role.title)
    path = folder / f"{role.name}.nrrd"
    write_pixels(volume, path)
    if role.dimensions == 2:
        return OpenedImage(StudyImage(role=role.name, path=path, facts=displayed_look(volume)))
    header = displayed_header(volume, role.name) or header_of(volume, role)
    if header is None:
        return OpenedImage(StudyImage(role=role.name, path=path))
    return replace(header, image=replace(header.image, path=path))


def _mask(reader: Reader, name: str, chosen: Chosen, folder: Path) -> StudyMask:
    """A segment as a label file on the grid of the image that it belongs to."""
    role = next(mask for mask in reader.masks if mask.name == name)
    choice, volume = chosen.masks[name], chosen.images.get(role.image)
    if volume is None:
        image = next(image.title for image in reader.images if image.name == role.image)
        raise InputError(
            _("The mask '{mask}' lies on '{image}'; choose that image first.").format(mask=role.title, image=image)
        )
    segment = choice.segmentation.GetSegmentation().GetSegment(choice.segment_id)
    if segment is None:
        raise InputError(_("Choose a segment for '{mask}'.").format(mask=role.title))
    (mask,) = masks_on(volume, choice.segmentation, [choice.segment_id]).values()
    if mask.is_empty and not role.may_be_empty:
        raise InputError(
            _("The segment '{segment}' is empty on '{image}'.").format(
                segment=segment.GetName(), image=volume.GetName()
            )
        )
    import numpy as np

    width, height, slices = volume.GetImageData().GetDimensions()
    inside = np.zeros((slices, height, width), np.uint8)
    inside[mask.box][mask.voxels] = 1
    path = folder / f"mask-{name}.nrrd"
    write_on_grid(inside, volume, path)
    source = _("segment '{name}'").format(name=segment.GetName())
    return StudyMask(role=name, image=role.image, path=path, code=role.code, source=source)
