"""Which rows of a cohort train a model, choose its epoch and test it; what belongs together is never separated.

Rows of one patient belong together, and so do patients who share an image pixel for pixel: such **groups** are dealt
whole. Synthetic rows train only, and only where their group tests nothing and their generator learned from nothing but
rows that train there. A split depends on the seed and on the
patients alone, not on the order of the table or the machine: groups are ordered by a hash, and all sums are whole
numbers.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...formatting import counted
from .cohort import Cohort, Row
from .findings import split_label
from .generator_record import may_train
from .hashes import fingerprints

Rows = NDArray[np.intp]

_EVENT, _NO_EVENT = "event", "no event"
_FOLLOW_UP = (6.0, 12.0, 24.0, 60.0)  # months; patients followed about as long are spread evenly


class LeakageError(InputError):
    """A split would test a model on what it was trained with, or on synthetic images."""


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of a cohort, sorted; rows in none of the parts are left out. Made by the functions below alone.

    Parameters
    ----------
    train : rows that fit the weights
    validation : rows that choose the epoch
    test : rows that the trained model is tested on
    name : such as ``fold 2 of 5`` or ``site north``

    Raises
    ------
    LeakageError : a row is in two parts, or twice in one
    """

    train: Rows
    validation: Rows
    test: Rows
    name: str

    def __post_init__(self) -> None:
        for part in ("train", "validation", "test"):
            rows = np.sort(np.asarray(getattr(self, part), dtype=np.intp))
            rows.setflags(write=False)
            object.__setattr__(self, part, rows)
        everywhere = np.concatenate(self.parts)
        if np.unique(everywhere).size < everywhere.size:
            raise LeakageError(f"The split '{self.name}' has a row in two parts, or twice.")

    @property
    def parts(self) -> tuple[Rows, Rows, Rows]:
        """Train, validation, test."""
        return self.train, self.validation, self.test


def k_fold(
    cohort: Cohort, folds: int, seed: int, validation: float = 0.1, hashes: Sequence[str] | None = None
) -> tuple[Split, ...]:
    """Each real row is in the test part of one fold; labels and sites are spread evenly.

    Parameters
    ----------
    validation : share of the other groups that chooses the epoch; may be 0
    hashes : pixel hash of each row (empty: not known); read from the images when left out

    Raises
    ------
    InputError : more folds than groups of patients with one of the labels, or no share
    """
    if folds < 2:
        raise InputError(f"A cross-validation needs two folds or more, not {folds}.")
    groups = _Groups(cohort, hashes)
    groups.refuse_rare(folds)
    fold_of = groups.deal(groups.real, (Fraction(1, folds),) * folds, f"{seed}:folds")
    return tuple(
        groups.split(
            {group for group, fold in fold_of.items() if fold == number},
            validation,
            f"{seed}:validation {number}",
            f"fold {number + 1} of {folds}",
        )
        for number in range(folds)
    )


def hold_out(
    cohort: Cohort, fraction: float, seed: int, validation: float = 0.1, hashes: Sequence[str] | None = None
) -> Split:
    """A share of the groups is the test set; ``validation`` is the share of the others that chooses the epoch.

    Raises
    ------
    InputError : a share that is none
    """
    groups = _Groups(cohort, hashes)
    test = groups.share(groups.real, fraction, f"{seed}:test")
    return groups.split(test, validation, f"{seed}:validation", "hold-out")


def leave_one_site_out(
    cohort: Cohort, seed: int, validation: float = 0.1, hashes: Sequence[str] | None = None
) -> tuple[Split, ...]:
    """Each site is once the test set of a model that the others trained.

    Rows of other sites whose patient is also at this one are left out, and so are synthetic rows of this site.

    Raises
    ------
    InputError : a row without a site, or fewer than two sites
    """
    if not all(cohort.sites):
        count = sum(not site for site in cohort.sites)
        raise InputError(f"To leave a site out, every row needs one; {count} of {len(cohort)} have none.")
    groups = _Groups(cohort, hashes)
    sites = sorted({row.site for row in cohort.rows if not row.synthetic})
    if len(sites) < 2:
        raise InputError(f"To leave a site out there must be two or more; the cohort has {', '.join(sites) or 'none'}.")
    splits = []
    for site in sites:
        here = cohort.sites == site
        tested = {group for group in groups.real if here[groups.rows[group]].any()}
        splits.append(groups.split(tested, validation, f"{seed}:validation {site}", f"site {site}", among=here))
    return tuple(splits)


def stated(cohort: Cohort, hashes: Sequence[str] | None = None) -> Split:
    """The split that the table itself states in its column ``split``; rows without a part are left out.

    Raises
    ------
    InputError : no row is in the test or in the train part
    LeakageError : what belongs together lies in two parts
    """
    part = cohort.column("split")
    missing = [name for name in ("train", "test") if not (part == name).any()]
    if missing:
        raise InputError(f"The column split of the cohort puts no row in the part {' or '.join(missing)}.")
    train, validation, test = (np.flatnonzero(part == name) for name in ("train", "validation", "test"))
    return checked(cohort, Split(train, validation, test, "as stated"), hashes)


