"""What the features of the network follow in this patient: which speak, in words, how far they lie from the cohort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from ...formatting import UNKNOWN, cohort_text, decimal, explained_text, number_text, percent
from ...reading import FeatureExplanation, FeatureValue, Reading, SpeakingFeature
from .labels import heading, sentence
from .signed_bar import SignedBar

_BAR, _WIDEST = 90, 145  # pixels of the column of bars; of another beside the first
_SCROLLS = "scrolls"  # property of a table of fixed height
_VALUES_HEIGHT = 220
_HELD_OUT = 2  # column of what a feature follows


class ExplainedFeaturesView:
    """Models side by side, a table of speaking features, what the chosen one follows, and all handcrafted features.

    Parameters
    ----------
    on_feature : called with the name of the feature that a person chose, by mouse or keyboard
    """

    def __init__(self, on_feature: Callable[[str], None]) -> None:
        self._on_feature = on_feature
        self._explained: FeatureExplanation | None = None
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        self.summary = sentence()
        column.addWidget(self.summary)
        self.answers = _table([_("Model"), _("Probability")], _("What three models say"))
        column.addWidget(self.answers)
        self.speaking = _table(
            [_("Feature"), _("Adds"), "", _("Against the cohort")], _("Features of the network that speak")
        )
        self.speaking.setToolTip(_("Choose a feature to see what it follows, and where it is active."))
        column.addWidget(self.speaking)
        self.chosen = heading()
        column.addWidget(self.chosen)
        self.follows = _table(
            [_("Follows"), _("In training"), _("Held out"), _("This patient")], _("What the chosen feature follows")
        )
        column.addWidget(self.follows)
        self.open_values = qt.QToolButton()
        self.open_values.setText(_("All handcrafted features"))
        self.open_values.setCheckable(True)
        self.open_values.setToolTip(_("This patient's handcrafted features, the farthest from the cohort first."))
        column.addWidget(self.open_values)
        self.values = _table(
            [_("Handcrafted feature"), _("Value"), _("Against the cohort")], _("All handcrafted features")
        )
        self.values.setMinimumHeight(_VALUES_HEIGHT)
        self.values.setProperty(_SCROLLS, True)
        self.values.setVisible(False)
        column.addWidget(self.values)
        self.notes = sentence()
        column.addWidget(self.notes)
        self.speaking.itemSelectionChanged.connect(lambda *_args: self._choose())
        self.open_values.toggled.connect(lambda on, *_args: self.values.setVisible(bool(on)))

    def show(self, reading: Reading) -> None:
        """Draw what is explained of a reading; a person's choice stays where the features are the same."""
        explained = reading.explained
        if explained is None or explained == self._explained:
            return
        same = self._explained is not None and self._explained.speaking == explained.speaking
        self._explained = explained
        self.summary.setText(explained_text(explained, _))
        self.follows.setColumnHidden(_HELD_OUT, not explained.has_held_out)
        _fill(self.answers, [(one.title, percent(one.probability)) for one in explained.answers])
        if not same:
            self._show_speaking(explained.speaking, reading.finding(explained.finding).title)
        self._show_followed(self._chosen())
        ranked = sorted(explained.handcrafted, key=lambda one: -abs(one.z or 0.0))
        _fill(self.values, [_value_row(one) for one in ranked])
        self.open_values.setVisible(bool(ranked))
        self.values.setVisible(bool(ranked) and bool(self.open_values.isChecked()))
        self.notes.setText("\n".join(explained.notes))
        self.notes.setVisible(bool(explained.notes))

    def _show_speaking(self, features: Sequence[SpeakingFeature], finding: str) -> None:
        blocked = self.speaking.blockSignals(True)
        rows = [
            (one.title, decimal(one.contribution, signed=True), "", cohort_text(one.z, one.share_below, _))
            for one in features
        ]
        _fill(self.speaking, rows, fixed={2: _BAR})
        largest = max((abs(one.contribution) for one in features), default=0.0)
        for row, one in enumerate(features):
            toward = _("for") if one.contribution >= 0 else _("against")
            self.speaking.setCellWidget(row, 2, SignedBar(one.contribution, largest))
            tip = _("{name} speaks {toward} {finding}; resamples of the cohort use it in {share}.")
            said = tip.format(name=one.name, toward=toward, finding=finding, share=percent(one.selected))
            for column in range(self.speaking.columnCount):
                self.speaking.item(row, column).setToolTip(said)
        self.speaking.blockSignals(blocked)

    def _choose(self) -> None:
        feature = self._chosen()
        self._show_followed(feature)
        if feature is not None:
            self._on_feature(feature.name)

    def _chosen(self) -> SpeakingFeature | None:
        """The feature whose row a person chose."""
        explained = self._explained
        if explained is None or not explained.speaking:
            return None
        rows = sorted({index.row() for index in self.speaking.selectionModel().selectedRows()})
        return explained.speaking[rows[0]] if rows else None

    def _show_followed(self, feature: SpeakingFeature | None) -> None:
        """What the chosen feature follows; of the strongest one before any is chosen."""
        explained = self._explained
        if feature is None and explained is not None and explained.speaking:
            feature = explained.speaking[0]
        self.chosen.setVisible(feature is not None)
        if feature is None or explained is None:
            _fill(self.follows, [])
            return
        self.chosen.setText(_("{name} follows").format(name=feature.name))
        rows = []
        for one in feature.follows:
            known = explained.value(one.feature)
            rows.append(
                (
                    known.title if known is not None else one.feature,
                    decimal(one.correlation, signed=True),
                    UNKNOWN if one.held_out is None else decimal(one.held_out, signed=True),
                    UNKNOWN if known is None else cohort_text(known.z, known.share_below, _),
                )
            )
        _fill(self.follows, rows)
        for row, one in enumerate(feature.follows):
            said = _("Chosen again in {share} of resamples of the cohort.").format(share=percent(one.stability))
            self.follows.item(row, 1).setToolTip(said)


