"""A layout for reading follows from the images of a reader, and is undone."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import slicer

from readingroom.desktop.reading_layout import ReadingLayout, view_names
from readingroom.readers.description import ImageRole

VIEWS = ("left-cc", "left-mlo", "right-cc", "right-mlo")


def reader(dimensions: int, *roles: str):
    return SimpleNamespace(images=tuple(ImageRole(role, role, ("MG",), dimensions) for role in roles))


def arrangement() -> int:
    return slicer.app.layoutManager().layout


@pytest.fixture
def pictures(empty_scene):
    """Four flat volume nodes by role."""
    return {role: slicer.util.addVolumeFromArray(np.ones((1, 8, 8), "int16"), name=role) for role in VIEWS}


def test_a_volume_is_read_in_the_conventional_layout(empty_scene):
    layout = ReadingLayout(reader(3, "ct"))
    layout.use({})
    assert arrangement() == slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView
    layout.leave()
    assert arrangement() == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView


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
