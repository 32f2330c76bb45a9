"""What a bundle says of every study of a cohort, asked through its reader as a read asks it.

A study that cannot be used becomes a sentence and is counted; none is dropped in silence.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bundles.bundle import Bundle
from ...bundles.metadata import BundleMetadata, ClassifierMetadata, SurvivalMetadata
from ...bundles.validation import plain_name
from ...device import Wanted, choose
from ...errors import InputError, ReadingRoomError
from ...formatting import check_text
from ...guarded_processes import guarded
from ...progress import Progress
from ...readers.answer import Case, Prediction
from ...readers.base import ReadContext, Reader
from ...readers.probabilities import main_finding
from ...readers.registry import find_reader
from ...reading import Check
from ...time_limit import time_limit
from ..cohorts.cohort import Cohort, Row
from ..cohorts.findings import NEGATIVE, split_label
from ..evaluation.outcomes import Answering, AnyPredictions
from ..evaluation.predictions import EXTERNAL, Predictions
from ..evaluation.survival_predictions import SurvivalPredictions

Floats = NDArray[np.float64]
Truth: TypeAlias = NDArray[np.int64] | NDArray[np.float64]  # of one row

_CHUNK = 8  # studies that are in memory at once
_AGES = ((18, "below 18"), (40, "18 to 39"), (65, "40 to 64"), (200, "65 and older"))
_SUBGROUPS: Mapping[str, Callable[[Row], str]] = {
    "sex": lambda row: row.sex,
    "age": lambda row: age_group(row.age),
    "view": lambda row: row.view,
    "laterality": lambda row: row.laterality,
    "scanner": lambda row: row.scanner,
}


@dataclass(frozen=True, eq=False)
class Predicted:
    """A bundle's answers.

    Parameters
    ----------
    predictions : of the usable rows
    features : (usable rows, features) what the network's last linear layer was given; None where it has none
    rows : (usable rows,) their numbers in the cohort
    problems : one sentence for each row that could not be used
    refused : one sentence for each row that the reader would refuse; it was predicted all the same
    notes : what happened on the way
    """

    predictions: AnyPredictions
    features: Floats | None
    rows: NDArray[np.intp]
    problems: tuple[str, ...]
    refused: tuple[str, ...]
    notes: tuple[str, ...]


def predict(
    bundle: Bundle,
    cohort: Cohort,
    labels: Mapping[str, str] | None = None,
    device: Wanted = "auto",
    progress: Progress | None = None,
    negative: Sequence[str] = (),
) -> Predicted:
    """Ask the bundle about every study.

    Parameters
    ----------
    labels : the bundle's label for a label of the table, where they differ: ``{"normal": "no-finding"}``
    negative : labels of the table that mean that a study has none of a bundle's findings that may hold together,
        beside those that the bundle was trained with

    Raises
    ------
    BundleError : the reader cannot read with such a bundle
    InputError : there is no such reader, or not one row can be used; the sentence says why the first one cannot
    SetupError : the device or a package is missing
    CancelledError : the user canceled
    """
    progress = progress or Progress()
    reader = find_reader(bundle.metadata.reader)
    metadata = answering(bundle)
    notes: list[str] = []
    context = ReadContext(bundle, choose(device, notes.append), progress, notes=notes)
    context.model = reader.load_model(bundle, context.device)
    truth_of = functools.partial(_time, metadata=metadata)
    if isinstance(metadata, ClassifierMetadata):
        none = {plain_name(label) for label in (*negative, *training_negatives(metadata))}
        truth_of = functools.partial(_label, metadata=metadata, labels=labels or {}, none=none)
    found = _Found()
    chunk: list[_Opened] = []
    for number, row in enumerate(cohort.rows):
        progress(number / len(cohort), f"Study {number + 1} of {len(cohort)}.")
        try:
            truth = truth_of(row)
            case = guarded(_case, reader, metadata, row)
        except ReadingRoomError as error:
            found.problems.append(f"{_name(row)}: {error}")
            continue
        chunk.append(_Opened(number, row, truth, case))
        if len(chunk) == _CHUNK:
            found.ask(reader, chunk, context)
            chunk.clear()
    if chunk:
        found.ask(reader, chunk, context)
    if not found.rows:
        raise InputError(
            f"Not one study of the table can be used. {' '.join(found.problems[:1] or cohort.problems[:1])}"
        )
    return found.answer(cohort, metadata, notes)


def _case(reader: Reader, metadata: BundleMetadata, row: Row) -> Case:
    with time_limit():
        return reader.load(row.study(reader, metadata))


@dataclass(frozen=True, eq=False)
class _Opened:
    """A row of the table with the pixels of its study."""

    number: int
    row: Row
    truth: Truth
    case: Case


class _Found:
    """What has been gathered so far."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.truth: list[Truth] = []
        self.problems: list[str] = []
        self.refused: list[str] = []
        self.predictions: list[Prediction] = []

    def ask(self, reader: Reader, chunk: Sequence[_Opened], context: ReadContext) -> None:
        """Ask about several studies at once; one by one where one of them has nothing to ask about."""
        try:
            cases = [reader.prepared(opened.case, context) for opened in chunk]
            answers = reader.predict(context.model, cases, context)
        except InputError as error:
            if len(chunk) == 1:
                self.problems.append(f"{_name(chunk[0].row)}: {error}")
                return
            for opened in chunk:
                self.ask(reader, [opened], context)
            return
        self.predictions += answers
        for opened in chunk:
            self.rows.append(opened.number)
            self.truth.append(opened.truth)
            self.refused += [
                f"{_name(opened.row)}: {check_text(check)}"
                for check in _first_stop(
                    (*reader.checks(opened.case), *reader.bundle_checks(opened.case, context.bundle.metadata))
                )
            ]

    def answer(self, cohort: Cohort, metadata: Answering, notes: Sequence[str]) -> Predicted:
        rows = np.array(self.rows, dtype=np.intp)
        used = cohort.take(rows)
        logits = np.stack([each.logits for each in self.predictions])[None]
        make = _of_times if isinstance(metadata, SurvivalMetadata) else _of_labels
        predictions = make(used, metadata, np.array(self.truth), logits)
        embeddings = [each.embedding for each in self.predictions if each.embedding is not None]
        features = np.stack(embeddings) if embeddings else None
        return Predicted(predictions, features, rows, tuple(self.problems), tuple(self.refused), tuple(notes))


