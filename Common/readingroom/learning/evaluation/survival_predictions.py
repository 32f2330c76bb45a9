"""Predictions of when an event happens, for studies that the models had not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ...csv_table import write_csv
from ...errors import InputError
from ...records import frozen
from ...survival.concordance import antolini
from ...survival.pairs import PairsWithin
from .prediction_rows import FIXED, SUBGROUP, cells_of, read_table, repeats_of, subgroups_of
from .predictions import EXTERNAL, Floats, Integers, Strings

_TIME, _EVENT, _INCIDENCE = "time", "event", "incidence_"


@dataclass(frozen=True)
class SurvivalPredictions:
    """Cumulative incidence as networks gave it, with the follow-up beside it.

    Parameters
    ----------
    causes : one name for each; events are 0 (follow-up ended) or the number of a cause from 1 on
    months : (months,) rising ends
    study_ids, patients, sites : (rows,)
    times, events : (rows,) months of follow-up, and what ended it
    incidence : (repeats, rows, causes, months) from 0 to 1; repeats differ in their splits and seeds
    folds : (repeats, rows) number of the fold whose model spoke; `predictions.EXTERNAL` on a cohort on which nothing
        was trained
    subgroups : (rows,) by name; empty text where unknown

    Raises
    ------
    ValueError : arrays that do not fit together, or an incidence that is none or falls
    """

    causes: tuple[str, ...]
    months: tuple[float, ...]
    study_ids: Strings
    patients: Strings
    sites: Strings
    times: Floats
    events: Integers
    incidence: Floats
    folds: Integers
    subgroups: Mapping[str, Strings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows, shape = len(self.patients), np.shape(self.incidence)
        for name in ("study_ids", "patients", "sites", "times", "events"):
            if np.shape(getattr(self, name)) != (rows,):
                raise ValueError(f"'{name}' is {np.shape(getattr(self, name))}, expected {(rows,)}.")
        if len(shape) != 4 or 0 in shape or shape[1:] != (rows, len(self.causes), len(self.months)):
            wanted = f"(repeats, {rows} rows, {len(self.causes)} causes, {len(self.months)} months)"
            raise ValueError(f"Incidences {shape} are not {wanted}.")
        if np.shape(self.folds) != shape[:2]:
            raise ValueError(f"'folds' is {np.shape(self.folds)}, expected {shape[:2]}.")
        if not (np.isfinite(self.incidence).all() and self.incidence.min() >= 0 and self.incidence.max() <= 1):
            raise ValueError("An incidence is not between 0 and 1.")
        if (np.diff(self.incidence, axis=3) < -1e-9).any():
            raise ValueError("An incidence falls with time.")
        object.__setattr__(self, "subgroups", frozen(self.subgroups))

    def __len__(self) -> int:
        return len(self.patients)

    @property
    def repeats(self) -> int:
        return len(self.incidence)

    @property
    def horizon(self) -> float:
        return self.months[-1]

    @property
    def external(self) -> bool:
        """Whether the rows come from a cohort on which nothing was trained."""
        return bool((self.folds == EXTERNAL).all())

    @property
    def of_all_causes(self) -> Floats:
        """(repeats, rows, months) incidence of all causes together."""
        total: Floats = self.incidence.sum(axis=2).clip(0, 1)
        return total

    def pairs(self, repeat: int = 0, cause: int = 1, folds: Integers | None = None) -> PairsWithin:
        """Whose order C-td asks for: patients of one fold, whom one and the same network predicted.

        Parameters
        ----------
        folds : (rows,) others than its own
        """
        own = self.folds[repeat] if folds is None else folds
        return antolini(self.times, self.events, self.incidence[repeat], self.months, cause).within(own)

    def take(self, rows: ArrayLike) -> SurvivalPredictions:
        """These rows alone, given as numbers or as a mask."""
        wanted = np.asarray(rows)
        columns = ("study_ids", "patients", "sites", "times", "events")
        return replace(
            self,
            **{name: getattr(self, name)[wanted] for name in columns},
            incidence=self.incidence[:, wanted],
            folds=self.folds[:, wanted],
            subgroups={name: values[wanted] for name, values in self.subgroups.items()},
        )

    def write(self, path: Path) -> None:
        """A table with one line for each row and repeat; `read` gives exactly the same back.

        Raises
        ------
        OutputError : the file cannot be written
        """
        incidences = [f"{_INCIDENCE}{cause}_{month:g}" for cause in self.causes for month in self.months]
        header = [*FIXED, _TIME, _EVENT, *incidences, *(f"{SUBGROUP}{name}" for name in self.subgroups)]
        lines = (
            [
                *cells_of(self, repeat, row),
                float(self.times[row]),
                int(self.events[row]),
                *self.incidence[repeat, row].ravel().tolist(),
                *(str(values[row]) for values in self.subgroups.values()),
            ]
            for repeat in range(self.repeats)
            for row in range(len(self))
        )
        write_csv(path, header, lines)


def folds_of_both(first: SurvivalPredictions, second: SurvivalPredictions) -> Integers:
    """(rows,) numbers that are the same where the first repeats of both were predicted by one network each."""
    pairs = np.stack([first.folds[0], second.folds[0]])
    return np.unique(pairs, axis=1, return_inverse=True)[1].reshape(-1)


def is_survival_table(path: Path) -> bool:
    """Whether a table of predictions is one of times.

    Raises
    ------
    InputError : the file is missing, or no table
    """
    return _EVENT in read_table(path)[1]


def read(path: Path) -> SurvivalPredictions:
    """The table that `SurvivalPredictions.write` wrote.

    Raises
    ------
    InputError : the file is missing, or is no such table; the sentence says where it is wrong
    """
    lines, header = read_table(path)
    try:
        return _from_lines(lines, header)
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path.name} is no table of predictions of times: {error}") from error


def _from_lines(lines: Sequence[Mapping[str, str]], header: Sequence[str]) -> SurvivalPredictions:
    columns = [name for name in header if name.startswith(_INCIDENCE)]
    pairs = [name.removeprefix(_INCIDENCE).rpartition("_")[::2] for name in columns]
    causes = tuple(dict.fromkeys(cause for cause, _ in pairs))
    months = tuple(dict.fromkeys(float(month) for _, month in pairs))
    if not columns or len(columns) != len(causes) * len(months):
        raise ValueError("it has not the same months of each cause.")
    first, repeats = repeats_of(lines)
    shape = (repeats, len(first), len(causes), len(months))
    return SurvivalPredictions(
        causes=causes,
        months=months,
        study_ids=np.array([line["study_id"] for line in first]),
        patients=np.array([line["patient_id"] for line in first]),
        sites=np.array([line["site"] for line in first]),
        times=np.array([float(line[_TIME]) for line in first]),
        events=np.array([int(line[_EVENT]) for line in first], dtype=np.int64),
        incidence=np.array([[float(line[name]) for name in columns] for line in lines]).reshape(shape),
        folds=np.array([int(line["fold"]) for line in lines]).reshape(shape[:2]),
        subgroups=subgroups_of(first, header),
    )
