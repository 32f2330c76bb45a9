"""The table of what generators made, as a training takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...formatting import counted
from ..cohorts.cohort import Cohort, read_cohort
from ..cohorts.generator_record import read_record
from ..cohorts.splits import LeakageError
from ..protocols.training_protocol import TrainingProtocol
from ..training.cross_validation import CrossValidation
from ..training.picture_store import gray_level_settings

TABLE, RECORD = "synthetic.csv", "generator.json"


def with_synthetic(cohort: Cohort, folder: Path, protocol: TrainingProtocol) -> Cohort:
    """The cohort with the synthetic studies of a folder that `readingroom synthesize` wrote.

    Raises
    ------
    InputError : there is no such folder, its pictures show something else, or were made for another input
    """
    found = read_cohort(folder / TABLE)
    if found.problems:
        raise InputError(f"{folder / TABLE} cannot be used. {found.problems[0]}")
    if strangers := [row for row in found.rows if row.generator is None]:
        raise InputError(f"Study '{strangers[0].study_id}' of {folder / TABLE} does not say what generator made it.")
    wanted = gray_level_settings(protocol.input)
    for path in dict.fromkeys(row.generator for row in found.rows if row.generator is not None):
        record = read_record(path)
        if record.finding not in cohort.classes:
            raise InputError(f"The generators of {folder} made '{record.finding}', which no study of the table has.")
        if _shape(record.input) != _shape(wanted):
            raise InputError(
                f"The pictures of {folder} were made for another input than that of {protocol.name}: make them again "
                "with the same protocol and variants."
            )
    # A table that states its own split leaves out what it puts into no part.
    states = (cohort.column("split") == "test").any()
    rows = tuple(replace(row, split="train" if states else "") for row in found.rows)
    return replace(cohort, rows=(*cohort.rows, *rows))


def refuse_unfounded(cohort: Cohort, planned: CrossValidation) -> None:
    """See that every network may learn from synthetic studies of its own generator, where there are any.

    Raises
    ------
    InputError : a synthetic study does not say what made it
    LeakageError : of one split none may be used
    """
    synthetic = cohort.synthetic
    if not synthetic.any():
        return
    if unknown := [row.study_id for row in cohort.rows if row.synthetic and row.generator is None]:
        raise InputError(
            f"Synthetic study '{unknown[0]}' ({len(unknown)} in all) does not say what its generator learned from, "
            "which may have been the patients that are tested: the column 'generator' must name the file that says so, "
            "as readingroom synthesize writes it."
        )
    for split in [split for repeat in planned.repeats for split in repeat] + [planned.final]:
        if not synthetic[split.train].any():
            studies = counted(int(synthetic.sum()), "synthetic study", "synthetic studies")
            raise LeakageError(
                f"None of {studies} may train '{split.name}': each generator learned from a study that does not train "
                "there, so that it may be tested. Make them again with the same table, protocol and seed."
            )


def _shape(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with the proportions of the input in place of its size."""
    found = dict(settings)
    rows, columns = found.pop("size")
    return {**found, "proportions": rows / columns}
