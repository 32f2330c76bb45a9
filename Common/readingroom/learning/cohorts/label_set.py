"""What a cohort asks: its labels as the outputs of a network, in an order that readers understand."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...bundles.metadata import Label
from ...bundles.validation import plain_name
from ...errors import InputError
from ...formatting import counted
from ...readers.chest_xray_tasks import OWN
from ...readers.description import Task
from ...readers.registry import readers
from .cohort import Cohort
from .findings import findings_of, may_hold_together, presence


@dataclass(frozen=True)
class LabelSet:
    """The outputs of the network that a cohort trains, in order; of two classes the first is the one that is asked for.

    Parameters
    ----------
    task : which of the reader's questions it is, or ``own``
    labels : names and titles
    values : how the cohort's table writes each of them
    multilabel : True when a study may have several of them or none, False when it has exactly one
    """

    task: str
    labels: tuple[Label, ...]
    values: tuple[str, ...]
    multilabel: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    @property
    def positive(self) -> str:
        """Of two exclusive classes the one that is asked for; empty where there are more."""
        return self.labels[0].name if len(self.labels) == 2 and not self.multilabel else ""

    def truth(self, cohort: Cohort) -> NDArray[np.int64]:
        """(rows,) class numbers, or (rows, labels) 0 or 1 where ``multilabel``.

        Raises
        ------
        InputError : a study has findings that contradict each other
        KeyError : a study has a class that is none of these
        """
        if self.multilabel:
            return presence(cohort, self.values)
        number = {value: place for place, value in enumerate(self.values)}
        return np.array([number[str(row.label)] for row in cohort.rows], dtype=np.int64)

    def counts(self, cohort: Cohort) -> dict[str, int]:
        """How many studies have each label."""
        truth = self.truth(cohort)
        there = truth if self.multilabel else truth[:, None] == np.arange(len(self.labels))
        return dict(zip(self.classes, there.sum(axis=0).tolist(), strict=True))


def label_set_of(cohort: Cohort, reader: str, multilabel: bool = False) -> LabelSet:
    """The question that the labels of a cohort ask of a reader.

    Labels that are those of one of the reader's tasks, whatever their case and spaces, are in its order. Else they are
    sorted; what the cohort states to be the finding comes first, and what it states to mean that nothing was found
    last. Among findings that may hold together that is no output.

    Parameters
    ----------
    multilabel : findings may hold together, even where no label names two of them

    Raises
    ------
    InputError : a study has no label, there are fewer than two labels, nobody said which of two
        is the finding, no study has a finding, or all have the same one
    """
    if missing := [row for row in cohort.rows if row.label is None]:
        first = f"'{missing[0].study_id}' of patient '{missing[0].patient_id}'"
        have = counted(len(missing), "study has", "studies have")
        raise InputError(f"{have} no label, the first is {first}; training needs one of each.")
    if multilabel or may_hold_together(cohort):
        return _label_set_of_findings(cohort)
    values = {plain_name(value): value for value in cohort.classes}
    if len(values) < len(cohort.classes):
        raise InputError(f"Two of the labels {', '.join(cohort.classes)} differ in case or signs only; make them one.")
    if len(values) < 2:
        raise InputError(f"All studies have the label '{cohort.classes[0]}'; training needs two labels or more.")
    task = _task_of(values, reader)
    if task is not None:
        written = tuple(values[label.name] for label in task.labels)
        if len(written) > 2 or not _contradicts(cohort, written[0]):
            return LabelSet(task.name, task.labels, written)
    if len(values) == 2:
        _require_finding(cohort)
    ordered = sorted(values, key=lambda name: (_turn(cohort, values[name]), name))
    labels = tuple(Label(name, _title(values[name])) for name in ordered)
    return LabelSet(OWN, labels, tuple(values[name] for name in ordered))


def _task_of(names: Collection[str], reader: str) -> Task | None:
    """The task of this reader whose labels have exactly these names and exclude each other, if there is one."""
    known = readers()
    for task in known[reader].tasks if reader in known else ():
        if not task.multilabel and {label.name for label in task.labels} == set(names):
            return task
    return None


def _turn(cohort: Cohort, label: str) -> int:
    """What was stated to be a finding first, what was stated to mean that there is none last."""
    return 0 if label in cohort.positive else 2 if label in cohort.negative else 1


def _contradicts(cohort: Cohort, finding: str) -> bool:
    """Whether somebody stated that of two labels the other one is the finding."""
    return finding in cohort.negative or bool(cohort.positive and finding not in cohort.positive)


def _require_finding(cohort: Cohort) -> None:
    one, other = cohort.classes
    if _turn(cohort, one) == _turn(cohort, other):
        raise InputError(
            f"Which of the labels '{one}' and '{other}' is the finding that is asked for? Say --positive '{one}' or "
            f"--positive '{other}': words alone do not tell."
        )


def _label_set_of_findings(cohort: Cohort) -> LabelSet:
    findings = findings_of(cohort)
    values = {plain_name(value): value for value in findings}
    if len(values) < len(findings):
        raise InputError(f"Two of the findings {', '.join(findings)} differ in case or signs only; make them one.")
    if not values:
        raise InputError("No study has a finding; training needs studies with one and studies without.")
    names = sorted(values)
    labels = tuple(Label(name, _title(values[name])) for name in names)
    label_set = LabelSet(OWN, labels, tuple(values[name] for name in names), multilabel=True)
    for label, count in zip(labels, label_set.counts(cohort).values(), strict=True):
        if count == len(cohort):
            raise InputError(f"All studies have the finding '{label.title}'; training needs some without it.")
    return label_set


def _title(value: str) -> str:
    words = re.sub(r"[_\s]+", " ", value).strip()
    return words[:1].upper() + words[1:]
