"""Coded terms, so that DICOM SR and SEG objects and Slicer's terminology need no free text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """A term of a coding scheme (DICOM PS3.3 8.8): ``Code("39607008", "SCT", "Lung")``.

    Raises
    ------
    ValueError : a part is empty
    """

    value: str
    scheme: str  # coding scheme designator: SCT, DCM, RADLEX, UCUM, 99...
    meaning: str

    def __post_init__(self) -> None:
        for part in ("value", "scheme", "meaning"):
            if not getattr(self, part).strip():
                raise ValueError(f"A code has no {part}: {self.value!r} of {self.scheme!r} means {self.meaning!r}.")


ANATOMY = Code("123037004", "SCT", "Anatomical Structure")
FINDING = Code("404684003", "SCT", "Clinical finding")
IMAGE_REGION = Code("111030", "DCM", "Image Region")
LUNG = Code("39607008", "SCT", "Lung")
LEFT_LUNG = Code("44029006", "SCT", "Left lung")
RIGHT_LUNG = Code("3341006", "SCT", "Right lung")
LIVER = Code("10200004", "SCT", "Liver")
DEATH = Code("419620001", "SCT", "Death")
NEOPLASM = Code("108369006", "SCT", "Neoplasm")
PNEUMONIA = Code("233604007", "SCT", "Pneumonia")
VOLUME = Code("118565006", "SCT", "Volume")
