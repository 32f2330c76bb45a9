"""A training on CTs of which two cannot be used: it goes on without them, and says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra [train]")

import pasc_fibrosis_cases as cases
from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.evaluation import predictions
from readingroom.learning.protocols.training_protocol import TrainingProtocol, load_protocol
from readingroom.learning.training.train import train_bundle


@pytest.fixture(scope="module")
def protocol() -> TrainingProtocol:
    """A small network on five slices, two folds."""
    rigorous = load_protocol("pasc-fibrosis")
    return replace(
        rigorous,
        networks=("resnet18",),
        weights="none",
        input=replace(cases.INPUT, size=(64, 64)),
        aggregation="average-pooling",
        head="linear",
        head_settings={},
        epochs=1,
        least_epochs=1,
        batch=4,
        averaging=0.0,
        validation=replace(rigorous.validation, kind="k-fold", folds=2, repeats=1, inner=0.4, hold_out=0.0),
    )


@pytest.fixture(scope="module")
def cts(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Twelve chests with their lungs; of the fourth patient a CT without lungs, of the seventh none at all."""
    folder = tmp_path_factory.mktemp("cts")
    made = cases.phantom(7)
    lungs = cases.write_nrrd(folder / "lungs.nrrd", made.right_lung | made.left_lung)
    rows = []
    for number in range(12):
        noise = np.random.default_rng(number).normal(0, 40 + 80 * (number % 2), made.pixels.shape)
        voxels = cases.lungs_alone(made) + noise
        path, masks = cases.write_nrrd(folder / f"{number}.nrrd", voxels.astype(np.int16)), {"lungs": lungs}
        if number == 3:
            cases.write_nrrd(path, np.random.default_rng(0).normal(40, 30, voxels.shape).astype(np.int16))
            masks = {}
        if number == 6:
            path = folder / "gone.nrrd"
        label = "fibrosis" if number % 2 else "none"
        rows.append(Row(f"p{number}", f"s{number}", {"ct": path}, label=label, masks=masks))
    return stating(Cohort(tuple(rows)), positive=["fibrosis"])


@pytest.mark.parametrize("mode", ["frozen", "fine-tune"])
def test_they_are_left_out_counted_and_told(cts, protocol, tmp_path: Path, mode) -> None:
    told: list[str] = []
    made = train_bundle(cts, protocol, tmp_path, "ten", mode=mode, device="cpu", left_out=told.append, resamples=20)
    assert told[0].startswith("Study 's6' of patient 'p6': 'gone.nrrd' does not exist")
    assert told[1:] == ["Study 's3' of patient 'p3': No lungs were found in this image; give a mask 'lungs'."]
    assert made.metadata.training.images == 10
    card = (made.folder / "docs" / "README.md").read_text("utf-8")
    assert "2 of 12 studies could not be used; they were left out." in card
    assert not {"s3", "s6"} & set(predictions.read(tmp_path / "ten-predictions.csv").study_ids)


def test_a_table_without_a_usable_study_says_why(cts, protocol, tmp_path: Path) -> None:
    rows = tuple(replace(row, images={"ct": tmp_path / "gone.nrrd"}) for row in cts.rows)
    with pytest.raises(InputError, match=r"Not one study of the table can be used\. Study 's0' of patient 'p0': 'gone"):
        train_bundle(replace(cts, rows=rows), protocol, tmp_path, "none", mode="frozen", device="cpu")


def test_slices_too_small_for_a_map_are_refused_before_anything_is_read(cts, protocol, tmp_path: Path) -> None:
    small = replace(protocol, input=replace(protocol.input, size=(32, 32)))
    with pytest.raises(InputError, match="32 x 32 pixels leave a map of a single place"):
        train_bundle(cts, small, tmp_path, "small", mode="frozen", device="cpu")
    assert not (tmp_path / "small-work").exists()
