"""Notices when somebody has finished a stroke on a segmentation, or on one of several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer

QUIET_MILLISECONDS = 1000  # after the last stroke


class EditWatch(slicer.util.VTKObservationMixin):
    """Calls ``on_edited`` once, a second after the last of many changes.

    Segments that share a labelmap are all told to have changed when one was, and recoloring a segment is told in the
    same way: what really changed is found by looking at the voxels.

    Parameters
    ----------
    parent : widget that the timer lives with
    """

    def __init__(self, parent: Any, on_edited: Callable[[], None]) -> None:
        super().__init__()
        self._watched: list[Any] = []
        self._timer = qt.QTimer(parent)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET_MILLISECONDS)
        self._timer.timeout.connect(lambda *_args: on_edited())

    @property
    def is_waiting(self) -> bool:
        """A change was noticed, and the second is not over."""
        return bool(self._timer.isActive())

    def follow(self, *segmentations: Any) -> None:
        """Watch these segmentation nodes from now on; without any, none."""
        inner = [node.GetSegmentation() for node in segmentations]
        if inner == self._watched:
            return
        self._timer.stop()
        self.removeObservers()
        self._watched = inner
        for one in inner:
            for event in (one.SourceRepresentationModified, one.SegmentModified):
                self.addObserver(one, event, self._changed)

    def later(self) -> None:
        """Call ``on_edited`` in a second."""
        self._timer.start()

    def stop(self) -> None:
        """Watch nothing, and forget what was noticed."""
        self.follow()
        self._timer.stop()

    def _changed(self, _caller: Any = None, _event: Any = None) -> None:
        self._timer.start()
