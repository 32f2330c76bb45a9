"""The maps of the section "Features": choose, make, show, and make again after an edit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from ...errors import InputError, ReadingRoomError
from ..layers import OverlayGuard
from ..owned_nodes import KEY
from ..widgets.feature_maps import FeatureMapsView
from .edits import EditWatch
from .feature_rows import change_text, number_text
from .image_types import image_title
from .map_nodes import FeatureMapNodes, MapChoice, feature_name, features, is_change, mean_of
from .map_work import MapWork
from .measurement_request import FeatureSettings, names_of

_POLL_MILLISECONDS = 50


class FeatureMaps:
    """Maps of the chosen segmentation's segments over the chosen image.

    Parameters
    ----------
    owner : who owns the maps
    settings : which image and segmentation are chosen
    makes_again : whether a map is made again after an edit of its segment, or only marked
    client : does the work; None for a worker process of its own
    """

    def __init__(
        self,
        owner: str,
        settings: FeatureSettings,
        makes_again: Callable[[], bool],
        client: Any = None,
    ) -> None:
        self._settings, self._makes_again = settings, makes_again
        self.nodes = FeatureMapNodes(owner)
        self.work = MapWork(self.nodes, client)
        self._shown = ""  # ID of the node
        self._problem = ""
        self.view = FeatureMapsView(self)
        self.edits = EditWatch(self.view.widget, self.look_for_edits)
        self._guard = OverlayGuard(self.nodes)
        self._timer = qt.QTimer(self.view.widget)
        self._timer.setInterval(_POLL_MILLISECONDS)
        self._timer.timeout.connect(lambda *_args: self.poll())

    def make_or_cancel(self) -> None:
        """The one button."""
        if self.work.is_working:
            self._timer.stop()
            self.work.cancel()
            self.refresh()
            return
        self._start(self._chosen)

    def choose(self, node_id: str) -> None:
        """Show this map; none for an empty ID."""
        self._shown, self._problem = node_id, ""
        self.nodes.choose(self._node())
        self.refresh()

    def remove(self) -> None:
        """Take the shown map out of the scene."""
        node = self._node()
        if node is not None:
            self.nodes.remove(node)
        self._shown = ""
        self.refresh()

    def poll(self) -> None:
        """Take in what the worker said, and show it."""
        if not self.work.poll():
            return
        if self.work.is_working:
            self.view.run.show_working(*self.work.progress)
            return
        self._timer.stop()
        self._problem = str(self.work.error or "")
        if self.work.error is None:
            self._show_made()
        self.refresh()
        self.edits.later()  # the segment may have been edited while it was mapped

    def look_for_edits(self) -> None:
        """Mark the maps whose segment was edited, and make the shown one again where that is wanted."""
        self.work.look_for_edits()
        if self._makes_again() and not self.work.is_working:
            self.make_again()
        self.refresh()

    def make_again(self) -> None:
        """Make the shown map anew as it was made, where its segment was edited since."""
        choice = self._choice()
        node = self.nodes.find(choice) if choice is not None else None
        if choice is not None and node is not None and self.nodes.is_outdated(node):
            self._start(lambda: choice)

    def refresh(self) -> None:
        """Draw the part from the scene and the work going on."""
        settings = self._settings
        segments = list(names_of(settings.segmentation).items())
        images = [(name, image_title(name)) for name in settings.images]
        self.view.show_choices(
            segments, images, [(name, feature_name(name)) for name in features(settings.image_types.ibsi)]
        )
        if self.work.is_working:
            self.view.run.show_working(*self.work.progress)
        else:
            self.view.run.show_ready(settings.volume is not None and bool(segments))
        maps = self.nodes.all()
        if self._node() is None:
            self._shown = ""
        self.view.show_maps([(node.GetID(), node.GetName()) for node in maps], self._shown, self._text())
        self.view.again.setEnabled(self._is_outdated() and not self.work.is_working)
        choices = [choice for node in maps if (choice := self.nodes.choice_of(node)) is not None]
        self.edits.follow(*{choice.segmentation.GetID(): choice.segmentation for choice in choices}.values())

    def forget(self) -> None:
        """The scene is being closed."""
        self._timer.stop()
        self.edits.stop()
        self.work.forget()
        self._shown = self._problem = ""

    def cleanup(self) -> None:
        """The module goes away."""
        self.forget()
        self._guard.removeObservers()
        self.work.stop()

    def _chosen(self) -> MapChoice:
        """What a person asks for."""
        settings, view = self._settings, self.view
        segment, feature = view.segment.currentData or "", view.feature.currentData or ""
        image, radius = view.image.currentData or "original", int(view.radius.value)
        return MapChoice(settings.volume, settings.segmentation, segment, feature, radius, image, settings.parameters())

    def _start(self, choose: Callable[[], MapChoice]) -> None:
        self._problem = ""
        try:
            choice = choose()
            if choice.volume is None or choice.segmentation is None or not choice.segment:
                raise InputError(_("Choose an image and a segment first."))
            self.work.start(choice)
        except ReadingRoomError as error:
            self._problem = str(error)
        else:
            self._timer.start()
        self.refresh()

    def _node(self) -> Any:
        return next((node for node in self.nodes.all() if node.GetID() == self._shown), None)

    def _choice(self) -> MapChoice | None:
        """What the shown map is of, be it from before an edit or the change after it."""
        node = self._node()
        return self.nodes.choice_of(node) if node is not None else None

    def _show_made(self) -> None:
        """Show the map that was just made; where its change was looked at, that of now."""
        made, shown = self.work.made, self._node()
        node = slicer.mrmlScene.GetNodeByID(made)
        stays = shown is not None and is_change(shown) and shown.GetAttribute(KEY) == node.GetAttribute(KEY)
        self.choose(self._shown if stays else made)

    def _is_outdated(self) -> bool:
        choice = self._choice()
        node = self.nodes.find(choice) if choice is not None else None
        return node is not None and self.nodes.is_outdated(node)

    def _text(self) -> str:
        if self._problem:
            return self._problem
        node = self._node()
        if node is None:
            return ""
        said = [self._mean_text(node), *self.work.notes]
        if self._is_outdated():
            said.append(_("The segment was edited since: this map is out of date."))
        return "\n".join(said)

    def _mean_text(self, node: Any) -> str:
        """The mean of the map and, after an edit, of the one before."""
        if is_change(node):
            text = _("Mean of the change where both maps have values: {mean}.")
            return text.format(mean=number_text(mean_of(node)))
        before, choice = self.nodes.before(node), self.nodes.choice_of(node)
        if before is None or choice is None:
            return _("Mean over the segment: {mean}.").format(mean=number_text(mean_of(node)))
        now, earlier = mean_of(self.nodes.find(choice)), mean_of(before)
        return _("Mean over the segment: {now}, before the edit {before} ({change}).").format(
            now=number_text(now), before=number_text(earlier), change=change_text(now, earlier)
        )
