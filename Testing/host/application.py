"""`slicer.app`: the application object that scripts ask for views, modules, settings and the scene."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import slicer
from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QMainWindow, QScrollArea, QWidget

from .core import Core
from .io_manager import qSlicerIOManager
from .modules import Modules, qSlicerLoadableModule, qSlicerModuleManager, unload
from .pythonqt import declared, standin, stop_watching
from .standins import State, stored
from .subject_hierarchy import SubjectHierarchy
from .views import qSlicerLayoutManager

VERSION = (5, 12, 3)
PANEL_WIDTH = 480  # pixels, about what the module panel of a fresh installation has


class CommandOptions:
    """What Slicer was started with."""

    noMainWindow = False
    testingEnabled = True
    runPythonAndExit = False


@standin
class qSlicerExtensionsManagerModel(QObject):
    """Which extensions are installed: none, unless a test says otherwise."""

    extensionInstalled = Signal(str)
    _installed: set

    def __init__(self) -> None:
        super().__init__()
        self._installed = set()

    def isExtensionInstalled(self, name: str) -> bool:
        return name in self._installed


@standin
class qSlicerModuleSelectorToolBar(QWidget):
    """Switches modules."""

    moduleSelected = Signal(str)
    _window: Any
    _values: dict

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        self._window = window

    def selectModule(self, name: str) -> None:
        self._window._open(name)
        self.moduleSelected.emit(name)

    selectedModule = declared(str, lambda w: State.of(w._window).get("module", ""))


@standin
class qSlicerMainWindow(QMainWindow):
    """A main window with the open panel at its left."""

    _selector: Any
    _scroll: QScrollArea
    _values: dict

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        middle = QWidget(self)
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        self._scroll = QScrollArea(middle)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFixedWidth(PANEL_WIDTH)
        row.addWidget(self._scroll)
        row.addStretch(1)
        self.setCentralWidget(middle)
        self._selector = qSlicerModuleSelectorToolBar(self)
        self.resize(1400, 900)

    def moduleSelector(self) -> Any:
        return self._selector

    def _open(self, name: str) -> None:
        manager = slicer.app.moduleManager()
        module = manager.module(name)
        if module is None:
            sys.stderr.write(f"There is no module {name}\n")
            return
        previous = manager.module(State.of(self).get("module", ""))
        panel = previous.widgetRepresentation() if previous is not None else None
        if panel is not None:
            panel.exit()
            self._scroll.takeWidget().setParent(None)
        State.of(self)["module"] = name
        panel = module.widgetRepresentation()
        if panel is not None:
            self._scroll.setWidget(panel)
            panel.show()
            panel.enter()

    def _close_panel(self) -> None:
        module = slicer.app.moduleManager().module(State.of(self).get("module", ""))
        State.of(self)["module"] = ""
        if module is not None and module.widgetRepresentation() is not None:
            module.widgetRepresentation().exit()
            self._scroll.takeWidget().setParent(None)


@standin
class qSlicerApplication(QApplication):
    """The application object."""

    startupCompleted = Signal()
    mrmlSceneChanged = Signal(object)
    cpp_signals: ClassVar[dict[str, str]] = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}
    _core: Core
    _home: Path
    _parts: dict
    _values: dict

    def __init__(self) -> None:
        super().__init__(["Slicer"])
        self._home = Path(tempfile.mkdtemp(prefix="slicer-host-"))
        (self._home / "temporary").mkdir()
        self._parts = {}
        self.temporaryPath = str(self._home / "temporary")
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(self._home))
        self.setApplicationName("Slicer")
        self.setOrganizationName("NA-MIC")
        self.setApplicationVersion(".".join(map(str, VERSION)))
        self.setQuitOnLastWindowClosed(False)

    def _start(self) -> None:
        """What needs the scene, in the order in which Slicer makes it."""
        self._core = Core(self._home)
        slicer.mrmlScene = self._core.scene
        slicer.modules = Modules()
        slicer.selfTests = {}
        manager = self._parts["modules"] = qSlicerModuleManager()
        for name, logic in self._core.logics.items():
            manager._add(name, qSlicerLoadableModule(name, logic))
        self._parts["io"] = qSlicerIOManager()
        self._parts["extensions"] = qSlicerExtensionsManagerModel()
        self._parts["settings"] = QSettings()  # the same file as a script's own QSettings()
        self._parts["layout"] = qSlicerLayoutManager(self._core.application_logic)
        self._parts["window"] = qSlicerMainWindow()
        self._parts["hierarchy"] = SubjectHierarchy(slicer.mrmlScene)

    def _stop(self) -> None:
        """Leave as Slicer leaves: the signal, the panels, the scene, the views; in another order VTK complains."""
        self.aboutToQuit.emit()
        stop_watching()
        for name in list(slicer.selfTests):
            unload(name)
        self._parts["layout"]._stop()
        self._parts["hierarchy"].stop()
        self._core.scene.Clear(1)
        self._parts.clear()
        shutil.rmtree(self._home, ignore_errors=True)

    def applicationLogic(self) -> Any:
        return self._core.application_logic

    def mrmlScene(self) -> Any:
        return self._core.scene

    def moduleLogic(self, name: str) -> Any:
        return self._core.logics.get(name)

    def layoutManager(self) -> Any:
        return self._parts["layout"]

    def moduleManager(self) -> Any:
        return self._parts["modules"]

    def ioManager(self) -> Any:
        return self._parts["io"]

    coreIOManager = ioManager

    def extensionsManagerModel(self) -> Any:
        return self._parts["extensions"]

    def settings(self) -> QSettings:
        return self._parts["settings"]

    userSettings = settings
    revisionUserSettings = settings

    def commandOptions(self) -> CommandOptions:
        return CommandOptions()

    def testingEnabled(self) -> bool:
        return State.of(self).get("testing", True)

    def startupEnvironment(self) -> dict[str, str]:
        return dict(os.environ)

    def openUrl(self, url: str) -> None:
        State.of(self).setdefault("opened", []).append(url)

    def pauseRender(self) -> None:
        """The host renders when a picture is asked for."""

    resumeRender = pauseRender

    def setRenderPaused(self, paused: bool) -> None:
        """The host renders when a picture is asked for."""

    def restart(self) -> None:
        State.of(self)["restarted"] = True

    slicerHome = declared(str, lambda a: str(a._home))
    temporaryPath = stored(str, "temporaryPath", "")
    majorVersion = declared(int, lambda a: VERSION[0])
    minorVersion = declared(int, lambda a: VERSION[1])
    revision = declared(str, lambda a: "34486")
    repositoryRevision = declared(str, lambda a: "host")
    os = declared(str, lambda a: {"Darwin": "macosx", "Windows": "win"}.get(platform.system(), "linux"))
    arch = declared(str, lambda a: platform.machine())
