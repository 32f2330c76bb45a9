"""How many studies and patients there are of each class at each site, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats.contingency import association

from ...formatting import counted
from ..cohorts.cohort import Cohort, Row
from ..cohorts.cohort_line import KNOWN
from ..cohorts.time_to_event import is_timed
from ..evaluation.sample_size import EXPLORATORY_BELOW
from .issue import AuditIssue, some
from .outcomes import follow_up_issues, horizon_of, lost_before, outcomes_of

NO_SITE = "(no site)"
_ALWAYS_FILLED = ("patient_id", "study_id", "label", "time", "event", "origin", "generator", "split")
# Association of "is missing" with the class from which it is worth a sentence (Cohen 1988: a medium effect).
_MISSING_FOLLOWS_CLASS = 0.3


@dataclass(frozen=True)
class Count:
    """Studies and patients of one cell."""

    studies: int
    patients: int


@dataclass(frozen=True)
class Counts:
    """Real and synthetic studies by class and site. The last row and the last column are totals.

    A patient may be in several cells, so the patients of a total can be fewer than the sum.
    """

    classes: tuple[str, ...]
    sites: tuple[str, ...]
    cells: tuple[tuple[Count, ...], ...]

    def __post_init__(self) -> None:
        studies = np.array([[cell.studies for cell in row] for row in self.cells])
        adds_up = (studies[:-1].sum(axis=0) == studies[-1]).all() and (
            studies[:, :-1].sum(axis=1) == studies[:, -1]
        ).all()
        if not adds_up:
            raise ValueError("The counts of classes and sites do not add up.")


@dataclass(frozen=True)
class Missing:
    """Studies whose value in this column is empty, in all and by class."""

    column: str
    studies: int
    by_class: Mapping[str, int]


def count_classes(cohort: Cohort) -> Counts:
    """The table of classes (rows) and sites (columns) with its totals."""
    outcomes = outcomes_of(cohort)
    classes = tuple(sorted(set(outcomes)))
    sites = tuple(sorted({row.site or NO_SITE for row in cohort.rows}))
    wanted_classes, wanted_sites = (
        [{name} for name in classes] + [set(classes)],
        [{name} for name in sites] + [set(sites)],
    )
    cells = tuple(
        tuple(
            _count([r for r, name in zip(cohort.rows, outcomes, strict=True) if name in labels and _place(r) in places])
            for places in wanted_sites
        )
        for labels in wanted_classes
    )
    return Counts(classes, sites, cells)


def missing_values(cohort: Cohort) -> tuple[Missing, ...]:
    """Each column that is filled in some rows and empty in others, or empty everywhere though it is known here."""
    outcomes = outcomes_of(cohort)
    classes = sorted(set(outcomes))
    clinical = dict.fromkeys(name for row in cohort.rows for name in row.clinical)
    found = []
    for column in (*(name for name in KNOWN if name not in _ALWAYS_FILLED), *clinical):
        empty = cohort.column(column) == ""
        by_class = {
            name: sum(bool(e) and own == name for e, own in zip(empty, outcomes, strict=True)) for name in classes
        }
        if empty.any():
            found.append(Missing(column, int(empty.sum()), by_class))
    return tuple(found)


def count_issues(cohort: Cohort, counts: Counts, missing: tuple[Missing, ...]) -> Iterator[AuditIssue]:
    """Rows that were not read, small classes, and values whose absence tells the class."""
    if cohort.problems:
        rows = counted(len(cohort.problems), "row of the table is", "rows of the table are")
        yield AuditIssue("warn", "table", f"{rows} not usable and not counted below.", some(cohort.problems))
    for note in cohort.notes:
        yield AuditIssue("info", "table", note)
    left_early = {lost_before(horizon_of(cohort))} if is_timed(cohort) else set()
    for name, row in zip(counts.classes, counts.cells, strict=False):
        if row[-1].patients < EXPLORATORY_BELOW and name not in left_early:
            patients = counted(row[-1].patients, "patient")
            yield AuditIssue(
                "info",
                "small class",
                f"'{name}' has {patients}: results are exploratory below {EXPLORATORY_BELOW} patients.",
            )
    yield from follow_up_issues(cohort)
    if len(counts.classes) < 2 and not is_timed(cohort):
        yield AuditIssue("stop", "classes", f"All studies are '{counts.classes[0]}': there is nothing to tell apart.")
    yield from _missing_follows_class(counts, missing)


def _missing_follows_class(counts: Counts, missing: tuple[Missing, ...]) -> Iterator[AuditIssue]:
    totals = {name: row[-1].studies for name, row in zip(counts.classes, counts.cells, strict=False)}
    for column in missing:
        table = np.array([[n, totals[name] - n] for name, n in column.by_class.items()])
        if len(table) < 2 or not table.sum(axis=0).all():
            continue
        if association(table, method="cramer") >= _MISSING_FOLLOWS_CLASS:
            shares = ", ".join(f"{n / totals[name]:.0%} of '{name}'" for name, n in column.by_class.items())
            yield AuditIssue(
                "warn", "missing values", f"Whether {column.column} is known goes with the class: missing in {shares}."
            )


def _place(row: Row) -> str:
    return row.site or NO_SITE


def _count(rows: list[Row]) -> Count:
    return Count(len(rows), len({row.patient_id for row in rows}))
