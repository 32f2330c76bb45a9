"""A bundle asked about a cohort: the same answer as in a read, and every row accounted for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="needs the extra [read]")
pytest.importorskip("sklearn", reason="needs the extra [train]")

import pasc_fibrosis_cases as cases
from readingroom.bundles import store
from readingroom.bundles.bundle import Bundle
from readingroom.errors import CancelledError, InputError
from readingroom.examples import chest_radiograph as example
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.evaluation import calibrate
from readingroom.learning.reporting.predict import age_group, predict
from readingroom.phantoms.chest_radiograph import chest_radiograph as phantom
from readingroom.progress import Progress
from readingroom.readers import base
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader

NORMAL = {"normal": "no-finding"}


@pytest.fixture(scope="module")
def a_bundle() -> Bundle:
    return store.find("cxr-nih-pneumonia")


@pytest.fixture(scope="module")
def a_cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Three phantoms and a real film; one label is written as people write, one as the table of NIH does."""
    folder = tmp_path_factory.mktemp("films")
    rows = []
    for number, (label, sex) in enumerate([("Pneumonia", "F"), ("normal", "M"), ("no finding", "F")]):
        path = folder / f"{number}.png"
        Image.fromarray(np.uint8(255 * phantom(rows=160, columns=140, seed=number))).save(path)
        rows.append(Row(f"P{number}", f"S{number}", {"frontal": path}, label, sex=sex, age=20.0 + 30 * number))
    return Cohort((*rows, Row("NIH-07219", "S3", {"frontal": example()}, "pneumonia", sex="M")))


def test_the_answer_is_that_of_a_read(a_bundle: Bundle, a_cohort: Cohort, tmp_path: Path) -> None:
    found = predict(a_bundle, a_cohort, NORMAL, "cpu").predictions
    read = base.read(
        find_reader("chest-xray"),
        open_study(find_reader("chest-xray"), {"frontal": example()}),
        a_bundle,
        tmp_path / "out",
        "cpu",
    )
    probabilities = calibrate.probabilities(found, a_bundle.metadata.calibration)[3]
    assert probabilities == pytest.approx([finding.probability for finding in read.findings], rel=1e-4)


def test_labels_are_found_however_they_are_written(a_bundle: Bundle, a_cohort: Cohort) -> None:
    found = predict(a_bundle, a_cohort, NORMAL, "cpu").predictions
    assert [found.classes[number] for number in found.truth] == ["pneumonia", "no-finding", "no-finding", "pneumonia"]
    assert found.positive == "pneumonia"
    assert found.external


def test_a_row_that_cannot_be_used_is_a_sentence_and_the_others_go_on(a_bundle: Bundle, a_cohort: Cohort) -> None:
    good = a_cohort.rows[0]
    damaged = Path(good.image).with_name("damaged.png")
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    bad = (
        replace(good, study_id="missing", images={"frontal": Path("/nowhere/film.png")}),
        replace(good, study_id="damaged", images={"frontal": damaged}),
        replace(good, study_id="unlabeled", label=None),
        replace(good, study_id="other", label="fracture"),
        replace(good, study_id="made", origin="synthetic"),
    )
    found = predict(a_bundle, Cohort((*bad[:3], good, *bad[3:])), {}, "cpu")
    assert list(found.predictions.study_ids) == ["S0"]
    assert list(found.rows) == [3]
    assert [problem.split()[1] for problem in found.problems] == [row.study_id for row in bad]
    assert "no label 'fracture'; it has pneumonia, no-finding" in found.problems[3]


def test_a_ct_without_lungs_is_a_sentence_and_the_others_are_predicted(tmp_path: Path) -> None:
    bundle = cases.write_bundle(tmp_path / "band", cases.gray_network())
    made = cases.phantom(7)
    cases.write_nrrd(tmp_path / "chest.nrrd", made.pixels)
    cases.write_nrrd(tmp_path / "block.nrrd", np.where(made.pixels > -300, made.pixels, 40))
    named = [("P0", "block", "none"), ("P1", "chest", "fibrosis"), ("P2", "block", "none")]
    rows = [Row(patient, f"S{patient}", {"ct": tmp_path / f"{name}.nrrd"}, label) for patient, name, label in named]
    found = predict(bundle, Cohort(tuple(rows)), {}, "cpu")
    assert list(found.rows) == [1]
    assert [found.predictions.classes[number] for number in found.predictions.truth] == ["fibrosis"]
    assert found.problems == tuple(
        f"Study S{patient} of patient {patient}: No lungs were found in this CT; give a mask of them."
        for patient in ("P0", "P2")
    )
    assert not found.refused  # those that could not be asked about are counted once


def test_what_the_reader_would_refuse_is_said_and_counted(a_bundle: Bundle, a_cohort: Cohort, tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (96, 96), dtype=np.uint8)).save(path)
    found = predict(a_bundle, Cohort((Row("P9", "S9", {"frontal": path}, "pneumonia"), a_cohort.rows[3])), {}, "cpu")
    assert len(found.predictions) == 2
    assert len(found.refused) == 1
    assert found.refused[0].startswith("Study S9 of patient P9: ")


def test_features_and_subgroups_come_with_the_answers(a_bundle: Bundle, a_cohort: Cohort) -> None:
    found = predict(a_bundle, a_cohort, NORMAL, "cpu")
    assert found.features is not None
    assert found.features.shape[0] == 4
    assert list(found.predictions.subgroups) == ["sex", "age"]  # view, scanner and laterality are the same everywhere
    assert list(found.predictions.subgroups["age"]) == ["18 to 39", "40 to 64", "65 and older", ""]


def test_a_cohort_without_a_usable_row_says_why(a_bundle: Bundle, a_cohort: Cohort) -> None:
    with pytest.raises(InputError, match="S0 of patient P0: It has no label"):
        predict(a_bundle, Cohort((replace(a_cohort.rows[0], label=None),)), {}, "cpu")


def test_a_bundle_of_another_kind_is_refused(a_bundle: Bundle, a_cohort: Cohort) -> None:
    other = replace(a_bundle, metadata=replace(a_bundle.metadata, reader="knee-mr"))
    with pytest.raises(InputError, match="no reader named 'knee-mr'"):
        predict(other, a_cohort, NORMAL, "cpu")


def test_it_can_be_canceled(a_bundle: Bundle, a_cohort: Cohort) -> None:
    with pytest.raises(CancelledError):
        predict(a_bundle, a_cohort, NORMAL, "cpu", Progress(canceled=lambda: True))


def test_ages_fall_into_groups() -> None:
    assert [age_group(age) for age in (None, 0, 17.9, 18, 64, 65, 101)] == [
        "", "below 18", "below 18", "18 to 39", "40 to 64", "65 and older", "65 and older",
    ]  # fmt: skip
