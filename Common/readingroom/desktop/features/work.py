"""From an order to a table node: export, measure in the worker process, keep, and the same again after an edit.

Example
-------
>>> work = FeatureWork("MyScript")  # doctest: +SKIP
>>> work.measure(MeasurementRequest(volume, segmentation, names_of(segmentation), {}))  # doctest: +SKIP
>>> while work.is_working:  # doctest: +SKIP
...     slicer.app.processEvents()
...     time.sleep(0.05)
...     work.poll()
>>> work.results_of(segmentation).segments[0].now.value("original_shape_MeshVolume")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from ...errors import InputError, ReadingRoomError
from .. import slicer_radiomics
from . import table_node
from .engines import SLICER
from .exports import Exports
from .measurement import Measurement, MeasureRequest
from .measurement_request import MeasurementRequest, names_of
from .results import MeasuredSegment, Region, Results, failed
from .segment_masks import SegmentMask, masks_on, write_masks
from .size import notes_on_size


class FeatureWork:
    """One measurement at a time. ``order`` is the last one that was carried out, and what an edit is measured by;
    ``error`` is what the last measurement failed with.

    Parameters
    ----------
    owner : who owns the tables
    client : does the work; None for a worker process of its own, which starts at the first measurement
    """

    def __init__(self, owner: str, client: Any = None) -> None:
        from ...engine.client import WorkerClient

        self._owner = owner
        self._measurement = Measurement(client or WorkerClient())
        self._exports = Exports(self._measurement.folder)
        self._masks: Mapping[str, SegmentMask] = {}
        self._kept: tuple[str, Results | None] = ("", None)
        self._going_on: MeasurementRequest | None = None
        self.order: MeasurementRequest | None = None
        self.follows_edit = False  # the work going on was begun by an edit, not by a person
        self.error: ReadingRoomError | None = None

    @property
    def is_working(self) -> bool:
        """A measurement is going on."""
        return self._measurement.state == "working"

    @property
    def progress(self) -> tuple[float, str]:
        """How far it is, from 0 to 1, and what is done now."""
        return self._measurement.progress

    @property
    def busy(self) -> tuple[str, ...]:
        """The segments that are being measured."""
        return tuple(self._masks) if self.is_working else ()

    def results_of(self, segmentation: Any) -> Results | None:
        """What the table of this segmentation holds."""
        table = table_node.find_table(self._owner, segmentation)
        if table is None:
            return None
        text = table_node.kept_text(table)
        if text != self._kept[0]:
            self._kept = text, table_node.kept_results(table)
        return self._kept[1]

    def measure(self, order: MeasurementRequest) -> None:
        """Begin to measure; `poll` follows it.

        Raises
        ------
        ReadingRoomError : image or segments cannot be handed over
        """
        masks = masks_on(order.volume, order.segmentation, list(order.names))
        self._begin(order, masks, follows_edit=False)

    def measure_edited(self) -> None:
        """Begin to measure the segments whose voxels have changed, if there are any and nothing is going on.

        Raises
        ------
        ReadingRoomError : image or segments cannot be handed over
        """
        order, keys = self.order, self._measured_keys()
        if order is None or self.is_working or not keys:
            return
        edited = self._exports.edited(order.volume, order.segmentation, keys)
        if edited:
            self._begin(order, edited, follows_edit=True)

    @property
    def is_outdated(self) -> bool:
        """A measured segment may have been edited since; cheap to ask, and True at times without need."""
        keys = self._measured_keys()
        return bool(keys) and self.order is not None and self._exports.may_be_edited(self.order.segmentation, keys)

    def poll(self) -> bool:
        """Take in what the worker said since the last time; True when anything changed. Never waits."""
        return self._measurement.poll() and self._look()

    def cancel(self) -> None:
        """Stop at once; what was measured before stays."""
        if self.is_working:
            self._exports.forget(self._masks)
        self._measurement.cancel()

    def forget(self) -> None:
        """The scene is being closed."""
        self.cancel()
        self._exports.clear()
        self.order, self._going_on, self.error, self._masks = None, None, None, {}

    def stop(self) -> None:
        """Cancel, end the worker process and remove its files."""
        self.forget()
        self._measurement.stop()

    def _begin(self, order: MeasurementRequest, masks: Mapping[str, SegmentMask], follows_edit: bool) -> None:
        image = self._exports.image(order.volume)
        files = write_masks(masks, order.volume, self._measurement.folder("masks"))
        begin = _by_slicer(order.volume) if order.engine == SLICER else None
        self._going_on, self._masks, self.follows_edit, self.error = order, masks, follows_edit, None
        self._exports.remember(order.segmentation, masks)
        self._measurement.start(
            MeasureRequest(image, files, order.names, order.parameters, order.engine, order.bundle, begin)
        )
        self._look()

    def _look(self) -> bool:
        if self._measurement.state == "failed":
            self._exports.forget(self._masks)
            self.error = self._measurement.error
        elif self._measurement.state == "done":
            self._keep()
        return True

    def _keep(self) -> None:
        """Write what was measured into the table of its segmentation."""
        order, regions = self._going_on, self._regions()
        if order is None or not order.is_there:
            self.error = InputError(_("Image or segmentation was removed while it was measured."))
            return
        notes = notes_on_size(order.volume)
        regions = {key: region.noted(notes) for key, region in regions.items()}
        results = self.results_of(order.segmentation)
        if not self.follows_edit:
            segments = tuple(MeasuredSegment(key, name, regions[key]) for key, name in order.names.items())
            results = Results(order.volume.GetName(), _image_unit(order.volume), order.engine, segments)
        elif results is not None:
            results = results.with_edited(regions)
        if results is not None:  # else the person removed the table while an edit was measured
            table_node.show_results(self._owner, results, order.volume, order.segmentation)
            self.order = order

    def _regions(self) -> dict[str, Region]:
        """What came of each segment that was to be measured."""
        nothing = failed(_("No voxel of this segment lies on the image."))
        missing = failed(_("The engine gave nothing for this segment."))
        absent = {key: nothing if mask.is_empty else missing for key, mask in self._masks.items()}
        return {**absent, **self._measurement.regions}

    def _measured_keys(self) -> list[str]:
        """The segments that were measured and are still there."""
        if self.order is None or not self.order.is_there:
            return []
        results, there = self.results_of(self.order.segmentation), names_of(self.order.segmentation)
        return [segment.key for segment in results.segments if segment.key in there] if results is not None else []


def _image_unit(volume: Any) -> str:
    """The unit of the gray values, where the node knows one."""
    unit = volume.GetVoxelValueUnits()
    code = str(unit.GetCodeValue() or "") if unit is not None else ""
    return "HU" if code == "[hnsf'U]" else code  # as UCUM writes the Hounsfield unit


def _by_slicer(volume: Any) -> Callable[[dict[str, Any]], Any]:
    """Calls that SlicerRadiomics answers."""

    def begin(arguments: dict[str, Any]) -> Any:
        names = {int(label): name for label, name in arguments["names"].items()}
        return slicer_radiomics.start(volume, Path(arguments["mask"]), names, arguments["settings"])

    return begin
