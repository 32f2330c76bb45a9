"""A reading as tables: one row per finding, with a column for whatever was measured; of explained features one row for
each that a deep feature follows."""

from __future__ import annotations

from ..csv_table import Cell, csv_text
from ..formatting import unit_text
from ..reading import FeatureExplanation, FeatureValue, Followed, Measurement, Reading, SpeakingFeature

COLUMNS = (
    "patient_id", "study_instance_uid", "study_date", "reader", "task", "finding", "probability", "low", "high",
    "positive", "operating_point", "threshold", "in_prediction_set", "coverage", "worst_check", "forced",
    "outdated", "decision", "comment", "bundle", "bundle_version", "bundle_sha256", "demonstration",
)  # fmt: skip
FEATURE_COLUMNS = (
    "patient_id", "study_instance_uid", "reader", "finding", "deep_feature", "deep_title", "deep_value", "deep_z",
    "deep_share_below", "weight", "contribution", "selected", "handcrafted_feature", "handcrafted_title",
    "correlation_kind", "correlation", "stability", "correlation_held_out", "handcrafted_value", "handcrafted_unit",
    "handcrafted_z", "handcrafted_share_below", "bundle", "bundle_version", "bundle_sha256", "demonstration",
)  # fmt: skip


def render(reading: Reading) -> str:
    """CSV text with a header; numbers with a point, truth as 0 and 1, unknown as empty."""
    measured = {_column(one): f"{one.value:.6g}" for one in reading.measurements}
    columns = (*COLUMNS, *measured)
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
            "outdated": reading.outdated,
            "decision": verdict.decision if verdict else "",
            "comment": verdict.comment if verdict else "",
            "bundle": reading.bundle.name,
            "bundle_version": reading.bundle.version,
            "bundle_sha256": reading.bundle.sha256,
            "demonstration": _truth(reading.bundle.demonstration),
        }
        row |= measured
        rows.append([row[column] for column in columns])
    return csv_text(columns, rows)


def _column(measurement: Measurement) -> str:
    """What was measured, in which unit: ``measured lung-volume (mL)``."""
    unit = unit_text(measurement.unit)
    return f"measured {measurement.name}" + (f" ({unit})" if unit else "")


def render_features(reading: Reading) -> str:
    """CSV text of the explained features with a header; empty where nothing is explained.

    First the deep features that speak, the strongest first, each with all that it follows; then the handcrafted
    features that none of them follows, with the columns of deep features empty. Columns ``..._z`` are standard
    deviations above the mean of the training cohort, ``..._share_below`` the share of it that lies below.
    """
    explained = reading.explained
    if explained is None:
        return ""
    common: dict[str, Cell] = {
        "patient_id": reading.study.patient.patient_id,
        "study_instance_uid": reading.study.images[0].study_instance_uid,
        "reader": reading.reader,
        "finding": explained.finding,
        "bundle": reading.bundle.name,
        "bundle_version": reading.bundle.version,
        "bundle_sha256": reading.bundle.sha256,
        "demonstration": _truth(reading.bundle.demonstration),
    }
    rows = [
        _speaking(one) | _followed(each, explained) | common
        for one in explained.speaking
        for each in one.follows or (None,)
    ]
    followed = {each.feature for one in explained.speaking for each in one.follows}
    rows += [_handcrafted(one) | common for one in explained.handcrafted if one.name not in followed]
    return csv_text(FEATURE_COLUMNS, [[row.get(column, "") for column in FEATURE_COLUMNS] for row in rows])


def _speaking(feature: SpeakingFeature) -> dict[str, Cell]:
    return {
        "deep_feature": feature.name,
        "deep_title": feature.title,
        "deep_value": feature.value,
        "deep_z": feature.z,
        "deep_share_below": feature.share_below,
        "weight": feature.weight,
        "contribution": feature.contribution,
        "selected": feature.selected,
    }


def _followed(followed: Followed | None, explained: FeatureExplanation) -> dict[str, Cell]:
    """What a deep feature follows, with this patient's value; nothing where it follows nothing."""
    if followed is None:
        return {}
    value = explained.value(followed.feature) or FeatureValue(followed.feature, "", None)
    return _handcrafted(value) | {
        "correlation_kind": explained.correlation,
        "correlation": followed.correlation,
        "stability": followed.stability,
        "correlation_held_out": followed.held_out,
    }


def _handcrafted(feature: FeatureValue) -> dict[str, Cell]:
    return {
        "handcrafted_feature": feature.name,
        "handcrafted_title": feature.title,
        "handcrafted_value": feature.value,
        "handcrafted_unit": feature.unit,
        "handcrafted_z": feature.z,
        "handcrafted_share_below": feature.share_below,
    }


def _truth(value: bool | None) -> str:
    return "" if value is None else str(int(value))
