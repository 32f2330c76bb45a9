"""Write the report: which files, where, and whether the patient is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ctk
import qt
from slicer.i18n import tr as _

from .labels import sentence


class ReportView:
    """Settings of the report and the button that writes it. Page size and anonymity are tied to their parameters.

    Parameters
    ----------
    formats : the kinds of file that there are
    on_change : called with the name of a parameter and its new value
    on_export : called when the report is to be written
    """

    def __init__(
        self,
        formats: Sequence[str],
        on_change: Callable[[str, Any], None],
        on_export: Callable[[], None],
    ) -> None:
        self.widget = qt.QWidget()
        form = qt.QFormLayout(self.widget)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)

        self.folder = ctk.ctkDirectoryButton()
        self.folder.setAccessibleName(_("Folder of the report"))
        self.folder.setToolTip(_("Each report goes into a folder of its own in here, so none replaces another."))
        form.addRow(_("Folder"), self.folder)

        row = qt.QHBoxLayout()
        self.formats = {name: qt.QCheckBox(name.upper()) for name in formats}
        for box in self.formats.values():
            row.addWidget(box)
        row.addStretch(1)
        form.addRow(_("Files"), row)

        self.page_size = qt.QComboBox()
        self.page_size.setAccessibleName(_("Page size"))
        self.anonymous = qt.QCheckBox(_("Leave out who the patient is"))
        form.addRow(_("Page"), self.page_size)
        self.anonymous.setToolTip(_("Comments are left out too: names are typed into them."))
        form.addRow("", self.anonymous)

        self.export = qt.QPushButton(_("Write report"))
        self.open = qt.QPushButton(_("Open folder"))
        buttons = qt.QHBoxLayout()
        buttons.addWidget(self.export, 1)
        buttons.addWidget(self.open)
        form.addRow(buttons)
        self.written = sentence()
        form.addRow(self.written)
        self.show_written([])

        self.folder.directoryChanged.connect(lambda folder, *_args: on_change("exportFolder", str(folder)))
        for box in self.formats.values():
            box.clicked.connect(lambda *_args: on_change("formats", self._chosen_formats()))
        self.export.clicked.connect(lambda *_args: on_export())
        self.open.clicked.connect(lambda *_args: self._open())

    def show(self, *, folder: str, formats: Sequence[str], possible: bool) -> None:
        """Draw the settings; ``possible`` is False while there is nothing to report."""
        blocked = self.folder.blockSignals(True)
        self.folder.directory = folder
        self.folder.blockSignals(blocked)
        for name, box in self.formats.items():
            box.setChecked(name in formats)
        self.export.setEnabled(possible and bool(formats))

    def show_written(self, files: Sequence[Path]) -> None:
        """Say which files were written."""
        self._files = list(files)
        self.written.setVisible(bool(files))
        self.open.setEnabled(bool(files))
        if files:
            names = ", ".join(file.name for file in files)
            self.written.setText(_("Written to {folder}: {names}").format(folder=files[0].parent, names=names))

    def _open(self) -> None:
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self._files[0].parent)))

    def _chosen_formats(self) -> list[str]:
        return [name for name, box in self.formats.items() if box.isChecked()]
