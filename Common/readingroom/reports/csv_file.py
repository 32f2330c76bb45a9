"""A reading as a table: one row per finding."""

from __future__ import annotations

from ..csv_table import Cell, csv_text
from ..reading import Reading

COLUMNS = (
    "patient_id", "study_instance_uid", "study_date", "reader", "task", "finding", "probability", "low", "high",
    "positive", "operating_point", "threshold", "in_prediction_set", "coverage", "worst_check", "forced",
    "decision", "comment", "bundle", "bundle_version", "bundle_sha256", "demonstration",
)  # fmt: skip


def render(reading: Reading) -> str:
    """CSV text with a header; numbers with a point, truth as 0 and 1, unknown as empty."""
    rows: list[list[Cell]] = []
    for finding in reading.findings:
        verdict = next((v for v in reading.verdicts if v.finding == finding.name), None)
        point = finding.operating_point
        own_set = next((s for s in reading.prediction_sets if s.finding in ("", finding.name)), None)
        member = "present" if own_set and own_set.finding else finding.name
        row: dict[str, Cell] = {
            "patient_id": reading.study.patient.patient_id,
            "study_instance_uid": reading.study.images[0].study_instance_uid,
            "study_date": reading.study.date,
            "reader": reading.reader,
            "task": reading.task,
            "finding": finding.name,
            "probability": f"{finding.probability:.6f}",
            "low": f"{finding.interval.low:.6f}" if finding.interval else "",
            "high": f"{finding.interval.high:.6f}" if finding.interval else "",
            "positive": _truth(finding.positive),
            "operating_point": finding.chosen_point,
            "threshold": f"{point.threshold:.6f}" if point else "",
            "in_prediction_set": _truth(member in own_set.labels) if own_set else "",
            "coverage": own_set.coverage if own_set else "",
            "worst_check": max((c.status for c in reading.checks), key=("pass", "warn", "stop").index, default=""),
            "forced": _truth(reading.forced),
            "decision": verdict.decision if verdict else "",
            "comment": verdict.comment if verdict else "",
            "bundle": reading.bundle.name,
            "bundle_version": reading.bundle.version,
            "bundle_sha256": reading.bundle.sha256,
            "demonstration": _truth(reading.bundle.demonstration),
        }
        rows.append([row[column] for column in COLUMNS])
    return csv_text(COLUMNS, rows)


def _truth(value: bool | None) -> str:
    return "" if value is None else str(int(value))
