"""The installed bundles as a table, with what can be done to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from ...bundles.store import Installed
from ...readers.registry import readers

_ROWS_SHOWN = 6


class BundlesView:
    """Table, buttons and model card.

    Parameters
    ----------
    on_install : called with the path of a zip or folder that a person chose
    on_verify, on_remove : called with the chosen entry
    """

    def __init__(
        self,
        on_install: Callable[[Path], None],
        on_verify: Callable[[Installed], None],
        on_remove: Callable[[Installed], None],
    ) -> None:
        self._entries: list[Installed] = []
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        self.table = _table([_("Bundle"), _("Version"), _("Module"), _("State")])
        column.addWidget(self.table)

        self.install_zip = qt.QPushButton(_("Install zip …"))
        self.install_folder = qt.QPushButton(_("Install folder …"))
        self.verify = qt.QPushButton(_("Verify"))
        self.remove = qt.QPushButton(_("Remove"))
        self.card_button = qt.QPushButton(_("Card"))
        self.card_button.setCheckable(True)
        self.verify.setToolTip(_("Compare every file of the bundle with its hash."))
        self.card_button.setToolTip(_("What the bundle was trained on, how well it does, and what it must not do."))
        row = qt.QHBoxLayout()
        for button in (self.install_zip, self.install_folder, self.verify, self.remove, self.card_button):
            row.addWidget(button)
        column.addLayout(row)

        self.card = qt.QTextBrowser()
        self.card.setOpenExternalLinks(False)
        self.card.setMinimumHeight(260)
        self.card.setAccessibleName(_("Model card"))
        self.card.setVisible(False)
        column.addWidget(self.card)

        self.table.itemSelectionChanged.connect(lambda *_args: self._selected())
        self.card_button.toggled.connect(lambda *_args: self._selected())
        self.install_zip.clicked.connect(lambda *_args: _chosen(_choose_zip(), on_install))
        self.install_folder.clicked.connect(lambda *_args: _chosen(_choose_folder(), on_install))
        self.verify.clicked.connect(lambda *_args: on_verify(self._entries[self.table.currentRow()]))
        self.remove.clicked.connect(lambda *_args: on_remove(self._entries[self.table.currentRow()]))

    def show(self, entries: list[Installed]) -> None:
        """List the bundles; the selection stays where it was."""
        row = max(0, self.table.currentRow())
        titles = {reader.name: reader.title for reader in readers().values()}
        self._entries = entries
        self.table.setRowCount(len(entries))
        for index, entry in enumerate(entries):
            metadata = entry.metadata
            title, version, reader = (metadata.title, metadata.version, metadata.reader) if metadata else ("", "", "")
            texts = (title or entry.name, version, titles.get(reader, reader), _state(entry))
            for place, text in enumerate(texts):
                item = qt.QTableWidgetItem(text)
                item.setToolTip(f"{entry.name}: {entry.problem or entry.folder}")
                self.table.setItem(index, place, item)
        self.table.resizeColumnsToContents()
        self.table.resizeRowsToContents()
        lines = sum(self.table.rowHeight(index) for index in range(min(len(entries), _ROWS_SHOWN)))
        self.table.setFixedHeight(self.table.horizontalHeader().sizeHint.height() + lines + 4)
        self.table.setCurrentCell(min(row, len(entries) - 1), 0)
        self._selected()

    def _selected(self) -> None:
        row = self.table.currentRow()
        entry = self._entries[row] if 0 <= row < len(self._entries) else None
        self.verify.setEnabled(entry is not None)
        self.remove.setEnabled(entry is not None and not entry.shipped)
        bundle = entry.bundle if entry is not None else None
        self.card_button.setEnabled(bundle is not None)
        shown = bundle is not None and self.card_button.isChecked()
        self.card.setVisible(shown)
        if bundle is not None and shown:
            self.card.markdown = bundle.card


def _state(entry: Installed) -> str:
    if entry.problem:
        return entry.problem
    place = _("built in") if entry.shipped else _("installed")
    if entry.metadata is not None and entry.metadata.demonstration:
        return _("{place}, demonstration only").format(place=place)
    return place


def _table(headers: list[str]) -> Any:
    table = qt.QTableWidget()
    table.setColumnCount(len(headers))
    table.setHorizontalHeaderLabels(headers)
    table.verticalHeader().setVisible(False)
    table.horizontalHeader().setStretchLastSection(True)
    table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
    table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
    table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
    table.setAccessibleName(_("Installed bundles"))
    return table


def _choose_zip() -> str:
    return str(qt.QFileDialog.getOpenFileName(None, _("Bundle to install"), "", _("Bundles (*.zip)")) or "")


def _choose_folder() -> str:
    return str(qt.QFileDialog.getExistingDirectory(None, _("Folder of the bundle to install")) or "")


def _chosen(path: str, then: Callable[[Path], None]) -> None:
    if path:
        then(Path(path))
