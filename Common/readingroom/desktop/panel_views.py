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
from . import choices
from .inputs import Inputs
from .widgets.checks import ChecksView
from .widgets.clinical import ClinicalView
from .widgets.curves import CurvesView
from .widgets.explained_features import ExplainedFeaturesView
from .widgets.findings import FindingsView
from .widgets.labels import banner, sentence
from .widgets.layers import LayersView
from .widgets.message import MessageView
from .widgets.operating_point import OperatingPointView
from .widgets.read import ReadView
from .widgets.report import ReportView
from .widgets.study import StudyView
from .widgets.values import ValuesView

# None of these is taken in Slicer's main window or its slice views.
READ_KEYS = "Ctrl+Shift+R"
NEXT_KEYS = "Ctrl+Shift+N"
MAP_KEYS = "Ctrl+Shift+M"

FORMATS = ("html", "pdf", "json", "csv")


class PanelViews:
    """All parts, laid out in ``widget``. ``panel`` is the `panel.ReadingPanel` whose methods they call.

    ``connected`` are the widgets that are tied to parameters of the same name, in both directions.
    """

    def __init__(self, panel: Any) -> None:
        reader = panel.reader
        self.widget = qt.QWidget()
        self._column = qt.QVBoxLayout(self.widget)
        self._column.setContentsMargins(9, 4, 9, 4)  # as Slicer's own panels: the frame around ours has no margins

        self.demonstration = banner(readingroom.DEMONSTRATION)
        self.banner = banner(red=True)
        self.study = StudyView(reader, NEXT_KEYS, panel.selection)
        self.clinical = ClinicalView(reader.clinical, panel.selection.enter_fact)
        self.read = ReadView(
            panel.read_or_cancel,
            _("Read"),
            _("Read the chosen study ({keys}).").format(keys=READ_KEYS),
            _("Stop at once; the last reading stays ({keys}).").format(keys=READ_KEYS),
        )
        self.message = MessageView()
        self.findings = FindingsView(panel.verdicts, panel.read_or_cancel)
        self.values = ValuesView()
        self.curves = CurvesView(panel.display)
        self.explained = ExplainedFeaturesView(panel.display.choose_feature)
        self.operating_point = OperatingPointView(panel.verdicts)
        self.checks = ChecksView(panel.read_anyway)
        self.heat_map = LayersView(MAP_KEYS, panel.display.choose_map)
        self.report = ReportView(FORMATS, panel.change, panel.export)
        self.connected = {
            **self.heat_map.connected,
            "prevalence": self.operating_point.prevalence,
            "pageSize": self.report.page_size,
            "anonymous": self.report.anonymous,
        }

        self._column.addWidget(sentence(_(reader.question)))
        self._column.addWidget(self.study.widget)
        self.sections = {}
        if reader.clinical:
            self.sections["clinical"] = self._section(_("Clinical facts"), self.clinical)
        for part in (self.read, self.message):
            self._column.addWidget(part.widget)
        self._column.addWidget(self.demonstration)
        self._column.addWidget(self.banner)
        self.sections |= {
            "findings": self._section(_("Findings"), self.findings),
            "values": self._section(_("Measurements"), self.values),
            "curves": self._section(_("Curves"), self.curves),
            "explained": self._section(_("Explained features"), self.explained),
            "checks": self._section(_("Can this be trusted?"), self.checks),
            "operating_point": self._section(_("Operating point and prevalence"), self.operating_point),
            "heat_map": self._section(_("Heat map and regions"), self.heat_map),
        }
        if panel.features is not None:
            self.sections["features"] = self._section(_("Features"), panel.features)
            self.sections["features"].contentsCollapsed.connect(lambda on, *_args: panel.features.set_open(not on))
            self.sections["features"].collapsed = True  # one line until it is wanted: most come for the answer
        self.sections["report"] = self._section(_("Report"), self.report)
        self._column.addWidget(sentence(readingroom.RESEARCH_USE))
        self._column.addStretch(1)

        self.shortcuts = [
            _shortcut(READ_KEYS, self.widget, panel.read_or_cancel),
            _shortcut(NEXT_KEYS, self.widget, panel.selection.next_study),
            _shortcut(MAP_KEYS, self.widget, panel.display.toggle_map),
        ]

    def set_inputs_enabled(self, enabled: bool) -> None:
        """While a study is read, nothing else can be chosen."""
        self.study.set_enabled(enabled)
        self.clinical.widget.setEnabled(enabled)

    def show_inputs(self, inputs: Inputs, hidden: Sequence[str]) -> None:
        """Draw what is chosen; ``hidden`` are IDs of volumes that are not offered."""
        self.study.show_inputs(inputs, hidden)
        if self.clinical.rows:
            self.clinical.show(inputs.entered, inputs.header)

    def show_reading(
        self,
        reading: Reading | None,
        before: Reading | None,
        parameters: Any,
        *,
        levels: bool,
        working: bool,
        testing: bool,
    ) -> None:
        """Draw a reading, or hide what speaks of one.

        Parameters
        ----------
        before : the reading that it took the place of when masks were corrected
        levels : there are outlines of levels of a map
        testing : its answer is being tested now
        """
        for name in ("findings", "values", "curves", "explained", "operating_point", "heat_map", "report"):
            self.sections[name].setVisible(False if reading is None else _has(reading, name))
        self.demonstration.setVisible(reading is not None and reading.bundle.demonstration)
        self.banner.setText(reading.bundle.banner if reading is not None else "")
        self.banner.setVisible(bool(self.banner.text))
        if reading is None or parameters is None:
            return
        self.findings.show(reading, parameters.finding, testing)
        self.findings.follow(self.sections["findings"])
        self.values.show(reading, before)
        self.curves.show(reading)
        self.explained.show(reading)
        finding = next((one for one in reading.findings if one.name == parameters.finding), None)
        self.sections["operating_point"].setVisible(finding is not None and bool(finding.operating_points))
        if finding is not None:
            self.sections["operating_point"].text = _("Operating point: {finding}").format(finding=finding.title)
            self.operating_point.show(finding, parameters.prevalence)
        self.heat_map.show(
            maps=bool(reading.heat_maps),
            levels=levels,
            others=choices.other_maps(reading),
            shown=parameters.mapShows,
            boxes=any(heat_map.box is not None for heat_map in reading.heat_maps),
            regions=bool(reading.regions),
            visible=parameters.mapVisible,
        )
        self.report.show(
            folder=parameters.exportFolder or str(Path.home()), formats=parameters.formats, possible=not working
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


def _has(reading: Reading, section: str) -> bool:
    """Whether a reading has something for a section."""
    return {
        "findings": bool(reading.findings or reading.pending),
        "values": bool(reading.measurements or reading.comparisons),
        "curves": bool(reading.curves),
        "explained": reading.explained is not None,
        "operating_point": False,  # depends on the finding
        "heat_map": bool(reading.heat_maps or reading.regions),
        "report": True,
    }[section]
