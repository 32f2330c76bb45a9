"""What a person says of a reading: which finding, at which operating point and prevalence, accepted or not, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..reading import Decision
from . import choices

if TYPE_CHECKING:
    from .panel import ReadingPanel


class Verdicts:
    """Carries a person's judgment into the reading that ``panel`` keeps."""

    def __init__(self, panel: ReadingPanel) -> None:
        self._panel = panel

    def choose_finding(self, name: str) -> None:
        """Show the map, the key slice and the operating points of this finding."""
        self._panel.change("finding", name)
        self._panel.display.layers()
        self._panel.display.key_slice()
        self._panel.refresh()

    def choose_point(self, name: str) -> None:
        """Judge the chosen finding at this operating point; of an exam all findings, which answer one question."""
        reading, parameters = self._panel.reading, self._panel.parameters
        if reading is None:
            return
        if self._panel.reader.is_exam:
            self._panel.keep(choices.with_operating_points(reading, name))
        else:
            self._panel.keep(choices.with_operating_point(reading, parameters.finding, name))

    def decide(self, finding: str, decision: Decision) -> None:
        """Accept or reject a finding, or take that back."""
        self.finish_comments()
        if self._panel.reading is not None:
            self._panel.keep(choices.with_decision(self._panel.reading, finding, decision))

    def comment(self, finding: str, text: str) -> None:
        """Say something about a finding."""
        reading = self._panel.reading
        if reading is not None and text != choices.verdict_of(reading, finding).comment:
            self._panel.keep(choices.with_comment(reading, finding, text))

    def finish_comments(self) -> None:
        """Take in what stands in the comment fields: a button that takes no focus leaves a typed comment unfinished."""
        for finding, text in self._panel.views.findings.comments().items():
            self.comment(finding, text)
