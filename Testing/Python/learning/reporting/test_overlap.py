"""Whether studies of a table trained the bundle: found by patient and pixels, said above the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

pytest.importorskip("torch", reason="needs the extra [read]")
pytest.importorskip("sklearn", reason="needs the extra [train]")
pytest.importorskip("matplotlib", reason="needs the extra [train]")

from readingroom.bundles import store, write
from readingroom.bundles.bundle import Bundle
from readingroom.errors import BundleError, InputError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.fingerprint import fingerprint
from readingroom.learning.cohorts.perceptual_hash import perceptual_hashes
from readingroom.learning.evaluation.predictions import EXTERNAL, Predictions
from readingroom.learning.reporting.overlap import Overlap
from readingroom.learning.training import training_digest
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.progress import Progress


@pytest.fixture(scope="module", autouse=True)
def a_home_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fingerprints of these images are not kept among the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("READINGROOM_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def a_cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Four noisy pictures of four patients."""
    folder = tmp_path_factory.mktemp("films")
    rows = []
    for number in range(4):
        path = folder / f"{number}.png"
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (40, 40), dtype=np.uint8)).save(path)
        rows.append(Row(f"P{number}", f"S{number}", {"frontal": path}, "pneumonia", site="nih"))
    return Cohort(tuple(rows))


@pytest.fixture(scope="module")
def a_bundle(a_cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """It has seen patient P0, and the picture of P1 under another name."""
    shipped = store.find("cxr-nih-pneumonia")
    prints = [fingerprint(row.image) for row in a_cohort.rows]
    digest = training_digest.make_digest(["P0", "somebody"], [prints[1].pixel_hash], [prints[0].looks, prints[1].looks])
    arrays = {"features": shipped.arrays("features"), training_digest.FILE: digest.arrays()}
    folder = tmp_path_factory.mktemp("bundles") / shipped.metadata.name
    return write.write(folder, shipped.metadata, shipped.weights(), card="# Card", license_text="None", arrays=arrays)


def predictions(cohort: Cohort) -> Predictions:
    n = len(cohort)
    return Predictions(
        classes=("pneumonia", "no-finding"),
        multilabel=False,
        study_ids=cohort.column("study_id"),
        patients=cohort.patients,
        sites=cohort.sites,
        truth=np.zeros(n, dtype=np.int64),
        logits=np.zeros((1, n, 2)),
        folds=np.full((1, n), EXTERNAL),
    )


def test_patients_and_pictures_that_trained_the_bundle_are_found(a_bundle: Bundle, a_cohort: Cohort) -> None:
    overlap = Overlap.of(a_bundle, a_cohort, Progress())
    assert list(overlap.rows) == [True, True, False, False]
    (caveat,) = overlap.caveats(a_bundle, predictions(a_cohort))
    assert caveat.level == "stop"
    assert "2 of 4 studies trained" in caveat.sentence
    assert "1 patient, 1 picture and 1 copy of a picture known to it" in caveat.sentence


def test_they_can_be_left_out_each_with_a_sentence(a_bundle: Bundle, a_cohort: Cohort) -> None:
    overlap = Overlap.of(a_bundle, a_cohort, Progress())
    rest, nothing = overlap.without(a_cohort)
    assert [row.patient_id for row in rest.rows] == ["P2", "P3"]
    assert len(overlap.sentences(a_cohort)) == 2
    (caveat,) = nothing.caveats(a_bundle, predictions(rest))
    assert caveat.level == "warn"  # the bundle learned from this site


def test_copies_with_other_pixels_under_other_names_are_found(
    a_bundle: Bundle, a_cohort: Cohort, tmp_path: Path
) -> None:
    rows = []
    for number, row in enumerate(a_cohort.rows):
        path = tmp_path / f"{number}.jpg"
        ImageOps.invert(Image.open(row.image)).resize((120, 120), Image.Resampling.NEAREST).save(path, quality=80)
        rows.append(replace(row, patient_id=f"Q{number}", images={"frontal": path}, site="elsewhere"))
    copied = Cohort(tuple(rows))
    overlap = Overlap.of(a_bundle, copied, Progress())
    assert list(overlap.rows) == [True, True, False, False]
    (caveat,) = overlap.caveats(a_bundle, predictions(copied))
    assert caveat.level == "stop"
    assert "0 patients, 0 pictures and 2 copies of pictures known to it" in caveat.sentence


def test_strangers_of_a_site_that_trained_the_bundle_are_doubted_although_it_remembers(
    a_bundle: Bundle, a_cohort: Cohort
) -> None:
    strangers = a_cohort.take([2, 3])
    (caveat,) = Overlap.of(a_bundle, strangers, Progress()).caveats(a_bundle, predictions(strangers))
    assert caveat.level == "warn"
    assert "The table has studies of nih" in caveat.sentence
    assert "No patient, no picture and no copy in the table trained" in caveat.sentence
    elsewhere = Cohort(tuple(replace(row, site="elsewhere") for row in strangers.rows))
    (caveat,) = Overlap.of(a_bundle, elsewhere, Progress()).caveats(a_bundle, predictions(elsewhere))
    assert caveat.level == "info"


def test_where_films_of_strangers_look_like_copies_none_are_remembered() -> None:
    alike = [perceptual_hashes(chest_radiograph(120, 110, seed=1))] * 3
    assert not training_digest.make_digest(["a", "b", "c"], [], alike).knows_copies
    assert training_digest.make_digest(["a", "a", "a"], [], alike).knows_copies


def test_a_table_of_nothing_but_training_studies_is_refused(a_bundle: Bundle, a_cohort: Cohort) -> None:
    known = a_cohort.take([0, 1])
    with pytest.raises(InputError, match="nothing left to evaluate"):
        Overlap.of(a_bundle, known, Progress()).without(known)


@pytest.mark.parametrize(("site", "level"), [("nih", "stop"), ("elsewhere", "warn")])
def test_a_bundle_that_does_not_remember_is_doubted_and_more_so_where_it_names_the_site(
    a_bundle: Bundle, a_cohort: Cohort, site: str, level: str
) -> None:
    forgetful = replace(
        a_bundle, files={path: h for path, h in a_bundle.files.items() if training_digest.FILE not in path}
    )
    cohort = Cohort(tuple(replace(row, site=site) for row in a_cohort.rows))
    (caveat,) = Overlap.of(forgetful, cohort, Progress()).caveats(forgetful, predictions(cohort))
    assert caveat.level == level
    assert "does not say which patients" in caveat.sentence


def test_damaged_memory_is_refused(a_bundle: Bundle, tmp_path: Path) -> None:
    arrays = {training_digest.FILE: {"salt": np.zeros(3, np.uint8)}}
    folder = tmp_path / a_bundle.metadata.name
    metadata = replace(a_bundle.metadata, feature_statistics=None)
    damaged = write.write(folder, metadata, a_bundle.weights(), card="# Card", license_text="None", arrays=arrays)
    with pytest.raises(BundleError, match="damaged"):
        training_digest.read_digest(damaged)
