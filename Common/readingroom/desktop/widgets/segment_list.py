"""The segments of a segmentation with a check box each, and beside each what came of measuring it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import qt
from slicer.i18n import tr as _

from .labels import sentence

_ROWS_SHOWN = 6


@dataclass(frozen=True)
class SegmentRow:
    """One segment: ``color`` is red, green, blue from 0 to 1, ``state`` a few words, ``problem`` a sentence."""

    key: str
    name: str
    color: tuple[float, float, float]
    chosen: bool
    state: str = ""
    problem: str = ""


class SegmentListView:
    """The list. ``on_chosen`` is called with the keys of all segments that are checked when a person changes that."""

    def __init__(self, on_chosen: Callable[[list[str]], None]) -> None:
        self._on_chosen = on_chosen
        self._rows: tuple[SegmentRow, ...] = ()
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.all = qt.QCheckBox(_("All segments"))
        self.all.setToolTip(_("Measure all segments, or none."))
        self.tree = qt.QTreeWidget()
        self.tree.setColumnCount(2)
        self.tree.setHeaderHidden(True)
        self.tree.setRootIsDecorated(False)
        self.tree.setAccessibleName(_("Segments to measure"))
        self.tree.setToolTip(_("Checked segments are measured. What overlaps is measured in each."))
        column.addWidget(self.all)
        column.addWidget(self.tree)
        self.problems = sentence()
        column.addWidget(self.problems)
        self.all.clicked.connect(lambda *_args: self._choose_all(self.all.isChecked()))
        self.tree.itemChanged.connect(lambda *_args: self._on_chosen(self.chosen()))
        self.show(())

    def show(self, rows: Sequence[SegmentRow]) -> None:
        """List the segments."""
        if tuple(rows) == self._rows and self.tree.topLevelItemCount == len(rows):
            return
        same = [row.key for row in rows] == [row.key for row in self._rows]
        self._rows = tuple(rows)
        blocked = self.tree.blockSignals(True)
        if not same:
            self.tree.clear()
            for _row in rows:
                self.tree.addTopLevelItem(qt.QTreeWidgetItem())
        for index, row in enumerate(rows):
            _fill_item(self.tree.topLevelItem(index), row)
        self.tree.blockSignals(blocked)
        self.tree.resizeColumnToContents(0)
        line = self.tree.sizeHintForRow(0) if rows else 20
        self.tree.setFixedHeight(line * max(2, min(len(rows), _ROWS_SHOWN)) + 6)
        problems = [f"{row.name}: {row.problem}" for row in rows if row.problem]
        self.problems.setText("\n".join(problems))
        self.problems.setVisible(bool(problems))
        self.all.setVisible(len(rows) > 1)
        self.all.setChecked(all(row.chosen for row in rows))

    def chosen(self) -> list[str]:
        """The keys of the segments that are checked."""
        items = [self.tree.topLevelItem(index) for index in range(len(self._rows))]
        checked = (item.checkState(0) == qt.Qt.Checked for item in items)
        return [row.key for row, on in zip(self._rows, checked, strict=True) if on]

    def _choose_all(self, on: bool) -> None:
        self._on_chosen([row.key for row in self._rows] if on else [])


def _fill_item(item: Any, row: SegmentRow) -> None:
    item.setText(0, row.name)
    item.setText(1, row.state)
    item.setToolTip(0, row.name)
    item.setToolTip(1, row.problem or row.state)
    item.setIcon(0, _swatch(row.color))
    item.setCheckState(0, qt.Qt.Checked if row.chosen else qt.Qt.Unchecked)


def _swatch(color: tuple[float, float, float]) -> Any:
    pixmap = qt.QPixmap(12, 12)
    pixmap.fill(qt.QColor(*(round(255 * part) for part in color)))
    return qt.QIcon(pixmap)
