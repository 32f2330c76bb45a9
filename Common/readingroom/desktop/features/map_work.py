"""From a choice to a map in the scene: export, map in the worker process, show; and which maps an edit outdates."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from ...errors import InputError, ReadingRoomError
from ..job import Call, Job
from ..layer_files import volume_grid
from .exports import Exports
from .map_nodes import OUTSIDE, FeatureMapNodes, MapChoice
from .segment_masks import SegmentMask, masks_on, state_of


class MapWork:
    """One map at a time. ``error`` is what the last one failed with, ``notes`` what had to be said of it.

    Parameters
    ----------
    nodes : where maps are shown
    client : does the work; None for a worker process of its own, which starts at the first map
    """

    def __init__(self, nodes: FeatureMapNodes, client: Any = None) -> None:
        from ...engine.client import WorkerClient

        self._nodes = nodes
        self._client = client or WorkerClient()
        self._job = Job()
        self._numbers = itertools.count(1)
        self._exports = Exports(lambda: Path(self._client.folder) / "maps")
        self._seen: dict[str, Any] = {}  # by node: the state of its segment when it was last looked at
        self._under_way: tuple[MapChoice, SegmentMask, Any] | None = None
        self.error: ReadingRoomError | None = None
        self.notes: tuple[str, ...] = ()
        self.made = ""  # ID of the node of the last map

    @property
    def is_working(self) -> bool:
        """A map is being made."""
        return self._job.state == "working"

    @property
    def progress(self) -> tuple[float, str]:
        """How far it is, from 0 to 1, and what is done now."""
        return self._job.progress

    def start(self, choice: MapChoice) -> None:
        """Begin a map; `poll` follows it.

        Raises
        ------
        ReadingRoomError : image or segment cannot be handed over, or another map is being made
        """
        state = state_of(choice.segmentation, [choice.segment])[choice.segment]
        mask = masks_on(choice.volume, choice.segmentation, [choice.segment])[choice.segment]
        if mask.is_empty:
            raise InputError(_("No voxel of this segment lies on the image."))
        image = self._exports.image(choice.volume)
        (file,) = self._exports.masks({choice.segment: mask}, choice.volume)
        of_maps = {**choice.parameters.get("voxelSetting", {}), "kernelRadius": choice.radius, "initValue": OUTSIDE}
        arguments = {
            "image": str(image),
            "mask": str(file.path),
            "label": next(iter(file.segments)),
            "features": [f"{choice.image}_{choice.feature}"],
            "folder": str(Path(self._client.folder) / f"map-{next(self._numbers)}"),
            "settings": {**choice.parameters, "voxelSetting": of_maps},
        }
        self.error, self.notes, self._under_way = None, (), (choice, mask, state)

        def begin() -> Call:
            call: Call = self._client.start("feature_maps", arguments)
            return call

        self._job.start([begin])

    def poll(self) -> bool:
        """Take in what the worker said since the last time; True when anything changed. Never waits."""
        if not self._job.poll():
            return False
        if self._job.state == "failed":
            self.error = self._job.error
        elif self._job.state == "done":
            self._show()
        return True

    def look_for_edits(self) -> None:
        """Mark the maps whose segment does not have the voxels any more that they were made of."""
        for node in self._nodes.made():
            choice = self._nodes.choice_of(node)
            if choice is None:
                continue
            state = state_of(choice.segmentation, [choice.segment])[choice.segment]
            if state == self._seen.get(node.GetID()):
                continue
            mask = masks_on(choice.volume, choice.segmentation, [choice.segment])[choice.segment]
            self._seen[node.GetID()] = state
            self._nodes.mark(node, outdated=mask.digest != self._nodes.made_of(node))

    def cancel(self) -> None:
        """Stop at once; the maps that are there stay."""
        self._job.forget()

    def forget(self) -> None:
        """The scene is being closed."""
        self.cancel()
        self._exports.clear()
        self._seen.clear()
        self.error, self.notes, self._under_way = None, (), None

    def stop(self) -> None:
        """Cancel, end the worker process and remove its files."""
        self.forget()
        self._client.stop()

    def _show(self) -> None:
        if self._under_way is None:
            return
        choice, mask, state = self._under_way
        gone = None in (choice.volume.GetScene(), choice.segmentation.GetScene())
        if gone or choice.segmentation.GetSegmentation().GetSegment(choice.segment) is None:
            self.error = InputError(_("Image or segment was removed while it was mapped."))
            return
        (value,) = self._job.values
        ((_name, path),) = value["maps"].items()
        try:
            grid = volume_grid(Path(path))
        except ReadingRoomError as error:
            self.error = error
            return
        finally:
            Path(path).unlink(missing_ok=True)
        self.notes = tuple(value["notes"])
        self.made = self._nodes.show(choice, grid, mask.digest).GetID()
        self._seen[self.made] = state
