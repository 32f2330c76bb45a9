"""`slicer.modules`, the module manager, and scripted modules loaded from their files as Slicer loads them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import slicer
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QVBoxLayout

from .mrml_widgets import qMRMLWidget
from .pythonqt import declared, standin
from .standins import State, stored


@standin
class qSlicerLoadableModule(QObject):
    """A module that Slicer has in C++: here a name, a title and its real logic."""

    _values: dict
    _logic: Any

    def __init__(self, name: str, logic: Any) -> None:
        super().__init__()
        State.of(self).update(name=name, title=name)
        self._logic = logic

    def logic(self) -> Any:
        return self._logic

    def widgetRepresentation(self) -> None:
        """The host has no panels of Slicer's own modules."""

    name = declared(str, lambda m: State.of(m)["name"])
    title = declared(str, lambda m: State.of(m)["title"])
    path = declared(str, lambda m: "")


@standin
class qSlicerScriptedLoadableModule(QObject):
    """The `parent` of a `ScriptedLoadableModule`, and what `slicer.modules.<lower case>` gives for it."""

    _values: dict
    _widget: Any

    def __init__(self, path: Path) -> None:
        super().__init__()
        State.of(self).update(name=path.stem, path=str(path), title=path.stem)
        self._widget = None

    def widgetRepresentation(self) -> Any:
        if self._widget is None:
            self._widget = self.createNewWidgetRepresentation()
        return self._widget

    def createNewWidgetRepresentation(self) -> Any:
        widget = qSlicerScriptedLoadableModuleWidget(self)
        widget.reload()
        return widget

    def logic(self) -> None:
        """A scripted module's logic belongs to its widget."""

    name = declared(str, lambda m: State.of(m)["name"])
    path = declared(str, lambda m: State.of(m)["path"])
    title = stored(str, "title", "")
    categories = stored(list, "categories", [])
    dependencies = stored(list, "dependencies", [])
    contributors = stored(list, "contributors", [])
    associatedNodeTypes = stored(list, "associatedNodeTypes", [])
    helpText = stored(str, "helpText", "")
    acknowledgementText = stored(str, "acknowledgementText", "")
    icon = stored(None, "icon", QIcon())
    index = stored(int, "index", -1)
    hidden = stored(bool, "hidden", False)
    widgetRepresentationCreationEnabled = stored(bool, "widgetRepresentationCreationEnabled", True)


@standin
class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """The frame around a scripted panel: the `parent` of a `ScriptedLoadableModuleWidget`."""

    _values: dict
    _module: Any
    _panel: Any

    def __init__(self, module: qSlicerScriptedLoadableModule) -> None:
        super().__init__()
        self._module, self._panel = module, None
        self.setObjectName(module.name + "ModuleWidget")
        QVBoxLayout(self).setContentsMargins(0, 0, 0, 0)  # a panel leaves room at the edges itself
        self.setMRMLScene(slicer.mrmlScene)

    def reload(self) -> None:
        name = self._module.name
        self._panel = getattr(sys.modules[name], name + "Widget")(self)
        self._panel.setup()

    def self(self) -> Any:
        return self._panel

    def enter(self) -> None:
        State.of(self)["isEntered"] = True
        self._call("enter")

    def exit(self) -> None:
        State.of(self)["isEntered"] = False
        self._call("exit")

    def _call(self, name: str) -> None:
        method = getattr(self._panel, name, None)
        if method is not None:
            method()

    isEntered = declared(bool, lambda w: State.of(w).get("isEntered", False))
    moduleName = declared(str, lambda w: w._module.name)


class Modules:
    """The namespace `slicer.modules`."""


@standin
class _FactoryManager(QObject):
    def loadedModuleNames(self) -> list[str]:
        return slicer.app.moduleManager().modulesNames()

    def isLoaded(self, name: str) -> bool:
        return name in self.loadedModuleNames()


@standin
class qSlicerModuleManager(QObject):
    """Modules by name."""

    moduleLoaded = Signal(str)
    moduleAboutToBeUnloaded = Signal(str)
    _modules: dict
    _factory: Any

    def __init__(self) -> None:
        super().__init__()
        self._modules = {}
        self._factory = _FactoryManager()

    def _add(self, name: str, module: Any) -> None:
        self._modules[name] = module
        setattr(slicer.modules, name.lower(), module)
        self.moduleLoaded.emit(name)

    def module(self, name: str) -> Any:
        return self._modules.get(name)

    def modulesNames(self) -> list[str]:
        return list(self._modules)

    def factoryManager(self) -> Any:
        return self._factory


def load(path: str | Path) -> qSlicerScriptedLoadableModule:
    """Load a scripted module from its file: import it under its own name, make the class of that name.

    Slicer puts the module's folder on `sys.path` and leaves the panel for the first opening; so does this.
    """
    path = Path(path).resolve()
    name = path.stem
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        msg = f"{path} is not a Python file"
        raise ImportError(msg)
    python_module = importlib.util.module_from_spec(spec)
    sys.modules[name] = python_module
    spec.loader.exec_module(python_module)
    module = qSlicerScriptedLoadableModule(path)
    instance = getattr(python_module, name)(module)
    setattr(slicer.modules, name + "Instance", instance)
    slicer.app.moduleManager()._add(name, module)
    return module


def unload(name: str) -> None:
    """Undo `load`: clean up the panel and forget the module, as Slicer does when it exits."""
    manager = slicer.app.moduleManager()
    module = manager._modules.pop(name)
    manager.moduleAboutToBeUnloaded.emit(name)
    if module._widget is not None:
        module._widget.deleteLater()
        module._widget = None
    for attribute in (name.lower(), name + "Instance", name + "Widget"):
        if hasattr(slicer.modules, attribute):
            delattr(slicer.modules, attribute)
    slicer.selfTests.pop(name, None)
    sys.modules.pop(name, None)
