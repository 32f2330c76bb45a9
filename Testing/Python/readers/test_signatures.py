"""A signature beside the network: trained on lungs of phantoms by the product's commands, and asked during a read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import pasc_fibrosis_cases as cases
from readingroom.bundles import store
from readingroom.bundles import write as bundle_files
from readingroom.bundles.bundle import Bundle, load
from readingroom.cli import main
from readingroom.errors import CancelledError
from readingroom.imaging.volume import load_volume
from readingroom.phantoms.fibrosis_ct import FibrosisCT
from readingroom.progress import Progress
from readingroom.readers.answer import Answer
from readingroom.readers.base import ReadContext
from readingroom.readers.signatures import with_signatures
from readingroom.reading import Finding, OperatingPoint, Reading

pytest.importorskip("sklearn", reason="needs the extra [train]")

NAME = "lungs-lasso"
SETTINGS = """
imageType: {Original: {}}
featureClass: {firstorder: [Mean, 90Percentile, Kurtosis], shape: [VoxelVolume], glcm: [Contrast]}
setting: {binWidth: 40, resampledPixelSpacing: [4, 4, 10]}
"""


def lungs(made: FibrosisCT) -> np.ndarray:
    return made.right_lung | made.left_lung


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features of the lungs of 24 phantoms, half of them with fibrosis, as ``readingroom radiomics`` writes them."""
    folder = tmp_path_factory.mktemp("cohort")
    rows = ["patient_id,image_ct,mask_lungs,fibrosis"]
    for seed in range(24):
        made = cases.phantom(seed, 250.0 + 20 * seed if seed % 2 else 0.0)
        cases.write_nrrd(folder / f"ct-{seed}.nrrd", made.pixels)
        cases.write_nrrd(folder / f"lungs-{seed}.nrrd", lungs(made))
        rows.append(f"p{seed},ct-{seed}.nrrd,lungs-{seed}.nrrd,{seed % 2}")
    (folder / "cohort.csv").write_text("\n".join(rows) + "\n")
    (folder / "settings.yaml").write_text(SETTINGS)
    arguments = ["--cohort", str(folder / "cohort.csv"), "--settings", str(folder / "settings.yaml")]
    assert main(["radiomics", *arguments, "--out", str(folder / "table.csv"), "--processes", "1"]) == 0
    return folder / "table.csv"


@pytest.fixture(scope="module")
def signature(table: Path) -> Bundle:
    arguments = ["--outcome", "fibrosis", "--settings", str(table.parent / "settings.yaml"), "--image-unit", "HU"]
    out = table.parent / NAME
    assert main(["signature", "train", str(table), "--title", "Lasting change", "--out", str(out), *arguments]) == 0
    return load(out)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chest with fibrosis that trained nothing, and its lungs."""
    folder, made = tmp_path_factory.mktemp("ct"), cases.phantom(99, 600.0)
    cases.write_nrrd(folder / "ct.nrrd", made.pixels)
    cases.write_nrrd(folder / "lungs.nrrd", lungs(made))
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of bundles without any."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    return tmp_path


def install(source: Bundle, folder: Path, **changes: object) -> None:
    """Put the signature, with changed metadata, into the user's store."""
    metadata = replace(source.metadata, **changes)
    arrays = {"cohort": source.arrays("cohort")}
    bundle_files.write(
        folder / metadata.name, metadata, source.arrays("model"), card="# Card\n", license_text="None\n", arrays=arrays
    )
    store.install(folder / metadata.name)


def ask(files: Path, bundle: Bundle, positive: bool | None = True, progress: Progress | None = None, **volume: object):
    """What installed signatures add to the answer of a network, and to its context."""
    points = () if positive is None else (OperatingPoint("fibrosis", "balanced", 0.7 if positive else 0.9),)
    finding = Finding("fibrosis", "Lasting fibrotic change", 0.8, None, positive, points, "balanced" if points else "")
    context = ReadContext(bundle, torch.device("cpu"), progress or Progress())
    voxels = load_volume(files / "lungs.nrrd").voxels > 0
    regions = {"lungs": voxels, "right-lung": voxels}
    ct = replace(load_volume(files / "ct.nrrd"), **volume)
    return with_signatures(Answer(findings=(finding,)), "fibrosis", "ct", ct, regions, context), context


