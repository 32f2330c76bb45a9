"""Slicer's text in the corners of slice views fits a large view while a study is read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import slicer

from readingroom.desktop.corner_text import CornerText
from readingroom.desktop.reading_layout import ReadingLayout
from readingroom.readers.description import ImageRole


class Annotations:
    """Data Probe's, as far as a size is set; counts how often it was drawn anew."""

    def __init__(self, size: int) -> None:
        self.fontSize = size
        self.drawn = 0

    def updateSliceViewFromGUI(self) -> None:  # noqa: N802 - Slicer's name
        self.drawn += 1


@pytest.fixture
def annotations(empty_scene, monkeypatch):
    """Of 14 points, with slice views 900 pixels high."""
    found = Annotations(14)
    probe = SimpleNamespace(infoWidget=SimpleNamespace(sliceAnnotations=found))
    monkeypatch.setattr(slicer.modules, "DataProbeInstance", probe, raising=False)
    for node in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        node.SetDimensions(800, 900, 1)
    return found


def test_it_grows_with_the_view_and_comes_back(annotations):
    text = CornerText()
    text.enlarge()
    assert annotations.fontSize == 20
    text.enlarge()
    assert (annotations.fontSize, annotations.drawn) == (20, 1)
    text.restore()
    assert (annotations.fontSize, annotations.drawn) == (14, 2)
    text.restore()
    assert annotations.drawn == 2


def test_a_larger_size_that_a_person_chose_stays(annotations):
    annotations.fontSize = 30
    CornerText().enlarge()
    assert (annotations.fontSize, annotations.drawn) == (30, 0)


def test_the_reading_layout_uses_and_leaves_it(annotations):
    layout = ReadingLayout(SimpleNamespace(images=(ImageRole("frontal", "Radiograph", ("DX",), 2),), hanging=()))
    layout.use({})
    assert annotations.fontSize > 14
    layout.leave()
    assert annotations.fontSize == 14


def test_without_data_probe_nothing_happens(empty_scene):
    text = CornerText()
    text.enlarge()
    text.restore()
