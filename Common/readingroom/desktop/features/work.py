"""From a request to a table node: export, measure in the worker process, keep, and the same again after an edit.

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

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from ...errors import EngineError, InputError, ReadingRoomError
from .. import slicer_radiomics
from ..job import Call, Job
from . import table_node
from .exports import Exports, notes_on_size
from .measurement_request import SLICER, MeasurementRequest, names_of
from .results import MeasuredSegment, Region, Results, failed
from .segment_masks import LabelFile, SegmentMask, masks_on


class FeatureWork:
    """One measurement at a time. ``request`` is the last one that was carried out, and what an edit is measured by;
    ``error`` is what the last measurement failed with.

    Parameters
    ----------
    owner : who owns the tables
    client : does the work, and reads nothing: both must be possible at once. None for a worker process of its own,
        which starts at the first measurement
    """

    def __init__(self, owner: str, client: Any = None) -> None:
        from ...engine.client import WorkerClient

        self._owner = owner
        self.client = client or WorkerClient()
        self._job = Job()
        self._exports = Exports(lambda: Path(self.client.folder))
        self._masks: Mapping[str, SegmentMask] = {}
        self._files: tuple[LabelFile, ...] = ()
        self._kept: tuple[str, Results | None] = ("", None)
        self._under_way: MeasurementRequest | None = None
        self.request: MeasurementRequest | None = None
        self.follows_edit = False  # the work going on was begun by an edit, not by a person
        self.error: ReadingRoomError | None = None

    @property
    def is_working(self) -> bool:
        """A measurement is going on."""
        return self._job.state == "working"

    @property
    def progress(self) -> tuple[float, str]:
        """How far it is, from 0 to 1, and what is done now."""
        return self._job.progress

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

    def measure(self, request: MeasurementRequest) -> None:
        """Begin to measure; `poll` follows it.

        Raises
        ------
        ReadingRoomError : image or segments cannot be handed over, or another measurement is going on
        """
        if self.is_working:
            raise EngineError(_("Another measurement is still going on."))
        masks = masks_on(request.volume, request.segmentation, list(request.names))
        self._begin(request, masks, follows_edit=False)

    def measure_edited(self) -> None:
        """Begin to measure the segments whose voxels have changed, if there are any and nothing is going on.

        Raises
        ------
        ReadingRoomError : image or segments cannot be handed over
        """
        request, keys = self.request, self._measured_keys()
        if request is None or self.is_working or not keys:
            return
        edited = self._exports.edited(request.volume, request.segmentation, keys)
        if edited:
            self._begin(request, edited, follows_edit=True)

    @property
    def is_outdated(self) -> bool:
        """A measured segment may have been edited since; cheap to ask, and True at times without need."""
        keys = self._measured_keys()
        return bool(keys) and self.request is not None and self._exports.may_be_edited(self.request.segmentation, keys)

    def poll(self) -> bool:
        """Take in what the worker said since the last time; True when anything changed. Never waits."""
        return self._job.poll() and self._look()

    def cancel(self) -> None:
        """Stop at once; what was measured before stays."""
        if self.is_working:
            self._exports.forget(self._masks)
        self._job.forget()

    def forget(self) -> None:
        """The scene is being closed."""
        self.cancel()
        self._exports.clear()
        self.request, self._under_way, self.error, self._masks = None, None, None, {}

    def stop(self) -> None:
        """Cancel, end the worker process and remove its files."""
        self.forget()
        self.client.stop()

    def _begin(self, request: MeasurementRequest, masks: Mapping[str, SegmentMask], follows_edit: bool) -> None:
        image, files = self._exports.image(request.volume), self._exports.masks(masks, request.volume)
        self._under_way, self._masks, self._files = request, masks, files
        self.follows_edit, self.error = follows_edit, None
        self._exports.remember(request.segmentation, masks)
        self._job.start([lambda file=file: self._call(request, image, file) for file in files])  # type: ignore[misc]
        self._look()

    def _call(self, request: MeasurementRequest, image: Path, file: LabelFile) -> Call:
        """Begin to measure the segments of one file."""
        names = {label: request.names[key] for label, key in file.segments.items()}
        if request.engine == SLICER:
            return slicer_radiomics.start(request.volume, file.path, names, request.parameters)
        arguments = {
            "image": str(image),
            "mask": str(file.path),
            "labels": list(names),
            "names": {str(label): name for label, name in names.items()},
            "settings": dict(request.parameters),
            "engine": request.engine,
            "processes": None,
            "bundle": request.bundle,
        }
        call: Call = self.client.start("radiomics", arguments)
        return call

    def _look(self) -> bool:
        """Keep what came of the work when it has ended; True, as something happened."""
        if self._job.state == "failed":
            self._exports.forget(self._masks)
            self.error = self._job.error
        elif self._job.state == "done":
            self._keep()
        return True

    def _keep(self) -> None:
        """Write what was measured into the table of its segmentation."""
        request, regions = self._under_way, self._regions()
        if request is None or not request.is_there:
            self.error = InputError(_("Image or segmentation was removed while it was measured."))
            return
        notes = notes_on_size(request.volume)
        regions = {key: region.noted(notes) for key, region in regions.items()}
        results = self.results_of(request.segmentation)
        if not self.follows_edit:
            segments = tuple(MeasuredSegment(key, name, regions[key]) for key, name in request.names.items())
            results = Results(request.volume.GetName(), _image_unit(request.volume), request.engine, segments)
        elif results is not None:
            results = results.with_edited(regions)
        if results is not None:  # else the person removed the table while an edit was measured
            table_node.show_results(self._owner, results, request.volume, request.segmentation)
            self.request = request

    def _regions(self) -> dict[str, Region]:
        """What came of each segment that was to be measured."""
        nothing = failed(_("No voxel of this segment lies on the image."))
        missing = failed(_("The engine gave nothing for this segment."))
        absent = {key: nothing if mask.is_empty else missing for key, mask in self._masks.items()}
        measured = {
            file.segments[int(region["label"])]: Region.from_json(region)
            for file, value in zip(self._files, self._job.values, strict=True)
            for region in value["regions"]
        }
        return {**absent, **measured}

    def _measured_keys(self) -> list[str]:
        """The segments that were measured and are still there."""
        if self.request is None or not self.request.is_there:
            return []
        results, there = self.results_of(self.request.segmentation), names_of(self.request.segmentation)
        return [segment.key for segment in results.segments if segment.key in there] if results is not None else []


def _image_unit(volume: Any) -> str:
    """The unit of the gray values, where the node knows one."""
    unit = volume.GetVoxelValueUnits()
    code = str(unit.GetCodeValue() or "") if unit is not None else ""
    return "HU" if code == "[hnsf'U]" else code  # as UCUM writes the Hounsfield unit
