"""How the heat map, its levels and its box are shown over the study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ctk
import qt
from slicer.i18n import tr as _


class HeatMapView:
    """Visibility, opacity and color table. ``on_change`` is called with the name of a parameter and its new value."""

    def __init__(self, color_tables: Sequence[str], on_change: Callable[[str, Any], None], keys: str) -> None:
        self.widget = qt.QWidget()
        form = qt.QFormLayout(self.widget)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)

        self.visible = _box(_("Heat map"), _("Show or hide the heat map ({keys}).").format(keys=keys))
        self.box = _box(_("Box"), _("The box around the strongest region of the map; no outline of a lesion."))
        self.segments = _box(_("Levels"), _("Outlines of the named levels of the map, kept as segments."))
        row = qt.QHBoxLayout()
        for widget in (self.visible, self.box, self.segments):
            row.addWidget(widget)
        row.addStretch(1)
        form.addRow(_("Show"), row)

        self.opacity = ctk.ctkSliderWidget()
        self.opacity.minimum = 0.0
        self.opacity.maximum = 100.0
        self.opacity.singleStep = 5.0
        self.opacity.setDecimals(0)
        self.opacity.suffix = " %"
        self.opacity.setAccessibleName(_("Opacity of the heat map"))
        self.opacity.setToolTip(_("How strongly the heat map covers the image."))
        form.addRow(_("Opacity"), self.opacity)

        self.colors = qt.QComboBox()
        self.colors.setAccessibleName(_("Colors of the heat map"))
        self.colors.setToolTip(_("The legend in the slice view shows what the colors stand for."))
        for name in color_tables:
            self.colors.addItem(name, name)
        form.addRow(_("Colors"), self.colors)

        self.visible.clicked.connect(lambda *_args: on_change("mapVisible", self.visible.isChecked()))
        self.box.clicked.connect(lambda *_args: on_change("boxVisible", self.box.isChecked()))
        self.segments.clicked.connect(lambda *_args: on_change("segmentsVisible", self.segments.isChecked()))
        self.opacity.valueChanged.connect(lambda value, *_args: on_change("opacity", value / 100))
        self.colors.activated.connect(lambda *_args: on_change("colorTable", self.colors.currentData))

    def show(self, *, visible: bool, box: bool, segments: bool, opacity: float, color_table: str) -> None:
        """Draw the settings."""
        self.visible.setChecked(visible)
        self.box.setChecked(box)
        self.segments.setChecked(segments)
        blocked = self.opacity.blockSignals(True)
        self.opacity.setValue(100 * opacity)
        self.opacity.blockSignals(blocked)
        self.colors.setCurrentIndex(self.colors.findData(color_table))
        self.opacity.setEnabled(visible)


def _box(text: str, tip: str) -> Any:
    box = qt.QCheckBox(text)
    box.setToolTip(tip)
    return box
