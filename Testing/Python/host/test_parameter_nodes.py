"""Typed parameters live in a real node: validated, with defaults, tied to widgets in both directions."""

# No `from __future__ import annotations`: the decorated classes below are local, and their types must be real.

import enum
from pathlib import Path
from typing import Annotated, Any

import pytest


class Layout(enum.Enum):
    BESIDE = 1
    BELOW = 2


@pytest.fixture
def a_wrapper(an_empty_scene: Any) -> Any:
    import slicer
    from slicer.parameterNodeWrapper import (
        Choice,
        Default,
        WithinRange,
        parameterNodeWrapper,
    )

    class Parameters:
        volume: slicer.vtkMRMLScalarVolumeNode
        level: Annotated[float, WithinRange(0, 1), Default(0.5)]
        formats: list[str] = ["html"]  # noqa: RUF012 (as panels write it)
        layout: Layout
        pages: Annotated[str, Choice(["A4", "Letter"]), Default("A4")]
        facts: dict[str, str]
        comment: str | None = None

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "parameters")
    return parameterNodeWrapper(Parameters), node


@pytest.fixture
def parameters(a_wrapper: Any) -> Any:
    wrapper, node = a_wrapper
    return wrapper(node)


def test_what_was_never_set_has_its_default(parameters: Any) -> None:
    assert (parameters.level, parameters.formats, parameters.layout) == (0.5, ["html"], Layout.BESIDE)
    assert (parameters.volume, parameters.comment, parameters.pages) == (None, None, "A4")


def test_values_are_kept_in_the_node_and_read_by_another_wrapper(a_wrapper: Any, parameters: Any) -> None:
    import slicer

    parameters.volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "chest")
    parameters.layout = Layout.BELOW
    parameters.formats = ["pdf", "csv"]
    parameters.facts = {"age": "57"}
    parameters.comment = "seen"
    wrapper, node = a_wrapper
    other = wrapper(node)
    assert other.volume.GetName() == "chest"
    assert (other.layout, other.formats, other.comment) == (Layout.BELOW, ["pdf", "csv"], "seen")
    assert other.facts == {"age": "57"}


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("level", 3.0, ValueError),
        ("level", "high", TypeError),
        ("level", None, ValueError),
        ("volume", "chest", TypeError),
        ("levle", 0.3, AttributeError),
    ],
)
def test_a_wrong_value_is_refused_and_the_old_one_kept(parameters: Any, name: str, value: Any, error: type) -> None:
    with pytest.raises(error):
        setattr(parameters, name, value)
    assert parameters.level == 0.5


def test_a_widget_without_a_connector_is_refused(parameters: Any) -> None:
    import qt

    with pytest.raises(RuntimeError, match="QProgressBar"):
        parameters.connectParametersToGui({"level": qt.QProgressBar()})


def test_a_combo_box_offers_the_members_of_the_enum(parameters: Any, a_slicer_host: Any) -> None:
    import qt

    combo = qt.QComboBox()
    tag = parameters.connectParametersToGui({"layout": combo})
    assert [combo.itemText(i) for i in range(combo.count)] == ["BESIDE", "BELOW"]
    combo.setCurrentIndex(1)
    assert parameters.layout == Layout.BELOW
    parameters.disconnectGui(tag)
    combo.setCurrentIndex(0)
    assert parameters.layout == Layout.BELOW


def test_node_references_and_values_survive_saving_and_loading(
    a_slicer_host: Any, a_wrapper: Any, parameters: Any, tmp_path: Path
) -> None:
    import numpy as np
    import slicer

    parameters.volume = slicer.util.addVolumeFromArray(np.zeros((2, 3, 4), np.int16), name="chest")
    parameters.level = 0.25
    a_slicer_host.save_scene(tmp_path / "scene.mrb")
    a_slicer_host.close_scene()
    a_slicer_host.load_scene(tmp_path / "scene.mrb")
    wrapper, _ = a_wrapper
    loaded = wrapper(slicer.util.getNode("parameters"))
    assert (loaded.level, loaded.volume.GetName()) == (0.25, "chest")


def test_a_selector_follows_the_scene(an_empty_scene: Any) -> None:
    import slicer

    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    selector.noneEnabled = True
    told: list[Any] = []
    selector.currentNodeChanged.connect(told.append)
    selector.setMRMLScene(an_empty_scene)
    volume = an_empty_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "chest")
    an_empty_scene.AddNewNodeByClass("vtkMRMLTextNode", "note")
    assert (selector.nodeCount(), selector.currentNode()) == (1, None)
    selector.setCurrentNode(volume)
    an_empty_scene.RemoveNode(volume)
    assert told == [volume, None]
