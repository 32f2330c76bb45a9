"""The section "Features" that every panel can show: choose, measure, look, and measure again after an edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from ...errors import EngineError, InputError, ReadingRoomError
from ...files import write_text
from .. import slicer_radiomics
from ..installed import bundle_title, bundles_for
from ..studies import studies_in_scene
from . import table_node
from .edits import EditWatch
from .engines import SLICER, available_engines
from .exports import Exports
from .measurement import Measurement, MeasureRequest
from .results import MeasuredSegment, Region, Results, failed
from .segment_masks import SegmentMask, masks_on, write_masks
from .views import FeaturesViews

SIGNATURES = "radiomics"  # the reader whose bundles are signatures
_POLL_MILLISECONDS = 50


@dataclass(frozen=True)
class Order:
    """What a person asked to be measured, and how; an edited segment is measured in the same way."""

    volume: Any
    segmentation: Any
    names: Mapping[str, str]
    parameters: Mapping[str, Any]
    engine: str
    bundle: str


class FeaturesSection(slicer.util.VTKObservationMixin):
    """Measures segments of an image in a worker process of its own and keeps the features in a table node.

    What is shown is what the table node of the chosen segmentation holds, so it comes and goes with the scene.

    Parameters
    ----------
    owner : who owns the tables: ``ReadingRoomHome``
    client : does the work; None for a worker process of its own, which starts at the first measurement
    """

    def __init__(self, owner: str, client: Any = None) -> None:
        super().__init__()
        from ...engine.client import WorkerClient

        self._owner = owner
        self.measurement = Measurement(client or WorkerClient())
        self._exports = Exports(self.measurement.folder)
        self._image_id = self._segmentation_id = self._bundle = self._shown = ""
        self._engine = "readingroom"
        self._left_out: set[tuple[str, str]] = set()  # segmentation node ID and segment that are not to be measured
        self._order: Order | None = None
        self._masks: dict[str, SegmentMask] = {}  # being measured
        self._after_edit = False
        self._open = True
        self._kept: tuple[str, Results | None] = ("", None)
        self.views = FeaturesViews(self)
        self.widget = self.views.widget
        self.edits = EditWatch(self.widget, self._measure_edited)
        self._timer = _timer(self.widget, _POLL_MILLISECONDS, self.poll)
        self._late = _timer(self.widget, 0, self.refresh)
        self._late.setSingleShot(True)  # many nodes come and go at once: list them when that is over
        self._watch_scene()

    # Life

    def enter(self) -> None:
        """The panel is opened."""
        signatures = {bundle.name: bundle_title(bundle) for bundle in bundles_for(SIGNATURES)}
        self._bundle = self._bundle if self._bundle in signatures else ""
        self.views.choices.show_signatures(list(signatures.items()), self._bundle)
        engines = available_engines()
        self._engine = self._engine if self._engine in engines else "readingroom"
        self.views.choices.show_engines(engines, self._engine)
        self.refresh()

    def set_open(self, is_open: bool) -> None:
        """The section is folded, which stops what follows edits, or unfolded."""
        self._open = is_open
        if not is_open and self._after_edit and self.measurement.state == "working":
            self._stop_work()
        self.follow_edits()
        self.refresh()

    def forget(self) -> None:
        """The scene is being closed: stop the work, let go of its nodes."""
        self._late.stop()
        self._stop_work()
        self.edits.stop()
        self._exports.clear()
        self._order = None
        self._image_id = self._segmentation_id = self._shown = ""
        self._left_out.clear()
        self.views.message.hide()

    def cleanup(self) -> None:
        """The module goes away."""
        self.forget()
        self.removeObservers()
        self.measurement.stop()

    # What a person does

    def choose_image(self, node_id: str) -> None:
        """Measure this volume."""
        self._image_id = node_id
        self.refresh()

    def choose_segmentation(self, node_id: str) -> None:
        """Measure segments of this segmentation, over the image that it was drawn on if that is known."""
        self._segmentation_id, self._shown = node_id, ""
        role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
        image = self.segmentation.GetNodeReference(role) if self.segmentation is not None else None
        if image is not None:
            self._image_id = image.GetID()
        self.views.message.hide()
        self.refresh()

    def choose_segments(self, keys: list[str]) -> None:
        """Measure these segments of the chosen segmentation."""
        here = {(self._segmentation_id, key) for key in _names(self.segmentation)}
        self._left_out = (self._left_out - here) | {pair for pair in here if pair[1] not in keys}
        self.refresh()

    def choose_signature(self, name: str) -> None:
        """Score with this bundle; empty for features alone."""
        self._bundle = name
        self.refresh()

    def choose_engine(self, name: str) -> None:
        """Measure with this engine."""
        self._engine = name
        self.refresh()

    def choose_shown(self, key: str) -> None:
        """Show the features of this segment; empty for all side by side."""
        self._shown = key
        self.refresh()

    def follow_edits(self) -> None:
        """Watch the measured segmentation, or stop that, as the person wants it."""
        wanted = self._open and self._order is not None and bool(self.views.choices.again.isChecked())
        self.edits.follow(self._order.segmentation if wanted and self._order is not None else None)

    def measure_or_cancel(self) -> None:
        """The one button."""
        if self.measurement.state == "working":
            self._stop_work()
            self.refresh()
            return
        self.views.message.hide()
        try:
            order = self._new_order()
            masks = masks_on(order.volume, order.segmentation, list(order.names))
            self._begin(order, masks, after_edit=False)
        except ReadingRoomError as error:
            self._show_error(error)

    def export(self) -> None:
        """Write the table to a file that the person chooses."""
        results = self.results
        if results is None:
            return
        suggested = str(Path.home() / "features.csv")
        path = qt.QFileDialog.getSaveFileName(None, _("Write features"), suggested, _("Tables (*.csv)"))
        if path:
            self.write_csv(Path(str(path)))

    def write_csv(self, path: Path) -> None:
        """Write all features of the shown results."""
        if self.results is None:
            return
        self.views.message.hide()
        try:
            write_text(path, self.results.csv())
        except ReadingRoomError as error:
            self._show_error(error)
        else:
            self.views.table.say(_("Written to {file}.").format(file=path))

    # What the worker does

    def poll(self) -> None:
        """Take in what the worker said, and show it."""
        if self.measurement.poll():
            self._look()

    def _new_order(self) -> Order:
        volume, segmentation = self.volume, self.segmentation
        if volume is None:
            raise InputError(_("Choose an image first: load one, then select it."))
        if segmentation is None:
            raise InputError(_("Choose a segmentation first: draw one in Segment Editor, or load one."))
        names = {key: name for key, name in _names(segmentation).items() if key in self.chosen}
        if not names:
            raise InputError(_("Check at least one segment of '{name}'.").format(name=segmentation.GetName()))
        parameters = {} if self._bundle else _parameters(str(self.views.choices.parameters.currentPath))
        if self._bundle and self._engine == SLICER:
            raise InputError(_("A signature is measured with its own parameters: choose the engine Reading Room."))
        return Order(volume, segmentation, names, parameters, self._engine, self._bundle)

    def _begin(self, order: Order, masks: dict[str, SegmentMask], after_edit: bool) -> None:
        image = self._exports.image(order.volume)
        files = write_masks(masks, order.volume, self.measurement.folder("masks"))
        begin = _by_slicer(order.volume) if order.engine == SLICER else None
        self._order, self._masks, self._after_edit = order, masks, after_edit
        self._exports.remember(order.segmentation, masks)
        self.measurement.start(
            MeasureRequest(image, files, order.names, order.parameters, order.engine, order.bundle, begin)
        )
        self.follow_edits()
        self._timer.start()
        self._look()

    def _look(self) -> None:
        """Show how far the work is, and take in its end."""
        state = self.measurement.state
        if state == "working":
            self.views.run.show_working(*self.measurement.progress)
            if not self.views.choices.widget.enabled:
                return
        else:
            self._timer.stop()
        if state == "failed":
            self._exports.forget(self._masks)
            self._show_error(self.measurement.error)
        elif state == "done":
            self._take()
        self.refresh()

    def _take(self) -> None:
        order, regions = self._order, self._regions()
        if order is None:
            return
        if None in (order.volume.GetScene(), order.segmentation.GetScene()):
            self._show_error(InputError(_("Image or segmentation was removed while it was measured.")))
            return
        table = table_node.find_table(self._owner, order.segmentation)
        results = table_node.kept_results(table) if table is not None else None
        if not self._after_edit:
            segments = tuple(MeasuredSegment(key, name, regions[key]) for key, name in order.names.items())
            results = Results(order.volume.GetName(), _image_unit(order.volume), order.engine, segments)
        elif results is not None:
            results = results.with_edited(regions)
        if results is None:  # the person removed the table while an edit was measured
            return
        table_node.show_results(self._owner, results, order.volume, order.segmentation)
        if self._exports.may_be_edited(order.segmentation, self._measured_keys(results)):
            self.edits.later()

    def _regions(self) -> dict[str, Region]:
        """What came of each segment that was to be measured."""
        nothing = failed(_("No voxel of this segment lies on the image."))
        missing = failed(_("The engine gave nothing for this segment."))
        absent = {key: nothing if mask.is_empty else missing for key, mask in self._masks.items()}
        return {**absent, **self.measurement.regions}

    def _measure_edited(self) -> None:
        """A second has passed since the last stroke. While something is measured, its end looks here again."""
        order, results = self._order, self._results_of_order()
        if order is None or results is None or self.measurement.state == "working" or not self._open:
            return
        try:
            edited = self._exports.edited(order.volume, order.segmentation, self._measured_keys(results))
            if edited:
                self._begin(order, edited, after_edit=True)
        except ReadingRoomError as error:
            self._show_error(error)

    def _results_of_order(self) -> Results | None:
        """The results that an edit would change; None when image, segmentation or table are gone."""
        order = self._order
        if order is None or None in (order.volume.GetScene(), order.segmentation.GetScene()):
            return None
        table = table_node.find_table(self._owner, order.segmentation)
        return table_node.kept_results(table) if table is not None else None

    def _measured_keys(self, results: Results) -> list[str]:
        there = _names(self._order.segmentation if self._order is not None else None)
        return [segment.key for segment in results.segments if segment.key in there]

    def _stop_work(self) -> None:
        self._timer.stop()
        if self.measurement.state == "working":
            self._exports.forget(self._masks)
        self.measurement.cancel()

    def _show_error(self, error: ReadingRoomError | None) -> None:
        self.views.message.show(str(error), error.detail if isinstance(error, EngineError) else "")

    # What is shown

    @property
    def volume(self) -> Any:
        """The chosen image, or None."""
        return slicer.mrmlScene.GetNodeByID(self._image_id) if self._image_id else None

    @property
    def segmentation(self) -> Any:
        """The chosen segmentation, or None."""
        return slicer.mrmlScene.GetNodeByID(self._segmentation_id) if self._segmentation_id else None

    @property
    def chosen(self) -> list[str]:
        """The segments that are to be measured."""
        return [key for key in _names(self.segmentation) if (self._segmentation_id, key) not in self._left_out]

    @property
    def results(self) -> Results | None:
        """What the table of the chosen segmentation holds."""
        table = table_node.find_table(self._owner, self.segmentation)
        if table is None:
            return None
        text = table_node.kept_text(table)
        if text != self._kept[0]:
            self._kept = text, table_node.kept_results(table)
        return self._kept[1]

    def refresh(self) -> None:
        """Draw the section from the scene and the work going on. The scene is left alone."""
        self._choose_what_is_there()
        working = self.measurement.state == "working"
        busy = list(self._masks) if working else []
        self.views.show_choices(self.volume, self.segmentation, self.chosen, self.results, busy)
        self.views.choices.show_parameters_possible(not self._bundle)
        self.views.choices.set_enabled(not working)
        if working:
            self.views.run.show_working(*self.measurement.progress)
        else:
            self.views.run.show_ready(self.volume is not None and bool(self.chosen))
        self._shown = self.views.show_results(self.results, self._shown)

    def _choose_what_is_there(self) -> None:
        """Choose what was measured last, or else the first, where nothing is chosen or the choice is gone."""
        last = table_node.tables(self._owner)[-1:]
        if self.segmentation is None:
            candidates = [table_node.segmentation_of(table) for table in last] + self.views.segmentations()
            self._segmentation_id = next((node.GetID() for node in candidates if node is not None), "")
        if self.volume is None:
            candidates = [table_node.image_of(table) for table in last] + studies_in_scene()
            self._image_id = next((node.GetID() for node in candidates if node is not None), "")
        self._follow_names()

    # The scene

    def _watch_scene(self) -> None:
        scene = slicer.mrmlScene
        for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndImportEvent, scene.EndCloseEvent):
            self.addObserver(scene, event, self._scene_changed)
        self.addObserver(scene, scene.StartCloseEvent, lambda *_args: self.forget())

    def _follow_names(self) -> None:
        """List segments again when one is added, removed or renamed."""
        inner = self.segmentation.GetSegmentation() if self.segmentation is not None else None
        if inner is None or self.hasObserver(inner, inner.SegmentAdded, self._scene_changed):
            return
        for event in (inner.SegmentAdded, inner.SegmentRemoved, inner.SegmentModified):
            self.addObserver(inner, event, self._scene_changed)

    def _scene_changed(self, _caller: Any = None, _event: Any = None) -> None:
        if not slicer.mrmlScene.IsClosing():
            self._late.start()


def _timer(parent: Any, milliseconds: int, slot: Callable[[], None]) -> Any:
    timer = qt.QTimer(parent)
    timer.setInterval(milliseconds)
    timer.timeout.connect(lambda *_args: slot())
    return timer


def _names(segmentation: Any) -> dict[str, str]:
    """Names of the segments by their ID, in their order."""
    if segmentation is None:
        return {}
    inner = segmentation.GetSegmentation()
    return {key: inner.GetSegment(key).GetName() for key in inner.GetSegmentIDs()}


def _parameters(path: str) -> dict[str, Any]:
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


def _image_unit(volume: Any) -> str:
    """The unit of the gray values, where the node knows one."""
    unit = volume.GetVoxelValueUnits()
    if unit is None:
        return ""
    return "HU" if "hnsf" in (unit.GetCodeValue() or "") else str(unit.GetCodeValue() or "")


def _by_slicer(volume: Any) -> Callable[[dict[str, Any]], Any]:
    """Calls that SlicerRadiomics answers."""

    def begin(arguments: dict[str, Any]) -> Any:
        names = {int(label): name for label, name in arguments["names"].items()}
        return slicer_radiomics.start(volume, Path(arguments["mask"]), names, arguments["settings"])

    return begin
