"""`slicer.ScriptedLoadableModule`: the four base classes of a scripted module (reference: slicer.md 6.1)."""

from __future__ import annotations

import logging
import unittest
from pathlib import Path
from typing import Any

import ctk
import qt
import slicer

__all__ = [
    "ScriptedLoadableModule",
    "ScriptedLoadableModuleLogic",
    "ScriptedLoadableModuleTest",
    "ScriptedLoadableModuleWidget",
]


class ScriptedLoadableModule:
    """Name, title, contributors and the like of a module."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.moduleName = self.__class__.__name__
        parent.title = ""
        parent.categories = []
        parent.dependencies = []
        parent.contributors = ["Unspecified contributor"]
        parent.helpText = ""
        parent.acknowledgementText = ""
        parent.hidden = False
        for suffix in ("svg", "png"):
            icon = self.resourcePath(f"Icons/{self.moduleName}.{suffix}")
            if Path(icon).exists():
                parent.icon = qt.QIcon(icon)
                break
        slicer.selfTests[self.moduleName] = self.runTest

    def resourcePath(self, filename: str) -> str:
        return str(Path(self.parent.path).parent / "Resources" / filename)

    def getDefaultModuleDocumentationLink(self, docPage: str | None = None) -> str:
        page = docPage or self.moduleName.lower()
        return f'<p>For more information see the <a href="{page}">online documentation</a>.</p>'

    def runTest(self, msec: int = 100, **kwargs: Any) -> None:
        import sys

        testClass = getattr(sys.modules[self.moduleName], self.moduleName + "Test", None)
        if testClass is None:
            msg = f"No test case found in module: {self.moduleName}"
            raise RuntimeError(msg)
        case = testClass()
        case.messageDelay = msec
        case.runTest(**kwargs)


class ScriptedLoadableModuleWidget:
    """The panel of a module."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = self.__class__.__name__.removesuffix("Widget")
        self.developerMode = slicer.util.settingsValue("Developer/DeveloperMode", False, converter=slicer.util.toBool)
        if parent:
            self.parent = parent
            self.layout = parent.layout()
        else:
            self.parent = slicer.qMRMLWidget()
            self.parent.setLayout(qt.QVBoxLayout())
            self.parent.setMRMLScene(slicer.mrmlScene)
            self.layout = self.parent.layout()
            self.setup()
            self.parent.show()
        setattr(slicer.modules, self.__class__.__name__, self)
        slicer.app.moduleManager().connect("moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded)

    def resourcePath(self, filename: str) -> str:
        return str(Path(slicer.util.modulePath(self.moduleName)).parent / "Resources" / filename)

    def cleanup(self) -> None:
        """For subclasses: undo what `setup` did."""

    def _onModuleAboutToBeUnloaded(self, moduleName: str) -> None:
        if moduleName == self.moduleName:
            slicer.app.moduleManager().disconnect("moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded)
            self.cleanup()

    def setupDeveloperSection(self) -> None:
        if not self.developerMode:
            return
        section = ctk.ctkCollapsibleButton()
        section.text = "Reload && Test"
        section.collapsed = True
        self.layout.addWidget(section)
        row = qt.QHBoxLayout(section)
        for text, function in (("Reload", self.onReload), ("Reload and Test", self.onReloadAndTest)):
            button = qt.QPushButton(text)
            button.clicked.connect(function)
            row.addWidget(button)

    def setup(self) -> None:
        """Make the panel; subclasses call this first."""
        self.setupDeveloperSection()

    def onReload(self) -> None:
        slicer.util.reloadScriptedModule(self.moduleName)

    def onReloadAndTest(self, **kwargs: Any) -> None:
        with slicer.util.tryWithErrorDisplay("Reload and Test failed."):
            self.onReload()
            slicer.selfTests[self.moduleName](**kwargs)

    def onTest(self, **kwargs: Any) -> None:
        slicer.selfTests[self.moduleName](**kwargs)

    def onEditSource(self) -> None:
        qt.QDesktopServices.openUrl(qt.QUrl("file:///" + slicer.util.modulePath(self.moduleName)))


class ScriptedLoadableModuleLogic:
    """The computations of a module, and its parameter node."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = self.__class__.__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self) -> Any:
        nodes = self.getAllParameterNodes()
        return nodes[0] if nodes else self.createParameterNode()

    def getAllParameterNodes(self) -> list[Any]:
        if self.isSingletonParameterNode:
            node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
            return [node] if node else []
        nodes = slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")
        return [node for node in nodes if node.GetAttribute("ModuleName") == self.moduleName]

    def createParameterNode(self) -> Any:
        if slicer.mrmlScene is None:
            return None
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
        node.UnRegister(None)  # the creator's own reference
        if self.isSingletonParameterNode:
            node.SetSingletonTag(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
        return slicer.mrmlScene.AddNode(node)


class ScriptedLoadableModuleTest(unittest.TestCase):
    """The self-test of a module; `runTest` calls every method with "test" in its name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.messageDelay = 0

    @property
    def moduleTestNames(self) -> list[str]:
        # Slicer takes every callable with "test" in its name, helpers too.
        found = (name for name in dir(type(self)) if "test" in name)
        return [name for name in found if callable(getattr(type(self), name))]

    def setUp(self) -> None:
        slicer.mrmlScene.Clear(0)

    def tearDown(self) -> None:
        """For subclasses."""

    def runTest(self) -> None:
        for name in self.moduleTestNames:
            self.setUp()
            getattr(self, name)()
            self.tearDown()

    def delayDisplay(self, message: str, requestedDelay: int | None = None, msec: int | None = None) -> None:
        logging.info(message)
        slicer.app.processEvents()

    def takeScreenshot(self, name: str, description: str, type: int = -1) -> None:  # noqa: A002 (Slicer's name)
        """The host keeps no screenshots of self-tests."""
