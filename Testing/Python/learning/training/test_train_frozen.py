"""From a table to a bundle that reads, with heads on frozen features."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.bundles.bundle import Bundle
from readingroom.errors import CancelledError, InputError, OutputError
from readingroom.imaging.open import open_image
from readingroom.imaging.preprocessing import prepare
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.learning.cohorts.cohort import Cohort
from readingroom.learning.evaluation import predictions
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.learning.protocols.training_protocol import TrainingProtocol
from readingroom.learning.training import training_digest
from readingroom.learning.training.description import ages
from readingroom.learning.training.feature_cache import FrozenNetwork
from readingroom.learning.training.train import train_bundle
from readingroom.learning.training.training_run import BundleDescription
from readingroom.progress import Progress
from readingroom.readers.base import read
from readingroom.readers.network import load_network
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("frozen")


@pytest.fixture(scope="module")
def bundle(phantoms: Cohort, tiny: TrainingProtocol, out: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("READINGROOM_HOME", str(tmp_path_factory.getbasetemp() / "home"))
        description = BundleDescription(title="Opacities on phantoms", demonstration=True)
        audit = ("The class follows the site.",)
        return train_bundle(
            phantoms,
            tiny,
            out,
            "opacities",
            mode="frozen",
            device="cpu",
            description=description,
            audit=audit,
            resamples=100,
        )


@pytest.fixture(scope="module")
def said(bundle: Bundle, out: Path) -> Predictions:
    return predictions.read(out / "opacities-predictions.csv")


def test_the_ages_of_a_bundle_are_those_of_nearly_all_patients_of_its_table(phantoms: Cohort) -> None:
    first = phantoms.rows[0]
    adults = [replace(first, study_id=str(number), age=20 + number % 60) for number in range(200)]
    assert ages(replace(phantoms, rows=(replace(first, age=4.0), *adults))) == (20.0, 79.0)
    assert ages(replace(phantoms, rows=(adults[0], *[replace(first, age=None)] * 2))) is None


def test_the_bundle_reads_a_radiograph_and_shows_a_map(bundle: Bundle, phantoms: Cohort, tmp_path: Path) -> None:
    study = open_study(find_reader("chest-xray"), {"frontal": phantoms.rows[3].image})
    reading = read(find_reader("chest-xray"), study, bundle, tmp_path, "cpu", force=True)
    assert [finding.title for finding in reading.findings] == ["Opacity, large", "Normal"]
    assert reading.findings[0].interval is not None
    assert reading.heat_maps[0].finding == "opacity-large"
    assert (tmp_path / reading.heat_maps[0].path).is_file()
    assert reading.bundle.demonstration
    assert any(check.name == "distance" for check in reading.checks)


def test_each_study_was_predicted_by_a_network_new_to_its_patient(said: Predictions, phantoms: Cohort) -> None:
    assert said.classes == ("opacity-large", "normal")
    assert said.positive == "opacity-large"
    assert said.study_ids.tolist() == [row.study_id for row in phantoms.rows]
    assert len(np.unique(said.folds)) == 3  # and Predictions refuses a patient in two folds
    truth = [said.classes[number] for number in said.truth]
    assert truth == ["normal" if row.label == "normal" else "opacity-large" for row in phantoms.rows]


def test_an_opacity_that_is_there_is_found(said: Predictions, bundle: Bundle) -> None:
    assert bundle.metadata.metrics["auc"].value > 0.8


def test_card_and_metadata_say_what_the_run_knows(bundle: Bundle) -> None:
    metadata = bundle.metadata
    assert metadata.training.images == 24
    assert metadata.training.patients == 12
    assert metadata.training.counts == {"opacity-large": 12, "normal": 12}
    assert metadata.calibration is not None
    assert metadata.calibration.n == 24
    assert metadata.feature_statistics is not None
    assert metadata.warnings[0] == "The class follows the site."
    assert any(warning.startswith("Exploratory") for warning in metadata.warnings)
    for part in ("Demonstration only", "fewer than 30 patients", "3 folds by patient", "32 x 32 pixels", "normal"):
        assert part in bundle.card
    assert f"{metadata.metrics['auc'].value:.3f}" in bundle.card


def test_the_bundle_remembers_who_trained_it(bundle: Bundle) -> None:
    digest = training_digest.read_digest(bundle)
    assert digest is not None
    assert digest.patients_among(["p0", "somebody else"]).tolist() == [True, False]


def test_features_are_those_of_the_bundle_s_own_network(bundle: Bundle, phantoms: Cohort, out: Path) -> None:
    """Kernels are stored in half precision; the features were computed with what is stored."""
    import safetensors.numpy

    gray = load_radiograph(open_image(phantoms.rows[0].image, "frontal").image).gray
    pixels = torch.from_numpy(prepare(gray, bundle.metadata.preprocessing).pixels[None])
    found = FrozenNetwork("mobilenetv2_100", load_network(bundle), "classifier").features(pixels).numpy()
    kept = [safetensors.numpy.load_file(path)["features"] for path in (out / "features").rglob("*.safetensors")]
    assert len(kept) == 24
    assert min(np.abs(found - features).max() for features in kept) < 1e-4


def test_a_second_run_computes_nothing_again_and_makes_the_same_bundle(
    bundle: Bundle, phantoms: Cohort, tiny: TrainingProtocol, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("it was computed before")

    monkeypatch.setattr(FrozenNetwork, "features", refuse)
    monkeypatch.setattr("readingroom.learning.training.heads.linear.LinearHead.fit", refuse)
    description = BundleDescription(title="Opacities on phantoms", demonstration=True)
    audit = ("The class follows the site.",)
    again = train_bundle(
        phantoms,
        tiny,
        out,
        "opacities",
        mode="frozen",
        device="cpu",
        description=description,
        audit=audit,
        resamples=100,
    )
    assert again.sha256 == bundle.sha256


def test_the_network_that_was_evaluated_on_a_stated_split_is_the_one_that_ships(
    phantoms: Cohort, tiny: TrainingProtocol, out: Path
) -> None:
    parts = ["test" if number < 8 else "train" for number in range(24)]
    rows = tuple(replace(row, split=part) for row, part in zip(phantoms.rows, parts, strict=True))  # type: ignore[arg-type]
    made = train_bundle(replace(phantoms, rows=rows), tiny, out, "stated", mode="frozen", device="cpu", resamples=100)
    said = predictions.read(out / "stated-predictions.csv")
    assert said.study_ids.tolist() == [f"s{number}" for number in range(8)]
    network = load_network(made)
    for number in range(8):
        gray = load_radiograph(open_image(rows[number].image, "frontal").image).gray
        with torch.inference_mode():
            logits = network(torch.from_numpy(prepare(gray, made.metadata.preprocessing).pixels[None]))[0]
        assert np.allclose(logits.numpy(), said.logits[0, number], atol=0.02)  # the head is stored in half precision


def test_a_bundle_of_another_network_is_not_replaced_unless_asked(
    bundle: Bundle, phantoms: Cohort, tiny: TrainingProtocol, out: Path
) -> None:
    other = replace(tiny, networks=("resnet18",))
    with pytest.raises(OutputError, match=r"made with 'mobilenetv2_100', not with 'resnet18': .* --replace"):
        train_bundle(phantoms, other, out, "opacities", mode="frozen", device="cpu")
    assert (bundle.folder / "LICENSE").is_file()


def test_a_canceled_run_keeps_what_is_finished(phantoms: Cohort, tiny: TrainingProtocol, tmp_path: Path) -> None:
    asked: list[str] = []
    progress = Progress(lambda _, sentence: asked.append(sentence), lambda: any("fold 2" in s for s in asked))
    with pytest.raises(CancelledError):
        train_bundle(phantoms, tiny, tmp_path, "broken", mode="frozen", device="cpu", progress=progress)
    assert len(list((tmp_path / "broken-work").rglob("head.safetensors"))) >= 1
    assert not (tmp_path / "broken").exists()


def test_what_cannot_be_read_or_shown_is_refused_before_anything_is_computed(
    phantoms: Cohort, tiny: TrainingProtocol, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no maps of features"):
        train_bundle(phantoms, tiny, tmp_path, "vit", network="vit_base_patch16_224", mode="frozen")
    with pytest.raises(InputError, match="takes pictures of 3 channels"):
        train_bundle(phantoms, replace(tiny, input=replace(tiny.input, channels=1)), tmp_path, "gray", mode="frozen")
    with pytest.raises(InputError, match="not a plain name"):
        train_bundle(phantoms, tiny, tmp_path, "Not plain", mode="frozen")
    with pytest.raises(InputError, match="on one device"):
        train_bundle(phantoms, tiny, tmp_path, "two", mode="frozen", devices=2)
    (tmp_path / "films").mkdir()
    with pytest.raises(OutputError, match="films holds something that is no bundle"):
        train_bundle(phantoms, tiny, tmp_path, "films", mode="frozen")
    assert not (tmp_path / "films-work").exists()
    survival = replace(phantoms.rows[0], label=None, time=3.0, event=True)
    with pytest.raises(InputError, match="the head 'linear' learns classes"):
        train_bundle(Cohort((survival, *phantoms.rows[1:])), tiny, tmp_path, "survival", mode="frozen")