def _scrolls(table: Any) -> bool:
    return bool(table.property(_SCROLLS))


def _value_row(feature: FeatureValue) -> tuple[str, str, str]:
    value = UNKNOWN if feature.value is None else f"{number_text(feature.value)} {feature.unit}".strip()
    return feature.title, value, cohort_text(feature.z, feature.share_below, _)


def _table(headers: Sequence[str], name: str) -> Any:
    table = qt.QTableWidget()
    table.setColumnCount(len(headers))
    table.setHorizontalHeaderLabels(list(headers))
    table.verticalHeader().setVisible(False)
    table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)
    table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
    table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
    table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
    table.setTabKeyNavigation(False)  # Tab leaves the table; the arrows move in it
    table.setAccessibleName(name)
    table.horizontalHeader().setHighlightSections(False)  # bold titles of a chosen row would not fit
    table.horizontalHeader().geometriesChanged.connect(lambda *_args: _fit(table))
    return table


def _fill(table: Any, rows: Sequence[Sequence[str]], fixed: dict[int, int] | None = None) -> None:
    """List the rows; but for the one that scrolls, a table is as high as they are, and hidden without any."""
    if not _scrolls(table):
        table.setVisible(bool(rows))
    table.setRowCount(len(rows))
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            item.setToolTip(text)
            table.setItem(row, column, item)
    table.resizeColumnsToContents()
    for column, width in (fixed or {}).items():
        table.setColumnWidth(column, width)
    for column in range(1, table.columnCount):
        table.setColumnWidth(column, min(table.columnWidth(column), _WIDEST))
    _fit(table)


def _fit(table: Any) -> None:
    """Rows as high as their wrapped texts at the present width of the columns, and the table as high as its rows."""
    table.resizeRowsToContents()
    if not _scrolls(table):
        height = table.horizontalHeader().height + sum(table.rowHeight(row) for row in range(table.rowCount)) + 4
        table.setMinimumHeight(height)
        table.setMaximumHeight(height)
