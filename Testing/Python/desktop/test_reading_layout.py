"""A layout for reading follows from the images of a reader, and is undone."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import slicer

from readingroom.desktop import slice_views
from readingroom.desktop.reading_layout import ReadingLayout, view_names
from readingroom.readers.description import ImageRole

VIEWS = ("left-cc", "left-mlo", "right-cc", "right-mlo")


def reader(dimensions: int, *roles: str):
    return SimpleNamespace(images=tuple(ImageRole(role, role, ("MG",), dimensions) for role in roles), hanging=())


def arrangement() -> int:
    return slicer.app.layoutManager().layout


@pytest.fixture
def pictures(empty_scene):
    """Four flat volume nodes by role."""
    return {role: slicer.util.addVolumeFromArray(np.ones((1, 8, 8), "int16"), name=role) for role in VIEWS}


def volume_reader():
    """As those of volumes describe themselves: the volume, and its prior where there is one."""
    prior = ImageRole("prior-ct", "Prior CT", ("CT",), 3, required=False, prior_of="ct")
    return SimpleNamespace(images=(ImageRole("ct", "CT", ("CT",), 3), prior), hanging=())


@pytest.fixture
def layout(empty_scene):
    """The layout of such a reader."""
    layout = ReadingLayout(volume_reader())
    yield layout
    layout.leave()


@pytest.fixture
def volumes(empty_scene):
    """A volume of 21 slices and a prior that lies elsewhere, by role."""
    made = {
        role: slicer.util.addVolumeFromArray(np.ones((21, 8, 8), "int16"), name=role) for role in ("ct", "prior-ct")
    }
    made["prior-ct"].SetOrigin(0, 0, 500)
    return made


def view(name: str):
    return slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode()


def shown_in(name: str) -> str:
    composite = slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode()
    return slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID()).GetName()


def in_layout() -> set[str]:
    nodes = slicer.util.getNodesByClass("vtkMRMLAbstractViewNode")
    return {node.GetLayoutName() for node in nodes if node.IsMappedInLayout()}


def test_a_volume_is_shown_axial_and_coronal_over_a_strip_of_its_slices_from_the_head_down(layout, volumes):
    layout.use({"ct": volumes["ct"]})
    strip = [f"ReadingRoomStrip{place}" for place in range(1, 6)]
    assert in_layout() == {"Red", "Green", *strip}
    assert [view(name).GetOrientation() for name in ("Red", "Green", *strip)] == ["Axial", "Coronal", *["Axial"] * 5]
    assert [round(view(name).GetSliceOffset()) for name in strip] == [18, 14, 10, 6, 2]
    layout.spread(volumes["ct"], range(5, 11))
    assert [round(view(name).GetSliceOffset()) for name in strip] == [10, 8, 8, 6, 6]
    layout.leave()
    assert arrangement() == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView


def test_a_position_that_a_person_looks_at_leaves_the_strip_where_it_is(layout, volumes):
    layout.use({"ct": volumes["ct"]})
    slice_views.show_slice(volumes["ct"], 3)
    assert (view("Red").GetSliceOffset(), view("ReadingRoomStrip1").GetSliceOffset()) == (3, 18)


def test_a_prior_stands_beside_and_scrolls_along_by_the_same_way(layout, volumes):
    layout.use({"ct": volumes["ct"]})
    layout.show(volumes)
    names = ("Red", "Green", "ReadingRoomPriorAxial", "ReadingRoomPriorCoronal")
    assert in_layout() == set(names)
    assert [shown_in(name) for name in names] == ["ct", "ct", "prior-ct", "prior-ct"]
    now, prior = view("Red"), view("ReadingRoomPriorAxial")
    assert (now.GetSliceOffset(), prior.GetSliceOffset()) == (10, 510)
    now.SetSliceOffset(13)
    assert prior.GetSliceOffset() == 513
    prior.SetSliceOffset(505)
    assert now.GetSliceOffset() == 5
    assert view("ReadingRoomPriorCoronal").GetSliceOffset() == view("Green").GetSliceOffset()


def test_views_that_were_unlinked_are_lined_up_anew(layout, volumes):
    layout.use(volumes)
    layout.link(False)
    view("Red").SetSliceOffset(2)
    assert view("ReadingRoomPriorAxial").GetSliceOffset() == 510
    layout.link(True)
    view("Red").SetSliceOffset(4)
    assert view("ReadingRoomPriorAxial").GetSliceOffset() == 512
    layout.leave()
    view("Red").SetSliceOffset(9)
    assert view("ReadingRoomPriorAxial").GetSliceOffset() == 512


def test_without_its_prior_the_volume_has_its_strip_again(layout, volumes):
    layout.use(volumes)
    layout.show({"ct": volumes["ct"]})
    assert "ReadingRoomStrip1" in in_layout()
    assert "ReadingRoomPriorAxial" not in in_layout()


def test_a_layout_that_a_person_chose_meanwhile_stays_when_another_volume_is_chosen(layout, volumes):
    layout.use({"ct": volumes["ct"]})
    slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    layout.show(volumes)
    assert arrangement() == slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView


@pytest.fixture
def chart(empty_scene):
    """A curve as a chart node."""
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", "Risk")


def plotted() -> str:
    view = slicer.mrmlScene.GetSingletonNode("PlotView1", "vtkMRMLPlotViewNode")
    chart = view.GetPlotChartNode()
    return chart.GetName() if chart is not None else ""


def test_a_curve_takes_the_place_of_the_strip_and_gives_it_back(layout, volumes, chart):
    layout.use({"ct": volumes["ct"]})
    layout.plot(chart)
    assert in_layout() == {"Red", "Green", "PlotView1"}
    assert [view(name).GetOrientation() for name in ("Red", "Green")] == ["Axial", "Coronal"]
    assert [shown_in(name) for name in ("Red", "Green")] == ["ct", "ct"]
    assert plotted() == "Risk"
    layout.plot(None)
    assert "ReadingRoomStrip1" in in_layout()
    assert plotted() == ""


def test_a_layout_with_a_curve_is_undone_as_others_are(layout, volumes, chart):
    earlier = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", "Own")
    slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotView)
    slicer.mrmlScene.GetSingletonNode("PlotView1", "vtkMRMLPlotViewNode").SetPlotChartNodeID(earlier.GetID())
    layout.plot(chart)
    layout.use({"ct": volumes["ct"]})
    assert plotted() == "Risk"
    layout.leave()
    assert arrangement() == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotView
    assert plotted() == "Own"


def test_a_prior_leaves_no_place_for_a_curve(layout, volumes, chart):
    layout.use(volumes)
    layout.plot(chart)
    assert "ReadingRoomPriorAxial" in in_layout()
    assert "PlotView1" not in in_layout()


def test_each_of_several_pictures_has_a_view_of_its_own(pictures):
    layout = ReadingLayout(reader(2, *VIEWS))
    layout.use(pictures)
    shown = {}
    for name in view_names(4):
        composite = slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode()
        shown[name] = slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID()).GetName()
    assert list(shown) == ["Red", "Green", "Yellow", "ReadingRoom4"]
    assert tuple(shown.values()) == VIEWS
    layout.leave()
    assert arrangement() == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView


def test_without_a_main_window_nothing_is_arranged(empty_scene, monkeypatch):
    monkeypatch.setattr(type(slicer.app), "layoutManager", lambda self: None)
    layout = ReadingLayout(reader(2, "frontal"))
    layout.use({})
    layout.leave()


def test_leaving_twice_or_without_using_it_changes_nothing(empty_scene):
    layout = ReadingLayout(reader(2, "frontal"))
    layout.leave()
    layout.use({})
    layout.leave()
    slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    layout.leave()
    assert arrangement() == slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView
