"""The part of the section "Features" that makes maps: segment, image, feature, radius, and which map is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ctk
import qt
from slicer.i18n import tr as _

from .labels import sentence
from .read import ReadView
from .selector import fill, selector

if TYPE_CHECKING:
    from ..features.maps import FeatureMaps

_LARGEST_RADIUS = 5


class FeatureMapsView:
    """Selectors, the button, and what is shown. ``maps`` is told what a person does."""

    def __init__(self, maps: FeatureMaps) -> None:
        self.widget = ctk.ctkCollapsibleButton()
        self.widget.text = _("Maps")
        self.widget.setToolTip(_("A feature at each voxel of a segment, measured in the box around the voxel."))
        self.widget.collapsed = True
        form = qt.QFormLayout(self.widget)
        form.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)
        self.segment = selector(_("Segment to map"), _("The map covers this segment."))
        self.feature = selector(_("Feature to map"), _("First-order statistics and texture have maps."))
        self.image = selector(_("Image to map"), _("The original or a filtered one; check others under Image types."))
        self.radius = qt.QSpinBox()
        self.radius.setRange(1, _LARGEST_RADIUS)
        self.radius.setAccessibleName(_("Radius of the box"))
        self.radius.setToolTip(
            _("How many voxels the box around each voxel reaches in each direction; 1 is 3 x 3 x 3.")
        )
        self.run = ReadView(
            maps.make_or_cancel,
            _("Make map"),
            _("Map the feature over the segment."),
            _("Stop at once; maps that were made before stay."),
        )
        self.shown = selector(_("Map that is shown"), _("In colors over its image; the legend is in the slice view."))
        self.remove = qt.QPushButton(_("Remove"))
        self.remove.setToolTip(_("Take the shown map out of the scene."))
        self.again = qt.QPushButton(_("Make again"))
        self.again.setToolTip(
            _("Map the segment as it is now. The map from before stays, and the change is a map of its own.")
        )
        row = qt.QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.again)
        row.addWidget(self.remove)
        self.sentence = sentence()
        form.addRow(_("Segment"), self.segment)
        form.addRow(_("Image"), self.image)
        form.addRow(_("Feature"), self.feature)
        form.addRow(_("Radius"), self.radius)
        form.addRow(self.run.widget)
        form.addRow(_("Shown"), self.shown)
        form.addRow(self.sentence)
        form.addRow(row)
        self.shown.activated.connect(lambda *_args: maps.choose(self.shown.currentData or ""))
        self.again.clicked.connect(lambda *_args: maps.make_again())
        self.remove.clicked.connect(lambda *_args: maps.remove())

    def show_choices(
        self,
        segments: Sequence[tuple[str, str]],
        images: Sequence[tuple[str, str]],
        features: Sequence[tuple[str, str]],
    ) -> None:
        """List segments, images and features, ``(key, title)``; what is chosen stays chosen where it is there."""
        fill(self.image, images, self.image.currentData or "", _("Original"))
        fill(self.segment, segments, self.segment.currentData or "", _("No segment"))
        if self.feature.count != len(features):
            fill(self.feature, features, "glcm_Contrast", "")

    def show_maps(self, maps: Sequence[tuple[str, str]], shown: str, text: str) -> None:
        """List the maps that are there, say which is shown, and what has to be said of it."""
        fill(self.shown, [("", _("None")), *maps] if maps else [], shown, _("No map was made yet"))
        self.remove.setEnabled(bool(shown))
        self.sentence.setText(text)
        self.sentence.setVisible(bool(text))
