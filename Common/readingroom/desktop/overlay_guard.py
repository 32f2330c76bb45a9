"""Nothing of a reading may lie over another patient's image."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

from .layers import Layers


class OverlayGuard(slicer.util.VTKObservationMixin):
    """Takes the module's layers out of a view when the image below them changes.

    Slicer puts a volume that is loaded behind what the views show in front, so without this the map of one patient
    would stay in front of the radiograph of the next.
    """

    def __init__(self, layers: Layers) -> None:
        super().__init__()
        self._layers = layers
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.NodeAddedEvent, self._watch_views)
        self._watch_views()

    def _watch_views(self, _caller: Any = None, _event: Any = None) -> None:
        for view in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
            if not self.hasObserver(view, vtk.vtkCommand.ModifiedEvent, self._view_changed):
                self.addObserver(view, vtk.vtkCommand.ModifiedEvent, self._view_changed)

    def _view_changed(self, _caller: Any = None, _event: Any = None) -> None:
        self._layers.keep_with_study()
