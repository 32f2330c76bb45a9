"""What a person asks to be measured, and how."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from ...errors import InputError
from .. import settings, slicer_radiomics
from ..scene import volumes_in_scene
from . import table_node
from .image_types import ImageTypes, definitions_of, images_of

SLICER = "slicer"  # the engine of the extension SlicerRadiomics


@dataclass(frozen=True)
class MeasurementRequest:
    """A volume node, a segmentation node, and the segments of it by ID with their names.

    ``parameters`` are PyRadiomics' own; a signature, named by ``bundle``, brings its own instead.
    """

    volume: Any
    segmentation: Any
    names: Mapping[str, str]
    parameters: Mapping[str, Any]
    engine: str = "readingroom"
    bundle: str = ""

    @property
    def is_there(self) -> bool:
        """Both nodes are still in the scene."""
        return None not in (self.volume.GetScene(), self.segmentation.GetScene())


class FeatureSettings:
    """What is chosen now. Nodes are remembered by their ID, so that one that was removed is simply not chosen any more.

    Parameters
    ----------
    owner : whose tables say what was measured last
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._left_out: set[tuple[str, str]] = set()  # segmentation and segment that are not to be measured
        self.image_id = self.segmentation_id = self.bundle = ""
        self.engine = "readingroom"
        self._parameter_file = ""
        self._in_file: Mapping[str, Any] = {}  # what the file said when it was chosen
        self.recall_image_types()

    @property
    def volume(self) -> Any:
        """The chosen image, or None."""
        return slicer.mrmlScene.GetNodeByID(self.image_id) if self.image_id else None

    @property
    def segmentation(self) -> Any:
        """The chosen segmentation, or None."""
        return slicer.mrmlScene.GetNodeByID(self.segmentation_id) if self.segmentation_id else None

    @property
    def segments(self) -> list[str]:
        """The segments of it that are to be measured: all, but those that a person left out."""
        return [key for key in names_of(self.segmentation) if (self.segmentation_id, key) not in self._left_out]

    def choose_segmentation(self, node_id: str) -> None:
        """This one, over the image that it was drawn on if that is known."""
        self.segmentation_id = node_id
        role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
        image = self.segmentation.GetNodeReference(role) if self.segmentation is not None else None
        if image is not None:
            self.image_id = image.GetID()

    def choose_segments(self, keys: Collection[str]) -> None:
        """These segments of the chosen segmentation."""
        here = {(self.segmentation_id, key) for key in names_of(self.segmentation)}
        self._left_out = (self._left_out - here) | {pair for pair in here if pair[1] not in keys}

    def recall_image_types(self) -> None:
        """Take the image types that were chosen last, in whatever panel."""
        self._image_types = ImageTypes.from_json(settings.image_types())

    @property
    def image_types(self) -> ImageTypes:
        """The chosen image types, with the definitions that count: those of the parameter file go first."""
        return self._image_types.with_definitions(definitions_of(self._in_file))

    def choose_image_types(self, types: ImageTypes) -> None:
        """Measure these image types, now and in later sessions. The definitions stay."""
        self._image_types = dataclasses.replace(types, ibsi=self._image_types.ibsi)
        settings.set_image_types(self._image_types.to_json())

    def choose_definitions(self, ibsi: bool) -> None:
        """Measure by IBSI's definitions, or by PyRadiomics', now and in later sessions."""
        self._image_types = self._image_types.with_definitions(ibsi)
        settings.set_image_types(self._image_types.to_json())

    def choose_parameter_file(self, path: str) -> None:
        """Measure with these parameters; none for an empty path. A file that cannot be used is told when it is."""
        self._parameter_file = path
        try:
            self._in_file = read_parameter_file(path)
        except InputError:
            self._in_file = {}

    @property
    def file_has_image_types(self) -> bool:
        """The chosen parameter file names image types of its own."""
        return "imageType" in self._in_file

    @property
    def file_has_definitions(self) -> bool:
        """The chosen parameter file says by whose definitions features are measured."""
        return definitions_of(self._in_file) is not None

    @property
    def images(self) -> list[str]:
        """The names of the images that are measured."""
        return images_of(self.image_types.added_to(self._in_file))

    def parameters(self) -> dict[str, Any]:
        """Those of the file as it is now, with the chosen definitions and image types.

        Raises
        ------
        InputError : the file cannot be used
        """
        return self.image_types.added_to(read_parameter_file(self._parameter_file))

    def settle(self) -> None:
        """Choose what was measured last, or else the first there is, where nothing is chosen or the choice is gone."""
        last = table_node.tables(self._owner)[-1:]
        if self.segmentation is None:
            candidates = [table_node.segmentation_of(table) for table in last] + segmentations_in_scene()
            self.choose_segmentation(next((node.GetID() for node in candidates if node is not None), ""))
        if self.volume is None:
            candidates = [table_node.image_of(table) for table in last] + volumes_in_scene()
            self.image_id = next((node.GetID() for node in candidates if node is not None), "")

    def clear(self) -> None:
        """The scene is closed. Signature, engine, parameters and image types stay."""
        self.image_id = self.segmentation_id = ""
        self._left_out.clear()

    def request(self) -> MeasurementRequest:
        """What is chosen, as a request.

        Raises
        ------
        InputError : something is missing, or the parameter file cannot be used
        """
        volume, segmentation = self.volume, self.segmentation
        if volume is None:
            raise InputError(_("Choose an image first: load one, then select it."))
        if segmentation is None:
            raise InputError(_("Choose a segmentation first: draw one in Segment Editor, or load one."))
        names = {key: name for key, name in names_of(segmentation).items() if key in self.segments}
        if not names:
            raise InputError(_("Check at least one segment of '{name}'.").format(name=segmentation.GetName()))
        if self.bundle and self.engine == SLICER:
            raise InputError(_("SlicerRadiomics cannot apply a signature: choose the engine Reading Room."))
        parameters = {} if self.bundle else self.parameters()
        return MeasurementRequest(volume, segmentation, names, parameters, self.engine, self.bundle)


def available_engines() -> dict[str, str]:
    """Titles of the engines that are there, by name; our own always is, and comes first."""
    engines = {"readingroom": _("Reading Room")}
    if find_spec("radiomics") is not None:
        engines["pyradiomics"] = _("PyRadiomics")
    if slicer_radiomics.available():
        engines[SLICER] = _("SlicerRadiomics")
    return engines


def segmentations_in_scene() -> list[Any]:
    """The segmentations that can be chosen, in the order they were loaded."""
    found = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    return [node for node in found if not node.GetHideFromEditors()]


def names_of(segmentation: Any) -> dict[str, str]:
    """Names of the segments by their ID, in their order; none of None."""
    if segmentation is None:
        return {}
    inner = segmentation.GetSegmentation()
    return {key: inner.GetSegment(key).GetName() for key in inner.GetSegmentIDs()}


def read_parameter_file(path: str) -> dict[str, Any]:
    """The parameters in a file, checked; none without a file.

    Raises
    ------
    InputError : the file is missing or malformed, or names something unknown
    """
    if not path.strip():
        return {}
    from ...radiomics.parameter_file import read_parameters
    from ...radiomics.settings import from_parameters

    parameters = read_parameters(Path(path))
    from_parameters(parameters)
    return parameters
