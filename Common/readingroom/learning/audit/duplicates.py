"""Images that cannot be read, images that are there twice, and pictures that are nearly the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...formatting import counted
from ..cohorts.cohort import Cohort, Row
from ..cohorts.hashes import NEARLY_IDENTICAL, Fingerprints, Pair, near_duplicates, standardized_prints
from .issue import AuditIssue, some
from .outcomes import outcomes_of

_HEADER_PATIENTS = 3
# Pictures of a kind (phantoms, aligned scans) are so alike that a threshold for duplicates says nothing.
_MOST_ALIKE = 0.01
_SAMPLE = 2000


@dataclass(frozen=True)
class Duplicates:
    """What is there more than once.

    Parameters
    ----------
    identical : row numbers of each group with the same pixels
    near_duplicates : pairs of near-duplicate pictures whose pixels differ, the most alike first
    informative : False when so many pictures of different patients are alike that the pairs mean nothing
    """

    identical: tuple[tuple[int, ...], ...]
    near_duplicates: tuple[Pair, ...]
    informative: bool


def find_duplicates(cohort: Cohort, found: Fingerprints) -> Duplicates:
    """Compare all images of a cohort with each other."""
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, value in enumerate(found.pixel_hashes):
        if value:
            rows_of[value].append(row)
    identical = tuple(tuple(rows) for rows in rows_of.values() if len(rows) > 1)
    if _share_alike(cohort, found) > _MOST_ALIKE:
        return Duplicates(identical, (), False)
    hashes = found.pixel_hashes
    alike = tuple(pair for pair in near_duplicates(found.prints) if hashes[pair.first] != hashes[pair.second])
    return Duplicates(identical, alike, True)


def duplicate_issues(cohort: Cohort, found: Fingerprints, duplicates: Duplicates) -> Iterator[AuditIssue]:
    """Sentences about a cohort as such; `split_leakage` evaluates its split."""
    rows = cohort.rows
    if found.problems:
        told = [
            f"study '{rows[row].study_id}' of patient '{rows[row].patient_id}': {why}"
            for row, why in found.problems.items()
        ]
        images = counted(len(found.problems), "image")
        yield AuditIssue(
            "stop", "unreadable", f"{images} of {len(rows):,} cannot be read; training would end there.", some(told)
        )
    yield from _identical(cohort, duplicates)
    if not duplicates.informative:
        yield AuditIssue(
            "info", "near duplicates",
            f"More than {_MOST_ALIKE:.0%} of the pairs of pictures of different patients correlate above "
            f"{NEARLY_IDENTICAL}: all look so alike that near duplicates cannot be told from others, and "
            "only identical pixels were looked for.",
        )  # fmt: skip
    strangers = [
        pair for pair in duplicates.near_duplicates if rows[pair.first].patient_id != rows[pair.second].patient_id
    ]
    if strangers:
        yield AuditIssue(
            "warn", "near duplicates",
            f"{counted(len(strangers), 'pair')} of nearly the same pictures show different patients (correlation of "
            f"24 x 24 means at least {NEARLY_IDENTICAL}): it may be one patient, or a picture was copied.",
            some(f"{_pair(rows, pair.first, pair.second)}: {pair.correlation:.3f}" for pair in strangers),
        )  # fmt: skip
    if own := len(duplicates.near_duplicates) - len(strangers):
        pairs = counted(own, "pair is", "pairs are")
        yield AuditIssue("info", "near duplicates", f"{pairs} nearly the same pictures of one patient.")
    yield from _header_patients(rows, found)


def _identical(cohort: Cohort, duplicates: Duplicates) -> Iterator[AuditIssue]:
    rows, outcomes = cohort.rows, outcomes_of(cohort)
    several_classes = [group for group in duplicates.identical if len({outcomes[row] for row in group}) > 1]
    several_patients = [group for group in duplicates.identical if len({rows[row].patient_id for row in group}) > 1]
    if several_classes:
        groups = counted(len(several_classes), "image is", "images are")
        told = (f"{_pair(rows, *g[:2])}: {', '.join(sorted({outcomes[r] for r in g}))}" for g in several_classes)
        yield AuditIssue("stop", "same image", f"{groups} there under several classes.", some(told))
    if several_patients:
        groups = counted(len(several_patients), "image is", "images are")
        yield AuditIssue(
            "warn", "same image",
            f"{groups} there under several patients, pixel for pixel; splits keep such patients together.",
            some(_pair(rows, *group[:2]) for group in several_patients),
        )  # fmt: skip
    own = [group for group in duplicates.identical if group not in several_patients]
    if own:
        groups = counted(len(own), "image is", "images are")
        yield AuditIssue(
            "warn", "same image", f"{groups} there more than once under one patient and would count double.",
            some(_pair(rows, *group[:2]) for group in own),
        )  # fmt: skip


def _header_patients(rows: tuple[Row, ...], found: Fingerprints) -> Iterator[AuditIssue]:
    """Patients of the table whose DICOM headers name one patient. A name that fits many is an anonymizer's."""
    tables: dict[str, set[str]] = defaultdict(set)
    for row, each in zip(rows, found.prints, strict=True):
        if each is not None and each.header_patient:
            tables[each.header_patient].add(row.patient_id)
    several = [sorted(patients) for patients in tables.values() if 1 < len(patients) <= _HEADER_PATIENTS]
    if several:
        yield AuditIssue(
            "warn", "same patient",
            f"{counted(len(several), 'PatientID stands', 'PatientIDs stand')} in DICOM headers for several patients of "
            "the table.",
            some(" = ".join(f"'{name}'" for name in patients) for patients in several),
        )  # fmt: skip


def _share_alike(cohort: Cohort, found: Fingerprints) -> float:
    """Which share of the pairs of different patients counts as nearly the same, on an even sample."""
    rows, vectors = standardized_prints(found.prints)
    if len(rows) < 2:
        return 0.0
    sample = np.unique(np.linspace(0, len(rows) - 1, min(_SAMPLE, len(rows))).astype(int))
    patients = cohort.patients[rows[sample]]
    others = patients[:, None] != patients
    alike = vectors[sample] @ vectors[sample].T >= NEARLY_IDENTICAL
    return float(np.mean(alike[others])) if others.any() else 0.0


def _pair(rows: tuple[Row, ...], first: int, second: int) -> str:
    one, other = rows[first], rows[second]
    if one.patient_id == other.patient_id:
        return f"'{one.study_id}' and '{other.study_id}' of patient '{one.patient_id}'"
    return f"'{one.study_id}' of '{one.patient_id}' and '{other.study_id}' of '{other.patient_id}'"
