"""What a report says of a reading, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .. import DEMONSTRATION, RESEARCH_USE
from ..formatting import (
    amount_text,
    axis_title,
    check_text,
    decimal,
    dicom_date,
    estimate_text,
    interval_text,
    listed,
    measurement_rows,
    number_text,
    part_table,
    parts_come_first,
    percent,
    prediction_set_text,
    unit_text,
)
from ..reading import Curve, Finding, KeyPicture, Line, OperatingPoint, Reading, Verdict, has_stop
from ..study import ClinicalFact, StudyImage
from .document import (
    Bar,
    Bars,
    Block,
    Checks,
    Document,
    Facts,
    Paragraph,
    Picture,
    Pictures,
    Plot,
    PlotLine,
    Section,
    Table,
    printable,
)
from .explained import explained_blocks

_LITTLE = 0.01  # of a probability: what is left of it after any change is "< 1 %" too
_METRIC_TITLES = {
    "auc": "AUC, out of fold",
    "auc_by_patient": "AUC by patient, out of fold",
    "auc_matched": "AUC, matched acquisition",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration intercept",
    "brier": "Brier score",
}


@dataclass(frozen=True)
class ReaderTitles:
    """What people call the reader that answered, and its images, masks and clinical facts by name."""

    reader: str = ""
    question: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """The title of an input; its name in words where none is known."""
        return self.inputs.get(name) or name.replace("-", " ").replace("_", " ").capitalize()


def build(
    reading: Reading,
    pictures: Mapping[str, bytes],
    titles: ReaderTitles | None = None,
    worth: Table | None = None,
) -> Document:
    """The report of a reading.

    Parameters
    ----------
    reading : what to report; make it `anonymity.anonymous_reading` first where the patient must not be named
    pictures : PNG bytes of the key pictures, by file name
    titles : of the reader that answered and of what it takes; names stand for what is not known
    worth : what positive and negative answers are worth, follows the findings
    """
    titles = titles or ReaderTitles()
    sections = [
        Section("Study", (_study_facts(reading, titles),)),
        _section("Findings", [*_findings(reading), *([worth] if worth is not None else [])]),
        _section("Measurements", _measurements(reading)),
        _section("Compared with the prior", _comparisons(reading)),
        _section("Curves", [_curve(curve) for curve in reading.curves]),
        _section("Explained features", explained_blocks(reading)),
        _section("Pictures", _pictures(reading, pictures)),
        Section("Can this be trusted?", (*_checks(reading), *_faithfulness(reading))),
        _readers_words(reading),
        Section("Bundle", tuple(_bundle(reading))),
        Section("How this was made", (_provenance(reading),)),
    ]
    document = Document(
        title=f"{titles.reader or reading.reader} reading",
        subtitle=" ".join(filter(None, (titles.question, f"Bundle: {reading.bundle.title}."))),
        banner=DEMONSTRATION if reading.bundle.demonstration else reading.bundle.banner,
        footer=RESEARCH_USE,
        sections=tuple(section for section in sections if section is not None),
    )
    return printable(document)


def _section(title: str, blocks: list[Block]) -> Section | None:
    return Section(title, tuple(blocks)) if blocks else None


def _study_facts(reading: Reading, titles: ReaderTitles) -> Facts:
    study, patient = reading.study, reading.study.patient
    rows = [
        ("Patient", patient.name or "not named"),
        ("Patient ID", patient.patient_id),
        ("Born", dicom_date(patient.birth_date)),
        ("Study date", dicom_date(study.date)),
        ("Study", study.description),
        ("Accession number", study.accession_number),
    ]
    rows += [(titles.of(name), _fact(fact)) for name, fact in study.clinical.items()]
    rows += [(titles.of(image.role), _image(image)) for image in study.images]
    rows += [(f"Mask: {titles.of(mask.role)}", mask.source or "given") for mask in study.masks]
    return Facts.known(rows)


def _fact(fact: ClinicalFact) -> str:
    value = {True: "yes", False: "no"}[fact.value] if isinstance(fact.value, bool) else f"{fact.value}"
    if isinstance(fact.value, float):
        value = number_text(fact.value)
    return f"{value} {unit_text(fact.unit)}".rstrip() + ("" if fact.source == "header" else " (entered)")


def _image(image: StudyImage) -> str:
    """What the header knows of an image."""
    said = (image.modality, image.fact("BodyPartExamined"), image.fact("ViewPosition"), dicom_date(image.date))
    return " ".join(filter(None, said)) or "no header"


def _findings(reading: Reading) -> list[Block]:
    verdicts = {verdict.finding: verdict for verdict in reading.verdicts}
    blocks: list[Block] = []
    if reading.findings:
        blocks.append(Bars(tuple(_bar(finding, verdicts.get(finding.name)) for finding in reading.findings)))
    blocks += [Paragraph(prediction_set_text(one, reading)) for one in reading.prediction_sets]
    if points := _point_rows(reading):
        header = ("Operating point", "Threshold", "Sensitivity (95 % interval)", "Specificity (95 % interval)")
        blocks.append(Table(header, tuple(points)))
    if reading.bundle.banner:
        blocks.insert(0, Paragraph(reading.bundle.banner, emphasis=True))
    if reading.outdated:
        blocks.insert(0, Paragraph(reading.outdated, emphasis=True))
    if reading.pending:
        blocks.insert(0, Paragraph(f"This answer was not tested: {', '.join(reading.pending)}.", emphasis=True))
    if reading.forced and has_stop(reading.checks):
        blocks.insert(0, Paragraph("Read against a check that advised to stop (see below).", emphasis=True))
    return blocks


def _measurements(reading: Reading) -> list[Block]:
    """A table of the numbers and of the volumes of regions, without columns that would be empty, and that of parts."""
    blocks: list[Block] = []
    if rows := measurement_rows(reading):
        header = ("Measurement", "Value", "Interval", "Region")
        kept = [column for column in range(len(header)) if any(row[column] for row in rows)]
        blocks.append(Table(tuple(header[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in rows)))
    titles, parts = part_table(reading)
    if parts:
        blocks.insert(0 if parts_come_first(reading) else len(blocks), Table(titles, tuple(parts)))
    return blocks


def _comparisons(reading: Reading) -> list[Block]:
    if not reading.comparisons:
        return []
    dates = {image.role: dicom_date(image.date) for image in reading.study.images}
    rows = []
    for one in reading.comparisons:
        change = _change(one.now - one.prior)
        if one.change is not None:
            change += f" ({interval_text(one.change, _change)})"
        dated = " to ".join(filter(None, (dates[one.prior_image], dates[one.now_image])))
        title = f"{one.title} ({unit_text(one.unit)})" if unit_text(one.unit) else one.title
        rows.append((title, amount_text(one.now, one.unit), amount_text(one.prior, one.unit), change, dated))
    columns = 5 if any(dates.values()) else 4
    return [Table(("", "Now", "Prior", "Change", "From")[:columns], tuple(row[:columns] for row in rows))]


def _change(value: float) -> str:
    return number_text(value, signed=True)


def _curve(curve: Curve) -> Plot:
    lines = (_line(curve.line, main=True), *(_line(line, main=False) for line in curve.baselines))
    return Plot(
        positions=curve.positions,
        lines=lines,
        position_title=axis_title(curve.position_title, curve.position_unit),
        value_title=axis_title(curve.value_title, curve.value_unit),
        caption=curve.title,
        scale="share" if curve.kind == "survival" else "number",
        steps=curve.kind == "survival",
    )


def _line(line: Line, main: bool) -> PlotLine:
    return PlotLine(line.title, line.values, line.low, line.high, main)


def _bar(finding: Finding, verdict: Verdict | None) -> Bar:
    point = finding.operating_point
    decided = {"": "", "accept": "accepted", "reject": "rejected"}[verdict.decision] if verdict else ""
    return Bar(
        label=finding.title,
        probability=finding.probability,
        interval=finding.interval,
        threshold=point.threshold if point else None,
        positive=finding.positive,
        verdict=decided,
    )


def _point_rows(reading: Reading) -> list[tuple[str, ...]]:
    """Each operating point once, with all findings that have it, such as one for each breast.

    Those that were measured for another finding alone are left out: of breasts, not of women.
    """
    measured = {(p.name, p.threshold) for each in reading.findings for p in each.operating_points if _is_measured(p)}
    titles: dict[tuple[str, ...], list[str]] = {}
    for finding in reading.findings:
        for point in finding.operating_points:
            if _is_measured(point) or (point.name, point.threshold) not in measured:
                row = (
                    point.name + (" (used)" if point.name == finding.chosen_point else ""),
                    f"{point.threshold:.2f}",
                    estimate_text(point.sensitivity, show=percent, cases=True, unknown="not measured"),
                    estimate_text(point.specificity, show=percent, cases=True, unknown="not measured"),
                )
                titles.setdefault(row, []).append(finding.title)
    return [(f"{listed(own)}: {name}", *numbers) for (name, *numbers), own in titles.items()]


def _is_measured(point: OperatingPoint) -> bool:
    return point.sensitivity is not None or point.specificity is not None


def _pictures(reading: Reading, pictures: Mapping[str, bytes]) -> list[Block]:
    shown = [
        Picture(pictures[str(picture.path)], _caption(picture))
        for picture in reading.key_pictures
        if str(picture.path) in pictures
    ]
    blocks: list[Block] = [Pictures(tuple(shown))] if shown else []
    if len(shown) < len(reading.key_pictures):
        blocks.append(Paragraph("Pictures of this reading are no longer there; read the study again to have them."))
    return blocks


def _caption(picture: KeyPicture) -> str:
    return picture.caption if picture.slice is None else f"{picture.caption} Slice {picture.slice + 1}."


def _checks(reading: Reading) -> list[Block]:
    """What needs thought first, then what passed."""
    doubts = [check for status in ("stop", "warn") for check in reading.checks if check.status == status]
    passed = [check for check in reading.checks if check.status == "pass"]
    shown = [tuple(replace(one, sentence=check_text(one)) for one in checks) for checks in (doubts, passed)]
    return [Checks(rows) for rows in shown if rows]


def _faithfulness(reading: Reading) -> list[Block]:
    blocks: list[Block] = []
    for heat_map in reading.heat_maps:
        if (curve := heat_map.faithfulness) is None:
            continue
        whole, left = percent(curve.hottest[0]), percent(curve.hottest[-1])
        moves = (
            f"hardly moves the probability ({whole})"
            if left == whole
            else f"moves the probability from {whole} to {left}"
        )
        verdict = f"The map {'points' if curve.points_at_evidence else 'does not point'} at what the network uses"
        if max(*curve.hottest, *curve.random) < _LITTLE:
            verdict = "So small a probability has little to lose, and tells nothing of the map"
        caption = (
            f"Is the map of “{reading.finding(heat_map.finding).title}” faithful? Taking away the hottest "
            f"{percent(curve.fractions[-1])} of the picture {moves}; with parts of the same shape elsewhere it is "
            f"{percent(curve.random[-1])} on average. {verdict} (gain {decimal(100 * curve.gain, 1, signed=True)} %)."
        )
        lines = (
            PlotLine("hottest parts", curve.hottest, main=True),
            PlotLine("parts elsewhere, on average", curve.random),
        )
        removed = tuple(float(round(100 * fraction)) for fraction in curve.fractions)
        blocks.append(Plot(removed, lines, "Removed (%)", "Probability", caption))
    return blocks


def _readers_words(reading: Reading) -> Section | None:
    blocks: list[Block] = [Paragraph(reading.comment)] if reading.comment else []
    for verdict in reading.verdicts:
        decision = {"": "no decision", "accept": "accepted", "reject": "rejected"}[verdict.decision]
        comment = f": {verdict.comment}" if verdict.comment else "."
        blocks.append(Paragraph(f"{reading.finding(verdict.finding).title} {decision}{comment}"))
    return Section("Reader's comments", tuple(blocks)) if blocks else None


def _bundle(reading: Reading) -> list[Block]:
    bundle = reading.bundle
    rows = [("Bundle", f"{bundle.name} {bundle.version}"), ("SHA-256", bundle.sha256), ("License", bundle.license)]
    # The card lists every measure; a report names those that its reader knows.
    rows += [
        (title, estimate_text(value, 3, cases=True))
        for name, value in bundle.metrics.items()
        if (title := _METRIC_TITLES.get(name))
    ]
    blocks: list[Block] = [Facts.known(rows)]
    if bundle.intended_use:
        blocks.append(Paragraph(bundle.intended_use))
    return blocks + [Paragraph(f"Caution: {warning}") for warning in bundle.warnings]


def _setting(name: str, value: Any) -> str:
    """``map cam``; of several values by name ``boxes: left-cc 1 2 3 4, right-cc 5 6 7 8``."""
    words = name.replace("_", " ")
    if isinstance(value, Mapping):
        return f"{words}: {', '.join(_setting(key, one) for key, one in value.items())}"
    return f"{words} {' '.join(map(str, value)) if isinstance(value, list | tuple) else value}"


def _provenance(reading: Reading) -> Facts:
    made = reading.provenance
    rows = [
        ("Read", f"{made.started}, {made.seconds:.1f} s on {made.device}"),
        ("Software", ", ".join(f"{name} {version}" for name, version in made.software.items())),
        ("Settings", ", ".join(_setting(name, value) for name, value in made.settings.items())),
        *(("Note", note) for note in made.notes),
    ]
    return Facts.known(rows)
