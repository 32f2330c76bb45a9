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
    """Operating point and prevalence, with PPV and NPV following the slider. FeatureSettings go to ``evaluation``."""

    def __init__(self, judging: Verdicts) -> None:
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
        self.prevalence.minimum = 0.1
        self.prevalence.maximum = 99.9
        self.prevalence.singleStep = 0.1
        self.prevalence.pageStep = 5.0
        self.prevalence.setDecimals(1)
        self.prevalence.suffix = " %"
        self.prevalence.setAccessibleName(_("Prevalence"))
        self.prevalence.setToolTip(_("How many of 100 people who are imaged here have the finding."))
        form.addRow(_("Prevalence"), self.prevalence)
        form.addRow("", self.values)

        self.point.activated.connect(lambda *_args: judging.choose_point(self.point.currentData or ""))
        self.prevalence.valueChanged.connect(lambda value, *_args: judging.set_prevalence(value / 100))

    def show(self, finding: Finding, prevalence: float) -> None:
        """Draw the operating points of one finding."""
        blocked = self.point.blockSignals(True)
        self.point.clear()
        for point in finding.operating_points:
            title = _("{name}: positive from {threshold}")
            self.point.addItem(title.format(name=point.name, threshold=percent(point.threshold)), point.name)
        self.point.setCurrentIndex(max(0, self.point.findData(finding.chosen_point)))
        self.point.blockSignals(blocked)
        self.show_prevalence(finding, prevalence)

    def show_prevalence(self, finding: Finding, prevalence: float) -> None:
        """Draw what follows from the prevalence alone."""
        blocked = self.prevalence.blockSignals(True)
        self.prevalence.setValue(100 * prevalence)
        self.prevalence.blockSignals(blocked)
        point = finding.operating_point
        self.measured.setText(formatting.operating_point_text(point) if point is not None else "")
        self.values.setText(formatting.predictive_values_text(point, prevalence) if point is not None else "")
