"""The tables of numbers can be read in a panel as narrow as it may be."""

from __future__ import annotations

from dataclasses import replace

import pytest
import qt
import slicer

from readingroom.desktop.widgets.values import ValuesView
from readingroom.reading import Comparison, Measurement, Reading


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
