"""What is chosen for a reader, kept on the parameter node by role: images, segments as masks, clinical facts."""

from __future__ import annotations

from typing import Any

from ..readers.base import Reader
from ..readers.description import ClinicalField, ImageRole
from ..study import ClinicalFact
from .owned_nodes import STUDY, is_owned
from .study_from_nodes import Chosen, SegmentChoice, header_of

_IMAGE = "image-"  # node reference roles, followed by the role of image or mask
_MASK = "mask-"
_FOUND = "found-"  # the image that was chosen as prior because the scene held it
_WITHOUT = "without-"  # the image that a person reads without this prior


class Inputs:
    """The choices for one reader, in the scene's parameters.

    Parameters
    ----------
    reader : says which images, masks and clinical facts there are
    parameters : a `parameters.PanelParameters`
    """

    def __init__(self, reader: Reader, parameters: Any) -> None:
        self._reader = reader
        self._parameters = parameters
        self._node = parameters.parameterNode
        self._header: tuple[Any, dict[str, ClinicalFact]] = (None, {})  # of the volume that it was read from last

    def image(self, role: str) -> Any:
        """The volume node chosen for an image, or None."""
        return self._node.GetNodeReference(_IMAGE + role)

    def choose_image(self, role: str, volume: Any) -> None:
        """Choose a volume node; None for none."""
        if volume is not self.image(role):
            self._node.SetNodeReferenceID(_IMAGE + role, volume.GetID() if volume is not None else None)

    def find_image(self, role: str, volume: Any) -> None:
        """Choose an image that the scene held, without being asked."""
        self.choose_image(role, volume)
        self._node.SetNodeReferenceID(_FOUND + role, volume.GetID())

    def is_found(self, role: str) -> bool:
        """Whether the image was chosen by `find_image`."""
        return self.image(role) is not None and self._node.GetNodeReference(_FOUND + role) is self.image(role)

    def decide_prior(self, role: ImageRole, volume: Any) -> None:
        """A person chose this prior, or to read the image without one."""
        self._node.SetNodeReferenceID(_FOUND + role.name, None)
        present = self.image(role.prior_of) if volume is None else None
        self._node.SetNodeReferenceID(_WITHOUT + role.name, present.GetID() if present is not None else None)
        self.choose_image(role.name, volume)

    def is_read_without(self, role: ImageRole) -> bool:
        """Whether a person decided to read the present image without this prior."""
        decided = self._node.GetNodeReference(_WITHOUT + role.name)
        return decided is not None and decided is self.image(role.prior_of)

    @property
    def images(self) -> dict[str, Any]:
        """The chosen volume nodes by role, in the reader's order."""
        chosen = {role.name: self.image(role.name) for role in self._reader.images}
        return {role: volume for role, volume in chosen.items() if volume is not None}

    def mask(self, role: str) -> SegmentChoice | None:
        """The segment chosen for a mask; None where none is."""
        segmentation = self._node.GetNodeReference(_MASK + role)
        segment_id = self._parameters.segments.get(role, "")
        return SegmentChoice(segmentation, segment_id) if segmentation is not None and segment_id else None

    def choose_mask(self, role: str, segmentation: Any, segment_id: str) -> None:
        """Choose a segment; None and ``""`` for none."""
        tag = self._node.StartModify()
        self._node.SetNodeReferenceID(_MASK + role, segmentation.GetID() if segmentation is not None else None)
        self._parameters.segments = {**dict(self._parameters.segments), role: segment_id or ""}
        self._node.EndModify(tag)

    def drop_regions_of_others(self) -> None:
        """Take back masks that a reading found on another image than the one that is chosen now."""
        for role in self._reader.masks:
            choice, volume = self.mask(role.name), self.image(role.image)
            if choice is not None and is_owned(choice.segmentation):
                own = choice.segmentation.GetNodeReferenceID(STUDY)
                if volume is None or volume.GetID() != own:
                    self.choose_mask(role.name, None, "")

    def enter(self, name: str, text: str) -> None:
        """Keep a clinical fact that a person entered; the text of the header, or none, takes an entry back.

        Raises
        ------
        InputError : it does not fit the field
        """
        field = next(one for one in self._reader.clinical if one.name == name)
        header = self.header.get(name)
        if text.strip() and header is not None and field.parse(text) == field.parse(fact_text(field, header.value)):
            text = ""
        if text.strip():
            field.parse(text)
        facts = {**dict(self._parameters.clinical), name: text.strip()}
        self._parameters.clinical = {key: value for key, value in facts.items() if value}

    @property
    def entered(self) -> dict[str, str]:
        """The clinical facts that a person entered, by name."""
        return dict(self._parameters.clinical)

    @property
    def header(self) -> dict[str, ClinicalFact]:
        """The clinical facts of the form that the header of the first image knows."""
        role = self._reader.images[0]
        volume = self.image(role.name)
        if volume is None or not self._reader.clinical:
            return {}
        where = (volume.GetID(), volume.GetAttribute("DICOM.instanceUIDs"))
        if where != self._header[0]:
            opened = header_of(volume, role)
            names = {field.name for field in self._reader.clinical}
            known = opened.clinical if opened is not None else {}
            self._header = where, {name: fact for name, fact in known.items() if name in names}
        return self._header[1]

    @property
    def chosen(self) -> Chosen:
        """All of it."""
        masks = {role.name: self.mask(role.name) for role in self._reader.masks}
        return Chosen(self.images, {name: choice for name, choice in masks.items() if choice is not None}, self.entered)

    @property
    def missing(self) -> str:
        """The title of the first thing that has yet to be chosen before a read; empty when all is there."""
        images, masks = self.images, self.chosen.masks
        facts = {**self.header, **self.entered}
        wanted = [(role.title, role.name in images) for role in self._reader.images if role.required]
        if self._reader.is_exam:  # any of its views will do
            present = [role for role in self._reader.images if not role.prior_of]
            wanted.append((present[0].title, any(role.name in images for role in present)))
        wanted += [(role.title, role.name in masks) for role in self._reader.masks if role.required]
        wanted += [(field.title, field.name in facts) for field in self._reader.clinical if field.required]
        return next((title for title, is_there in wanted if not is_there), "")


def fact_text(field: ClinicalField, value: float | str | bool) -> str:
    """A fact as a person would type it into the form."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return f"{value:.{field.decimals}f}"
