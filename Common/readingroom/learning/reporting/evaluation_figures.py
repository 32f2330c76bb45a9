"""The figures of an evaluation with their captions, made of its results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from ...formatting import counted
from ...metrics.calibration import reliability_bins
from ...metrics.decision_curve import decision_curve as net_benefits
from ..evaluation.predictions import Predictions
from ..evaluation.sample_size import SUBGROUP_EXPLORATORY_BELOW, can_be_evaluated
from .evaluate import Evaluated
from .evaluated import EvaluationRecord
from .figures.confusion_matrix import confusion_matrix
from .figures.decision_curve import decision_curve
from .figures.embedding import caption as embedding_caption
from .figures.embedding import embedding
from .figures.precision_recall import precision_recall
from .figures.recall_rate import recall_rate
from .figures.reliability import reliability
from .figures.roc import Point, roc
from .figures.scored import Scored
from .figures.subgroups import Group, subgroups
from .figures.training_curves import Run, training_curves


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure, what stands below it, and a plain name for a file."""

    name: str
    figure: Figure
    caption: str


def curves_of(found: Evaluated) -> list[Drawing]:
    """ROC, precision-recall, reliability and decision curve of each finding, of breasts the recall rate too; the
    confusion matrix of all."""
    rows = found.of_labels[1].calibrated.predictions
    drawings = []
    for finding in rows.findings:
        if can_be_evaluated(rows, finding):
            drawings += _curves(found, finding)
    if found.record.confusion:
        figure = confusion_matrix(np.array(found.record.confusion), rows.classes)
        cases = counted(len(rows), "case")
        words = f"Confusion matrix of {cases}: truth in rows, in columns what was called: {called_how(found)}."
        drawings.append(Drawing("confusion-matrix", figure, words))
    return drawings


def called_how(found: Evaluated) -> str:
    """When a finding is called, as in a read."""
    (images, evaluation), points = found.of_labels, found.record.points
    if images.kind == "multi-class":
        return "the most probable class"
    if not any(point.default for point in points):
        return "a finding from a probability of one half on, since there is no operating point"
    return f"a finding from the default operating point “{evaluation.default_point}” on"


def _curves(found: Evaluated, finding: str) -> list[Drawing]:
    record, calibrated = found.record, found.of_labels[1].calibrated
    rows = calibrated.predictions
    end = "" if rows.kind == "binary" else f".{finding}"
    labels = rows.present(finding)
    probabilities = calibrated.probabilities[:, rows.classes.index(finding)]
    metrics = record.metrics

    def scored(metric: str) -> list[Scored]:
        scores = rows.scores(finding)[0]
        own = Scored(record.model.name, labels, scores, rows.patients, metrics.get(metric + end))
        return [own, *_baselines(found, finding)] if metric == "auc" else [own]

    many = f" Scores of the first of {rows.repeats} repeats; the number is their mean." if rows.repeats > 1 else ""
    n = f"{counted(len(rows), 'case')}, {int(labels.sum())} with “{finding}”."
    table = net_benefits(labels, probabilities)
    thresholds = np.array([point.threshold for point in table])
    benefit = {record.model.name: np.array([point.model for point in table])}
    everybody = np.array([point.everybody for point in table])
    slope, intercept = metrics.get(f"calibration_slope{end}"), metrics.get(f"calibration_intercept{end}")
    screening = [
        Drawing(
            f"recall-rate-{finding}",
            recall_rate(scored("auc")[0]),
            f"Cases with “{finding}” that are found against the share of all cases of this table that are recalled. "
            f"{n} Where the finding is rarer, fewer are recalled at the same sensitivity.{many}",
        )
    ]
    return [
        Drawing(
            f"roc-{finding}",
            roc(scored("auc"), _points(record, finding)),
            f"ROC curve for “{finding}”. {n}{many}",
        ),
        *(screening if found.of_labels[1].level == "breast" else ()),
        Drawing(
            f"precision-recall-{finding}",
            precision_recall(scored("average_precision")),
            f"Precision and recall for “{finding}”. {n} It moves with the share of cases that have it.{many}",
        ),
        Drawing(
            f"reliability-{finding}",
            reliability(reliability_bins(labels, probabilities), slope, intercept),
            f"Reliability of the probability of “{finding}”. {n} Points on the line mean what they say.",
        ),
        Drawing(
            f"decision-curve-{finding}",
            decision_curve(thresholds, benefit, everybody),
            f"Decision curve for “{finding}” (Vickers and Elkin 2006). {n} Worth something where it lies above both "
            "acting on everybody and acting on nobody, at the prevalence of this table.",
        ),
    ]


def _baselines(found: Evaluated, finding: str) -> list[Scored]:
    """The simple models that order the cases at all. Of several classes their AUC is a mean, no number of one curve."""
    tried = [each for each in found.baselines if isinstance(each, Predictions)]
    pairs = zip(found.record.baselines, tried, strict=True)
    return [
        Scored(
            result.title,
            rows.present(finding),
            rows.scores(finding)[0],
            rows.patients,
            result.score if rows.kind == "binary" else None,
        )
        for result, rows in pairs
        if np.ptp(rows.scores(finding)[0]) > 0
    ]


def _points(record: EvaluationRecord, finding: str) -> list[Point]:
    return [
        Point(point.name, point.sensitivity, point.specificity)
        for point in record.points
        if point.finding == finding and point.sensitivity is not None and point.specificity is not None
    ]


def subgroups_of(record: EvaluationRecord) -> list[Drawing]:
    """A forest plot of the AUC, of times C-td, for each finding that has one in some group."""
    drawings = []
    for finding in dict.fromkeys(group.finding for group in record.subgroups):
        groups = [
            Group(group.variable, group.value, group.rows, group.with_finding, group.score, group.exploratory)
            for group in record.subgroups
            if group.finding == finding
        ]
        main = "c_td" if record.measure == "C-td" else "auc"
        overall = record.metrics.get(main) or record.metrics.get(f"{main}.{finding}")
        if overall is None or not any(group.estimate for group in groups):
            continue
        if f"{main}.{finding}" in record.metrics:
            overall = record.metrics[f"{main}.{finding}"]
        words = (
            f"{record.measure} for “{finding}” by subgroup, with 95 % intervals; in brackets the cases with it, of "
            f"all. Hollow: exploratory, fewer than {SUBGROUP_EXPLORATORY_BELOW} patients with it or without."
        )
        drawings.append(Drawing(f"subgroups-{finding}", subgroups(groups, overall, record.measure), words))
    return drawings


def features_of(found: Evaluated) -> list[Drawing]:
    """The features of the images in two dimensions, by class and, where there are several, by site."""
    if found.projection is None:
        return []
    images, words = found.images, embedding_caption(found.projection)
    drawings = []
    if isinstance(images, Predictions) and not images.multilabel:
        names = np.array(images.classes)
        drawings.append(
            Drawing("features-class", embedding(found.projection, names[images.truth]), f"By class. {words}")
        )
    if len(np.unique(images.sites)) > 1:
        drawings.append(Drawing("features-site", embedding(found.projection, images.sites), f"By site. {words}"))
    return drawings


def history_of(runs: Sequence[Run]) -> Drawing:
    """Losses by epoch."""
    return Drawing("training", training_curves(runs), "Loss by epoch in training and on rows that chose the epoch.")
