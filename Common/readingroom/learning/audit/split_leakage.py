"""What lies in two parts of the split that the table states."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ...formatting import counted
from ..cohorts.cohort import Cohort
from ..cohorts.hashes import Fingerprints
from .duplicates import Duplicates
from .issue import AuditIssue, some


def split_leakage_issues(
    cohort: Cohort, pictures: Cohort, found: Fingerprints, duplicates: Duplicates
) -> Iterator[AuditIssue]:
    """Patients, series, images and near duplicates in two parts, and synthetic studies outside training.

    Parameters
    ----------
    pictures : `Cohort.pictures`, whose rows ``found`` and ``duplicates`` number
    """
    rows = cohort.rows
    synthetic = [row for row in rows if row.synthetic]
    if outside := [row for row in synthetic if row.split in ("validation", "test")]:
        yield AuditIssue(
            "stop", "synthetic",
            f"{counted(len(outside), 'synthetic study', 'synthetic studies')} of {len(synthetic):,} would evaluate the "
            "model: synthetic studies may only train.",
            some(f"'{row.study_id}' in the part {row.split}" for row in outside),
        )  # fmt: skip
    elif synthetic:
        studies = counted(len(synthetic), "study is", "studies are")
        yield AuditIssue("info", "synthetic", f"{studies} synthetic; splits let synthetic studies train only.")
    if not any(row.split for row in rows):
        return
    series = [each.series if each is not None else "" for each in found.prints]
    for what, many, of, names in (
        ("patient", "patients", cohort, [row.patient_id for row in rows]),
        ("DICOM series", "DICOM series", pictures, series),
        ("image", "images", pictures, found.pixel_hashes),
    ):
        if twice := _on_two_sides(of, names):
            told = (" and ".join(f"'{of.rows[r].study_id}' ({of.rows[r].split})" for r in pair) for pair in twice)
            verb = counted(len(twice), f"{what} lies", f"{many} lie")
            yield AuditIssue("stop", "split", f"{verb} in two parts of the split that the table states.", some(told))
    shown = pictures.rows
    near = [p for p in duplicates.near_duplicates if len({shown[p.first].split, shown[p.second].split} - {""}) == 2]
    if near:
        told = (f"'{shown[p.first].study_id}' and '{shown[p.second].study_id}': {p.correlation:.3f}" for p in near)
        pairs = counted(len(near), "pair of nearly the same pictures lies", "pairs of nearly the same pictures lie")
        yield AuditIssue("stop", "split", f"{pairs} in two parts of the split.", some(told))
    unplaced = sum(not row.split for row in rows)
    if unplaced:
        yield AuditIssue("info", "split", f"{counted(unplaced, 'study', 'studies')} without a part would not be used.")


def _on_two_sides(cohort: Cohort, names: Sequence[str]) -> list[tuple[int, int]]:
    """For each name in two parts one row of each of the first two."""
    first: dict[str, dict[str, int]] = defaultdict(dict)
    for number, (name, row) in enumerate(zip(names, cohort.rows, strict=True)):
        if name and row.split:
            first[name].setdefault(row.split, number)
    return [(rows[0], rows[1]) for rows in (list(parts.values()) for parts in first.values()) if len(rows) > 1]
