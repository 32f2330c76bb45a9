"""The findings of a reading: probability, interval and threshold as a bar, and what the person says of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from ...formatting import percent, prediction_set_text
from ...reading import Finding, Reading, Verdict
from .. import choices, formatting
from .labels import banner, heading, sentence
from .probability_bar import ProbabilityBar

if TYPE_CHECKING:
    from ..verdicts import Verdicts


class FindingsView:
    """One row per finding and the prediction sets below. What a person says of them goes to ``verdicts``.

    ``on_read`` is called when a person wants an outdated answer anew.
    """

    def __init__(self, verdicts: Verdicts, on_read: Callable[[], None]) -> None:
        self._verdicts = verdicts
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        self.overruled = sentence(_("Read against a check that advised to stop: see the checks below."))
        self.tests = sentence()
        self.outdated = banner()
        self.read_again = qt.QPushButton(_("Read again"))
        self.read_again.setToolTip(_("Ask the network about the mask as it is now."))
        self.read_again.clicked.connect(lambda *_args: on_read())
        column.addWidget(self.outdated)
        column.addWidget(self.read_again)
        column.addWidget(self.overruled)
        column.addWidget(self.tests)
        self._rows_layout = qt.QVBoxLayout()
        column.addLayout(self._rows_layout)
        self.prediction_set = sentence()
        column.addWidget(self.prediction_set)
        self.rows: dict[str, FindingRow] = {}

    def show(self, reading: Reading, chosen: str, testing: bool) -> None:
        """Draw the reading; ``chosen`` is the finding whose map is shown, ``testing`` says that tests are running."""
        if list(self.rows) != [finding.name for finding in reading.findings]:
            self._make_rows(reading)
        for finding in reading.findings:
            row = self.rows[finding.name]
            row.show(finding, choices.verdict_of(reading, finding.name), chosen == finding.name)
        self.outdated.setText(reading.outdated)
        for widget in (self.outdated, self.read_again):
            widget.setVisible(bool(reading.outdated))
        self.overruled.setVisible(reading.forced and any(check.status == "stop" for check in reading.checks))
        says = _("This answer is being tested: {tests}.") if testing else _("This answer was not tested: {tests}.")
        self.tests.setText(says.format(tests=", ".join(reading.pending)))
        self.tests.setVisible(bool(reading.pending))
        sets = [prediction_set_text(one, reading, _) for one in reading.prediction_sets]
        self.prediction_set.setText("\n".join(sets))
        self.prediction_set.setVisible(bool(sets))

    def follow(self, widget: Any) -> None:
        """Let the Tab key go on from ``widget`` to the rows: they are made after everything that stands below them."""
        for row in self.rows.values():
            for following in row.tab_order:
                qt.QWidget.setTabOrder(widget, following)
                widget = following

    def comments(self) -> dict[str, str]:
        """What stands in the comment fields, by finding."""
        return {name: row.comment.text for name, row in self.rows.items()}

    def _make_rows(self, reading: Reading) -> None:
        for row in self.rows.values():
            row.widget.setParent(None)
            row.widget.deleteLater()
        selectable = len({heat_map.finding for heat_map in reading.heat_maps}) > 1
        self.rows = {f.name: FindingRow(f.name, selectable, self._verdicts) for f in reading.findings}
        for row in self.rows.values():
            self._rows_layout.addWidget(row.widget)


class FindingRow:
    """Title, probability, bar, and accept, reject and comment."""

    def __init__(self, name: str, selectable: bool, verdicts: Verdicts) -> None:
        self.widget = qt.QFrame()
        self.widget.setFrameShape(qt.QFrame.StyledPanel)
        column = qt.QVBoxLayout(self.widget)
        column.setSpacing(3)

        top = qt.QHBoxLayout()
        self.title: Any = qt.QRadioButton() if selectable else heading()
        self.probability = heading()
        self.probability.setAlignment(qt.Qt.AlignRight)
        top.addWidget(self.title, 1)
        top.addWidget(self.probability)
        column.addLayout(top)

        self.bar = ProbabilityBar()
        column.addWidget(self.bar)
        self.detail = sentence()
        column.addWidget(self.detail)

        bottom = qt.QHBoxLayout()
        self.accept = _decision_button(_("Accept"), _("You agree with this finding; the report says so."))
        self.reject = _decision_button(_("Reject"), _("You do not agree with this finding; the report says so."))
        self.comment = qt.QLineEdit()
        self._comment = ""  # as it was last drawn
        self.comment.setPlaceholderText(_("Comment for the report"))
        for widget in (self.accept, self.reject):
            bottom.addWidget(widget)
        bottom.addWidget(self.comment, 1)
        column.addLayout(bottom)

        if selectable:
            self.title.setToolTip(_("Show the heat map and the operating points of this finding."))
            self.title.clicked.connect(lambda *_args: verdicts.choose_finding(name))
        self.accept.clicked.connect(lambda *_args: verdicts.decide(name, "accept" if self.accept.isChecked() else ""))
        self.reject.clicked.connect(lambda *_args: verdicts.decide(name, "reject" if self.reject.isChecked() else ""))
        self.comment.editingFinished.connect(lambda *_args: verdicts.comment(name, self.comment.text))

    @property
    def tab_order(self) -> list[Any]:
        """What takes the keyboard, from left to right."""
        first = [self.title] if self.title.inherits("QRadioButton") else []
        return [*first, self.accept, self.reject, self.comment]

    def show(self, finding: Finding, verdict: Verdict, chosen: bool) -> None:
        """Draw one finding and its verdict."""
        self.title.setText(finding.title)
        if self.title.inherits("QRadioButton"):
            self.title.setChecked(chosen)
        self.probability.setText(percent(finding.probability))
        detail = [formatting.interval_with_level(finding.interval), formatting.decision_text(finding)]
        self.detail.setText(" · ".join(filter(None, detail)))
        self.detail.setVisible(any(detail))
        self.bar.showFinding(finding)
        self.bar.setToolTip(formatting.bar_legend(finding))
        self.bar.setAccessibleName(f"{finding.title}: {percent(finding.probability)}, {self.detail.text}")
        self.accept.setChecked(verdict.decision == "accept")
        self.reject.setChecked(verdict.decision == "reject")
        self.accept.setAccessibleName(_("Accept {finding}").format(finding=finding.title))
        self.reject.setAccessibleName(_("Reject {finding}").format(finding=finding.title))
        self.comment.setAccessibleName(_("Comment on {finding}").format(finding=finding.title))
        if verdict.comment != self._comment:  # never overwrite what is being typed
            self._comment = verdict.comment
            self.comment.setText(verdict.comment)


def _decision_button(text: str, tip: str) -> Any:
    button = qt.QPushButton(text)
    button.setCheckable(True)
    button.setToolTip(tip)
    return button
