"""At which threshold a finding counts as positive, and what a positive or negative answer is worth here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ctk
import qt
from slicer.i18n import tr as _

from ...formatting import percent
from ...reading import Finding
from .. import formatting
from .labels import heading, sentence

if TYPE_CHECKING:
    from ..verdicts import Verdicts


class OperatingPointView:
    """Operating point and prevalence, with PPV and NPV. What a person chooses goes to ``verdicts``."""

    def __init__(self, verdicts: Verdicts) -> None:
        self.widget = qt.QWidget()
        form = qt.QFormLayout(self.widget)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)

        self.point = qt.QComboBox()
        self.point.setAccessibleName(_("Operating point"))
        self.point.setToolTip(_("The threshold that decides between positive and negative."))
        self.measured = sentence()
        form.addRow(_("Operating point"), self.point)
        form.addRow("", self.measured)

        self.values = heading()
        for label in (self.measured, self.values):
            label.setWordWrap(False)  # two short lines each; a form leaves odd gaps around wrapped text

        self.prevalence = ctk.ctkSliderWidget()
        self.prevalence.singleStep = 0.1
        self.prevalence.pageStep = 5.0
        self.prevalence.setDecimals(1)
        self.prevalence.suffix = " %"
        self.prevalence.setAccessibleName(_("Prevalence"))
        self.prevalence.setToolTip(_("How many of 100 people who are imaged here have the finding."))
        form.addRow(_("Prevalence"), self.prevalence)
        form.addRow("", self.values)

        self.point.activated.connect(lambda *_args: verdicts.choose_point(self.point.currentData or ""))

    def show(self, finding: Finding, prevalence: float) -> None:
        """Draw the operating points of one finding, and what they are worth at a prevalence in percent."""
        blocked = self.point.blockSignals(True)
        self.point.clear()
        for point in finding.operating_points:
            title = _("{name}: positive from {threshold}")
            self.point.addItem(title.format(name=point.name, threshold=percent(point.threshold)), point.name)
        self.point.setCurrentIndex(max(0, self.point.findData(finding.chosen_point)))
        self.point.blockSignals(blocked)
        chosen = finding.operating_point
        self.measured.setText(formatting.operating_point_text(chosen) if chosen is not None else "")
        self.values.setText(formatting.predictive_values_text(chosen, prevalence / 100) if chosen is not None else "")
