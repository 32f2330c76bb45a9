"""The score of a signature and the features that raise or lower it."""

from __future__ import annotations

from typing import Any

import qt
from slicer.i18n import tr as _

import readingroom

from ...formatting import percent
from ...radiomics.signature.score import Contribution, Score
from ..features.feature_rows import number_text, percentile_text, short_name
from ..formatting import interval_with_level
from .labels import banner, heading, sentence

_SHOWN = 8
_UP, _DOWN, _AXIS = (222, 126, 38), (74, 134, 196), (128, 128, 128)
_HEIGHT = 18


class ScoreView:
    """Heading, sentences and one bar for each of the strongest features."""

    def __init__(self) -> None:
        self.widget = qt.QFrame()
        self.widget.setFrameShape(qt.QFrame.StyledPanel)
        self._column = qt.QVBoxLayout(self.widget)
        self._column.setSpacing(3)
        self.title = heading()
        self.detail = sentence()
        self.notes = sentence()
        self.demonstration = banner(readingroom.DEMONSTRATION)
        for label in (self.demonstration, self.title, self.detail, self.notes):
            self._column.addWidget(label)
        self._bars = qt.QWidget()
        self._column.addWidget(self._bars)
        self._shown: tuple[Score | None, Score | None] = (None, None)
        self.widget.setVisible(False)

    def show(self, score: Score | None, before: Score | None) -> None:
        """Draw a score, with what it was before an edit; nothing without one."""
        self.widget.setVisible(score is not None)
        if score is None or (score, before) == self._shown:
            return
        self._shown = (score, before)
        self.title.setText(f"{score.title}: {percent(score.probability.value)}")
        self.detail.setText(_detail(score, before))
        self.demonstration.setVisible(score.bundle.demonstration)
        notes = (*score.notes, *score.bundle.warnings)
        self.notes.setText("\n".join(notes))
        self.notes.setVisible(bool(notes))
        self._bars.setParent(None)
        self._bars.deleteLater()
        self._bars = _bars(score)
        self._column.addWidget(self._bars)


class ContributionBar(qt.QWidget):
    """Paints a contribution to the right of the middle (raises the score) or to the left; ``share`` is -1 to 1."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._share = 0.0
        self.setMinimumHeight(_HEIGHT)
        self.setMinimumWidth(80)

    def showShare(self, share: float) -> None:
        """Draw this share from now on."""
        self._share = share
        self.update()

    def paintEvent(self, event: Any) -> None:
        """Called by Qt."""
        painter = qt.QPainter(self)
        middle, top = self.width // 2, (self.height - _HEIGHT) // 2
        length = round(abs(self._share) * (middle - 2))
        color = _UP if self._share > 0 else _DOWN
        painter.fillRect(
            middle if self._share > 0 else middle - length, top + 3, length, _HEIGHT - 6, qt.QColor(*color)
        )
        painter.fillRect(middle, top, 1, _HEIGHT, qt.QColor(*_AXIS))
        painter.end()


def _detail(score: Score, before: Score | None) -> str:
    interval = interval_with_level(score.probability.interval)
    parts = [interval] if interval else []
    if score.operating_point is not None and score.positive is not None:
        side = _("above the threshold of {t}") if score.positive else _("below the threshold of {t}")
        parts.append(side.format(t=percent(score.operating_point.threshold)))
    if before is not None:
        parts.append(_("before the edit {p}").format(p=percent(before.probability.value)))
    parts.append(score.bundle.title)
    return " · ".join(parts)


def _bars(score: Score) -> Any:
    widget = qt.QWidget()
    grid = qt.QGridLayout(widget)
    grid.setContentsMargins(0, 4, 0, 0)
    grid.setVerticalSpacing(1)
    grid.setColumnStretch(1, 1)
    strongest = score.contributions[:_SHOWN]
    largest = max((abs(one.contribution) for one in strongest), default=0.0) or 1.0
    for row, one in enumerate(strongest):
        name = sentence(short_name(one.feature))
        name.setWordWrap(False)
        bar = ContributionBar()
        bar.showShare(one.contribution / largest)
        number = sentence(f"{one.contribution:+.2f}")
        for place, part in enumerate((name, bar, number)):
            part.setToolTip(_told(one))
            grid.addWidget(part, row, place)
        bar.setAccessibleName(_told(one))
    rest = score.contributions[_SHOWN:]
    if rest:
        together = f"{sum(one.contribution for one in rest):+.2f}"
        text = _("{n} more features: {contribution}").format(n=len(rest), contribution=together)
        grid.addWidget(sentence(text), len(strongest), 0, 1, 3)
    legend = _("Orange raises the score, blue lowers it, against the mean of the cohort ({kind}).")
    grid.addWidget(sentence(legend.format(kind=score.kind)), len(strongest) + 1, 0, 1, 3)
    return widget


def _told(one: Contribution) -> str:
    text = _("{feature} is {value}, percentile {percentile} of the cohort: {contribution}")
    return text.format(
        feature=one.feature,
        value=f"{number_text(one.value)} {one.unit}".strip(),
        percentile=percentile_text(one.percentile),
        contribution=f"{one.contribution:+.2f}",
    )
