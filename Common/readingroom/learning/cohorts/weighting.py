"""How the MR of a cohort are weighted, as far as their headers say."""

from __future__ import annotations

from collections import Counter

from ...bundles.network import ANY_WEIGHTING, WEIGHTINGS
from ...errors import ReadingRoomError
from ...formatting import counted
from ...imaging.dicom_series import is_series
from ...imaging.mr_facts import mr_series
from ...readers.base import Reader
from ..audit.site_is_label import site_is_label
from .cohort import Cohort, Row


def weighting_of(cohort: Cohort, reader: Reader) -> tuple[str, str]:
    """The weighting that a bundle states, and a sentence where the studies differ in it; both may be empty.

    Files without a header of DICOM say nothing. Weightings that no bundle can state count as others of several.
    """
    role = reader.images[0]
    if "MR" not in role.modality or role.dimensions != 3:
        return "", ""
    found = [_of_row(row, reader) if is_series(row.images[role.name]) else "" for row in cohort.rows]
    numbers = Counter(one for one in found if one)
    if not numbers:
        return "", ""
    (most, _), *others = numbers.most_common()
    if not others:
        return (most if most in WEIGHTINGS else ANY_WEIGHTING), ""
    told = ", ".join(f"{counted(number, 'study', 'studies')} {name}" for name, number in numbers.most_common())
    sentence = f"The MR of training differ in their weighting ({told}): the network may have learned that."
    if site_is_label(found, [row.label or "" for row in cohort.rows]):
        sentence = f"Weighting and label are one in training ({told}): what tells the labels apart may be the sequence."
    return ANY_WEIGHTING, sentence


def _of_row(row: Row, reader: Reader) -> str:
    try:
        return mr_series(row.study(reader).image(reader.images[0].name)).weighting
    except ReadingRoomError:  # it was read a while ago
        return ""
