"""A first guess at a mask from one click: a person places a point, the worker grows the mask, a person corrects it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import qt
import slicer
from slicer.i18n import tr as _

from ..errors import ReadingRoomError
from ..readers.description import MaskRole
from . import layer_nodes
from .features.segment_masks import state_of
from .layer_files import segment_layer
from .owned_nodes import STUDY, tie_to

if TYPE_CHECKING:
    from .panel import ReadingPanel

_POINT = "point"  # role of the node that a person places
_GROWN = "ReadingRoom.grown"  # attribute of a segmentation that was grown: the role of the mask


class Growing(slicer.util.VTKObservationMixin):
    """Grows masks of the images of ``panel``.

    What was grown is a person's from then on: a segmentation of its own, which undo reaches. A second point replaces it
    as long as nobody has touched it; after that it makes another one.
    """

    def __init__(self, panel: ReadingPanel) -> None:
        super().__init__()
        self._panel = panel
        self._placing = ""  # role of the mask that a click is waited for
        self._growing: tuple[MaskRole, Any] | None = None  # what the worker grows, and on which volume
        self._untouched: dict[str, dict[str, tuple[int, int]]] = {}  # by node ID, the state in which it was made

    @property
    def placing(self) -> str:
        """The role of the mask that a click is waited for; empty where none is."""
        return self._placing

    def begin(self, name: str) -> None:
        """Let a person click into the image of a mask; where that is waited for already, no longer wait."""
        if self._placing:
            self._end_placing()
            self._panel.refresh()
            return
        role = self._role(name)
        volume = self._panel.inputs.image(role.image) if self._panel.inputs is not None else None
        if volume is None or self._panel.session.state == "working":
            return
        nodes = self._panel.logic.nodes
        point = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", role.title)
        nodes.own(point, _POINT, name)
        point.SetSaveWithScene(False)
        point.CreateDefaultDisplayNodes()
        tie_to(point, volume)
        self.addObserver(point, point.PointPositionDefinedEvent, self._clicked)
        markups = slicer.modules.markups.logic()
        markups.SetActiveList(point)
        markups.StartPlaceMode(False)
        self._placing = name
        self._panel.views.message.show(
            _("Click inside '{mask}' in a slice view, beside large vessels.").format(mask=role.title), status="pass"
        )
        self._panel.refresh()

    def take(self) -> None:
        """Put what the worker has grown into the scene, and choose it as the mask."""
        panel, file = self._panel, self._panel.session.grown
        if self._growing is None or file is None or panel.inputs is None:
            return
        (role, volume), self._growing = self._growing, None
        if volume.GetScene() is None or panel.inputs.image(role.image) is not volume:
            return
        layer = segment_layer(file, volume)
        if layer is None:
            return
        node = self._own_untouched(role, volume)
        if node is None:
            title = _("{mask} of {image}, first guess").format(mask=role.title, image=volume.GetName())
            node = slicer.mrmlScene.AddNewNodeByClass(
                "vtkMRMLSegmentationNode", slicer.mrmlScene.GenerateUniqueName(title)
            )
            node.SetAttribute(_GROWN, role.name)
        layer_nodes.fill_segmentation(node, layer, volume, [role.name])
        tie_to(node, volume)
        self._untouched[node.GetID()] = state_of(node, [role.name])
        panel.write(lambda inputs: inputs.choose_mask(role.name, node, role.name))
        panel.views.message.show(
            _("A first guess at '{mask}' was grown: correct it in Segment Editor, then read.").format(mask=role.title),
            action=_("Open Segment Editor"),
            on_action=lambda: slicer.util.selectModule("SegmentEditor"),
            status="pass",
        )

    def stop(self) -> None:
        """The scene is being closed, or the module goes away."""
        self._end_placing()
        self._growing = None
        self._untouched.clear()

    def _clicked(self, _caller: Any = None, _event: Any = None) -> None:
        qt.QTimer.singleShot(0, self._grow)  # the node is still busy with its point

    def _grow(self) -> None:
        panel, name = self._panel, self._placing
        point = panel.logic.nodes.find(_POINT, name) if name else None
        if point is None or not point.GetNumberOfDefinedControlPoints():
            return
        place = [0.0, 0.0, 0.0]
        point.GetNthControlPointPosition(0, place)  # beside the volume, whose transforms are left out as in its file
        self._end_placing()
        role = self._role(name)
        volume = panel.inputs.image(role.image) if panel.inputs is not None else None
        if volume is None:
            return
        panel.views.message.hide()
        try:
            with slicer.util.WaitCursor():
                panel.logic.start_grow(role, volume, (-place[0], -place[1], place[2]))
        except ReadingRoomError as error:
            panel.show_error(error)
            return
        self._growing = role, volume
        panel.follow()

    def _end_placing(self) -> None:
        if not self._placing:
            return
        self._placing = ""
        self.removeObservers()
        interaction = slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
        if interaction is not None:
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)
        self._panel.logic.nodes.remove(self._panel.logic.nodes.all(_POINT))
        self._panel.views.message.hide()

    def _own_untouched(self, role: MaskRole, volume: Any) -> Any:
        """The segmentation that was grown here, where nobody has changed it since."""
        for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
            made = self._untouched.get(node.GetID())
            same = node.GetAttribute(_GROWN) == role.name and node.GetNodeReferenceID(STUDY) == volume.GetID()
            there = list(node.GetSegmentation().GetSegmentIDs())
            if same and made is not None and there == [role.name] and state_of(node, there) == made:
                return node
        return None

    def _role(self, name: str) -> MaskRole:
        return next(role for role in self._panel.reader.masks if role.name == name)
