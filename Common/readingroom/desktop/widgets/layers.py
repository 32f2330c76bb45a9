"""How heat maps, their levels and boxes, and regions are shown over the study."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import ctk
import qt
from slicer.i18n import tr as _

from ...reading import MapShows


class LayersView:
    """Visibility, opacity and color table; ``connected`` are the widgets by the parameter that each is tied to.

    Parameters
    ----------
    keys : show or hide the map
    choose : told which maps are to be shown
    """

    def __init__(self, keys: str, choose: Callable[[MapShows], None]) -> None:
        self.widget = qt.QWidget()
        form = qt.QFormLayout(self.widget)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)

        self.visible = _box(_("Heat map"), _("Show or hide the heat map ({keys}).").format(keys=keys))
        self.others = {shows: _box(*texts) for shows, texts in _other_maps().items()}
        self.box = _box(_("Box"), _("The box around the strongest region of the map; no outline of a lesion."))
        self.levels = _box(_("Levels"), _("Outlines of the named levels of the map, kept as segments."))
        self.regions = _box(_("Regions"), _("Outlines of what the reader found or was given, kept as segments."))
        row = qt.QHBoxLayout()
        for widget in (self.visible, self.box, self.levels, self.regions):
            row.addWidget(widget)
        row.addStretch(1)
        form.addRow(_("Show"), row)
        row = qt.QHBoxLayout()
        for shows, box in self.others.items():
            row.addWidget(box)
            box.clicked.connect(partial(_chosen, box, shows, choose))
        row.addStretch(1)
        form.addRow("", row)

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
            "boxVisible": self.box,
            "levelsVisible": self.levels,
            "regionsVisible": self.regions,
            "opacity": self.opacity,
            "colorTable": self.colors,
        }

    def show(
        self,
        *,
        maps: bool,
        levels: bool,
        others: Collection[MapShows],
        shown: str,
        boxes: bool,
        regions: bool,
        visible: bool,
    ) -> None:
        """Offer what a reading has; opacity and colors while its map is shown.

        Parameters
        ----------
        others : what the maps show that can take the place of those of evidence
        shown : what the maps are chosen to show
        """
        self.visible.setVisible(maps)
        self.levels.setVisible(levels)
        for shows, box in self.others.items():
            box.setVisible(shows in others)
            box.setEnabled(visible)
            box.setChecked(shows == shown)
        self.box.setVisible(boxes)
        self.regions.setVisible(regions)
        for widget in (self.opacity, self.colors):
            widget.setEnabled(maps and visible)


def _other_maps() -> dict[MapShows, tuple[str, str]]:
    """Title and tooltip of what else maps may show."""
    brighter = _("Show where a breast is brighter than {other}, in place of the heat map; no difference is a lesion.")
    return {
        "attention": (_("Weight of slices"), _("Show how much each slice weighs in place of the heat map.")),
        "asymmetry": (_("Against the other breast"), brighter.format(other=_("the other one"))),
        "change": (_("Against the prior"), brighter.format(other=_("on the prior"))),
        "feature": (
            _("Chosen feature"),
            _("Show where the chosen feature of the network is active, in place of the heat map."),
        ),
        "bias-field": (
            _("Bias field"),
            _("Show how many times brighter the coils make each place of the MR (N4), in place of the heat map."),
        ),
    }


def _chosen(box: Any, shows: MapShows, choose: Callable[[MapShows], None], *_args: Any) -> None:
    choose(shows if box.isChecked() else "evidence")


def _box(text: str, tip: str) -> Any:
    box = qt.QCheckBox(text)
    box.setToolTip(tip)
    return box
