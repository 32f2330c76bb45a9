"""Small DICOM files whose headers say what a test needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import CTImageStorage

from readingroom.phantoms.dicom_files import write_dicom

_PIXELS = np.arange(32 * 32, dtype=np.uint16).reshape(32, 32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "films").mkdir()
    return tmp_path / "films"


@pytest.fixture
def a_film(folder: Path) -> Callable[..., Path]:
    """Write a radiograph beneath the folder; elements by DICOM keyword."""

    def write(place: str, **elements: Any) -> Path:
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_dicom(path, _PIXELS, **{"PatientID": "4711", "AccessionNumber": "A1", **elements})

    return write


@pytest.fixture
def a_series(a_film: Callable[..., Path]) -> Callable[..., None]:
    """Write CT slices into a subfolder."""

    def write(place: str, slices: int, uid: str) -> None:
        for number in range(slices):
            elements = {"storage": CTImageStorage, "Modality": "CT", "SeriesInstanceUID": uid}
            a_film(f"{place}/{uid}-{number}.dcm", **elements)

    return write
