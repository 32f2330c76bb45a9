"""The section "Features" that every panel can show: choose, measure, look, and measure again after an edit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from ...errors import EngineError, ReadingRoomError
from ...files import write_text
from ..installed import bundle_title, bundles_for
from .edits import EditWatch
from .image_types import ImageTypes
from .maps import FeatureMaps
from .measurement_request import FeatureSettings, available_engines
from .views import FeaturesViews
from .work import FeatureWork

_POLL_MILLISECONDS = 50


class FeaturesSection(slicer.util.VTKObservationMixin):
    """Measures segments of an image and shows their features.

    What is shown is what the table node of the chosen segmentation holds, so it comes and goes with the scene. Edits
    are followed while the section is unfolded, be its module the open one or not: Segment Editor is a module too.

    Parameters
    ----------
    owner : who owns the tables: ``ReadingRoomHome``
    client : does the work; None for a worker process of its own, so that a read is never in the way
    """

    def __init__(self, owner: str, client: Any = None) -> None:
        super().__init__()
        self.work = FeatureWork(owner, client)
        self.settings = FeatureSettings(owner)
        self._shown = ""  # segment; empty for all side by side
        self._open = True
        self.views = FeaturesViews(self)
        self.widget = self.views.widget
        self.maps = FeatureMaps(owner, self.settings, self._makes_again, client)
        self.views.add(self.maps.view.widget)
        self.edits = EditWatch(self.widget, self._measure_edited)
        self._timer = _timer(self.widget, _POLL_MILLISECONDS, self.poll)
        self._late = _timer(self.widget, 0, self.refresh)
        self._late.setSingleShot(True)  # many nodes come and go at once: list them when that is over
        scene = slicer.mrmlScene
        for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndImportEvent, scene.EndCloseEvent):
            self.addObserver(scene, event, self._scene_changed)
        self.addObserver(scene, scene.StartCloseEvent, self._scene_closes)

    # Life

    def enter(self) -> None:
        """The panel is opened."""
        from ...radiomics.signature.signature import READER

        signatures = {bundle.name: bundle_title(bundle) for bundle in bundles_for(READER)}
        engines = available_engines()
        if self.settings.bundle not in signatures:
            self.settings.bundle = ""
        self.settings.recall_image_types()  # another panel may have chosen since
        if self.settings.engine not in engines:
            self.settings.engine = next(iter(engines))
        self.views.settings.show_signatures(list(signatures.items()), self.settings.bundle)
        self.views.settings.show_engines(engines, self.settings.engine)
        self.refresh()

    def set_open(self, is_open: bool) -> None:
        """The section is folded, which stops what follows edits, or unfolded."""
        self._open = is_open
        if not is_open and self.work.follows_edit:
            self._cancel()
        self.follow_edits()
        self.refresh()

    def cleanup(self) -> None:
        """The module goes away."""
        self._forget()
        self.removeObservers()
        self.work.stop()
        self.maps.cleanup()

    # What a person does

    def choose_image(self, node_id: str) -> None:
        """Measure this volume."""
        self.settings.image_id = node_id
        self.refresh()

    def choose_segmentation(self, node_id: str) -> None:
        """Measure segments of this segmentation."""
        self.settings.choose_segmentation(node_id)
        self._shown = ""
        self.views.message.hide()
        self.refresh()

    def choose_segments(self, keys: list[str]) -> None:
        """Measure these segments."""
        self.settings.choose_segments(keys)
        self.refresh()

    def choose_signature(self, name: str) -> None:
        """Score with this bundle; empty for features alone."""
        self.settings.bundle = name
        self.refresh()

    def choose_parameter_file(self, path: str) -> None:
        """Measure with the parameters of this file; empty for the default ones."""
        self.settings.choose_parameter_file(path)
        self.refresh()

    def choose_image_types(self, types: ImageTypes) -> None:
        """Measure these images."""
        self.settings.choose_image_types(types)
        self.refresh()

    def choose_definitions(self, ibsi: bool) -> None:
        """Measure by IBSI's definitions, or by PyRadiomics'."""
        self.settings.choose_definitions(ibsi)
        self.refresh()

    def choose_engine(self, name: str) -> None:
        """Measure with this engine."""
        self.settings.engine = name
        self.refresh()

    def choose_shown(self, key: str) -> None:
        """Show the features of this segment; empty for all side by side."""
        self._shown = key
        self.refresh()

    def follow_edits(self) -> None:
        """Watch the measured segmentation, or stop that, as the person wants it."""
        request = self.work.request
        wanted = self._open and request is not None and bool(self.views.settings.again.isChecked())
        self.edits.follow(*([request.segmentation] if wanted and request is not None else []))
        if wanted and self.work.is_outdated:
            self.edits.later()

    def measure_or_cancel(self) -> None:
        """The one button."""
        if self.work.is_working:
            self._cancel()
            self.refresh()
            return
        self.views.message.hide()
        self._try(lambda: self.work.measure(self.settings.request()))

    def export(self) -> None:
        """Write the table to a file that the person chooses."""
        suggested = str(Path.home() / "features.csv")
        path = qt.QFileDialog.getSaveFileName(None, _("Write features"), suggested, _("Tables (*.csv)"))
        results = self.work.results_of(self.settings.segmentation)
        if not path or results is None:
            return
        self.views.message.hide()
        try:
            write_text(Path(str(path)), results.csv())
        except ReadingRoomError as error:
            self._show_error(error)
        else:
            self.views.table.say(_("Written to {file}.").format(file=path))

    # What the worker does

    def poll(self) -> None:
        """Take in what the worker said, and show it."""
        if not self.work.poll():
            return
        if self.work.is_working:
            self.views.run.show_working(*self.work.progress)
        else:
            self._ended()

    def _measure_edited(self) -> None:
        """A second has passed since the last stroke. While something is measured, its end looks here again."""
        if self._open:
            self._try(self.work.measure_edited)

    def _try(self, begin: Callable[[], None]) -> None:
        try:
            with slicer.util.WaitCursor():  # a chest CT is written to disk first
                begin()
        except ReadingRoomError as error:
            self._show_error(error)
        if self.work.is_working:
            self._timer.start()
            self.refresh()
        else:
            self._ended()

    def _ended(self) -> None:
        self._timer.stop()
        if self.work.error is not None:
            self._show_error(self.work.error)
        self.follow_edits()
        self.refresh()

    def _cancel(self) -> None:
        self._timer.stop()
        self.work.cancel()

    def _show_error(self, error: ReadingRoomError) -> None:
        self.views.message.show(str(error), error.detail if isinstance(error, EngineError) else "")

    # What is shown

    def refresh(self) -> None:
        """Draw the section from the scene and the work going on. The scene is left alone."""
        settings, work = self.settings, self.work
        settings.settle()
        self._follow_names()
        results = work.results_of(settings.segmentation)
        self.views.show_settings(settings, results, work.busy)
        if work.is_working:
            self.views.run.show_working(*work.progress)
        else:
            self.views.run.show_ready(settings.volume is not None and bool(settings.segments))
        self._shown = self.views.show_results(results, self._shown)
        self.maps.refresh()

    def _makes_again(self) -> bool:
        return self._open and bool(self.views.settings.again.isChecked())

    def _follow_names(self) -> None:
        """List segments again when one is added, removed or renamed."""
        segmentation = self.settings.segmentation
        inner = segmentation.GetSegmentation() if segmentation is not None else None
        if inner is None or self.hasObserver(inner, inner.SegmentAdded, self._scene_changed):
            return
        for event in (inner.SegmentAdded, inner.SegmentRemoved, inner.SegmentModified):
            self.addObserver(inner, event, self._scene_changed)

    # The scene

    def _scene_changed(self, _caller: Any = None, _event: Any = None) -> None:
        self._late.start()

    def _scene_closes(self, _caller: Any = None, _event: Any = None) -> None:
        self._forget()

    def _forget(self) -> None:
        """Stop the work, let go of the nodes."""
        self._late.stop()
        self._timer.stop()
        self.edits.stop()
        self.work.forget()
        self.maps.forget()
        self.settings.clear()
        self._shown = ""
        self.views.message.hide()


def _timer(parent: Any, milliseconds: int, slot: Callable[[], None]) -> Any:
    timer = qt.QTimer(parent)
    timer.setInterval(milliseconds)
    timer.timeout.connect(lambda *_args: slot())
    return timer
