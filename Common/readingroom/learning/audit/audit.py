"""Audit a cohort, and write what was found as a page for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ... import __version__, records
from ...files import make_folder
from ...folders import atomic_files
from ...progress import Progress
from ..cohorts.cohort import Cohort
from ..cohorts.hashes import Fingerprints, fingerprints
from ..evaluation.outcomes import AnyPredictions
from .counts import Counts, Missing, count_classes, count_issues, missing_values
from .duplicates import Duplicates, duplicate_issues, find_duplicates
from .image_model import Comparison, compare_auc, compare_predictions
from .issue import AuditIssue, by_severity
from .mask_issues import mask_issues
from .shortcuts import Shortcut, shortcut_issues, site_issues
from .similarity import Similarity, measure_similarity, similarity_issues
from .small_models import SmallModel, small_models
from .split_leakage import split_leakage_issues

PAGE, DATA = "audit.html", "audit.json"
_READ, _COMPARED, _TRIED, _MASKS = 0.6, 0.65, 0.85, 0.95  # of the work, where most images are new


@dataclass(frozen=True)
class NearDuplicate:
    """Two studies, as ``patient/study``, whose pictures are nearly the same, and how alike they are."""

    first: str
    second: str
    correlation: float


@dataclass(frozen=True)
class Audit:
    """All that was found.

    Parameters
    ----------
    table : name of the cohort
    issues : the gravest first
    problems : rows that could not be used
    unreadable : why, by ``patient/study``
    identical : groups of ``patient/study`` with the same pixels
    similarity : None where there are too few pictures to say, or too many to compare
    seed : of folds, resamples and trees
    """

    table: str
    studies: int
    patients: int
    issues: tuple[AuditIssue, ...]
    counts: Counts
    missing: tuple[Missing, ...]
    problems: tuple[str, ...]
    unreadable: dict[str, str]
    identical: tuple[tuple[str, ...], ...]
    near_duplicates: tuple[NearDuplicate, ...]
    similarity: Similarity | None
    shortcuts: tuple[Shortcut, ...]
    seed: int
    version: str = __version__

    @property
    def stops(self) -> int:
        """How many issues are red."""
        return sum(issue.severity == "stop" for issue in self.issues)


def audit(
    cohort: Cohort,
    out: Path,
    table: str = "cohort.csv",
    predictions: AnyPredictions | None = None,
    model_auc: float | None = None,
    seed: int = 0,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Audit a cohort and write ``audit.html`` and ``audit.json`` into a folder.

    Parameters
    ----------
    predictions : of an image model, to compare small models with; only studies of the cohort count
    model_auc : its AUC alone, where there are no predictions
    processes : that read images; as many as processors when left out

    Raises
    ------
    InputError : predictions of other classes or other studies
    OutputError : the folder cannot be written
    CancelledError : the user canceled
    """
    from .audit_page import audit_page  # draws, which takes a moment to load

    progress = progress or Progress()
    make_folder(out)
    pictures = cohort.pictures
    seen = fingerprints([row.image for row in pictures.rows], processes=processes, progress=progress.part(0, _READ))
    counts = [len(row.images) for row in cohort.rows]
    first = set(np.cumsum([0, *counts[:-1]]).tolist())
    found = seen.without([number for number in range(len(pictures)) if number not in first])
    progress(_READ, "Images are compared with each other.")
    duplicates, similarity = find_duplicates(pictures, seen), measure_similarity(cohort, found, seed)
    models = small_models(cohort, found, seed, progress.part(_COMPARED, _TRIED))
    shortcuts = tuple(Shortcut.of(model, _compared(model, cohort, predictions, model_auc, seed)) for model in models)
    readable = cohort.take([row for row in range(len(cohort)) if found.prints[row] is not None])
    masks = tuple(mask_issues(readable, processes, progress.part(_TRIED, _MASKS)))
    result = _gathered(cohort, table, pictures, seen, duplicates, similarity, shortcuts, masks, seed)
    progress(_MASKS, "The page is written.")
    data = json.dumps(records.to_json(result), indent=1, ensure_ascii=False) + "\n"
    with atomic_files(out) as folder:
        for name, text in ((PAGE, audit_page(result, pictures, duplicates)), (DATA, data)):
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return result


def _compared(
    model: SmallModel, cohort: Cohort, predictions: AnyPredictions | None, model_auc: float | None, seed: int
) -> Comparison | None:
    if predictions is not None:
        return compare_predictions(predictions, cohort, model, seed)
    return None if model_auc is None else compare_auc(model_auc, model)


def _gathered(
    cohort: Cohort,
    table: str,
    pictures: Cohort,
    seen: Fingerprints,
    duplicates: Duplicates,
    similarity: Similarity | None,
    shortcuts: tuple[Shortcut, ...],
    masks: tuple[AuditIssue, ...],
    seed: int,
) -> Audit:
    counts, missing = count_classes(cohort), missing_values(cohort)
    names = [f"{row.patient_id}/{row.study_id}" for row in pictures.rows]

    def issues() -> Iterator[AuditIssue]:
        yield from split_leakage_issues(cohort, pictures, seen, duplicates)
        yield from site_issues(counts)
        yield from shortcut_issues(shortcuts)
        yield from masks
        yield from duplicate_issues(pictures, seen, duplicates)
        yield from similarity_issues(similarity)
        yield from count_issues(cohort, counts, missing)

    return Audit(
        table=table,
        studies=len(cohort),
        patients=len(set(cohort.patients)),
        issues=by_severity(issues()),
        counts=counts,
        missing=missing,
        problems=cohort.problems,
        unreadable={names[row]: why for row, why in seen.problems.items()},
        identical=tuple(tuple(names[row] for row in group) for group in duplicates.identical),
        near_duplicates=tuple(
            NearDuplicate(names[pair.first], names[pair.second], pair.correlation)
            for pair in duplicates.near_duplicates
        ),
        similarity=similarity,
        shortcuts=shortcuts,
        seed=seed,
    )
