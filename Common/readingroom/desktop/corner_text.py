"""The text that Slicer writes into the corners of slice views, sized for the largest view while a study is read.

It belongs to Slicer's Data Probe. Its size is changed while the reading layout is in use; the person's setting stays.
"""

from __future__ import annotations

from typing import Any

import slicer

_SHARE = 1 / 45  # of the height of the view
_LARGEST = 24  # points


class CornerText:
    """Remembers the size that it found."""

    def __init__(self) -> None:
        self._earlier: int | None = None

    def enlarge(self) -> None:
        """Fit the text to the largest slice view; never below the size that the person chose."""
        annotations = _annotations()
        if annotations is None:
            return
        if self._earlier is None:
            self._earlier = int(annotations.fontSize)
        heights = [node.GetDimensions()[1] for node in slicer.util.getNodesByClass("vtkMRMLSliceNode")]
        _set(annotations, max(self._earlier, min(round(_SHARE * max(heights, default=0)), _LARGEST)))

    def restore(self) -> None:
        """Give the earlier size back."""
        earlier, self._earlier = self._earlier, None
        annotations = _annotations()
        if earlier is not None and annotations is not None:
            _set(annotations, earlier)


def _annotations() -> Any:
    """The annotations of Data Probe; None where Slicer runs without it or keeps them elsewhere."""
    probe = getattr(slicer.modules, "DataProbeInstance", None)
    annotations = getattr(getattr(probe, "infoWidget", None), "sliceAnnotations", None)
    return annotations if hasattr(annotations, "fontSize") and hasattr(annotations, "updateSliceViewFromGUI") else None


def _set(annotations: Any, size: int) -> None:
    if int(annotations.fontSize) != size:
        annotations.fontSize = size
        annotations.updateSliceViewFromGUI()
