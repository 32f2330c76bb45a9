"""Where a training keeps what, and the tables that it writes beside the bundle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...bundles.write import refuse_occupied
from ...csv_table import Cell, write_records
from ...files import make_folder
from ...folders import atomic_files, scratch
from ..cohorts.cohort import Cohort
from ..cohorts.time_to_event import TimeToEvent, times_of
from ..evaluation.outcomes import AnyPredictions
from ..evaluation.predictions import Predictions
from ..evaluation.survival_predictions import SurvivalPredictions
from ..reporting.predict import incidence_of_logits, subgroups
from .cross_validation import CrossValidation
from .fold_trainer import CrossValidationResult, Floats, FoldResult
from .question import Question


@dataclass(frozen=True)
class TrainingPaths:
    """Where a training keeps what. The features of frozen networks and prepared pictures serve every bundle of ``out``.

    Parameters
    ----------
    out, name : the bundle's folder is ``out / name``
    """

    out: Path
    name: str

    def begin(self) -> None:
        """Make the work folder, and refuse what could not be written in the end, hours later.

        Raises
        ------
        OutputError : ``out`` is read-only or full, or ``out / name`` holds something that is no bundle
        """
        refuse_occupied(self.bundle)
        make_folder(self.work)
        with scratch(self.out):
            pass

    @contextmanager
    def replaced(self) -> Iterator[TrainingPaths]:
        """Where bundle and tables are written, so that those of two trainings never lie side by side.

        Raises
        ------
        OutputError : ``out`` is read-only or full, or ``out / name`` holds something that is no bundle
        """
        refuse_occupied(self.bundle)
        tables = [path.name for path in (self.predictions, self.holdout, self.history)]
        with atomic_files(self.out, lambda: tables) as folder:
            yield TrainingPaths(folder, self.name)

    @property
    def bundle(self) -> Path:
        return self.out / self.name

    @property
    def work(self) -> Path:
        return self.out / f"{self.name}-work"

    @property
    def features(self) -> Path:
        return self.out / "features"

    @property
    def pictures(self) -> Path:
        return self.out / "pictures"

    @property
    def predictions(self) -> Path:
        return self.out / f"{self.name}-predictions.csv"

    @property
    def holdout(self) -> Path:
        return self.out / f"{self.name}-holdout.csv"

    @property
    def history(self) -> Path:
        return self.out / f"{self.name}-history.csv"


def out_of_fold(
    cohort: Cohort,
    question: Question,
    head: str,
    planned: CrossValidation,
    fold_results: Sequence[Sequence[FoldResult]],
) -> AnyPredictions:
    """The evaluated rows in the order of the table."""
    rows = planned.test_rows
    place = {int(row): number for number, row in enumerate(rows)}
    logits = np.full((len(fold_results), len(rows), len(question.values)), np.nan)
    folds = np.zeros((len(fold_results), len(rows)), dtype=np.int64)
    for repeat, (splits, parts) in enumerate(zip(planned.repeats, fold_results, strict=True)):
        for fold, (split, part) in enumerate(zip(splits, parts, strict=True)):
            at = [place[int(row)] for row in split.test]
            logits[repeat, at], folds[repeat, at] = part.logits, fold
    return predictions_of(cohort.take(rows), question, head, logits, folds)


def predictions_of(
    cohort: Cohort, question: Question, head: str, logits: Floats, folds: NDArray[np.int64]
) -> AnyPredictions:
    """What networks said of the studies of a cohort, (repeats, rows, outputs) and (repeats, rows), as a table.

    Parameters
    ----------
    head : of the protocol; it says how logits become risks over time
    """
    if isinstance(question, TimeToEvent):
        times, events = times_of(cohort)
        return SurvivalPredictions(
            causes=question.classes,
            months=question.months,
            study_ids=cohort.column("study_id"),
            patients=cohort.patients,
            sites=cohort.sites,
            times=times,
            events=events,
            incidence=incidence_of_logits(logits, head, len(question.labels)),
            folds=folds,
            subgroups=subgroups(cohort),
        )
    return Predictions(
        classes=question.classes,
        multilabel=question.multilabel,
        study_ids=cohort.column("study_id"),
        patients=cohort.patients,
        sites=cohort.sites,
        truth=question.truth(cohort),
        logits=logits,
        folds=folds,
        subgroups=subgroups(cohort),
        positive=question.positive,
    )


def write_history(planned: CrossValidation, result: CrossValidationResult, path: Path) -> None:
    """A line for each epoch of each network that had some."""
    lines: list[dict[str, Cell]] = []
    for repeat, (splits, parts) in enumerate(zip(planned.repeats, result.folds, strict=True)):
        for split, part in zip(splits, parts, strict=True):
            lines += [{"network": f"repeat {repeat + 1}, {split.name}", **asdict(epoch)} for epoch in part.history]
    if not planned.single_network:
        lines += [{"network": planned.final.name, **asdict(epoch)} for epoch in result.final_model.history]
    if lines:  # heads on frozen features have none
        write_records(path, list(lines[0]), lines)
