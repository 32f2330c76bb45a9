"""Widgets that know the scene and pass it on."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QWidget,
)

from ..pythonqt import standin


@standin
class qMRMLWidget(QWidget):
    """A widget that knows the scene and tells its children of it."""

    mrmlSceneChanged = Signal(object)
    cpp_signals: ClassVar[dict[str, str]] = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}
    _scene: Any = None

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)
