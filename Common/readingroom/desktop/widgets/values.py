"""Measurements of a reading, and comparisons with a prior image, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from ...formatting import dicom_date, interval_text, measurement_rows, number_text, unit_text
from ...reading import Comparison, Reading


class ValuesView:
    """Two tables; each is there when a reading has something for it."""

    def __init__(self) -> None:
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        self.measurements = _table([_("Measurement"), _("Value"), _("Interval"), _("Region")], _("Measurements"))
        self.comparisons = _table([_("Compared"), _("Now"), _("Prior"), _("Change")], _("Comparisons with the prior"))
        column.addWidget(self.measurements)
        column.addWidget(self.comparisons)

    def show(self, reading: Reading) -> None:
        """Draw the numbers of a reading."""
        rows = measurement_rows(reading, _)
        _fill(self.measurements, rows)
        for column in range(self.measurements.columnCount):
            self.measurements.setColumnHidden(column, not any(row[column] for row in rows))
        dates = {image.role: dicom_date(image.date) for image in reading.study.images}
        if reading.comparisons:
            first = reading.comparisons[0]
            now, prior = (dates.get(role, "") for role in (first.now_image, first.prior_image))
            headers = [_("Compared"), _with_date(_("Now"), now), _with_date(_("Prior"), prior), _("Change")]
            self.comparisons.setHorizontalHeaderLabels(headers)
        _fill(self.comparisons, [_compared(one) for one in reading.comparisons])


def _compared(one: Comparison) -> Sequence[str]:
    unit = unit_text(one.unit)
    change = number_text(one.now - one.prior, signed=True)
    if one.change is not None:
        change = f"{change} ({interval_text(one.change, number_text, _)})"
    title = f"{one.title} ({unit})" if unit else one.title
    return title, number_text(one.now), number_text(one.prior), change


def _with_date(title: str, date: str) -> str:
    return f"{title} ({date})" if date else title


def _table(headers: Sequence[str], name: str) -> Any:
    table = qt.QTableWidget()
    table.setColumnCount(len(headers))
    table.setHorizontalHeaderLabels(list(headers))
    table.verticalHeader().setVisible(False)
    table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)
    table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
    table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
    table.setAccessibleName(name)
    return table


def _fill(table: Any, rows: Sequence[Sequence[str]]) -> None:
    """List the rows; the table is as high as they are, and hidden without any."""
    table.setVisible(bool(rows))
    table.setRowCount(len(rows))
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            item.setToolTip(text)
            table.setItem(row, column, item)
    table.resizeColumnsToContents()
    table.resizeRowsToContents()
    height = table.horizontalHeader().height + sum(table.rowHeight(row) for row in range(len(rows))) + 4
    table.setMinimumHeight(height)
    table.setMaximumHeight(height)
