"""Phantom breasts, protocols that take seconds, and what a generator made of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="needs the extra [train]")
pytest.importorskip("monai", reason="needs the extra [train]")

from readingroom.learning.cohorts.cohort import Cohort, Row, read_cohort, write_cohort
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.protocols.training_protocol import TrainingProtocol, load_protocol
from readingroom.learning.synthesis.synthesize import Made, synthesize
from readingroom.phantoms.mammogram import Lesion, four_views, write_exam

WOMEN = 12


@pytest.fixture(scope="session", autouse=True)
def a_place_for_fingerprints(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("READINGROOM_HOME", str(tmp_path_factory.getbasetemp() / "home"))
        yield


@pytest.fixture(scope="session")
def breasts(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Both breasts of 12 women, two views each; every other woman has a mass on the left."""
    folder = tmp_path_factory.mktemp("breasts")
    rows = []
    for woman in range(WOMEN):
        mass = [Lesion(radius=0.2)] if woman % 2 else []
        files = write_exam(folder / str(woman), four_views(woman, left=mass, rows=96, columns=80))
        for side in ("left", "right"):
            images = {role: path for role, path in files.items() if role.startswith(side)}
            label = "cancer" if mass and side == "left" else "no cancer"
            rows.append(Row(f"w{woman:02}", f"exam, {side}", images, label=label))
    write_cohort(folder / "cohort.csv", rows)
    return stating(read_cohort(folder / "cohort.csv"), positive=["cancer"])


@pytest.fixture(scope="session")
def table(breasts: Cohort) -> Path:
    """The file of `breasts`."""
    return breasts.rows[0].image.parents[1] / "cohort.csv"


@pytest.fixture(scope="session")
def quick() -> TrainingProtocol:
    """Two folds of pictures of 64 pixels, a small network from random values."""
    full = load_protocol("mammo-screen", "published")
    return replace(
        full,
        networks=("resnet18",),
        weights="none",
        input=replace(full.input, size=(64, 64)),
        epochs=1,
        averaging=0.0,
        batch=8,
        accumulate=1,
        validation=replace(full.validation, folds=2, repeats=1, inner=0.3),
        variants={},
    )


@pytest.fixture(scope="session")
def made_by_gan(breasts: Cohort, quick: TrainingProtocol, tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, ...]:
    """What a GAN of a few steps made, for both folds and the final model."""
    return synthesize(breasts, quick, tmp_path_factory.mktemp("gan"), "gan", "trial", device="cpu")


@pytest.fixture(scope="session")
def folder(made_by_gan: tuple[Made, ...]) -> Path:
    """Where it lies."""
    return made_by_gan[0].folder.parent
