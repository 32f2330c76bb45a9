"""The parts of the panel, one below the other. What they do when touched is the business of `panel.py`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ctk
import qt
from slicer.i18n import tr as _

import readingroom

from ..reading import Check, Reading
from .layers import COLOR_TABLES
from .module import ReadingModule
from .parameters import PAGE_SIZES
from .widgets.checks import ChecksView
from .widgets.findings import FindingsView
from .widgets.heat_map import HeatMapView
from .widgets.labels import banner, sentence
from .widgets.message import MessageView
from .widgets.operating_point import OperatingPointView
from .widgets.read import ReadView
from .widgets.report import ReportView
from .widgets.study import StudyView

# None of these is taken in Slicer's main window or its slice views.
READ_KEYS = "Ctrl+Shift+R"
NEXT_KEYS = "Ctrl+Shift+N"
MAP_KEYS = "Ctrl+Shift+M"

FORMATS = ("html", "pdf", "json", "csv")


class PanelViews:
    """All parts, laid out in ``widget``. ``panel`` is the `panel.ReadingPanel` whose methods they call."""

    def __init__(self, module: ReadingModule, panel: Any) -> None:
        self.widget = qt.QWidget()
        self._column = qt.QVBoxLayout(self.widget)
        self._column.setContentsMargins(0, 0, 0, 0)

        self.demonstration = banner(readingroom.DEMONSTRATION)
        self.study = StudyView(module.study_label, NEXT_KEYS, panel)
        self.read = ReadView(
            panel.read_or_cancel,
            _("Read"),
            _("Read the chosen study ({keys}).").format(keys=READ_KEYS),
            _("Stop at once; the last reading stays ({keys}).").format(keys=READ_KEYS),
        )
        self.message = MessageView()
        self.findings = FindingsView(panel.judging)
        self.operating_point = OperatingPointView(panel.judging)
        self.checks = ChecksView(panel.read_anyway)
        self.heat_map = HeatMapView(tuple(COLOR_TABLES), panel.change_display, MAP_KEYS)
        self.report = ReportView(FORMATS, PAGE_SIZES, panel.change, panel.export)

        self._column.addWidget(sentence(module.question))
        for part in (self.study, self.read, self.message):
            self._column.addWidget(part.widget)
        self._column.addWidget(self.demonstration)
        self.sections = {
            "findings": self._section(_("Findings"), self.findings),
            "checks": self._section(_("Can this be trusted?"), self.checks),
            "operating_point": self._section(_("Operating point and prevalence"), self.operating_point),
            "heat_map": self._section(_("Heat map"), self.heat_map),
        }
        if panel.features is not None:
            self.sections["features"] = self._section(_("Features"), panel.features)
            self.sections["features"].contentsCollapsed.connect(lambda on, *_args: panel.features.set_open(not on))
        self.sections["report"] = self._section(_("Report"), self.report)
        self._column.addWidget(sentence(readingroom.RESEARCH_USE))
        self._column.addStretch(1)

        self.shortcuts = [
            _shortcut(READ_KEYS, self.widget, panel.read_or_cancel),
            _shortcut(NEXT_KEYS, self.widget, panel.next_study),
            _shortcut(MAP_KEYS, self.widget, panel.toggle_map),
        ]

    def show_reading(self, reading: Reading | None, parameters: Any, writing_possible: bool) -> None:
        """Draw a reading, or hide what speaks of one."""
        there = reading is not None and parameters is not None
        for name in ("findings", "operating_point", "heat_map", "report"):
            self.sections[name].setVisible(there)
        self.demonstration.setVisible(reading is not None and reading.bundle.demonstration)
        if reading is None or parameters is None:
            return
        finding = reading.finding(parameters.finding)
        self.findings.show(reading, finding.name)
        self.findings.follow(self.sections["findings"])
        self.sections["operating_point"].setVisible(bool(finding.operating_points))
        self.sections["operating_point"].text = _("Operating point: {finding}").format(finding=finding.title)
        self.operating_point.show(finding, parameters.prevalence)
        self.sections["heat_map"].setVisible(bool(reading.heat_maps))
        self.heat_map.show(
            visible=parameters.mapVisible,
            box=parameters.boxVisible,
            segments=parameters.segmentsVisible,
            opacity=parameters.opacity,
            color_table=parameters.colorTable,
        )
        self.report.show(
            folder=parameters.exportFolder or str(Path.home()),
            formats=parameters.formats,
            page_size=parameters.pageSize,
            anonymous=parameters.anonymous,
            possible=writing_possible,
        )

    def show_checks(self, checks: Sequence[Check], notes: Sequence[str], refused: bool) -> None:
        """Draw the checks, or hide their section when there are none."""
        self.sections["checks"].setVisible(bool(checks))
        self.checks.show(checks, notes, refused)

    def _section(self, title: str, part: Any) -> Any:
        button = ctk.ctkCollapsibleButton()
        button.text = title
        column = qt.QVBoxLayout(button)
        column.addWidget(part.widget)
        self._column.addWidget(button)
        return button


def _shortcut(keys: str, parent: Any, slot: Any) -> Any:
    """Active while the panel is visible, so two modules may share the same keys."""
    shortcut = qt.QShortcut(qt.QKeySequence(keys), parent)
    shortcut.setAutoRepeat(False)
    shortcut.activated.connect(lambda *_args: slot())
    return shortcut
