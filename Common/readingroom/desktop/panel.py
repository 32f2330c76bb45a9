"""The panel that all modules share: what happens when a person touches it, and what it shows when something changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qt
import slicer
import vtk
from slicer.i18n import tr as _

from ..errors import EngineError, InputError, ReadingRoomError, RefusedError, SetupError
from ..reading import Reading
from . import choices, slice_views
from .features.section import FeaturesSection
from .installed import bundle_title, bundles_for
from .kept_reading import KeptReading, as_text
from .layers import Layers
from .module import ReadingModule
from .overlay_guard import OverlayGuard
from .panel_views import PanelViews
from .session import ReadRequest, Session
from .studies import studies_in_scene
from .verdicts import Verdicts

_POLL_MILLISECONDS = 50


class ReadingPanel(slicer.util.VTKObservationMixin):
    """Reads the chosen study in the worker process and shows what came of it.

    Parameters
    ----------
    module : what makes this module differ from the others
    session : the work in the worker process; the panel asks it how far it is, but does not own it
    """

    def __init__(self, module: ReadingModule, session: Session) -> None:
        super().__init__()
        self.module = module
        self.session = session
        self.layers = Layers(module.name)
        self._guard = OverlayGuard(self.layers)
        self.parameters: Any = None  # a PanelParameters, or None while the scene is closed
        self._writing = False
        self._being_read: Any = None
        self._kept = KeptReading()
        self.judging = Verdicts(self)
        self.features = FeaturesSection(f"{module.name}.Features") if module.features else None
        self.views = PanelViews(module, self)
        self.widget = self.views.widget
        self._timer = qt.QTimer(self.widget)
        self._timer.setInterval(_POLL_MILLISECONDS)
        self._timer.timeout.connect(lambda *_args: self.poll())
        self._late = qt.QTimer(self.widget)  # many nodes come and go at once: list them when that is over
        self._late.setSingleShot(True)
        self._late.setInterval(0)
        self._late.timeout.connect(lambda *_args: self.refresh())
        scene = slicer.mrmlScene
        for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndImportEvent):
            self.addObserver(scene, event, self._scene_changed)

    # Life

    def set_parameters(self, parameters: Any) -> None:
        """Work with this `PanelParameters` from now on; None while the scene is closed."""
        if self.parameters is not None:
            self.removeObserver(self.parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self._parameters_changed)
        self.parameters = parameters
        self.views.message.hide()
        if parameters is not None:
            self.addObserver(parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self._parameters_changed)
            self.list_bundles()
        self.refresh()

    def warm(self) -> None:
        """The panel is opened with a study in the scene: a read is near, so load the network."""
        parameters = self.parameters
        if parameters is not None and parameters.volume is not None and parameters.bundle:
            self.session.warm(parameters.bundle, parameters.device)

    def forget(self) -> None:
        """The scene is being closed: stop the work, let go of its nodes."""
        self._timer.stop()
        self._late.stop()
        self.session.forget()
        self._being_read = None
        self.set_parameters(None)

    def cleanup(self) -> None:
        """The module goes away."""
        self.forget()
        if self.features is not None:
            self.features.cleanup()
        self.removeObservers()
        self._guard.removeObservers()

    # What a person does

    def choose_study(self, node_id: str) -> None:
        """Select a study and show it in the slice views."""
        volume = slicer.mrmlScene.GetNodeByID(node_id) if node_id else None
        self.change("volume", volume)
        self.views.message.hide()
        if volume is not None:
            slice_views.show_study(volume)
        self.display_layers()
        self.refresh()

    def next_study(self) -> None:
        """Go on with the study after this one; after the last comes the first."""
        studies = studies_in_scene()
        if self.parameters is None or not studies or self.session.state == "working":
            return
        ids = [volume.GetID() for volume in studies]
        chosen = self.parameters.volume.GetID() if self.parameters.volume is not None else None
        self.choose_study(ids[(ids.index(chosen) + 1) % len(ids)] if chosen in ids else ids[0])

    def choose_bundle(self, name: str) -> None:
        """Read with this bundle."""
        self.change("bundle", name)
        self.refresh()

    def read_or_cancel(self) -> None:
        """The one button."""
        if self.session.state == "working":
            self.session.cancel()
            self._timer.stop()
            self.refresh()
        else:
            self._read(force=False)

    def read_anyway(self) -> None:
        """Overrule the check that ended the read."""
        self._read(force=True)

    def toggle_map(self) -> None:
        """Show or hide the heat map."""
        if self.parameters is not None:
            self.change_display("mapVisible", not self.parameters.mapVisible)

    def change(self, name: str, value: Any) -> None:
        """Write one parameter. The panel already shows it, so nothing is drawn again."""
        if self.parameters is None:
            return
        self._writing = True
        try:
            self.parameters.setValue(name, value)
        finally:
            self._writing = False

    def change_display(self, name: str, value: Any) -> None:
        """Write one parameter of the heat map and show it so."""
        self.change(name, value)
        self.display_layers()
        self.refresh()

    def export(self) -> None:
        """Write the report, verdicts included."""
        self.judging.finish_comments()
        reading, parameters = self.reading, self.parameters
        if reading is None or parameters is None:
            return
        folder = Path(parameters.readingFolder)
        if not folder.is_dir():
            sentence = _("The pictures of this reading are no longer on disk: read the study again, then write.")
            self._show_error(InputError(sentence))
            return
        self.views.message.hide()
        self.views.report.show_written([])
        out = Path(parameters.exportFolder or Path.home())
        self.session.start_report(
            reading, folder, out, list(parameters.formats), parameters.pageSize, parameters.anonymous
        )
        self._follow()

    # What the worker does

    def poll(self) -> None:
        """Take in what the worker said, and show it."""
        if not self.session.poll():
            return
        if self.session.state == "working":
            self.views.read.show_working(*self.session.progress)
            return
        self._timer.stop()
        if self.session.state == "failed":
            self._show_error(self.session.error)
        elif self.session.work == "read":
            self._take_reading()
        self.refresh()
        if self.session.state == "done" and self.session.work == "report":
            self.views.report.show_written(self.session.files)

    def _read(self, force: bool) -> None:
        if self.parameters is None or self.session.state == "working":
            return
        self.views.message.hide()
        self._being_read = self.parameters.volume
        try:
            study = self.module.make_study(self._being_read, self.session.new_folder("study"))
        except ReadingRoomError as error:
            self._show_error(error)
            return
        request = ReadRequest(self.module.reader, study, self.parameters.bundle, self.parameters.device, force)
        self.session.start_read(request)
        self._follow()

    def _follow(self) -> None:
        """ProgressCallback the work that was just begun."""
        self._timer.start()
        self.refresh()
        self.poll()

    def _take_reading(self) -> None:
        reading, volume = self.session.reading, self._being_read
        if reading is None or self.parameters is None:
            return
        if volume.GetScene() is None:
            gone = _("'{name}' was removed while it was read, so there is nothing to show.")
            self._show_error(InputError(gone.format(name=volume.GetName())))
            return
        self.change("readingFolder", str(self.session.folder))
        self.change("readVolume", volume)
        self.change("finding", choices.first_finding(reading).name)
        self.change("reading", as_text(reading))
        self.views.report.show_written([])
        try:
            self.layers.show(reading, Path(str(self.session.folder)), volume)
        except ReadingRoomError as error:
            self._show_error(error)
        self.display_layers()

    def _show_error(self, error: ReadingRoomError | None) -> None:
        details = error.detail if isinstance(error, EngineError) else ""
        if isinstance(error, SetupError):
            home = _("Open Reading Room")
            self.views.message.show(str(error), details, home, lambda: slicer.util.selectModule("ReadingRoomHome"))
        elif isinstance(error, RefusedError):  # its sentences stand among the checks
            self.views.message.show(_("Not read: a check advises against it, see below."))
        else:
            self.views.message.show(str(error), details)
        self._draw_checks()

    # What is shown

    @property
    def reading(self) -> Reading | None:
        """The last reading, if it is one of the study that is chosen now: no number may stand beside another image."""
        if self.parameters is None or self.parameters.readVolume is not self.parameters.volume:
            return None
        return self._kept.reading_of(self.parameters)

    def refresh(self) -> None:
        """Draw the panel from the parameters and the session. The scene is left alone."""
        parameters = self.parameters
        working = self.session.state == "working"
        self.views.study.set_enabled(parameters is not None and not working)
        if parameters is not None:
            self._draw_studies(parameters)
            self.views.study.show_device(parameters.device)
        if working:
            self.views.read.show_working(*self.session.progress)
        else:
            ready = parameters is not None and parameters.volume is not None and bool(parameters.bundle)
            self.views.read.show_ready(ready)
        self.views.show_reading(self.reading, parameters, writing_possible=not working)
        self._draw_checks()

    def list_bundles(self) -> None:
        """Offer the installed bundles of this reader; keep the chosen one when it is still there."""
        if self.parameters is None:
            return
        titles = {bundle.name: bundle_title(bundle) for bundle in bundles_for(self.module.reader)}
        if self.parameters.bundle not in titles:
            self.change("bundle", next(iter(titles), ""))
        self.views.study.show_bundles(list(titles.items()), self.parameters.bundle)

    def _draw_studies(self, parameters: Any) -> None:
        studies = studies_in_scene()
        if parameters.volume is None and studies:
            self.change("volume", studies[0])
        chosen = parameters.volume.GetID() if parameters.volume is not None else ""
        self.views.study.show_studies([(volume.GetID(), volume.GetName()) for volume in studies], chosen)

    def _draw_checks(self) -> None:
        """The checks of the reading, or of the read that a check ended."""
        error, parameters = self.session.error, self.parameters
        if isinstance(error, RefusedError) and parameters is not None and self._being_read is parameters.volume:
            self.views.show_checks(error.checks, (), refused=True)
        elif self.reading is not None:
            self.views.show_checks(self.reading.checks, self.reading.provenance.notes, refused=False)
        else:
            self.views.show_checks((), (), refused=False)

    def display_layers(self) -> None:
        """Show the map over the study it belongs to, and nothing over any other."""
        parameters = self.parameters
        if parameters is None:
            return
        here = self.reading is not None
        self.layers.display(
            parameters.readVolume,
            parameters.finding,
            map_visible=here and parameters.mapVisible,
            opacity=parameters.opacity,
            color_table=parameters.colorTable,
            box_visible=here and parameters.boxVisible,
            segments_visible=here and parameters.segmentsVisible,
        )

    def keep(self, reading: Reading) -> None:
        """Remember a reading that a person changed, and show it so."""
        self.change("reading", as_text(reading))
        self.refresh()

    def _parameters_changed(self, _caller: Any = None, _event: Any = None) -> None:
        if not self._writing:
            self.refresh()
            self.display_layers()

    def _scene_changed(self, _caller: Any = None, _event: Any = None) -> None:
        if self.parameters is not None:
            self._late.start()
