"""The features of a segment, or of several side by side, as the rows of a table that a person reads and copies."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slicer.i18n import tr as _

from ...csv_table import csv_text
from ...radiomics import units
from .image_types import image_title
from .results import MeasuredSegment, Results, class_title, group_of

NOT_DEFINED = "–"
UNSTABLE = "△"


@dataclass(frozen=True)
class FeatureRow:
    """One feature: full ``name``, the ``image`` and the ``feature_class`` it is of, both as headings, its ``unit``, and
    a cell for each title of the table."""

    name: str
    image: str
    feature_class: str
    unit: str
    cells: tuple[str, ...]
    unstable: bool = False


@dataclass(frozen=True)
class FeatureRows:
    """A table: ``titles`` of the columns and their rows, group by group."""

    titles: tuple[str, ...]
    rows: tuple[FeatureRow, ...]

    def found(self, words: str) -> tuple[FeatureRow, ...]:
        """The rows in whose name or headings all the words occur, whatever their case."""
        wanted = words.casefold().split()
        said = {row: f"{row.name} {row.image} {row.feature_class}".casefold() for row in self.rows}
        return tuple(row for row, text in said.items() if all(word in text for word in wanted))

    def tab_separated(self, rows: Sequence[FeatureRow]) -> str:
        """Some of the rows as a spreadsheet takes them from the clipboard, with full names."""
        header = [_("Class"), _("Feature"), _("Unit"), *self.titles]
        return csv_text(header, ([group_of(row.name), row.name, row.unit, *row.cells] for row in rows), separator="\t")


def of_segment(results: Results, segment: MeasuredSegment) -> FeatureRows:
    """Everything known of one segment."""
    now, before, score = segment.now, segment.before, segment.now.score
    columns: dict[str, Callable[[str], str]] = {_("Value"): lambda feature: number_text(now.value(feature))}
    if before is not None:
        columns[_("Before")] = lambda feature: number_text(before.value(feature))
        columns[_("Change")] = lambda feature: change_text(now.value(feature), before.value(feature))
    if score is not None and score.percentiles:
        columns[_("Percentile")] = lambda feature: percentile_text(score.percentiles.get(feature))
    return _rows(results, columns, tuple(now.features.values), set(score.unstable) if score is not None else set())


def side_by_side(results: Results) -> FeatureRows:
    """The values of all segments that were measured."""
    columns: dict[str, Callable[[str], str]] = {}
    for number, segment in enumerate(results.measured):
        title = segment.name if segment.name not in columns else f"{segment.name} ({number + 1})"
        columns[title] = lambda feature, region=segment.now: number_text(region.value(feature))  # type: ignore[misc]
    scores = (segment.now.score for segment in results.measured)
    unstable = {feature for score in scores if score is not None for feature in score.unstable}
    return _rows(results, columns, results.features, unstable)


def _rows(
    results: Results, columns: dict[str, Callable[[str], str]], features: Sequence[str], unstable: set[str]
) -> FeatureRows:
    rows = []
    for name in features:
        cells = tuple(cell(name) for cell in columns.values())
        image = image_title(units.image_type_of(name))
        rows.append(FeatureRow(name, image, class_title(name), results.unit(name), cells, name in unstable))
    return FeatureRows(tuple(columns), tuple(rows))


def short_name(feature: str) -> str:
    """``Contrast`` for ``original_glcm_Contrast``."""
    return feature.rsplit("_", 1)[-1]


def number_text(value: float) -> str:
    """Four significant digits, with exponents only where a person cannot do without; a dash for NaN."""
    if math.isnan(value):
        return NOT_DEFINED
    size = abs(value)
    if size and (size >= 1e7 or size < 1e-4):
        return f"{value:.3e}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.4g}"


def change_text(now: float, before: float) -> str:
    """The change in percent of what was there before; a dash where there is nothing to compare."""
    if math.isnan(now) or math.isnan(before):
        return NOT_DEFINED
    if now == before:
        return "0 %"
    if before == 0:
        return f"{now - before:+.4g}"
    return f"{100 * (now - before) / abs(before):+,.1f} %"


def percentile_text(percentile: float | None) -> str:
    """``73``; empty for a feature that the cohort does not have."""
    return "" if percentile is None or math.isnan(percentile) else f"{percentile:.0f}"