def incidence_of_logits(logits: Floats, head: str, causes: int) -> Floats:
    """(..., causes, months) cumulative incidence of logits (..., causes * months), by the name of a bundle's head."""
    import torch

    from ...networks.survival_heads import incidence

    flat = torch.from_numpy(logits.reshape(-1, logits.shape[-1]))
    found = incidence(flat, head, causes).clamp(0, 1).numpy()
    return np.asarray(found.reshape(*logits.shape[:-1], *found.shape[1:]))


def _of_labels(used: Cohort, metadata: Answering, truth: NDArray[Any], logits: Floats) -> Predictions:
    assert isinstance(metadata, ClassifierMetadata)
    binary = not metadata.multilabel and len(metadata.labels) == 2
    return Predictions(
        classes=tuple(label.name for label in metadata.labels),
        multilabel=metadata.multilabel,
        study_ids=used.column("study_id"),
        patients=used.patients,
        sites=used.sites,
        truth=truth.astype(np.int64),
        logits=logits,
        folds=np.full((1, len(used)), EXTERNAL, dtype=np.int64),
        subgroups=subgroups(used),
        positive=metadata.labels[main_finding(metadata)].name if binary else "",
    )


def _of_times(used: Cohort, metadata: Answering, truth: NDArray[Any], logits: Floats) -> SurvivalPredictions:
    assert isinstance(metadata, SurvivalMetadata)
    return SurvivalPredictions(
        causes=tuple(label.name for label in metadata.labels),
        months=metadata.months,
        study_ids=used.column("study_id"),
        patients=used.patients,
        sites=used.sites,
        times=truth[:, 0].astype(np.float64),
        events=truth[:, 1].astype(np.int64),
        incidence=incidence_of_logits(logits, metadata.head, len(metadata.labels)),
        folds=np.full((1, len(used)), EXTERNAL, dtype=np.int64),
        subgroups=subgroups(used),
    )


def answering(bundle: Bundle) -> Answering:
    """The metadata of a bundle that can be held against a table: of labels or of times.

    Raises
    ------
    BundleError : it is of another kind
    """
    if isinstance(bundle.metadata, SurvivalMetadata):
        return bundle.metadata
    return bundle.of_kind(ClassifierMetadata)


def _first_stop(checks: Sequence[Check]) -> list[Check]:
    """The check for which a read would refuse the study; empty where it would read it."""
    return [check for check in checks if check.status == "stop"][:1]


def subgroups(cohort: Cohort) -> dict[str, NDArray[np.str_]]:
    """(rows,) by name, of what the table says of the patients and of how the images were made."""
    found = {name: np.array([value(row) for row in cohort.rows], dtype=np.str_) for name, value in _SUBGROUPS.items()}
    return {name: values for name, values in found.items() if len(np.unique(values)) > 1}


def age_group(age: float | None) -> str:
    """``18 to 39`` and the like; empty where the age is not known."""
    return "" if age is None else next(words for limit, words in _AGES if age < limit)


def training_negatives(metadata: ClassifierMetadata) -> tuple[str, ...]:
    """What the table of the training called studies without a finding, where findings may hold together."""
    return tuple(str(label) for label in metadata.training.settings.get(NEGATIVE, ()))


def _time(row: Row, metadata: Answering) -> Truth:
    """(2,) months of follow-up, and the number of the event.

    Raises
    ------
    InputError : the row has no time
    """
    _refuse_synthetic(row)
    if row.time is None:
        raise InputError("It has no time with an event.")
    return np.array([row.time, float(bool(row.event))])


def _refuse_synthetic(row: Row) -> None:
    if row.synthetic:
        raise InputError("It is synthetic; a bundle is evaluated on real studies only.")


def _label(row: Row, metadata: ClassifierMetadata, labels: Mapping[str, str], none: Collection[str]) -> Truth:
    """The class number of the row, or for labels that do not exclude each other (labels,) 0 or 1.

    Raises
    ------
    InputError : the row has no label, or one that the bundle does not know
    """
    _refuse_synthetic(row)
    if row.label is None:
        raise InputError("It has no label.")
    if not metadata.multilabel:
        return np.array(_number(labels.get(row.label, row.label), metadata), dtype=np.int64)
    truth = np.zeros(len(metadata.labels), dtype=np.int64)
    for part in split_label(row.label):
        label = labels.get(part, part)
        if plain_name(label) not in none:
            truth[_number(label, metadata)] = 1
    return truth


def _number(label: str, metadata: ClassifierMetadata) -> int:
    wanted = plain_name(label)
    for number, known in enumerate(metadata.labels):
        if wanted in (known.name, plain_name(known.title)):
            return number
    names = ", ".join(known.name for known in metadata.labels)
    which = f"Say which of them is meant: --label '{label}={metadata.labels[0].name}'"
    if metadata.multilabel:
        which += f", or --negative '{label}' where it means that there is none"
    raise InputError(f"The bundle has no label '{label}'; it has {names}. {which}.")


def _name(row: Row) -> str:
    return f"Study {row.study_id} of patient {row.patient_id}"
