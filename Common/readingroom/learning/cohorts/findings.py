"""Which labels of a table are findings, and which mean that nothing was found: stated by people, never read from words.

A label may name several findings: ``effusion|mass``. What stands for none of them is a label like any other, until
somebody says so: in `Cohort.negative`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...bundles.validation import plain_name
from ...errors import InputError
from .cohort import Cohort

SEPARATOR = "|"  # as in the NIH's tables of radiographs
NEGATIVE = "negative"  # of the settings of a training: what its table called studies without a finding


def stating(cohort: Cohort, positive: Sequence[str] = (), negative: Sequence[str] = ()) -> Cohort:
    """The cohort with what somebody says of its labels: which are findings, and which mean that nothing was found.

    Raises
    ------
    InputError : the table has no such label, or it is said to be both
    """
    written = labels_of(cohort)
    stated = replace(
        cohort,
        positive=tuple(_as_written(label, written) for label in positive),
        negative=tuple(_as_written(label, written) for label in negative),
    )
    if both := set(stated.positive) & set(stated.negative):
        raise InputError(f"The label '{min(both)}' cannot be a finding and mean that nothing was found.")
    return stated


def labels_of(cohort: Cohort) -> tuple[str, ...]:
    """What the labels name, as written, sorted."""
    return tuple(sorted({part for row in cohort.rows if row.label is not None for part in split_label(row.label)}))


def split_label(label: str) -> tuple[str, ...]:
    """What a label names, as written, each once; the label itself where it names one thing."""
    return tuple(dict.fromkeys(part.strip() for part in label.split(SEPARATOR) if part.strip())) or (label,)


def may_hold_together(cohort: Cohort) -> bool:
    """Whether a label names several findings."""
    return any(SEPARATOR in (row.label or "") for row in cohort.rows)


def findings_of(cohort: Cohort) -> tuple[str, ...]:
    """All findings as the table writes them, sorted, where they may hold together.

    Where a label was stated to mean that nothing was found, all others are findings. Else those are that stand beside
    another one somewhere, and those that were stated to be.

    Raises
    ------
    InputError : a label that always stands alone may be a finding or mean that there is none, and nobody said which
    """
    written = labels_of(cohort)
    if cohort.negative:
        return tuple(label for label in written if label not in cohort.negative)
    parts = [split_label(row.label) for row in cohort.rows if row.label is not None]
    sure = {label for part in parts if len(part) > 1 for label in part} | set(cohort.positive)
    if unsure := [label for label in written if label not in sure]:
        which = f"one of the labels {_named(unsure)}" if len(unsure) > 1 else f"the label '{unsure[0]}'"
        raise InputError(
            f"Does {which} mean that nothing was found? Say so with --negative '{unsure[-1]}'; what is a finding and "
            "always stands alone is named with --positive."
        )
    return written


def presence(cohort: Cohort, findings: Sequence[str]) -> NDArray[np.int64]:
    """(rows, findings) 1 where a study has the finding, else 0.

    Raises
    ------
    InputError : a study has no label, a finding that is none of these, or one beside what means that nothing was found
    """
    place = {finding: number for number, finding in enumerate(findings)}
    lines = []
    for row in cohort.rows:
        line = np.zeros(len(place), dtype=np.int64)
        study = f"Study '{row.study_id}' of patient '{row.patient_id}'"
        if row.label is None:
            raise InputError(f"{study} has no label; one without a finding needs a word for it that --negative names.")
        found = split_label(row.label)
        strangers = [part for part in found if part not in place]
        if unknown := [part for part in strangers if part not in cohort.negative]:
            raise InputError(f"{study} has the finding '{unknown[0]}', which is none of {', '.join(findings)}.")
        if strangers and len(found) > len(strangers):
            raise InputError(f"{study} has the label '{row.label}': a finding, and that there is none.")
        line[[place[part] for part in found if part in place]] = 1
        lines.append(line)
    return np.array(lines, dtype=np.int64).reshape(len(lines), len(place))


def _as_written(label: str, written: Sequence[str]) -> str:
    """The label of the table that is meant, whatever its case and signs where that is plain."""
    if label in written:
        return label
    alike = [each for each in written if plain_name(each) == plain_name(label)]
    if len(alike) != 1:
        raise InputError(f"The table has no label '{label}'; it has {_named(written)}.")
    return alike[0]


def _named(labels: Sequence[str]) -> str:
    shown = [f"'{label}'" for label in labels[:20]]
    return ", ".join(shown) + (f" and {len(labels) - 20} more" if len(labels) > 20 else "")