def checked(cohort: Cohort, split: Split, hashes: Sequence[str] | None = None) -> Split:
    """The split itself, if no patient, no image and no synthetic row is in a wrong part.

    Raises
    ------
    LeakageError : with the first patients or studies in question
    ValueError : row numbers that the cohort does not have
    """
    return _checked(cohort, split, _pixel_hashes(cohort, hashes))


def patient_groups(cohort: Cohort, hashes: Sequence[str] | None = None) -> NDArray[np.str_]:
    """(rows,) the group of each row, named after its first patient in the order of the alphabet."""
    return _group_names(cohort, _pixel_hashes(cohort, hashes))


def _checked(cohort: Cohort, split: Split, hashes: Sequence[str]) -> Split:
    everywhere = np.concatenate(split.parts)
    if everywhere.size and (everywhere.min() < 0 or everywhere.max() >= len(cohort)):
        raise ValueError(f"The split '{split.name}' holds rows that the cohort does not have.")
    for what, names in (("Patient", cohort.patients), ("The image of study", _named_by_study(cohort, hashes))):
        parts = [{str(names[row]) for row in rows} - {""} for rows in split.parts]
        twice = sorted((parts[0] & parts[1]) | (parts[0] & parts[2]) | (parts[1] & parts[2]))
        if twice:
            more = f" and {len(twice) - 1} more" if len(twice) > 1 else ""
            raise LeakageError(f"{what} '{twice[0]}'{more} is in two parts of the split '{split.name}'.")
    held_out = np.concatenate([split.validation, split.test])
    if synthetic := [row.study_id for row in cohort.take(held_out).rows if row.synthetic]:
        raise LeakageError(
            f"Synthetic study '{synthetic[0]}' ({len(synthetic)} in all) is outside training in '{split.name}'."
        )
    trains = np.isin(np.arange(len(cohort)), split.train)
    if leaking := [row.study_id for row in cohort.take(trains & ~may_train(cohort, trains, hashes)).rows]:
        raise LeakageError(
            f"Synthetic study '{leaking[0]}' ({len(leaking)} in all) trains in '{split.name}', but its generator "
            "learned from studies that do not train there, or did not make it."
        )
    return split


def _named_by_study(cohort: Cohort, hashes: Sequence[str]) -> list[str]:
    """For each row the first study with its image; empty where the hash is not known."""
    first: dict[str, str] = {"": ""}
    names = [f"{row.study_id}' of patient '{row.patient_id}" for row in cohort.rows]
    return [first.setdefault(value, name) for value, name in zip(hashes, names, strict=True)]


def _pixel_hashes(cohort: Cohort, hashes: Sequence[str] | None) -> Sequence[str]:
    found = fingerprints([row.image for row in cohort.rows]).pixel_hashes if hashes is None else hashes
    if len(found) != len(cohort):
        raise ValueError(f"There are {len(found)} pixel hashes for {len(cohort)} rows.")
    return found


def _group_names(cohort: Cohort, hashes: Sequence[str]) -> NDArray[np.str_]:
    """Patients who share an image, directly or through others, have one name."""
    leader = {row.patient_id: row.patient_id for row in cohort.rows}

    def lead(patient: str) -> str:
        while leader[patient] != patient:
            patient = leader[patient]
        return patient

    owner: dict[str, str] = {}
    for value, row in zip(hashes, cohort.rows, strict=True):
        if value:
            one, other = sorted((lead(row.patient_id), lead(owner.setdefault(value, row.patient_id))))
            leader[other] = one
    return np.array([lead(row.patient_id) for row in cohort.rows], dtype=np.str_)


