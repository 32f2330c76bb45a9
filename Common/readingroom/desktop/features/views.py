"""The parts of the section "Features", one below the other. What they do when touched is `section.py`'s business."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from ..scene import volumes_in_scene
from ..widgets.feature_settings import FeatureSettingsView
from ..widgets.feature_table import FeatureTableView
from ..widgets.labels import sentence
from ..widgets.message import MessageView
from ..widgets.read import ReadView
from ..widgets.score import ScoreView
from ..widgets.segment_list import SegmentRow
from . import feature_rows
from .measurement_request import FeatureSettings, names_of, segmentations_in_scene
from .results import Results

if TYPE_CHECKING:
    from .section import FeaturesSection


class FeaturesViews:
    """All parts, laid out in ``widget``. ``section`` is told what a person does."""

    def __init__(self, section: FeaturesSection) -> None:
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        self.settings = FeatureSettingsView(section)
        self.run = ReadView(
            section.measure_or_cancel,
            _("Measure"),
            _("Measure the checked segments."),
            _("Stop at once; what was measured before stays."),
        )
        self.message = MessageView()
        self.score = ScoreView()
        self.table = FeatureTableView(section.choose_shown, section.export)
        self.notes = sentence()
        for part in (self.settings, self.run, self.message, self.score, self.table):
            column.addWidget(part.widget)
        column.addWidget(self.notes)
        self._column = column

    def add(self, part: Any) -> None:
        """Put another part below."""
        self._column.addWidget(part)

    def show_settings(self, settings: FeatureSettings, results: Results | None, busy: Sequence[str]) -> None:
        """Draw what is chosen. While segments are ``busy`` being measured, nothing else can be chosen."""
        self.settings.show_nodes(
            [(node.GetID(), node.GetName()) for node in volumes_in_scene()],
            settings.image_id,
            [(node.GetID(), node.GetName()) for node in segmentations_in_scene()],
            settings.segmentation_id,
        )
        rows = []
        for key, name in names_of(settings.segmentation).items():
            color = tuple(settings.segmentation.GetSegmentation().GetSegment(key).GetColor())
            state, problem = (_("Measuring …"), "") if key in busy else _state(results, key)
            rows.append(SegmentRow(key, name, color, key in settings.segments, state, problem))
        self.settings.show_segments(rows)
        self.settings.show_parameters_possible(not settings.bundle)
        own = ""
        if settings.bundle:
            own = _("The signature has its own definitions.")
        elif settings.file_has_definitions:
            own = _("The parameter file says by whose definitions features are measured.")
        self.settings.show_definitions(settings.image_types.ibsi, own)
        instead = ""
        if settings.bundle:
            instead = _("The signature has its own parameters, image types among them.")
        elif settings.file_has_image_types:
            instead = _("The parameter file has its own image types.")
        self.settings.image_types.show(settings.image_types, instead, settings.images)
        self.settings.set_enabled(not busy)

    def show_results(self, results: Results | None, shown: str) -> str:
        """Draw the features of one segment, or of all (``""``) where there are several; which it is in the end."""
        measured = results.measured if results is not None else ()
        self.table.widget.setVisible(bool(measured))
        if results is None or not measured:
            self.score.show(None, None)
            self.notes.setVisible(False)
            return shown
        segment = results.segment(shown)
        if segment not in measured:
            segment = measured[0] if len(measured) == 1 else None
        keys = [(one.key, one.name) for one in measured]
        everything = [("", _("All segments"))] if len(measured) > 1 else []
        rows = feature_rows.of_segment(results, segment) if segment else feature_rows.side_by_side(results)
        self.table.show(everything + keys, segment.key if segment else "", rows)
        score = segment.now.score if segment else None
        before = segment.before.score if segment and segment.before else None
        self.score.show(score, before)
        speaking = (segment,) if segment else measured
        notes = [f"{one.name}: {note}" for one in speaking for note in one.now.features.notes]
        self.notes.setText("\n".join(notes))
        self.notes.setVisible(bool(notes))
        return segment.key if segment else ""


def _state(results: Results | None, key: str) -> tuple[str, str]:
    """What came of a segment in a few words, and the sentence of its problem."""
    segment = results.segment(key) if results is not None else None
    if segment is None:
        return "", ""
    if segment.now.problem:
        return _("Not measured, see below"), segment.now.problem
    text = _("{n} features, after an edit") if segment.before else _("{n} features")
    return text.format(n=len(segment.now.features.values)), ""
