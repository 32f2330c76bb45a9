"""Regions of a reading that a person corrects, in Segment Editor say, become the masks of the next read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from .features.edits import EditWatch
from .features.segment_masks import state_of

if TYPE_CHECKING:
    from .inputs import Inputs
    from .panel import ReadingPanel


class RegionEdits:
    """Watches the regions on the first image of ``panel`` that bear the name of a mask its reader takes.

    Once one was changed, all of them are chosen as masks: the next read follows the correction, and changes nothing
    else.
    """

    def __init__(self, panel: ReadingPanel) -> None:
        self._panel = panel
        self._watch = EditWatch(panel.widget, self._edited)
        self._segmentation: Any = None
        self._read = ""  # when the read began that it is of
        self._found: dict[str, tuple[int, int]] = {}  # state of each region as the reading left it

    def follow(self) -> None:
        """Watch the regions of the present reading, as they are now."""
        panel = self._panel
        reading, image = panel.reading, panel.reader.images[0].name
        masks = {role.name for role in panel.reader.masks if role.image == image}
        names = [one.name for one in reading.regions if one.name in masks] if reading is not None else []
        node = panel.logic.nodes.find("segmentation", image) if names else None
        read = reading.provenance.started if reading is not None else ""
        if node is self._segmentation and read == self._read:
            return  # tested meanwhile: what was corrected is still to be noticed
        self._segmentation, self._read = node, read
        self._found = state_of(node, names) if node is not None else {}
        self._watch.follow(node)

    def stop(self) -> None:
        """The scene is being closed."""
        self._watch.stop()
        self._segmentation, self._read, self._found = None, "", {}

    def _edited(self) -> None:
        panel, node = self._panel, self._segmentation
        if panel.inputs is None or node is None or node.GetScene() is None:
            return
        state = state_of(node, self._found)
        if state == self._found:
            return
        self._found = state
        there = [name for name in self._found if node.GetSegmentation().GetSegment(name) is not None]

        def choose(inputs: Inputs) -> None:
            for name in there:
                inputs.choose_mask(name, node, name)

        panel.write(choose)
        panel.views.message.show(_("A region was corrected. Read again, and the reading follows it."))
        panel.refresh()