class _Groups:
    """The groups of a cohort, dealt by class and site."""

    def __init__(self, cohort: Cohort, hashes: Sequence[str] | None):
        self._cohort = cohort
        self._timed = any(row.time is not None for row in cohort.rows)
        self._hashes = _pixel_hashes(cohort, hashes)
        self._of_row = _group_names(cohort, self._hashes)
        self.rows: dict[str, list[int]] = {}
        for row, name in enumerate(self._of_row):
            self.rows.setdefault(str(name), []).append(row)
        taken = {name: [cohort.rows[row] for row in rows] for name, rows in self.rows.items()}
        self._real_rows = {name: [row for row in rows if not row.synthetic] for name, rows in taken.items()}
        self.real = {name for name, rows in self._real_rows.items() if rows}
        if not self.real:
            raise InputError("The cohort has no real study on which a model could be tested.")

    def refuse_rare(self, folds: int) -> None:
        """See that each fold can have a patient of each label, or one whose event was seen.

        Raises
        ------
        InputError : it cannot
        """
        counts = Counter(
            outcome
            for name in self.real
            for outcome in {outcome for row in self._real_rows[name] for outcome in _outcomes(row)}
        )
        if self._timed:
            if (events := counts[_EVENT]) < folds:
                raise InputError(f"{folds} folds need {folds} patients whose event was seen; there are {events}.")
            return
        fewest, label = min((count, label) for label, count in counts.items())
        if folds > fewest:
            raise InputError(f"{folds} folds need {folds} patients of each label; the rarest, '{label}', has {fewest}.")

    def split(
        self, test: set[str], validation: float, seed: str, name: str, among: NDArray[np.bool_] | None = None
    ) -> Split:
        """The split with these groups as its test part.

        Parameters
        ----------
        among : (rows,) if given, only these rows are tested, and none of them trains
        """
        choosing = self.share(self.real - test, validation, seed)
        real = ~self._cohort.synthetic
        in_test, in_validation = (np.isin(self._of_row, sorted(groups)) for groups in (test, choosing))
        trains = ~in_test & ~in_validation
        if among is not None:
            in_test, trains = in_test & among, trains & ~among
        trains &= may_train(self._cohort, trains, self._hashes, only_best=True)
        train, held, tested = (np.flatnonzero(rows) for rows in (trains, in_validation & real, in_test & real))
        return _checked(self._cohort, Split(train, held, tested, name), self._hashes)

    def share(self, names: set[str], fraction: float, seed: str) -> set[str]:
        """This share of the groups.

        Raises
        ------
        InputError : a share below 0, of everything, or so small that it holds nobody
        """
        if not 0 <= fraction < 1:
            raise InputError(f"A share of {fraction} of the patients is not possible; it must be 0 or more, below 1.")
        if fraction == 0:
            return set()
        part = Fraction(fraction).limit_denominator(1000)
        dealt = self.deal(names, (1 - part, part), seed)
        taken = {name for name, part in dealt.items() if part == 1}
        if not taken:
            raise InputError(
                f"A share of {fraction} of {counted(len(names), 'patient')} is none of them; give a larger share."
            )
        return taken

    def deal(self, names: Iterable[str], shares: Sequence[Fraction], seed: str) -> dict[str, int]:
        """The part that each group goes to.

        Like cards: class by class, within a class site by site, the largest groups first and else in the order of a
        hash. Each goes where its classes, then its classes at its sites, then (of times) those followed as long, then
        rows as such are the furthest behind their share. A study of several findings counts for each, and its rarest
        one decides its turn (Sechidis 2011, iterative stratification).
        """
        names = sorted(names)
        strata: list[Callable[[Row], tuple[str, ...]]] = [_outcomes, _outcomes_at_site]
        strata += [*([_followed] if self._timed else []), lambda row: ("",)]
        counts = {
            name: [Counter(key for row in self._real_rows[name] for key in stratum(row)) for stratum in strata]
            for name in names
        }
        totals = [sum((counts[name][level] for name in names), Counter[str]()) for level in range(len(strata))]
        dealt = [[Counter[str]() for _ in strata] for _ in shares]

        def cost(name: str, part: int) -> tuple[Fraction, ...]:
            """What the squared counts of a part, each relative to its total and the part's share, would grow by."""
            growth = []
            for level, total in enumerate(totals):
                held, new = dealt[part][level], counts[name][level]
                grown = sum((Fraction(n * (2 * held[key] + n), total[key]) for key, n in new.items()), Fraction())
                growth.append(grown / shares[part])
            return tuple(growth)

        def turn(name: str) -> tuple[object, ...]:
            every = range(len(strata) - 1)
            rarest = [min(counts[name][level], key=lambda key: (totals[level][key], key)) for level in every]
            return (*rarest, -counts[name][-1][""], hashlib.sha256(f"{seed}:{name}".encode()).hexdigest())

        part_of = {}
        for name in sorted(names, key=turn):
            part = min(range(len(shares)), key=lambda part: (cost(name, part), part))
            part_of[name] = part
            for level in range(len(strata)):
                dealt[part][level].update(counts[name][level])
        return part_of


def _outcomes(row: Row) -> tuple[str, ...]:
    """The class, or the findings where there are several; of times whether the event was seen."""
    return split_label(row.label) if row.label is not None else (_EVENT if row.event else _NO_EVENT,)


def _outcomes_at_site(row: Row) -> tuple[str, ...]:
    return tuple(f"{outcome} at {row.site}" for outcome in _outcomes(row))


def _followed(row: Row) -> tuple[str, ...]:
    """Whether the event was seen, with about how long the patient was followed."""
    band = np.searchsorted(_FOLLOW_UP, row.time or 0.0)
    return tuple(f"{outcome}, follow-up {band}" for outcome in _outcomes(row))
