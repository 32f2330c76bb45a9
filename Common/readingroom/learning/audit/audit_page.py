"""The page of an audit."""

from __future__ import annotations

from ...formatting import counted, estimate_text
from ...reading import Estimate
from ..cohorts.cohort import Cohort
from ..reporting.page import Page
from . import drawings
from .audit import Audit
from .counts import Count, Counts
from .duplicates import Duplicates
from .small_models import CLINICAL, METADATA, NUMBER, PIXELS, SITE

_PAIRS = 6  # pictures of the most alike ones
_LISTED = 50
_LOOKS_AT = {
    SITE: "the hospital or source that the table names",
    METADATA: "size, spacing, compression, mean gray, contrast, scanner, kernel, view, age and sex; no picture",
    CLINICAL: "age, sex and the table's further columns; they may tell disease, but none may say it in other words",
    PIXELS: "the picture reduced so far that hardly a disease can be seen, but the way it was taken can",
    NUMBER: "the last number in the patient ID",
}


def audit_page(audit: Audit, cohort: Cohort, duplicates: Duplicates) -> str:
    """The page as HTML."""
    page = Page(f"Audit of {audit.table}", _subtitle(audit))
    page.section("Issues")
    if not audit.issues:
        page.paragraph("Nothing was found. What an audit does not look for may still be wrong.")
    for issue in audit.issues:
        page.banner(issue.severity, issue.sentence)
        if issue.examples:
            page.paragraph("; ".join(issue.examples))
    _counts(page, audit.counts)
    _shortcuts(page, audit)
    _duplicates(page, audit, cohort, duplicates)
    _similarity(page, audit)
    _missing(page, audit)
    _unused(page, audit)
    page.section("How this was done")
    page.paragraph(
        "Red: numbers from this cohort would mislead, or training would fail. Amber: look at it before training. "
        f"Small models were evaluated by cross-validation by patient, intervals are 95 % over resampled patients, seed "
        f"{audit.seed}; ReadingRoom {audit.version}."
    )
    return page.html()


def _subtitle(audit: Audit) -> str:
    studies = f"{counted(audit.studies, 'study', 'studies')} of {counted(audit.patients, 'patient')}"
    numbers = {level: sum(f.severity == level for f in audit.issues) for level in ("stop", "warn", "info")}
    return f"{studies}; {numbers['stop']} red, {numbers['warn']} amber, {numbers['info']} to know"


def _counts(page: Page, counts: Counts) -> None:
    page.section("Studies by class and site")
    headers = ["Class", *counts.sites, "Total"]
    rows = [[name, *map(_cell, row)] for name, row in zip((*counts.classes, "Total"), counts.cells, strict=True)]
    page.table(headers, rows, caption="Studies (patients). A patient may be in several cells.")


def _cell(cell: Count) -> str:
    return f"{cell.studies} ({cell.patients})" if cell.studies else "0"


def _shortcuts(page: Page, audit: Audit) -> None:
    page.section("What can be told without looking for disease")
    if not audit.shortcuts:
        page.paragraph("There are too few patients of two classes to try small models.")
        return
    compared = any(shortcut.comparison is not None for shortcut in audit.shortcuts)
    page.paragraph(
        "Each line is a small model that sees only what is named. What it reaches, an image model may reach likewise."
        + ("" if compared else " No image model was given to compare with.")
    )
    for name in dict.fromkeys(shortcut.model.inputs for shortcut in audit.shortcuts):
        page.paragraph(f"{name}: {_LOOKS_AT[name]}.")
    headers = ["Looks at", "Within", "AUC (95 %)", "By class", "Studies", "Patients"]
    rows: list[list[object]] = []
    for shortcut in audit.shortcuts:
        model = shortcut.model
        by_class = ", ".join(f"{name} {value:.2f}" for name, value in model.by_class.items())
        rows.append(
            [model.inputs, model.site or "all", estimate_text(model.auc), by_class, model.studies, model.patients]
        )
        if compared:
            comparison = shortcut.comparison
            pair: tuple[Estimate | None, Estimate | None] = (
                (comparison.image, comparison.lead) if comparison else (None, None)
            )
            rows[-1] += [estimate_text(estimate) for estimate in pair]
    page.table(headers + (["Image model", "Its lead"] if compared else []), rows)
    page.figure(
        drawings.small_model_aucs(audit.shortcuts),
        "AUC of the small models" + ("; the diamond is the image model." if compared else "."),
    )
    for model in (shortcut.model for shortcut in audit.shortcuts if not shortcut.model.site):
        if model.facts:
            lines = [[name, f"{value:.2f}"] for name, value in model.facts.items()]
            page.table(["Fact", "AUC"], lines, caption=f"{model.inputs} of all sites, each fact by itself")


