"""Phantom radiographs with a table, and protocols that take seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from readingroom.learning.cohorts.cohort import Cohort, Row, read_cohort, write_cohort
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.protocols.training_protocol import TrainingProtocol, load_protocol
from readingroom.phantoms.chest_radiograph import Opacity, chest_radiograph
from readingroom.phantoms.dicom_files import stored, write_dicom


@pytest.fixture(scope="session")
def a_phantom_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``cohort.csv`` of 24 radiographs of 12 patients, DICOM and PNG; half of them have a large opacity."""
    folder = tmp_path_factory.mktemp("phantoms")
    rows = []
    for number in range(24):
        ill = number // 2 % 2 == 1
        gray = chest_radiograph(170, 160, Opacity(radius=0.16, strength=1.5) if ill else None, seed=number)
        path = folder / f"{number}.{'dcm' if number % 3 == 0 else 'png'}"
        if path.suffix == ".dcm":
            write_dicom(path, stored(gray, bits=12), bits=12, ViewPosition="PA")
        else:
            Image.fromarray((255 * gray).astype(np.uint8)).save(path)
        label, site = "opacity, large" if ill else "normal", "NS"[number // 4 % 2]
        rows.append(Row(f"p{number // 2}", f"s{number}", {"frontal": path}, label=label, site=site, age=40.0 + number))
    write_cohort(folder / "cohort.csv", rows)
    return folder / "cohort.csv"


@pytest.fixture(scope="session")
def phantoms(a_phantom_table: Path) -> Cohort:
    return stating(read_cohort(a_phantom_table), positive=["opacity, large"])


@pytest.fixture(scope="session")
def tiny() -> TrainingProtocol:
    """A small network from random values on small pictures, three folds."""
    rigorous = load_protocol("chest-xray")
    return replace(
        rigorous,
        networks=("mobilenetv2_100", "vit_base_patch16_224"),
        weights="none",
        input=replace(rigorous.input, size=(48, 48)),
        epochs=1,
        batch=8,
        averaging=0.0,
        validation=replace(rigorous.validation, folds=3, repeats=1, inner=0.3),
    )


@pytest.fixture(autouse=True)
def a_place_for_fingerprints(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of images between runs is not kept among the user's own files."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path_factory.getbasetemp() / "home"))
