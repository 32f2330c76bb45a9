"""The panel that all modules share: what happens when a person touches it, and what it shows when something changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
import vtk
from slicer.i18n import tr as _

from ..errors import EngineError, ReadingRoomError, RefusedError, SetupError
from ..reading import Reading
from . import choices, settings
from .display import Display
from .features.section import FeaturesSection
from .growing import Growing
from .inputs import Inputs
from .installed import bundle_title, bundle_use, bundles_for
from .layers import OverlayGuard
from .logic import ReadingLogic
from .panel_views import PanelViews
from .reading_layout import ReadingLayout
from .reading_window import ReadingWindow
from .region_edits import RegionEdits
from .scene import own_volumes
from .selection import Selection
from .verdicts import Verdicts

_POLL_MILLISECONDS = 50


class ReadingPanel(slicer.util.VTKObservationMixin):
    """Reads the chosen study in the worker process and shows what came of it.

    What there is to choose follows from the reader's description of itself.

    Parameters
    ----------
    logic : reads; the panel shows what it does
    features : whether the panel has a section that measures segments
    """

    def __init__(self, logic: ReadingLogic, features: bool = False) -> None:
        super().__init__()
        self.logic = logic
        self.reader = logic.reader
        self.session = logic.session
        self.layers = logic.layers
        self._guard = OverlayGuard(self.layers)
        self.parameters: Any = None  # a PanelParameters, or None while the scene is closed
        self.inputs: Inputs | None = None  # the same node, by role
        self._writing = False
        self._connections: Any = None
        self.selection = Selection(self)
        self.display = Display(self)
        self.verdicts = Verdicts(self)
        self.layout = ReadingLayout(self.reader, self.layers.keep_with_study)  # legends are sized for it
        self.window = ReadingWindow(self.reader)
        self.features = FeaturesSection(f"{logic.nodes.owner}.Features") if features else None
        self.views = PanelViews(self)
        self.widget = self.views.widget
        self.region_edits = RegionEdits(self)
        self.growing = Growing(self)
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
            self.parameters.disconnectGui(self._connections)
        self.parameters = parameters
        self.inputs = Inputs(self.reader, parameters) if parameters is not None else None
        self.views.message.hide()
        if parameters is not None:
            self._connections = parameters.connectParametersToGui(self.views.connected)
            self.addObserver(parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self._parameters_changed)
            self.list_bundles()
        self.refresh()

    def enter(self) -> None:
        """The module is opened: arrange the views, and load the network, since a read is near."""
        if self.features is not None:
            self.features.enter()
        if self.parameters is None or self.inputs is None:
            return
        if settings.reading_layout():
            self.layout.use(self.inputs.images)
            self.display.arrange()
        self.window.use(self.inputs.images)
        self.region_edits.follow()
        if self.parameters.bundle:
            self.session.warm(self.parameters.bundle, self.parameters.device)

    def exit(self) -> None:
        """Another module is opened."""
        self.layout.leave()
        self.window.leave()

    def forget(self) -> None:
        """The scene is being closed: stop the work, let go of its nodes."""
        self._timer.stop()
        self._late.stop()
        self.session.forget()
        self.region_edits.stop()
        self.growing.stop()
        self.layout.unlink()
        self.window.leave()
        self.logic.being_read = {}
        self.logic.before = None
        self.set_parameters(None)

    def cleanup(self) -> None:
        """The module goes away."""
        self.forget()
        if self.features is not None:
            self.features.cleanup()
        self.layout.leave()
        self.views.study.cleanup()
        self.removeObservers()
        self._guard.removeObservers()

    # What a person does

    def read_or_cancel(self) -> None:
        """The one button."""
        if self.session.state == "working":
            self.logic.cancel()
            self._timer.stop()
            self.refresh()
        else:
            self._read(force=False)

    def read_anyway(self) -> None:
        """Overrule the check that ended the read."""
        self._read(force=True)

    def change(self, name: str, value: Any) -> None:
        """Write one parameter. The panel already shows it, so nothing is drawn again."""
        if self.parameters is not None:
            self.write(lambda _inputs: self.parameters.setValue(name, value))

    def export(self) -> None:
        """Write the report, verdicts included."""
        self.verdicts.finish_comments()
        parameters = self.parameters
        if self.reading is None or parameters is None:
            return
        self.views.message.hide()
        self.views.report.show_written([])
        out = Path(parameters.exportFolder or Path.home())
        try:
            self.logic.start_report(
                out, list(parameters.formats), parameters.pageSize, parameters.anonymous, parameters.prevalence / 100
            )
        except ReadingRoomError as error:
            self.show_error(error)
            return
        self.follow()

    # What the worker does

    def poll(self) -> None:
        """Take in what the worker said, and show it."""
        if not self.session.poll():
            return
        if self.session.work == "read":
            self._take()
        if self.session.state == "working":
            self._draw_work()
            return
        self._timer.stop()
        if self.session.state == "failed":
            self.show_error(self.session.error)
        elif self.session.state == "done" and self.session.work == "grow":
            self._take_grown()
        self.refresh()
        if self.session.state == "done" and self.session.work == "report":
            self.views.report.show_written(self.session.files)

    def _read(self, force: bool) -> None:
        if self.parameters is None or self.inputs is None or self.session.state == "working":
            return
        self.views.message.hide()
        if not self.selection.finish_facts():
            return
        try:
            with slicer.util.WaitCursor():  # a chest CT is written to disk first
                chosen, wanted = self.inputs.chosen, self.parameters
                self.logic.start_read(chosen, wanted.bundle, wanted.device, force, list(wanted.options))
        except ReadingRoomError as error:
            self.show_error(error)
            return
        self.follow()

    def _take_grown(self) -> None:
        try:
            with self.views.study.drawing():
                self.growing.take()
        except ReadingRoomError as error:
            self.show_error(error)

    def follow(self) -> None:
        """Look from time to time how far the work is that was just begun."""
        self._timer.start()
        self.refresh()
        self.poll()

    def _take(self) -> None:
        """Show a new answer; the same answer again, tested, leaves everything where it is."""
        if self.parameters is None:
            return
        shown = self.logic.kept.reading
        try:
            with self.views.study.drawing():
                if not self.logic.take():
                    return
        except ReadingRoomError as error:
            self.session.cancel()
            self.show_error(error)
        reading = self.logic.kept.reading
        if reading is None:
            return
        if shown is None or not choices.is_same_read(shown, reading):
            self.views.report.show_written([])
            self.display.arrange()  # which puts the views on their middle slices
            self.verdicts.choose_finding(choices.first_finding(reading))
        self.region_edits.follow()
        self.display.layers()
        self.refresh()

    def show_error(self, error: ReadingRoomError | None) -> None:
        """Say what went wrong."""
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
        """The last reading, if it is of the images that are chosen now: no number may stand beside another image."""
        if self.inputs is None or not self.logic.kept.is_of(self.inputs.images):
            return None
        return self.logic.kept.reading

    def refresh(self) -> None:
        """Draw the panel from the parameters and the session; of the scene, only how images are displayed changes."""
        parameters, inputs = self.parameters, self.inputs
        working = self.session.state == "working"
        self.views.set_inputs_enabled(parameters is not None and not working)
        if parameters is not None and inputs is not None:
            hidden = [volume.GetID() for volume in own_volumes()]
            self.selection.take_first_image()
            self.selection.find_priors()
            self.display.plot_view()
            self.layout.follow(inputs.images)
            self.window.show(inputs.images)  # an image that comes has no display at first
            self.views.show_inputs(inputs, hidden)
            self.views.study.show_priors(self.selection.of_priors)
            self.views.study.show_growing(self.growing.placing, inputs)
            self.views.study.show_device(parameters.device)
            self.views.study.show_options(list(parameters.options))
            self.views.study.show_layout(settings.reading_layout())
            self.views.study.show_window(self.window.chosen)
        if working:
            self._draw_work()
        else:
            missing = inputs.missing if inputs is not None else ""
            ready = parameters is not None and not missing and bool(parameters.bundle)
            self.views.read.show_ready(ready, missing)
        reading = self.reading
        before = self.logic.before if reading is not None else None
        self.views.show_reading(
            reading,
            before,
            parameters,
            levels=self.layers.have_levels,
            working=working,
            testing=self.session.is_testing,
        )
        self._draw_checks()

    def list_bundles(self) -> None:
        """Offer the installed bundles of this reader; keep the chosen one when it is still there."""
        if self.parameters is None:
            return
        found = {bundle.name: bundle for bundle in bundles_for(self.reader.name)}
        if self.parameters.bundle not in found:
            self.change("bundle", next(iter(found), ""))
        chosen = self.parameters.bundle
        titles = [(name, bundle_title(bundle)) for name, bundle in found.items()]
        self.views.study.show_bundles(titles, chosen, bundle_use(found[chosen]) if chosen in found else "")

    def _draw_work(self) -> None:
        fraction, sentence = self.session.progress
        if self.session.is_testing:
            self.views.read.show_working(fraction, sentence, _("Stop testing"), _("The answer stays, untested."))
        else:
            self.views.read.show_working(fraction, sentence)

    def _draw_checks(self) -> None:
        """The checks of the reading, or of the read that a check ended."""
        error, inputs = self.session.error, self.inputs
        if isinstance(error, RefusedError) and inputs is not None and self.logic.being_read == inputs.images:
            self.views.show_checks(error.checks, (), refused=True)
        elif self.reading is not None:
            self.views.show_checks(self.reading.checks, self.reading.provenance.notes, refused=False)
        else:
            self.views.show_checks((), (), refused=False)

    def keep(self, reading: Reading) -> None:
        """Remember a reading that a person changed, and show it so."""
        self.logic.kept.update(reading)
        self.refresh()

    def write(self, change: Callable[[Inputs], None]) -> None:
        """Change the parameters without drawing anything."""
        if self.inputs is None:
            return
        self._writing = True
        try:
            change(self.inputs)
        finally:
            self._writing = False

    def _parameters_changed(self, _caller: Any = None, _event: Any = None) -> None:
        if not self._writing:
            self.refresh()
            self.display.layers()

    def refresh_late(self) -> None:
        """Draw the panel when the application is idle: many nodes come and go at once."""
        if self.parameters is not None:
            self._late.start()

    def _scene_changed(self, _caller: Any = None, _event: Any = None) -> None:
        self.refresh_late()
