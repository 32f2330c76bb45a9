"""Scripted modules load, open, close and test themselves as in Slicer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

MODULE = """
import ctk
import qt
import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import *
from slicer.parameterNodeWrapper import parameterNodeWrapper, WithinRange
from slicer.util import VTKObservationMixin
from typing import Annotated

class Sample(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Sample")
        self.parent.categories = ["Quantification"]

@parameterNodeWrapper
class SampleParameters:
    volume: slicer.vtkMRMLScalarVolumeNode
    level: Annotated[float, WithinRange(0, 1)] = 0.5

class Parts:
    def __init__(self, column):
        self.inputs = ctk.ctkCollapsibleButton()
        form = qt.QFormLayout(self.inputs)
        self.label = qt.QLabel("Volume:")
        self.volumeSelector = slicer.qMRMLNodeComboBox()
        self.volumeSelector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
        self.volumeSelector.noneEnabled = True
        self.volumeSelector.setMRMLScene(slicer.mrmlScene)
        self.levelSlider = ctk.ctkSliderWidget()
        self.levelSlider.singleStep = 0.01
        form.addRow(self.label, self.volumeSelector)
        form.addRow("Level:", self.levelSlider)
        self.applyButton = qt.QPushButton("Apply")
        self.applyButton.setObjectName("applyButton")
        column.addWidget(self.inputs)
        column.addWidget(self.applyButton)

class SampleWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.events = []

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        self.ui = Parts(self.layout)
        self.logic = SampleLogic()
        self.parameters = SampleParameters(self.logic.getParameterNode())
        self.tag = self.parameters.connectParametersToGui(
            {"volume": self.ui.volumeSelector, "level": self.ui.levelSlider}
        )
        self.ui.applyButton.clicked.connect(self.onApply)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onClose)

    def onApply(self, checked):
        self.events.append(checked)

    def onClose(self, caller, event):
        self.events.append(f"close while entered: {self.parent.isEntered}")
        self.parameters.disconnectGui(self.tag)

    def enter(self): self.events.append("enter")
    def exit(self): self.events.append("exit")
    def cleanup(self):
        self.events.append("cleanup")
        self.removeObservers()

class SampleLogic(ScriptedLoadableModuleLogic):
    pass

class SampleTest(ScriptedLoadableModuleTest):
    ran = []
    def test_first(self): self.ran.append("first")
    def test_second(self): self.ran.append("second"); assert slicer.app.testingEnabled()
