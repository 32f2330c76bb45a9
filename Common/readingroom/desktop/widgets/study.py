"""Which study is read, and by which bundle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from .selector import fill, selector


class StudyView:
    """Selectors for study, bundle and device, and a button for the next study.

    Parameters
    ----------
    study_label : what the first selector is called
    next_keys : named in the tooltip of the button
    panel : its ``choose_study(node ID)``, ``choose_bundle(name)``, ``change(parameter, value)`` and ``next_study()``
        are called when a person chooses
    """

    def __init__(self, study_label: str, next_keys: str, panel: Any) -> None:
        self.widget = qt.QWidget()
        form = qt.QFormLayout(self.widget)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)

        tip = _("The image to read. DICOM is read from its file, any other image as its window displays it.")
        self.study = selector(_("Study to read"), tip)
        self.next = qt.QToolButton()
        self.next.setText(_("Next"))
        self.next.setToolTip(_("Show the next study ({keys}).").format(keys=next_keys))
        self.next.setAccessibleName(_("Next study"))
        row = qt.QHBoxLayout()
        row.addWidget(self.study, 1)
        row.addWidget(self.next)
        form.addRow(study_label, row)

        self.bundle = selector(_("Bundle"), _("The trained model that answers. More in the module Reading Room."))
        form.addRow(_("Bundle"), self.bundle)

        self.device = selector(_("Device"), _("Where the network runs. Automatic takes a GPU when there is one."))
        for name, title in device_titles().items():
            self.device.addItem(title, name)
        form.addRow(_("Device"), self.device)

        # "activated" comes as a number or as a text, depending on the Qt binding: ask the selector instead.
        self.study.activated.connect(lambda *_args: panel.choose_study(self.study.currentData or ""))
        self.bundle.activated.connect(lambda *_args: panel.choose_bundle(self.bundle.currentData or ""))
        self.device.activated.connect(lambda *_args: panel.change("device", self.device.currentData))
        self.next.clicked.connect(lambda *_args: panel.next_study())

    def show_studies(self, studies: Sequence[tuple[str, str]], chosen: str) -> None:
        """List ``(node ID, name)`` pairs and select one."""
        fill(self.study, studies, chosen, _("Load a study to begin"))
        self.next.setEnabled(len(studies) > 1)

    def show_bundles(self, bundles: Sequence[tuple[str, str]], chosen: str) -> None:
        """List ``(name, title)`` pairs and select one."""
        fill(self.bundle, bundles, chosen, _("No bundle is installed"))

    def show_device(self, device: str) -> None:
        """Select a device."""
        self.device.setCurrentIndex(self.device.findData(device))

    def set_enabled(self, enabled: bool) -> None:
        """While a study is read, another cannot be chosen."""
        self.widget.setEnabled(enabled)


def device_titles() -> dict[str, str]:
    """Titles of the devices by name."""
    return {"auto": _("Automatic"), "cuda": _("NVIDIA GPU"), "mps": _("Apple GPU"), "cpu": _("Processor (CPU)")}
