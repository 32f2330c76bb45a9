"""How heat maps, their levels and boxes, and regions are shown over the study."""

from __future__ import annotations

from typing import Any

import ctk
import qt
from slicer.i18n import tr as _


class LayersView:
    """Visibility, opacity and color table; ``connected`` are the widgets by the parameter that each is tied to."""

    def __init__(self, keys: str) -> None:
        self.widget = qt.QWidget()
        form = qt.QFormLayout(self.widget)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)

        self.visible = _box(_("Heat map"), _("Show or hide the heat map ({keys}).").format(keys=keys))
        self.attention = _box(_("Weight of slices"), _("Show how much each slice weighs in place of the heat map."))
        self.box = _box(_("Box"), _("The box around the strongest region of the map; no outline of a lesion."))
        self.levels = _box(_("Levels"), _("Outlines of the named levels of the map, kept as segments."))
        self.regions = _box(_("Regions"), _("Outlines of what the reader found or was given, kept as segments."))
        row = qt.QHBoxLayout()
        for widget in (self.visible, self.attention, self.box, self.levels, self.regions):
            row.addWidget(widget)
        row.addStretch(1)
        form.addRow(_("Show"), row)

        self.opacity = ctk.ctkSliderWidget()
        self.opacity.singleStep = 5.0
        self.opacity.setDecimals(0)
        self.opacity.suffix = " %"
        self.opacity.setAccessibleName(_("Opacity of the heat map"))
        self.opacity.setToolTip(_("How strongly the heat map covers the image."))
        form.addRow(_("Opacity"), self.opacity)

        self.colors = qt.QComboBox()
        self.colors.setAccessibleName(_("Colors of the heat map"))
        self.colors.setToolTip(_("The legend in the slice view shows what the colors stand for."))
        form.addRow(_("Colors"), self.colors)
        self.connected: dict[str, Any] = {
            "mapVisible": self.visible,
            "attentionShown": self.attention,
            "boxVisible": self.box,
            "levelsVisible": self.levels,
            "regionsVisible": self.regions,
            "opacity": self.opacity,
            "colorTable": self.colors,
        }

    def show(self, *, maps: bool, attention: bool, boxes: bool, regions: bool, visible: bool) -> None:
        """Offer what a reading has; opacity and colors while its map is shown."""
        for widget in (self.visible, self.levels):
            widget.setVisible(maps)
        self.attention.setVisible(attention)
        self.attention.setEnabled(visible)
        self.box.setVisible(boxes)
        self.regions.setVisible(regions)
        for widget in (self.opacity, self.colors):
            widget.setEnabled(maps and visible)


def _box(text: str, tip: str) -> Any:
    box = qt.QCheckBox(text)
    box.setToolTip(tip)
    return box
