"""Studies of several pictures, such as the views of a breast: a network reads each, and their answers are joined.

Everything else of a training counts rows of the table: splits, outcomes, numbers. Between the two lies this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ...errors import InputError
from ..cohorts.cohort import Cohort, Row
from ..cohorts.label_set import LabelSet
from ..cohorts.splits import Rows, Split
from ..evaluation.levels import mean_logits, most_suspicious_logits
from ..protocols.training_protocol import TrainingProtocol
from .fold_trainer import Floats
from .question import Question

_PRIOR = "prior-"
_SIDES = ("left-", "right-")


@dataclass(frozen=True, eq=False)
class Views:
    """What the network is given for the rows of a table; made by `views_of`.

    Parameters
    ----------
    cohort : a row for each picture, with the outcome of its study
    row_of : (pictures,) number of the row of the table that each belongs to, rising
    how : how answers to the pictures of a row become one: ``mean`` or ``max`` of the probabilities; empty where each
        row is one picture
    positive : number of the class that is asked for, whose most suspicious picture decides by ``max``
    """

    cohort: Cohort
    row_of: Rows
    how: Literal["", "mean", "max"] = ""
    positive: int = 0

    def of(self, rows: Rows) -> Rows:
        """The pictures of these rows, row by row."""
        first, end = np.searchsorted(self.row_of, rows), np.searchsorted(self.row_of, rows, side="right")
        return np.concatenate([np.arange(*ends) for ends in zip(first, end, strict=True)] or [np.empty(0, np.intp)])

    def split(self, split: Split) -> Split:
        """The same split, of pictures."""
        return Split(self.of(split.train), self.of(split.validation), self.of(split.test), split.name)

    def spread(self, values: Sequence[str]) -> tuple[str, ...]:
        """Values of rows, as values of pictures."""
        return tuple(values[row] for row in self.row_of)

    def rows(self, problems: Mapping[int, str]) -> dict[int, str]:
        """Sentences about pictures, as sentences about rows: the first of each."""
        found: dict[int, str] = {}
        for picture, sentence in problems.items():
            found.setdefault(int(self.row_of[picture]), sentence)
        return found

    def joined(self, logits: Floats, rows: Rows) -> Floats:
        """(rows, classes) from the answers to `of` these rows (pictures, classes)."""
        if not self.how:
            return logits
        counts = np.searchsorted(self.row_of, rows, side="right") - np.searchsorted(self.row_of, rows)
        parts = np.split(logits, np.cumsum(counts)[:-1])
        if self.how == "max":
            return np.stack([most_suspicious_logits(part[None], self.positive)[0] for part in parts])
        return np.stack([mean_logits(part[None], multilabel=False)[0] for part in parts])


def views_of(cohort: Cohort, protocol: TrainingProtocol, question: Question) -> Views:
    """Each picture of a study is a view of its own where the protocol joins answers to pictures; priors are left out.

    Else a study is one row, as it is.

    Raises
    ------
    InputError : the question is not one of two exclusive labels; a row has views of both breasts, or of a prior alone
    """
    aggregation = protocol.aggregation
    if protocol.input.kind != "picture" or (aggregation != "mean" and aggregation != "max"):
        return Views(cohort, np.arange(len(cohort)))
    if not isinstance(question, LabelSet) or not question.positive:
        raise InputError("Answers to several views are joined for two exclusive labels, such as cancer and none.")
    rows, row_of = [], []
    for number, row in enumerate(cohort.rows):
        _refuse_two_breasts(row)
        found = {role: path for role, path in row.images.items() if not role.startswith(_PRIOR)}
        if not found:
            raise InputError(f"Study '{row.study_id}' of patient '{row.patient_id}' has views of a prior alone.")
        rows += [replace(row, images={role: path}) for role, path in found.items()]
        row_of += [number] * len(found)
    taken, positive = replace(cohort, rows=tuple(rows)), question.classes.index(question.positive)
    return Views(taken, np.array(row_of, dtype=np.intp), aggregation, positive)


def _refuse_two_breasts(row: Row) -> None:
    if all(any(role.startswith(side) for role in row.images) for side in _SIDES):
        raise InputError(
            f"Study '{row.study_id}' of patient '{row.patient_id}' has views of both breasts in one row, whose label "
            "could be of either: give each breast a row and a study_id of its own, such as 'exam 1, left'."
        )
