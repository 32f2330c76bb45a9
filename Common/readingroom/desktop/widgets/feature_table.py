"""The measured features, grouped by image and class: to search, to copy, to write to a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from ..features.feature_rows import UNSTABLE, FeatureRow, FeatureRows, short_name
from .labels import sentence
from .selector import fill, selector

_HEIGHT = 320
_FEW_COLUMNS = 4
_NAME_WIDTH = 190


class FeatureTableView:
    """A tree of feature classes, of each image where there are several, with a column for each fact.

    Parameters
    ----------
    on_segment : called with the key of the segment to show, or ``""`` for all side by side
    on_export : called when the table is to be written to a file
    """

    def __init__(self, on_segment: Callable[[str], None], on_export: Callable[[], None]) -> None:
        self._table = FeatureRows((), ())
        self._folded: set[str] = set()  # headings that are folded
        self._known: set[str] = set()  # headings of images that were there before
        self._shown: list[tuple[FeatureRow, Any]] = []
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)

        top = qt.QHBoxLayout()
        self.segment = selector(_("Segment to show"), _("Whose features are shown."))
        self.search = qt.QLineEdit()
        self.search.setPlaceholderText(_("Search features"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(_("Search features"))
        self.search.setToolTip(_("Words in the name, the class or the image, such as “glcm entropy”."))
        top.addWidget(self.segment, 1)
        top.addWidget(self.search, 1)
        column.addLayout(top)

        self.tree = _tree()
        column.addWidget(self.tree)
        self.legend = sentence()
        column.addWidget(self.legend)

        bottom = qt.QHBoxLayout()
        self.copy = qt.QPushButton(_("Copy"))
        self.copy.setToolTip(
            _("Copy the selected rows, or all that are shown, for a spreadsheet (Ctrl+C in the table).")
        )
        self.export = qt.QPushButton(_("Write CSV …"))
        self.export.setToolTip(_("Write all features and how they were measured to a file, at full precision."))
        self.said = sentence()
        bottom.addWidget(self.copy)
        bottom.addWidget(self.export)
        bottom.addWidget(self.said, 1)
        column.addLayout(bottom)

        self._keys = qt.QShortcut(qt.QKeySequence("Ctrl+C"), self.tree)
        self._keys.setContext(qt.Qt.WidgetShortcut)
        self._keys.activated.connect(lambda *_args: self.copy_rows())
        self.segment.activated.connect(lambda *_args: on_segment(self.segment.currentData or ""))
        self.search.textChanged.connect(lambda *_args: self._draw())
        self.copy.clicked.connect(lambda *_args: self.copy_rows())
        self.export.clicked.connect(lambda *_args: on_export())
        self.tree.itemCollapsed.connect(lambda item, *_args: self._folded.add(_key(item)))
        self.tree.itemExpanded.connect(lambda item, *_args: self._folded.discard(_key(item)))

    def show(self, segments: Sequence[tuple[str, str]], chosen: str, table: FeatureRows) -> None:
        """Draw ``table``, which is of the ``chosen`` one of the segments (key and name)."""
        fill(self.segment, segments, chosen, "")
        self.segment.setVisible(len(segments) > 1)
        if table != self._table:
            self._table = table
            self.said.setText("")
            self._draw()

    def say(self, text: str) -> None:
        """What was done with the table."""
        self.said.setText(text)

    def copy_rows(self) -> None:
        """Put the selected rows, or all that are shown, on the clipboard."""
        selected = [row for row, item in self._shown if item.isSelected()]
        rows = selected or [row for row, _item in self._shown]
        slicer.app.clipboard().setText(self._table.tab_separated(rows))
        self.say(_("Copied to the clipboard: {n}").format(n=len(rows)))

    def _draw(self) -> None:
        words = str(self.search.text)
        rows = self._table.found(words)
        blocked = self.tree.blockSignals(True)
        self.tree.clear()
        self.tree.setColumnCount(1 + len(self._table.titles))
        self.tree.setHeaderLabels([_("Feature"), *self._table.titles])
        images = {row.image for row in self._table.rows}
        headings: dict[str, Any] = {}  # by what stands in them, images before classes
        counts: Counter[str] = Counter()
        self._shown = []
        for row in rows:
            parent, key = self.tree, ""
            for part in (row.image, row.feature_class)[len(images) < 2 :]:
                key = f"{key}/{part}" if key else part
                if key not in headings:
                    headings[key] = self._add_heading(parent, key)
                    if part == row.image and key not in self._known:
                        self._known.add(key)
                        if len(headings) > 1:  # filtered images are many, and folded until somebody wants one
                            self._folded.add(key)
                counts[key] += 1
                parent = headings[key]
            self._shown.append((row, _add_row(parent, row)))
        for key, item in headings.items():
            item.setText(0, _("{group} ({n})").format(group=key.rpartition("/")[2], n=counts[key]))
            item.setExpanded(bool(words.strip()) or key not in self._folded)
        self.tree.blockSignals(blocked)
        self._fit_columns()
        unstable = any(row.unstable for row in rows)
        self.legend.setText(_("{mark} changes a lot when mask and image change a little.").format(mark=UNSTABLE))
        self.legend.setVisible(unstable)
        self.copy.setEnabled(bool(rows))

    def _add_heading(self, parent: Any, key: str) -> Any:
        item = qt.QTreeWidgetItem(parent)
        item.setData(0, qt.Qt.UserRole, key)
        item.setFlags(qt.Qt.ItemIsEnabled)  # a heading is no row to copy
        font = qt.QFont(self.tree.font)
        font.setBold(True)
        item.setFont(0, font)
        item.setFirstColumnSpanned(True)
        return item

    def _fit_columns(self) -> None:
        """Numbers are shown in full; the names take what is left, or a fixed width where many columns need it."""
        header, columns = self.tree.header(), len(self._table.titles)
        for place in range(1, 1 + columns):
            header.setSectionResizeMode(place, qt.QHeaderView.ResizeToContents)
        few = columns <= _FEW_COLUMNS
        header.setSectionResizeMode(0, qt.QHeaderView.Stretch if few else qt.QHeaderView.Interactive)
        if not few:
            self.tree.setColumnWidth(0, _NAME_WIDTH)


def _tree() -> Any:
    tree = qt.QTreeWidget()
    tree.setAccessibleName(_("Features"))
    tree.setAlternatingRowColors(True)
    tree.setUniformRowHeights(True)
    tree.setIndentation(8)
    tree.setTextElideMode(qt.Qt.ElideMiddle)  # long names differ at their ends, where the unit stands as well
    tree.setSelectionMode(qt.QAbstractItemView.ExtendedSelection)
    tree.setMinimumHeight(_HEIGHT)
    tree.header().setStretchLastSection(False)
    return tree


def _add_row(group: Any, row: FeatureRow) -> Any:
    item = qt.QTreeWidgetItem(group)
    name = f"{short_name(row.name)}, {row.unit}" if row.unit else short_name(row.name)
    item.setText(0, f"{name} {UNSTABLE}" if row.unstable else name)
    for place, text in enumerate(row.cells, start=1):
        item.setText(place, text)
        item.setTextAlignment(place, qt.Qt.AlignRight | qt.Qt.AlignVCenter)
    item.setToolTip(0, row.name)
    return item


def _key(item: Any) -> str:
    return str(item.data(0, qt.Qt.UserRole) or "")
