"""Measurements of a reading, and comparisons with a prior image, as tables."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from ...formatting import (
    amount_text,
    dicom_date,
    interval_text,
    measurement_rows,
    number_text,
    part_table,
    parts_come_first,
    percent,
    unit_text,
)
from ...reading import Comparison, Reading
from .labels import sentence

_HEADER_WIDTH = 12  # characters of a line, so that narrow columns have narrow titles
_MARGIN = 8  # pixels above and below a header
_WIDEST = 130  # pixels of a column beside the first; longer texts are wrapped, so that the first can be read


class ValuesView:
    """Tables; each is there when a reading has something for it."""

    def __init__(self) -> None:
        self.widget = qt.QWidget()
        self._column = column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        self.before = sentence()
        headers = [_("Measurement"), _("Value"), _("Before"), _("Interval"), _("Region")]
        self.measurements = _table(headers, _("Measurements"))
        self.comparisons = _table([_("Compared"), _("Now"), _("Prior"), _("Change")], _("Comparisons with the prior"))
        column.addWidget(self.before)
        column.addWidget(self.measurements)
        self.parts = _table([""], _("Measurements of parts"))
        column.addWidget(self.parts)
        column.addWidget(self.comparisons)

    def show(self, reading: Reading, before: Reading | None = None) -> None:
        """Draw the numbers of a reading, and beside them those ``before`` masks were corrected."""
        earlier = {(row[0], row[-1]): row[1] for row in measurement_rows(before, _)} if before is not None else {}
        rows = [(row[0], row[1], earlier.get((row[0], row[-1]), ""), *row[2:]) for row in measurement_rows(reading, _)]
        self.before.setVisible(before is not None)
        if before is not None:
            findings = [
                _("{title} {now}, before {before}").format(
                    title=one.title, now=percent(one.probability), before=percent(before.finding(one.name).probability)
                )
                for one in reading.findings
                if any(other.name == one.name for other in before.findings)
            ]
            if before.provenance.started == reading.provenance.started:
                words = _("A mask was corrected since the read: what depends on it follows, and no network was asked.")
            else:
                words = _("Masks were corrected since the read before. {findings}.")
            self.before.setText(words.format(findings="; ".join(findings)))
        _fill(self.measurements, rows)
        for column in range(self.measurements.columnCount):
            self.measurements.setColumnHidden(column, not any(row[column] for row in rows))
        self._show_parts(reading, before)
        self._column.removeWidget(self.parts)
        place = self._column.indexOf(self.measurements)
        self._column.insertWidget(place if parts_come_first(reading) else place + 1, self.parts)
        dates = {image.role: dicom_date(image.date) for image in reading.study.images}
        if reading.comparisons:
            first = reading.comparisons[0]
            now, prior = (dates.get(role, "") for role in (first.now_image, first.prior_image))
            headers = [_("Compared"), _with_date(_("Now"), now), _with_date(_("Prior"), prior), _("Change")]
            self.comparisons.setHorizontalHeaderLabels(headers)
        _fill(self.comparisons, [_compared(one) for one in reading.comparisons])

    def _show_parts(self, reading: Reading, before: Reading | None) -> None:
        """A row for each part of the body; in brackets stands what it was before masks were corrected."""
        header, rows = part_table(reading)
        earlier = part_table(before)[1] if before is not None else []
        known = {row[0]: row for row in earlier}
        self.parts.setColumnCount(len(header))
        titles = [textwrap.fill(title, _HEADER_WIDTH) for title in header]
        self.parts.setHorizontalHeaderLabels(titles)
        lines = max((title.count("\n") + 1 for title in titles), default=1)
        self.parts.horizontalHeader().setFixedHeight(lines * self.parts.fontMetrics().height() + _MARGIN)
        _fill(self.parts, [_beside(row, known.get(row[0], row)) for row in rows])


def _beside(row: Sequence[str], earlier: Sequence[str]) -> Sequence[str]:
    """The cells of a row, with those of an earlier one in brackets where they differ."""
    if len(earlier) != len(row):
        return row
    return [now if now == then else f"{now} ({then})" for now, then in zip(row, earlier, strict=True)]


def _compared(one: Comparison) -> Sequence[str]:
    unit = unit_text(one.unit)
    change = number_text(one.now - one.prior, signed=True)
    if one.change is not None:
        change = f"{change} ({interval_text(one.change, number_text, _)})"
    title = f"{one.title} ({unit})" if unit else one.title
    return title, amount_text(one.now, one.unit), amount_text(one.prior, one.unit), change


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
    table.horizontalHeader().geometriesChanged.connect(lambda *_args: _fit(table))
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
    for column in range(1, table.columnCount):
        table.setColumnWidth(column, min(table.columnWidth(column), _WIDEST))
    _fit(table)


def _fit(table: Any) -> None:
    """Rows as high as their wrapped texts at the present width of the columns, and the table as high as its rows."""
    table.resizeRowsToContents()
    height = table.horizontalHeader().height + sum(table.rowHeight(row) for row in range(table.rowCount)) + 4
    table.setMinimumHeight(height)
    table.setMaximumHeight(height)