"""


@pytest.fixture
def a_module_file(an_empty_scene: Any, tmp_path: Path) -> Path:
    path = tmp_path / "Sample.py"
    path.write_text(MODULE)
    return path


@pytest.fixture
def a_panel(a_slicer_host: Any, a_module_file: Path) -> Any:
    a_slicer_host.load_module(a_module_file)
    return a_slicer_host.open_module("Sample")


def test_loading_a_module_makes_no_panel_yet(a_slicer_host: Any, a_module_file: Path) -> None:
    import slicer

    module = a_slicer_host.load_module(a_module_file)
    assert (module.name, module.title, module.path) == ("Sample", "Sample", str(a_module_file))
    assert slicer.modules.sample is module
    assert slicer.modules.SampleInstance.moduleName == "Sample"
    assert not hasattr(slicer.modules, "SampleWidget")


def test_opening_a_module_sets_the_panel_up_and_enters_it(a_panel: Any) -> None:
    import slicer

    assert slicer.modules.SampleWidget is a_panel
    assert a_panel.events == ["enter"]
    assert a_panel.parent.isEntered
    assert slicer.util.getModuleLogic("Sample") is a_panel.logic


def test_a_node_chosen_in_the_panel_is_kept_in_the_parameter_node(a_slicer_host: Any, a_panel: Any) -> None:
    import slicer

    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "chest")
    a_slicer_host.select(a_panel.ui.volumeSelector, "chest")
    assert a_panel.parameters.volume is volume
    assert a_panel.logic.getParameterNode().GetNodeReferenceID("volume") == volume.GetID()


def test_the_slider_takes_its_limits_from_the_parameter_and_moves_it(a_panel: Any) -> None:
    assert (a_panel.ui.levelSlider.maximum, a_panel.ui.levelSlider.value) == (1.0, 0.5)
    a_panel.ui.levelSlider.value = 0.8
    assert a_panel.parameters.level == 0.8
    a_panel.parameters.level = 0.2
    assert a_panel.ui.levelSlider.value == pytest.approx(0.2)


def test_a_click_calls_the_handler_with_the_checked_state(a_slicer_host: Any, a_panel: Any) -> None:
    a_slicer_host.click(a_panel.ui.applyButton)
    assert a_panel.events == ["enter", False]


def test_closing_the_scene_reaches_the_panel(a_slicer_host: Any, a_panel: Any) -> None:
    a_slicer_host.close_scene()
    assert a_panel.events == ["enter", "close while entered: True"]


def test_unloading_a_module_exits_and_cleans_up(a_slicer_host: Any, a_panel: Any) -> None:
    import slicer

    a_slicer_host.unload_module("Sample")
    assert a_panel.events == ["enter", "exit", "cleanup"]
    assert not hasattr(slicer.modules, "sample")


def test_the_self_test_runs_every_test_of_the_module(a_slicer_host: Any, a_module_file: Path) -> None:
    import sys

    a_slicer_host.load_module(a_module_file)
    a_slicer_host.run_self_test("Sample")
    assert sys.modules["Sample"].SampleTest.ran == ["first", "second"]


def test_the_panel_is_drawn_with_readable_text(a_slicer_host: Any, a_panel: Any, tmp_path: Path) -> None:
    from PIL import Image

    a_slicer_host.grab(a_panel.parent, tmp_path / "panel.png", width=400)
    picture = Image.open(tmp_path / "panel.png").convert("L")
    label = a_panel.ui.label
    corner = label.mapTo(a_panel.parent, label.rect.topLeft())
    words = picture.crop((corner.x(), corner.y(), corner.x() + label.width, corner.y() + label.height))
    dark = sum(words.histogram()[:100])
    assert 30 < dark < 0.5 * words.width * words.height, "letters are dark strokes on a light ground"


def test_the_desk_shows_panel_and_view_and_leaves_the_window_as_it_was(
    a_slicer_host: Any, a_panel: Any, tmp_path: Path
) -> None:
    from PIL import Image

    size = a_panel.parent.size
    a_slicer_host.grab_desk(tmp_path / "desk.png", width=900, height=300)
    picture = Image.open(tmp_path / "desk.png").convert("L")
    assert picture.size == (900, 300)
    assert (picture.getpixel((5, 290)) > 200, picture.getpixel((890, 10))) == (True, 0), "panel left, empty view right"
    assert a_panel.parent.size == size


def test_a_person_cannot_click_what_is_hidden_or_disabled(a_slicer_host: Any, a_panel: Any) -> None:
    a_panel.ui.applyButton.setEnabled(False)
    with pytest.raises(AssertionError, match="applyButton: it is disabled"):
        a_slicer_host.click(a_panel.ui.applyButton)
    a_panel.ui.inputs.collapsed = True
    with pytest.raises(AssertionError, match="not visible"):
        a_slicer_host.click(a_panel.ui.levelSlider)


def test_a_script_switches_modules_and_finds_the_main_window(a_slicer_host: Any, a_module_file: Path) -> None:
    import slicer

    a_slicer_host.load_module(a_module_file)
    slicer.util.selectModule("Sample")
    assert slicer.util.mainWindow().moduleSelector().selectedModule == "Sample"
    assert slicer.util.getModuleWidget("Sample").events == ["enter"]


def test_settings_are_the_same_file_for_the_application_and_a_script(an_empty_scene: Any) -> None:
    import qt
    import slicer

    slicer.app.userSettings().setValue("ReadingRoom/device", "cpu")
    assert qt.QSettings().value("ReadingRoom/device") == "cpu"
    assert slicer.util.settingsValue("ReadingRoom/device", "auto") == "cpu"