def test_a_read_says_what_the_commands_say_of_the_same_files(signature, files, home, monkeypatch) -> None:
    monkeypatch.setattr("readingroom.readers.pasc_fibrosis._deletion_curve", lambda details, context: None)
    monkeypatch.setattr(
        "readingroom.readers.pasc_fibrosis_answer.without_each_zone", lambda case, prediction, answer, context: answer
    )
    store.install(signature.folder)
    network, early = cases.write_bundle(home / "gray", cases.gray_network()), list[Reading]()
    masks = {"lungs": files / "lungs.nrrd"}
    reading = cases.read(network, home / "out", files / "ct.nrrd", masks, on_answer=early.append)
    features, score = home / "features.csv", home / "score.json"
    paths = [str(files / "ct.nrrd"), str(files / "lungs.nrrd")]
    settings = ["--settings", str(signature.folder.parent / "settings.yaml")]
    assert main(["radiomics", *paths, "--out", str(features), *settings]) == 0
    assert main(["signature", "apply", NAME, str(features), "--out", str(score)]) == 0
    probability = json.loads(score.read_text())["probability"]
    found = next(one for one in reading.measurements if one.name == f"signature-{NAME}")
    assert (found.title, found.unit, found.image) == (f"Lasting change by the signature '{NAME}'", "%", "ct")
    assert found.value == pytest.approx(100 * probability["value"])
    assert found.interval.low == pytest.approx(100 * probability["interval"]["low"])
    assert reading.provenance.settings["signatures"] == {NAME: signature.sha256}
    assert any(check.name == f"signature {NAME}" for check in reading.checks)
    # It takes longer than the answer, which is there before it.
    assert "signatures beside the network" in early[0].pending
    assert not any(one.name.startswith("signature") for one in (*early[0].measurements, *early[0].checks))


def test_a_signature_remembers_the_region_of_its_table(signature) -> None:
    assert signature.metadata.region == "lungs"
    assert "of the region `lungs`" in (signature.folder / "docs" / "README.md").read_text("utf-8")


@pytest.mark.parametrize(("positive", "word", "status"), [(True, "agrees", "pass"), (False, "disagrees", "warn")])
def test_agreement_and_disagreement_are_said_with_both_thresholds(
    signature, files, home, positive, word, status
) -> None:
    store.install(signature.folder)
    answer, context = ask(files, signature, positive)
    (check,) = context.checks
    own = f"{answer.measurements[0].value:.0f} % (at or above its threshold 'balanced', "
    side = "at or above its threshold 'balanced', 70 %" if positive else "below its threshold 'balanced', 90 %"
    start = f"The signature '{NAME}' {word} with the network: Lasting fibrotic change has 80 % ({side}) by the network"
    assert check.sentence.startswith(f"{start} and {own}")
    assert check.status == status


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"region": "tumor"}, "Its region is 'tumor'; there is 'lungs', 'right-lung' here."),
        ({"settings": {"setting": {"minimumROISize": 1_000_000_000}}}, "voxels"),
        ({"calibration": None}, "is no calibrated signature"),
    ],
)
def test_a_signature_that_cannot_be_asked_is_a_note(signature, files, home, changes, sentence) -> None:
    install(signature, home, **changes)
    answer, context = ask(files, signature)
    (note,) = context.notes
    assert note.startswith(f"The signature '{NAME}' was not asked: ")
    assert sentence in note
    assert (answer.measurements, context.checks) == ((), [])


def test_where_slices_are_missing_nothing_is_measured(signature, files, home) -> None:
    store.install(signature.folder)
    answer, context = ask(files, signature, interpolated=(4,))
    assert context.notes[0].startswith(f"The signature '{NAME}' was not asked: Slices are missing")
    assert answer.measurements == ()


def test_a_signature_without_a_region_is_given_the_first_and_that_is_said(signature, files, home) -> None:
    install(signature, home, region="")
    answer, context = ask(files, signature)
    assert any(note.endswith("which region it is about; 'lungs' was measured.") for note in context.notes)
    assert answer.measurements


def test_without_a_threshold_both_are_said_and_not_compared(signature, files, home) -> None:
    store.install(signature.folder)
    answer, context = ask(files, signature, positive=None)
    assert answer.measurements
    assert context.checks == []
    assert any("have no thresholds to be compared at: Lasting fibrotic" in note for note in context.notes)


def test_a_signature_of_another_question_is_not_asked(signature, files, home) -> None:
    label = replace(signature.metadata.labels[0], name="death")
    training = replace(signature.metadata.training, counts={})
    install(
        signature, home, labels=(label,), training=training, calibration=None, operating_points=(),
        default_operating_point="",
    )  # fmt: skip
    answer, context = ask(files, signature)
    assert (answer.measurements, context.checks, context.notes) == ((), [], [])


def test_a_damaged_signature_does_not_end_the_read(signature, files, home) -> None:
    store.install(signature.folder)
    (store.user_folder() / NAME / "models" / "cohort.safetensors").write_bytes(b"none")
    answer, context = ask(files, signature)
    assert (answer.measurements, context.checks) == ((), [])


def test_a_cancel_while_a_signature_is_asked_ends_the_read(signature, files, home) -> None:
    store.install(signature.folder)
    heard: list[str] = []
    stop = Progress(lambda _, said: heard.append(said), lambda: any(one.startswith("Measuring what") for one in heard))
    with pytest.raises(CancelledError):
        ask(files, signature, progress=stop)


def test_what_must_be_known_of_the_signature_is_noted(signature, files, home) -> None:
    store.install(signature.folder)
    start = f"Signature '{NAME}': Exploratory: one of the outcomes has 12 patients"
    assert any(note.startswith(start) for note in ask(files, signature)[1].notes)
