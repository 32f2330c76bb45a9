"""Predictions of models for studies that they had not seen: what is evaluated, compared and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ...csv_table import Cell, write_csv
from ...errors import InputError
from ...records import frozen
from .prediction_rows import FIXED, SUBGROUP, cells_of, read_table, repeats_of, subgroups_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Strings = NDArray[np.str_]
Kind = Literal["binary", "multi-class", "multi-label"]

EXTERNAL = -1  # the fold of a row that comes from a cohort on which nothing was trained
_TRUTH, _POSITIVE, _LOGIT = "truth", "positive", "logit_"


@dataclass(frozen=True)
class Predictions:
    """Logits of models that had not seen the row's patient, with the truth beside them.

    Parameters
    ----------
    classes : one name for each output of the model
    multilabel : True when classes do not exclude each other (sigmoid), False when exactly one holds (softmax)
    study_ids, patients, sites : (rows,); rows of one study are its images
    truth : (rows,) class numbers, or (rows, classes) 0 or 1 where ``multilabel``
    logits : (repeats, rows, classes); repeats differ in their splits and seeds
    folds : (repeats, rows) number of the fold whose model spoke; `EXTERNAL` on a cohort on which nothing was trained
    subgroups : (rows,) by name, such as ``{"view": ["AP", "PA", ...]}``; empty text where unknown
    positive : of two exclusive classes the one that is asked for; the first one when left out, as in bundles

    Raises
    ------
    ValueError : arrays that do not fit together, or a logit that is not finite
    """

    classes: tuple[str, ...]
    multilabel: bool
    study_ids: Strings
    patients: Strings
    sites: Strings
    truth: Integers
    logits: Floats
    folds: Integers
    subgroups: Mapping[str, Strings] = field(default_factory=dict)
    positive: str = ""

    def __post_init__(self) -> None:
        arrays = {name: np.asarray(getattr(self, name), dtype=np.str_) for name in ("study_ids", "patients", "sites")}
        arrays["truth"] = np.asarray(self.truth, dtype=np.int64)
        arrays["folds"] = np.asarray(self.folds, dtype=np.int64)
        arrays["logits"] = np.asarray(self.logits, dtype=np.float64)
        for name, array in arrays.items():
            object.__setattr__(self, name, array)
        groups = {name: np.asarray(values, dtype=np.str_) for name, values in self.subgroups.items()}
        object.__setattr__(self, "subgroups", frozen(groups))
        self._check_shapes()
        self._check_values()
        if self.kind == "binary" and not self.positive:
            object.__setattr__(self, "positive", self.classes[0])
        if self.positive and (self.kind != "binary" or self.positive not in self.classes):
            raise ValueError(f"The positive class '{self.positive}' is not one of two exclusive classes.")

    def _check_shapes(self) -> None:
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < (1 if self.multilabel else 2):
            raise ValueError(f"The classes {self.classes} repeat or are too few.")
        if self.logits.ndim != 3 or 0 in self.logits.shape or self.logits.shape[2] != len(self.classes):
            raise ValueError(f"Logits {self.logits.shape} are not (repeats, rows, {len(self.classes)} classes).")
        repeats, rows, classes = self.logits.shape
        expected: dict[str, tuple[int, ...]] = dict.fromkeys(("study_ids", "patients", "sites"), (rows,))
        expected |= {"folds": (repeats, rows), "truth": (rows, classes) if self.multilabel else (rows,)}
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"'{name}' is {getattr(self, name).shape}, expected {shape}.")
        for name, values in self.subgroups.items():
            if values.shape != (rows,):
                raise ValueError(f"The subgroups '{name}' are {values.shape}, expected {(rows,)}.")

    def _check_values(self) -> None:
        if not np.isfinite(self.logits).all():
            raise ValueError("A logit is not a finite number.")
        if self.truth.min() < 0 or self.truth.max() >= (2 if self.multilabel else len(self.classes)):
            raise ValueError("A truth is none of the classes.")

    def __len__(self) -> int:
        return len(self.patients)

    @property
    def repeats(self) -> int:
        return self.logits.shape[0]

    @property
    def kind(self) -> Kind:
        if self.multilabel:
            return "multi-label"
        return "binary" if len(self.classes) == 2 else "multi-class"

    @property
    def external(self) -> bool:
        """Whether the rows come from a cohort on which nothing was trained."""
        return bool((self.folds == EXTERNAL).all())

    @property
    def findings(self) -> tuple[str, ...]:
        """The classes that are evaluated one by one: the positive one of two exclusive classes, else all."""
        return (self.positive,) if self.kind == "binary" else self.classes

    def present(self, finding: str) -> NDArray[np.bool_]:
        """(rows,) whether this class is the truth."""
        number = self.classes.index(finding)
        return self.truth[:, number] == 1 if self.multilabel else self.truth == number

    def scores(self, finding: str) -> Floats:
        """(repeats, rows) logit of this class against the rest: what a Platt calibration takes.

        It is the class's own logit in a multi-label task, else its logit minus the log-sum-exp of the others.
        """
        number = self.classes.index(finding)
        own: Floats = self.logits[:, :, number]
        if self.multilabel:
            return own
        others: Floats = special.logsumexp(np.delete(self.logits, number, axis=2), axis=2)
        return own - others

    @property
    def probabilities(self) -> Floats:
        """(repeats, rows, classes) without calibration: softmax, or sigmoid where ``multilabel``."""
        values: Floats = special.expit(self.logits) if self.multilabel else special.softmax(self.logits, axis=2)
        return values

    def take(self, rows: ArrayLike) -> Predictions:
        """These rows alone, given as numbers or as a mask."""
        wanted = np.asarray(rows)
        return Predictions(
            self.classes,
            self.multilabel,
            self.study_ids[wanted],
            self.patients[wanted],
            self.sites[wanted],
            self.truth[wanted],
            self.logits[:, wanted],
            self.folds[:, wanted],
            {name: values[wanted] for name, values in self.subgroups.items()},
            self.positive,
        )

    def write(self, path: Path) -> None:
        """A table with one line for each row and repeat; `read` gives exactly the same back.

        Raises
        ------
        OutputError : the file cannot be written
        """
        lines = (self._line(repeat, row) for repeat in range(self.repeats) for row in range(len(self)))
        write_csv(path, self._columns(), lines)

    def _columns(self) -> list[str]:
        truth = [f"{_TRUTH}_{name}" for name in self.classes] if self.multilabel else [_TRUTH]
        positive = [_POSITIVE] if self.positive else []
        logits = [f"{_LOGIT}{name}" for name in self.classes]
        return [*FIXED, *truth, *positive, *logits, *(f"{SUBGROUP}{name}" for name in self.subgroups)]

    def _line(self, repeat: int, row: int) -> list[Cell]:
        truth = self.truth[row].tolist() if self.multilabel else [self.classes[int(self.truth[row])]]
        positive = [self.positive] if self.positive else []
        subgroups = [str(values[row]) for values in self.subgroups.values()]
        return [*cells_of(self, repeat, row), *truth, *positive, *self.logits[repeat, row].tolist(), *subgroups]


def read(path: Path) -> Predictions:
    """The table that `Predictions.write` wrote.

    Raises
    ------
    InputError : the file is missing, or is no such table; the sentence says where it is wrong
    """
    lines, header = read_table(path)
    try:
        return _from_lines(lines, header)
    except (ValueError, TypeError) as error:
        raise InputError(f"{path.name} is no table of predictions: {error}") from error


def _from_lines(lines: Sequence[Mapping[str, str]], columns: Sequence[str]) -> Predictions:
    classes = tuple(name.removeprefix(_LOGIT) for name in columns if name.startswith(_LOGIT))
    first, repeats = repeats_of(lines)
    shape = (repeats, len(first))
    multilabel = _TRUTH not in columns
    return Predictions(
        classes=classes,
        multilabel=multilabel,
        study_ids=np.array([line["study_id"] for line in first]),
        patients=np.array([line["patient_id"] for line in first]),
        sites=np.array([line["site"] for line in first]),
        truth=_truth(first, classes, multilabel),
        logits=np.array([[float(line[f"{_LOGIT}{c}"]) for c in classes] for line in lines]).reshape(*shape, -1),
        folds=np.array([int(line["fold"]) for line in lines]).reshape(shape),
        subgroups=subgroups_of(first, columns),
        positive=first[0].get(_POSITIVE, ""),
    )


def _truth(lines: Sequence[Mapping[str, str]], classes: tuple[str, ...], multilabel: bool) -> Integers:
    if multilabel:
        wanted = [f"{_TRUTH}_{name}" for name in classes]
        if missing := [name for name in wanted if name not in lines[0]]:
            raise ValueError(f"it has no column '{missing[0]}'.")
        return np.array([[int(line[name]) for name in wanted] for line in lines], dtype=np.int64)
    place = {name: number for number, name in enumerate(classes)}
    strangers = sorted({line[_TRUTH] for line in lines} - set(place))
    if strangers:
        raise ValueError(f"its truth '{strangers[0]}' is none of the classes.")
    return np.array([place[line[_TRUTH]] for line in lines], dtype=np.int64)