def _duplicates(page: Page, audit: Audit, cohort: Cohort, duplicates: Duplicates) -> None:
    if not (audit.identical or audit.near_duplicates):
        return
    page.section("Images that are there twice")
    if audit.identical:
        page.table(["Same pixels"], [[", ".join(group)] for group in audit.identical[:_LISTED]])
    if audit.near_duplicates:
        rows = [[pair.first, pair.second, f"{pair.correlation:.3f}"] for pair in audit.near_duplicates[:_LISTED]]
        page.table(["Nearly the same", "as", "Correlation"], rows, caption=_capped(len(audit.near_duplicates)))
    twins = [(group[0], group[1], 1.0) for group in duplicates.identical]
    twins += [(pair.first, pair.second, pair.correlation) for pair in duplicates.near_duplicates]
    for first, second, correlation in twins[:_PAIRS]:
        one, other = cohort.rows[first], cohort.rows[second]
        names = (f"{one.patient_id}/{one.study_id}", f"{other.patient_id}/{other.study_id}")
        page.figure(drawings.pair(one.image, other.image, names), f"{names[0]} and {names[1]}: {correlation:.3f}")


def _similarity(page: Page, audit: Audit) -> None:
    if audit.similarity is None:
        return
    page.section("Whose pictures are alike")
    found = audit.similarity
    own = ("the same patient (of patients with several)", found.own_patient, found.own_patient_chance)
    following = ("the patient with the next ID (of other patients)", found.next_patient, found.next_patient_chance)
    page.table(
        ["The nearest picture is of", "Share of pictures", "By chance"],
        [[who, f"{share:.1%}", f"{chance:.1%}"] for who, share, chance in (own, following)],
    )


def _missing(page: Page, audit: Audit) -> None:
    never = [each.column for each in audit.missing if each.studies == audit.studies]
    partly = [each for each in audit.missing if each.studies < audit.studies]
    if not audit.missing:
        return
    page.section("Missing values")
    if never:
        page.paragraph(f"Known of no study: {', '.join(never)}.")
    if partly:
        classes = audit.counts.classes
        shares = [f"{each.studies / audit.studies:.0%}" for each in partly]
        rows = [
            [each.column, each.studies, share, *(each.by_class[name] for name in classes)]
            for each, share in zip(partly, shares, strict=True)
        ]
        page.table(["Column", "Studies", "Share", *classes], rows)


def _unused(page: Page, audit: Audit) -> None:
    if audit.problems:
        page.section("Rows that cannot be used")
        page.table(
            ["Problem"], [[problem] for problem in audit.problems[:_LISTED]], caption=_capped(len(audit.problems))
        )
    if audit.unreadable:
        page.section("Images that cannot be read")
        rows = [[name, why] for name, why in list(audit.unreadable.items())[:_LISTED]]
        page.table(["Study", "Problem"], rows, caption=_capped(len(audit.unreadable)))


def _capped(number: int) -> str:
    return f"The first {_LISTED} of {number:,}; all are in audit.json." if number > _LISTED else ""
