"""From images to studies, breasts and patients: one prediction for each of whatever is evaluated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ...errors import InputError
from .predictions import Floats, Predictions, Strings

Level = Literal["study", "breast", "patient"]
How = Literal["mean", "max"]


def level_of(reader: str) -> Level:
    """What a row of this reader's tables is."""
    return "breast" if reader == "mammo-screen" else "study"


def at_level(predictions: Predictions, level: Level, how: How = "mean") -> Predictions:
    """One row for each study, breast or patient, in the order in which they first occur.

    Parameters
    ----------
    level : a ``breast`` is one ``laterality`` (a subgroup of that name) of one study; where each row is a study of its
        own, it is the row
    how : the ``mean`` of the probabilities, or the ``max``: the most suspicious image decides. A vote has no AUC and
        no calibration.

    A finding is there when it is there on one of the images. What differs within a group (the view, say) becomes empty
    in ``subgroups`` and ``sites``. Where each group is one row already, the rows come back as they are.

    Raises
    ------
    InputError : images of one group have different exclusive classes, or nobody said which breast is which
    """
    groups = _groups(predictions, level)
    if len(groups) == len(predictions):
        return predictions
    first = np.array([rows[0] for rows in groups])
    if how == "max" and predictions.kind == "multi-class":
        raise InputError("The most suspicious image is not defined for several exclusive classes; use the mean.")
    return Predictions(
        classes=predictions.classes,
        multilabel=predictions.multilabel,
        study_ids=_common(predictions.study_ids, groups) if level == "patient" else predictions.study_ids[first],
        patients=predictions.patients[first],
        sites=_common(predictions.sites, groups),
        truth=np.stack([_truth(predictions, rows) for rows in groups]),
        logits=np.stack([_joined(predictions, rows, how) for rows in groups], axis=1),
        folds=predictions.folds[:, first],
        subgroups={name: _common(values, groups) for name, values in predictions.subgroups.items()},
        positive=predictions.positive,
    )


def _groups(predictions: Predictions, level: Level) -> list[NDArray[np.intp]]:
    columns = [predictions.patients]
    if level != "patient":
        columns.append(predictions.study_ids)
    if level == "breast" and len(set(zip(*columns, strict=True))) < len(predictions):
        if "laterality" not in predictions.subgroups or "" in predictions.subgroups["laterality"]:
            raise InputError("Each image needs a 'laterality' before breasts can be evaluated.")
        columns.append(predictions.subgroups["laterality"])
    rows: dict[tuple[str, ...], list[int]] = {}
    for number, key in enumerate(zip(*columns, strict=True)):
        rows.setdefault(key, []).append(number)
    return [np.array(numbers) for numbers in rows.values()]


def _truth(predictions: Predictions, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    truth = predictions.truth[rows]
    if predictions.multilabel:
        return np.asarray(truth.max(axis=0))
    if predictions.kind == "binary":
        number = predictions.classes.index(predictions.positive)
        return np.asarray(number if (truth == number).any() else 1 - number)
    if len(np.unique(truth)) > 1:
        names = ", ".join(predictions.classes[number] for number in np.unique(truth))
        raise InputError(f"The images of patient {predictions.patients[rows[0]]} have several classes: {names}.")
    return np.asarray(truth[0])


def _joined(predictions: Predictions, rows: NDArray[np.intp], how: How) -> Floats:
    """(repeats, classes)"""
    logits = predictions.logits[:, rows]
    if how == "mean":
        return mean_logits(logits, predictions.multilabel)
    if predictions.multilabel:
        return np.asarray(logits.max(axis=1))
    return most_suspicious_logits(logits, predictions.classes.index(predictions.positive))


def mean_logits(logits: Floats, multilabel: bool) -> Floats:
    """(repeats, classes) logits of the mean probability of rows (repeats, rows, classes).

    Probabilities near 0 and 1 are not rounded on the way.
    """
    if multilabel:
        return _log_mean(special.log_expit, logits) - _log_mean(special.log_expit, -logits)
    return _log_mean(lambda values: special.log_softmax(values, axis=2), logits)


def _log_mean(log_probability: Callable[[Floats], Floats], logits: Floats) -> Floats:
    mean: Floats = special.logsumexp(log_probability(logits), axis=1) - np.log(logits.shape[1])
    return mean


def most_suspicious_logits(logits: Floats, positive: int) -> Floats:
    """(repeats, classes) of the row with the highest score for this one of two classes (repeats, rows, classes)."""
    highest = (logits[..., positive] - logits[..., 1 - positive]).argmax(axis=1)
    return np.asarray(logits[np.arange(len(logits)), highest])


def _common(values: Strings, groups: list[NDArray[np.intp]]) -> Strings:
    """What all rows of a group share; empty where they differ."""
    return np.array([values[rows[0]] if (values[rows] == values[rows[0]]).all() else "" for rows in groups])
