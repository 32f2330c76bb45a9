"""Notices when somebody has finished a stroke on a segmentation."""

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
        self._watched: Any = None
        self._timer = qt.QTimer(parent)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET_MILLISECONDS)
        self._timer.timeout.connect(lambda *_args: on_edited())

    @property
    def is_waiting(self) -> bool:
        """A change was noticed, and the second is not over."""
        return bool(self._timer.isActive())

    def follow(self, segmentation: Any) -> None:
        """Watch this segmentation node from now on; None for none."""
        inner = segmentation.GetSegmentation() if segmentation is not None else None
        if inner is self._watched:
            return
        self._timer.stop()
        self.removeObservers()
        self._watched = inner
        if inner is None:
            return
        for event in (inner.SourceRepresentationModified, inner.SegmentModified):
            self.addObserver(inner, event, self._changed)

    def later(self) -> None:
        """Call ``on_edited`` in a second."""
        self._timer.start()

    def stop(self) -> None:
        """Watch nothing, and forget what was noticed."""
        self.follow(None)
        self._timer.stop()

    def _changed(self, _caller: Any = None, _event: Any = None) -> None:
        self._timer.start()
