"""Regions of a reading that a person corrects, in Segment Editor say, become the masks of the next read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from ..errors import ReadingRoomError
from .features.edits import EditWatch
from .features.segment_masks import contents_of, state_of
from .study_from_nodes import SegmentChoice

if TYPE_CHECKING:
    from .inputs import Inputs
    from .panel import ReadingPanel


@dataclass
class _Regions:
    """The regions on one image: their node, the state of each as it was left, and its voxels as they were told last."""

    node: Any
    state: dict[str, tuple[int, int]]
    contents: dict[str, bytes]


class RegionEdits:
    """Watches the regions of ``panel``'s reading, on all its images, that bear the name of a mask its reader takes.

    Once one was changed, all of its image are chosen as masks: the next read follows the correction, and changes
    nothing else. One that the reader follows without its network, where no other was changed, is followed at once.
    """

    def __init__(self, panel: ReadingPanel) -> None:
        self._panel = panel
        self._watch = EditWatch(panel.widget, self._edited)
        self._read = ""  # when the read began that they are of
        self._found: dict[str, _Regions] = {}  # by image

    @property
    def is_waiting(self) -> bool:
        """A stroke was noticed and is not followed yet."""
        return self._watch.is_waiting

    def follow(self) -> None:
        """Watch the regions of the present reading, as they are now."""
        panel, reading = self._panel, self._panel.reading
        names: dict[str, list[str]] = {}
        masks = {(role.name, role.image) for role in panel.reader.masks}
        for region in reading.regions if reading is not None else ():
            if (region.name, region.image) in masks:
                names.setdefault(region.image, []).append(region.name)
        nodes = {image: panel.logic.nodes.find("segmentation", image) for image in names}
        nodes = {image: node for image, node in nodes.items() if node is not None}
        read = reading.provenance.started if reading is not None else ""
        if nodes == {image: one.node for image, one in self._found.items()} and read == self._read:
            return  # tested meanwhile: what was corrected is still to be noticed
        self._read = read
        self._found = {
            image: _Regions(node, state_of(node, names[image]), contents_of(node, names[image]))
            for image, node in nodes.items()
        }
        self._watch.follow(*nodes.values())

    def stop(self) -> None:
        """The scene is being closed."""
        self._watch.stop()
        self._read, self._found = "", {}

    def _edited(self) -> None:
        panel = self._panel
        if panel.inputs is None:
            return
        waiting = False
        for one in self._found.values():
            state = state_of(one.node, one.state) if one.node.GetScene() is not None else one.state
            if state == one.state:
                continue
            one.state = state
            if contents_of(one.node, one.state) == one.contents:
                continue  # recolored, say, or a segment that shares the labelmap was changed
            there = [name for name in state if one.node.GetSegmentation().GetSegment(name) is not None]
            try:
                followed = self._follow_at_once(one, there)
                one.state = state_of(one.node, one.state)  # regions that followed may have been written beside it
            except ReadingRoomError as error:
                panel.show_error(error)
                continue
            waiting = waiting or not followed
            self._choose(one.node, followed or there)
        if waiting:
            panel.views.message.show(_("A region was corrected. Read again, and the reading follows it."))
        panel.refresh()

    def _choose(self, node: Any, names: list[str]) -> None:
        def choose(inputs: Inputs) -> None:
            for name in names:
                inputs.choose_mask(name, node, name)

        self._panel.write(choose)

    def _follow_at_once(self, regions: _Regions, names: list[str]) -> list[str]:
        """Tell what a correction changes without the network; the masks that it follows, none where it needs a read.

        Raises
        ------
        ReadingRoomError : nothing can be told of it, such as of an empty one
        """
        panel = self._panel
        followed = [name for name in names if name in panel.reader.masks_followed]
        if panel.reading is None or panel.session.state == "working" or len(names) < len(regions.state):
            return []
        contents = contents_of(regions.node, names)
        changed = [name for name in names if contents[name] != regions.contents[name]]
        if not changed or not set(changed) <= set(followed):
            return []
        if not all(panel.logic.follow_mask(name, SegmentChoice(regions.node, name)) for name in changed):
            return []
        regions.contents |= contents
        return followed
