"""The panel while its module is opened and left, and while scenes are saved, loaded and closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer

from . import settings
from .panel import ReadingPanel
from .parameters import lasting_settings, restore_settings, wrap


class SceneObserver(slicer.util.VTKObservationMixin):
    """Gives the panel the parameters of the present scene, and carries its settings over to the next one.

    Parameters
    ----------
    panel : the panel
    parameter_node : gives the module's parameter node, made if need be (``ScriptedLoadableModuleLogic``)
    is_entered : whether the module is the one that is open
    """

    def __init__(self, panel: ReadingPanel, parameter_node: Callable[[], Any], is_entered: Callable[[], bool]) -> None:
        super().__init__()
        self._panel = panel
        self._parameter_node = parameter_node
        self._is_entered = is_entered
        self._settings: dict[str, Any] = {}
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self._scene_closes)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self._scene_closed)

    def enter(self) -> None:
        """The module is opened."""
        if self._panel.parameters is None:
            self._panel.set_parameters(self._parameters())
        else:
            self._panel.list_bundles()
            self._panel.refresh()
        self._panel.enter()

    def exit(self) -> None:
        """Another module is opened."""
        self._panel.exit()

    def cleanup(self) -> None:
        """The module goes away."""
        self.removeObservers()
        self._panel.cleanup()

    def _parameters(self) -> Any:
        node = self._parameter_node()
        is_new = not node.GetParameterNames()
        parameters = wrap(node)
        if is_new:
            reader = self._panel.reader
            first = {
                "device": settings.device(),
                "pageSize": settings.page_size(),
                "prevalence": 100 * reader.prevalence,
                "regionsVisible": not reader.is_exam,  # dense tissue has outlines everywhere: films stay clean
            }
            restore_settings(parameters, self._settings or first)
        return parameters

    def _scene_closes(self, _caller: Any = None, _event: Any = None) -> None:
        if self._panel.parameters is not None:
            self._settings = lasting_settings(self._panel.parameters)
        self._panel.forget()

    def _scene_closed(self, _caller: Any = None, _event: Any = None) -> None:
        if self._is_entered():
            self.enter()
