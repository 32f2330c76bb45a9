"""Labels of studies that may have several findings or none: ``effusion|mass``, and ``no finding`` alone for none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .cohort import Cohort, Row
from .label_names import is_reference, plain_name

SEPARATOR = "|"  # as in the NIH's tables of radiographs


def split_label(label: str) -> tuple[str, ...]:
    """What a label names, as written, each once; the label itself where it names one thing."""
    return tuple(dict.fromkeys(part.strip() for part in label.split(SEPARATOR) if part.strip())) or (label,)


def may_hold_together(cohort: Cohort) -> bool:
    """Whether a label names several findings."""
    return any(SEPARATOR in (row.label or "") for row in cohort.rows)


def findings_of(cohort: Cohort) -> tuple[str, ...]:
    """All findings as the table writes them, sorted; what means that nothing was found is none.

    Raises
    ------
    InputError : one of them has no letter or digit
    """
    written = sorted({part for row in cohort.rows if row.label is not None for part in split_label(row.label)})
    names = [plain_name(part) for part in written]
    return tuple(part for part, name in zip(written, names, strict=True) if not is_reference(name, names))


def presence(rows: Iterable[Row], findings: Sequence[str]) -> NDArray[np.int64]:
    """(rows, findings) 1 where a study has the finding, else 0.

    Raises
    ------
    InputError : a study has no label, a finding that is none of these, or one beside what means that nothing was found
    """
    place = {finding: number for number, finding in enumerate(findings)}
    names = [plain_name(finding) for finding in findings]
    lines = []
    for row in rows:
        line = np.zeros(len(place), dtype=np.int64)
        study = f"Study '{row.study_id}' of patient '{row.patient_id}'"
        if row.label is None:
            raise InputError(f"{study} has no label; one without a finding needs a word for it, such as 'no finding'.")
        found = split_label(row.label)
        strangers = [part for part in found if part not in place]
        if unknown := [part for part in strangers if not is_reference(plain_name(part), names)]:
            raise InputError(f"{study} has the finding '{unknown[0]}', which is none of {', '.join(findings)}.")
        if strangers and len(found) > len(strangers):
            raise InputError(f"{study} has the label '{row.label}': a finding, and that there is none.")
        line[[place[part] for part in found if part in place]] = 1
        lines.append(line)
    return np.array(lines, dtype=np.int64).reshape(len(lines), len(place))
