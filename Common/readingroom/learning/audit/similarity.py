"""Whose pictures are alike: what a split by picture would leak, and whether the patients are patients at all."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..cohorts.cohort import Cohort
from ..cohorts.hashes import Fingerprints, standardized_prints
from .issue import AuditIssue
from .outcomes import outcomes_of

_LARGEST = 20_000  # pictures: more would be compared for hours
_BLOCK = 1024
_SHUFFLES = 199
_P = 0.01
_TIMES_CHANCE = 2.0
_FEWEST = 20  # pictures or patients below which shares say nothing


@dataclass(frozen=True)
class Similarity:
    """Shares of pictures.

    Parameters
    ----------
    own_patient : whose most alike picture is of the same patient, among those of patients with several
    own_patient_chance : the same share if similarity knew no patients
    next_patient : whose most alike picture of *another* patient is of the one before or after in the order of the
        patient IDs, among the patients of its class and site
    next_patient_chance : the same share when the order of the patients is shuffled
    next_patient_p : how often a shuffled order reaches the share
    """

    own_patient: float
    own_patient_chance: float
    next_patient: float
    next_patient_chance: float
    next_patient_p: float


def measure_similarity(cohort: Cohort, found: Fingerprints, seed: int) -> Similarity | None:
    """Compare each picture with its nearest; None when there are too few pictures or too many."""
    rows, vectors = standardized_prints(found.prints)
    if not _FEWEST <= len(rows) <= _LARGEST:
        return None
    names, patient = np.unique(cohort.patients[rows], return_inverse=True)
    if len(names) < _FEWEST:
        return None
    nearest, nearest_other = _nearest(vectors, patient)
    sizes = np.bincount(patient)
    several = sizes[patient] > 1
    own = patient[nearest] == patient
    group = _classes_and_sites(cohort, rows, patient, len(names))
    follows = _order_within(names, group)
    observed = _beside(follows, group, patient, nearest_other)
    generator = np.random.default_rng(seed)
    shuffled = [_beside(_shuffled(follows, group, generator), group, patient, nearest_other) for _ in range(_SHUFFLES)]
    return Similarity(
        own_patient=float(own[several].mean()) if several.any() else 0.0,
        own_patient_chance=float(((sizes[patient] - 1) / (len(rows) - 1))[several].mean()) if several.any() else 0.0,
        next_patient=observed,
        next_patient_chance=float(np.mean(shuffled)),
        next_patient_p=(1 + sum(value >= observed for value in shuffled)) / (1 + _SHUFFLES),
    )


def similarity_issues(similarity: Similarity | None) -> Iterator[AuditIssue]:
    """Sentences, where similarity goes clearly beyond chance."""
    if similarity is None:
        return
    if similarity.own_patient >= max(0.1, _TIMES_CHANCE * similarity.own_patient_chance):
        yield AuditIssue(
            "info", "similarity",
            f"Of the pictures whose patient has several, {similarity.own_patient:.0%} are most like another picture of "
            f"the same patient ({similarity.own_patient_chance:.1%} by chance): a split by picture would put the "
            "answer into training; split by patient, as ReadingRoom does.",
        )  # fmt: skip
    if similarity.next_patient_p <= _P and similarity.next_patient >= _TIMES_CHANCE * similarity.next_patient_chance:
        yield AuditIssue(
            "warn", "patients",
            f"The nearest picture of another patient is, for {similarity.next_patient:.0%} of the pictures, one of the "
            f"patient whose ID comes just before or after ({similarity.next_patient_chance:.0%} when the order is "
            "shuffled): the patient IDs may cut real patients in two, so that even a split by patient leaks.",
        )  # fmt: skip


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """A sorting key in which P2 comes before P10."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text) if part)


def _nearest(vectors: NDArray[np.float32], patient: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The most alike picture of each, of anybody and of another patient."""
    anybody, another = (np.empty(len(vectors), dtype=np.intp) for _ in range(2))
    for start in range(0, len(vectors), _BLOCK):
        block = slice(start, min(start + _BLOCK, len(vectors)))
        similarity = vectors[block] @ vectors.T
        similarity[np.arange(len(similarity)), np.arange(block.start, block.stop)] = -np.inf
        anybody[block] = similarity.argmax(axis=1)
        similarity[patient[block, None] == patient[None]] = -np.inf
        another[block] = similarity.argmax(axis=1)
    return anybody, another


def _classes_and_sites(
    cohort: Cohort, rows: NDArray[np.intp], patient: NDArray[np.intp], patients: int
) -> NDArray[np.intp]:
    """(patients,) number of the class and site of each patient, by its first picture."""
    first = np.full(patients, len(rows))
    np.minimum.at(first, patient, np.arange(len(rows)))
    outcomes = outcomes_of(cohort)
    pairs = [(outcomes[rows[place]], cohort.rows[rows[place]].site) for place in first]
    number = {pair: n for n, pair in enumerate(sorted(set(pairs)))}
    return np.array([number[pair] for pair in pairs], dtype=np.intp)


def _order_within(names: NDArray[np.str_], group: NDArray[np.intp]) -> NDArray[np.intp]:
    """(patients,) place of each ID among those of its class and site."""
    place = np.empty(len(names), dtype=np.intp)
    seen: dict[int, int] = defaultdict(int)
    for number in sorted(range(len(names)), key=lambda n: natural(str(names[n]))):
        place[number] = seen[int(group[number])]
        seen[int(group[number])] += 1
    return place


def _shuffled(place: NDArray[np.intp], group: NDArray[np.intp], generator: np.random.Generator) -> NDArray[np.intp]:
    shuffled = place.copy()
    for number in np.unique(group):
        members = np.flatnonzero(group == number)
        shuffled[members] = generator.permutation(place[members])
    return shuffled


def _beside(
    place: NDArray[np.intp], group: NDArray[np.intp], patient: NDArray[np.intp], other: NDArray[np.intp]
) -> float:
    """Share of pictures whose nearest of another patient is of the one before or after."""
    one, two = patient, patient[other]
    return float(np.mean((group[one] == group[two]) & (np.abs(place[one] - place[two]) == 1)))
