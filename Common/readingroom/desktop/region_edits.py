"""Regions of a reading that a person corrects, in Segment Editor say, become the masks of the next read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from ..errors import ReadingRoomError
from .features.edits import EditWatch
from .features.segment_masks import masks_on, state_of
from .study_from_nodes import SegmentChoice

if TYPE_CHECKING:
    from .inputs import Inputs
    from .panel import ReadingPanel


class RegionEdits:
    """Watches the regions on the first image of ``panel`` that bear the name of a mask its reader takes.

    Once one was changed, all of them are chosen as masks: the next read follows the correction, and changes nothing
    else. One that the reader follows without its network, where no other was changed, is followed at once.
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
        followed = self._follow_at_once(there)
        there = followed or there

        def choose(inputs: Inputs) -> None:
            for name in there:
                inputs.choose_mask(name, node, name)

        panel.write(choose)
        if not followed:
            panel.views.message.show(_("A region was corrected. Read again, and the reading follows it."))
        panel.refresh()

    def _follow_at_once(self, names: list[str]) -> list[str]:
        """Tell what a correction changes without the network; the mask that was told, none where it needs a read.

        Whether a region was changed is seen by its volume: of segments in one labelmap each seems to be changed.
        """
        panel, node = self._panel, self._segmentation
        reading, image = panel.reading, panel.reader.images[0].name
        volume = panel.logic.kept.volume(image)
        if reading is None or volume is None or panel.session.state == "working":
            return []
        if not any(name in panel.reader.masks_followed for name in names):
            return []
        ml = math.prod(volume.GetSpacing()) / 1000
        told = {region.name: region.volume_ml for region in reading.regions}
        found = {name: float(mask.voxels.sum()) * ml for name, mask in masks_on(volume, node, names).items()}
        changed = [name for name in names if abs(found[name] - (told.get(name) or 0.0)) > 0.5 * ml]
        if len(changed) != 1 or len(names) < len(self._found):
            return []
        try:
            is_told = panel.logic.follow_mask(changed[0], SegmentChoice(node, changed[0]))
        except ReadingRoomError as error:
            panel.show_error(error)
            return []
        return changed if is_told else []
