"""From a network's logits to findings and prediction sets, with what the bundle knows of its own calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ..bundles.metadata import ClassifierMetadata
from ..reading import Finding, Interval, PredictionSet
from ..trust.conformal import lac_members

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Calibrated:
    """Probability of each label, in the bundle's order, with both ends of its interval where one is known."""

    probabilities: Floats
    low: Floats | None = None
    high: Floats | None = None


def calibrate(metadata: ClassifierMetadata, logits: Floats) -> Calibrated:
    """Calibrated probabilities of the raw ``logits`` (labels,) of one study.

    A bundle without calibration gives plain softmax or sigmoid probabilities without intervals.
    """
    calibration = metadata.calibration
    if calibration is None:
        return Calibrated(_plain(metadata, logits))
    if (scaling := calibration.temperature) is not None:
        if metadata.multilabel:
            return Calibrated(special.expit(logits / scaling.temperature))
        if not scaling.resamples:
            return Calibrated(scaling.probabilities(logits))
        return Calibrated(scaling.probabilities(logits), *scaling.intervals(logits))
    return _platt(metadata, logits)


def probability_of_margins(metadata: ClassifierMetadata, margins: Floats) -> Floats:
    """Calibrated probability of the first of two exclusive labels, by how far its logit lies above the other's."""
    calibration = metadata.calibration
    if calibration is None:
        return np.asarray(special.expit(margins))
    if calibration.temperature is not None:
        return np.asarray(special.expit(margins / calibration.temperature.temperature))
    first, second = (calibration.platt.get(label.name) for label in metadata.labels)
    if second is not None:  # the last one counts, as in `calibrate`
        return np.asarray(1 - second.probabilities(-margins))
    assert first is not None
    return first.probabilities(margins)


def findings(metadata: ClassifierMetadata, calibrated: Calibrated) -> tuple[Finding, ...]:
    """One finding per label, decided at the bundle's default operating point."""
    found = []
    for number, label in enumerate(metadata.labels):
        probability = float(calibrated.probabilities[number])
        interval = None
        if calibrated.low is not None and calibrated.high is not None:
            interval = Interval(float(calibrated.low[number]), float(calibrated.high[number]))
        points = metadata.points(label.name)
        used = next((point for point in points if point.name == metadata.default_operating_point), None)
        found.append(
            Finding(
                name=label.name,
                title=label.title,
                probability=probability,
                interval=interval,
                positive=None if used is None else probability >= used.threshold,
                operating_points=points,
                chosen_point=used.name if used else "",
                code=label.code,
            )
        )
    return tuple(found)


def prediction_sets(metadata: ClassifierMetadata, probabilities: Floats) -> tuple[PredictionSet, ...]:
    """The conformal set of the labels, or one set of ``present`` and ``absent`` for each finding of a multi-label task.

    Its coverage is the bundle's default.
    """
    conformal = metadata.conformal
    if conformal is None:
        return ()
    wanted = conformal.coverage
    if not metadata.multilabel:
        members = lac_members(probabilities, conformal.quantile(wanted))
        return (PredictionSet(tuple(metadata.labels[i].name for i in members), wanted, conformal.n),)
    sets = []
    for label, probability in zip(metadata.labels, probabilities, strict=True):
        members = lac_members(np.array([1 - probability, probability]), conformal.quantile(wanted, label.name))
        words = tuple(("absent", "present")[i] for i in members)
        sets.append(PredictionSet(words, wanted, conformal.n, label.name))
    return tuple(sets)


def main_finding(metadata: ClassifierMetadata) -> int:
    """The label whose map is shown first: the first one with an operating point, else the first."""
    with_points = {point.finding for point in metadata.operating_points}
    return next((i for i, label in enumerate(metadata.labels) if label.name in with_points), 0)


def _plain(metadata: ClassifierMetadata, logits: Floats) -> Floats:
    values: Floats = special.expit(logits) if metadata.multilabel else special.softmax(logits)
    return values


def _platt(metadata: ClassifierMetadata, logits: Floats) -> Calibrated:
    """Each scaled finding by its own fit; of two exclusive labels the other one gets the rest."""
    assert metadata.calibration is not None
    names = [label.name for label in metadata.labels]
    plain = _plain(metadata, logits)
    probabilities, low, high = plain.copy(), plain.copy(), plain.copy()
    for finding, scaling in metadata.calibration.platt.items():
        number = names.index(finding)
        others = np.delete(logits, number)
        logit = logits[number] if metadata.multilabel else logits[number] - special.logsumexp(others)
        probabilities[number] = scaling.probabilities(logit)
        if scaling.resamples:
            low[number], high[number] = scaling.intervals(logit)
        if not metadata.multilabel and len(names) == 2:
            other = 1 - number
            probabilities[other], low[other], high[other] = 1 - probabilities[number], 1 - high[number], 1 - low[number]
    if not all(scaling.resamples for scaling in metadata.calibration.platt.values()):
        return Calibrated(probabilities)
    return Calibrated(probabilities, low, high)
