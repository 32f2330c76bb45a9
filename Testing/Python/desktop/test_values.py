"""The tables of numbers can be read in a panel as narrow as it may be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import qt
import slicer

from readingroom.desktop.widgets.values import ValuesView
from readingroom.reading import Comparison, Measurement, Reading, Region


@pytest.fixture
def reading(answer_of_the_worker) -> Reading:
    """With titles that are wider than their columns."""
    parts = ("Right upper, peripheral", "Left lung")
    of_parts = [Measurement(f"share-{part}", "Share of the lungs", 12.0, "%", part=part) for part in parts]
    return replace(
        Reading.from_json(answer_of_the_worker[1]["reading"]),
        measurements=(Measurement("share", "Share of the lungs that is suspicious", 12.0, "%"), *of_parts),
        comparisons=(Comparison("ml", "Suspicious lung, right lower", "mL", 12.0, 3.0, "frontal", "frontal"),),
    )


def test_a_title_that_is_wider_than_its_column_has_lines_enough(empty_scene, reading):
    values, panel = ValuesView(), qt.QScrollArea()
    panel.setWidgetResizable(True)
    panel.setWidget(values.widget)
    panel.resize(600, 400)
    panel.show()
    values.show(reading)
    slicer.app.processEvents()
    panel.resize(150, 400)
    slicer.app.processEvents()
    for table in (values.measurements, values.parts, values.comparisons):
        heights = [table.rowHeight(row) for row in range(table.rowCount)]
        assert all(height >= table.sizeHintForRow(row) for row, height in enumerate(heights))
        assert table.height >= sum(heights)


def test_the_long_name_of_a_region_leaves_what_was_measured_room(empty_scene, reading):
    image = reading.study.images[0].role
    title = "Lung on the 3 slices that carry half of the weight"
    region = Region("half", title, image, Path("segments.seg.nrrd"), volume_ml=832.6)
    values = ValuesView()
    values.widget.resize(420, 800)
    values.show(replace(reading, regions=(*reading.regions, region)))
    values.widget.show()
    slicer.app.processEvents()
    table = values.measurements
    last = table.columnCount - 1
    assert 0 < table.columnWidth(last) <= 130
    assert table.columnWidth(0) > table.columnWidth(last)
    assert table.rowHeight(table.rowCount - 1) > table.fontMetrics().height() * 2


@pytest.mark.parametrize("first", ["measurements", "parts"])
def test_the_table_that_tells_what_comes_first_stands_above(empty_scene, reading, first):
    single, *of_parts = reading.measurements
    ordered = (single, *of_parts) if first == "measurements" else (*of_parts, single)
    values = ValuesView()
    values.widget.resize(420, 800)
    for shown in (reading, replace(reading, measurements=ordered)):
        values.show(shown)
    values.widget.show()
    slicer.app.processEvents()
    above = values.measurements.y < values.parts.y
    assert above == (first == "measurements")
