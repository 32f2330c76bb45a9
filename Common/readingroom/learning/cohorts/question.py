"""What a cohort asks: its labels as the outputs of a network, in an order that readers understand."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from ...bundles.network import Label
from ...errors import InputError
from ...readers.chest_xray_tasks import OWN, task_of
from .cohort import Cohort

# Labels of those who do not have what is looked for.
_REFERENCES = frozenset(
    ("normal", "no-finding", "negative", "healthy", "control", "controls", "none", "absent", "no", "false", "0")
)


@dataclass(frozen=True)
class Question:
    """The outputs of the network that a cohort trains, in order; of two the first is the one that is asked for.

    Parameters
    ----------
    task : which of the reader's questions it is, or ``own``
    labels : names and titles
    values : how the cohort's table writes each of them
    """

    task: str
    labels: tuple[Label, ...]
    values: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    @property
    def positive(self) -> str:
        """Of two exclusive classes the one that is asked for; empty where there are more."""
        return self.labels[0].name if len(self.labels) == 2 else ""


def question_of(cohort: Cohort, reader: str) -> Question:
    """The question that the labels of a cohort ask of a reader.

    Labels that are those of one of the reader's tasks, whatever their case and spaces, are in its order. Else they are
    sorted, and what means "nothing found" comes last.

    Raises
    ------
    InputError : the outcome is a time, a study has no label, or there are fewer than two labels
    """
    if any(row.time is not None for row in cohort.rows):
        raise InputError(
            "The outcomes of this cohort are times with events: the survival head comes with the module LungSurvival. "
            "For a class of each study, put it into a column 'label' and leave time and event out."
        )
    if missing := [row for row in cohort.rows if row.label is None]:
        first = f"'{missing[0].study_id}' of patient '{missing[0].patient_id}'"
        raise InputError(f"{len(missing)} studies have no label, the first is {first}; training needs one of each.")
    values = {plain_name(value): value for value in cohort.classes}
    if len(values) < len(cohort.classes):
        raise InputError(f"Two of the labels {', '.join(cohort.classes)} differ in case or signs only; make them one.")
    if len(values) < 2:
        raise InputError(f"All studies have the label '{cohort.classes[0]}'; training needs two labels or more.")
    task = task_of(values) if reader == "chest-xray" else None
    if task is not None:
        return Question(task.name, task.labels, tuple(values[label.name] for label in task.labels))
    ordered = sorted(values, key=lambda name: (is_reference(name, values), name))
    labels = tuple(Label(name, _title(values[name])) for name in ordered)
    return Question(OWN, labels, tuple(values[name] for name in ordered))


def plain_name(value: str) -> str:
    """A label as bundles name it: ``No finding`` is ``no-finding``.

    Raises
    ------
    InputError : nothing is left of it
    """
    name = re.sub(r"[^a-z0-9_]+", "-", value.lower()).strip("-_")[:64]
    if not name:
        raise InputError(f"The label '{value}' has no letter or digit that could name it.")
    return name


def is_reference(name: str, names: Collection[str]) -> bool:
    """Whether a label means that nothing was found, by itself or beside the others (``no-covid`` beside ``covid``)."""
    others = [other for other in names if other != name]
    return name in _REFERENCES or any(name in (f"no-{o}", f"non-{o}", f"non{o}", f"not-{o}") for o in others)


def _title(value: str) -> str:
    words = re.sub(r"[-_\s]+", " ", value).strip()
    return words[:1].upper() + words[1:]
