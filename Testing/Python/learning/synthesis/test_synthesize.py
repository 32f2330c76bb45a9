"""From a table of breasts to synthetic pictures for each fold, and to a bundle that says what they were worth."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from readingroom.cli import REFUSED, main
from readingroom.errors import CancelledError, InputError
from readingroom.learning.cohorts.cohort import Cohort, read_cohort
from readingroom.learning.cohorts.generator_record import read_record, row_digest
from readingroom.learning.cohorts.hashes import fingerprints
from readingroom.learning.evaluation import predictions
from readingroom.learning.protocols.training_protocol import TrainingProtocol, Validation, load_protocol
from readingroom.learning.synthesis.sample_file import read_sample
from readingroom.learning.synthesis.synthesize import PAGE, SHEET, Made, synthesize
from readingroom.learning.synthesis.synthetic_table import RECORD, TABLE, with_synthetic
from readingroom.learning.training.cross_validation import plan_cross_validation
from readingroom.learning.training.picture_store import prepared
from readingroom.learning.training.train import train_bundle
from readingroom.progress import Progress
from readingroom.records import to_json


def test_each_generator_learned_from_the_positives_of_its_split_s_training_part_alone(
    breasts: Cohort, quick: TrainingProtocol, made_by_gan: tuple[Made, ...]
) -> None:
    hashes = fingerprints([row.image for row in breasts.rows]).pixel_hashes
    planned = plan_cross_validation(breasts, quick, hashes)
    splits = [*planned.repeats[0], planned.final]
    assert [each.record.split for each in made_by_gan] == [split.name for split in splits]
    for each, split in zip(made_by_gan, splits, strict=True):
        positives = [row for row in split.train if breasts.rows[row].label == "cancer"]
        assert set(each.record.learned_from) == {row_digest(breasts.rows[row], hashes[row]) for row in positives}
        assert each.quality.learned.pictures == 2 * len(positives)  # two views each


def test_what_is_written_is_a_table_of_synthetic_studies_with_all_that_says_where_they_come_from(
    folder: Path, made_by_gan: tuple[Made, ...]
) -> None:
    rows = read_cohort(folder / TABLE).rows
    assert len(rows) == sum(len(each.rows) for each in made_by_gan) == sum(each.quality.made for each in made_by_gan)
    for row in rows:
        assert (row.origin, row.label, row.patient_id[:10]) == ("synthetic", "cancer", "SYNTHETIC-")
        assert pydicom.dcmread(row.image).SyntheticData == "YES"
        assert row.generator == row.image.parent / RECORD
    assert len({row.patient_id for row in rows}) == len(rows)
    page = (folder / PAGE).read_text("utf-8")
    assert "No patient was imaged" in page
    assert page.count("<figure>") == len(made_by_gan)
    for each in made_by_gan:
        assert read_record(each.folder / RECORD) == each.record
        with Image.open(each.folder / SHEET) as sheet:
            assert sheet.size[1] > 400
        kept = json.loads((each.folder / "quality.json").read_text("utf-8"))
        assert kept["frechet"] == pytest.approx(each.quality.frechet)
        assert "chest radiographs" in kept["features"]


def test_no_identifier_of_a_patient_is_in_what_is_written(folder: Path, breasts: Cohort) -> None:
    for path in folder.rglob("*"):
        if path.suffix in (".json", ".html", ".csv", ".dcm"):
            content = path.read_bytes()
            assert not any(f'"{row.patient_id}"'.encode() in content for row in breasts.rows), path


def test_how_far_a_patient_lies_is_asked_of_real_studies_alone(
    breasts: Cohort, quick: TrainingProtocol, folder: Path, tmp_path: Path
) -> None:
    made = train_bundle(with_synthetic(breasts, folder, quick), quick, tmp_path, "b", mode="frozen", device="cpu",
                        resamples=0)  # fmt: skip
    assert made.metadata.feature_statistics is not None
    assert made.metadata.feature_statistics.n == 2 * len(breasts)


def test_a_training_reads_the_picture_as_it_was_made_without_its_mark(folder: Path, quick: TrainingProtocol) -> None:
    row = read_cohort(folder / TABLE).rows[0]
    assert np.array_equal(prepared(row, quick.input), read_sample(row.image))


def test_a_bundle_says_what_it_is_worth_with_and_without_on_the_same_real_studies(
    breasts: Cohort, quick: TrainingProtocol, folder: Path, tmp_path: Path
) -> None:
    cohort = with_synthetic(breasts, folder, quick)
    made = train_bundle(cohort, quick, tmp_path, "both", mode="frozen", device="cpu", resamples=50)
    said = predictions.read(tmp_path / "both-predictions.csv")
    assert set(said.patients) == set(breasts.patients)
    card = made.card
    assert "With and without synthetic studies" in card
    assert made.metadata.training.synthetic_images == 8  # those of the final model's own generator
    alone = train_bundle(breasts, quick, tmp_path, "alone", mode="frozen", device="cpu", resamples=50)
    without = f"from {alone.metadata.metrics['auc'].value:.3f} without them"
    assert any(without in warning for warning in made.metadata.warnings), (without, made.metadata.warnings)
    assert "synthetic" not in alone.card.lower().split("## flaws")[0]


@pytest.mark.slow
def test_fine_tuning_learns_from_what_latent_diffusion_made_where_the_table_states_its_split(
    breasts: Cohort, quick: TrainingProtocol, tmp_path: Path
) -> None:
    part = {f"w{n:02}": "test" if n >= 8 else "train" for n in range(12)}
    cohort = replace(breasts, rows=tuple(replace(row, split=part[row.patient_id]) for row in breasts.rows))
    made = synthesize(cohort, quick, tmp_path / "made", "diffusion", "trial", 6, "cpu")
    assert [each.record.split for each in made] == ["as stated"]
    both = with_synthetic(cohort, tmp_path / "made", quick)
    bundle = train_bundle(both, quick, tmp_path, "tuned", device="cpu", resamples=20)
    assert bundle.metadata.training.synthetic_images == 6
    assert "With and without synthetic studies" in bundle.card


@pytest.mark.slow
def test_a_run_that_is_canceled_keeps_what_is_finished_and_writes_no_table(
    breasts: Cohort, quick: TrainingProtocol, tmp_path: Path
) -> None:
    said: list[str] = []
    canceled = Progress(lambda _, sentence: said.append(sentence), lambda: any("fold 2" in each for each in said))
    with pytest.raises(CancelledError):
        synthesize(breasts, quick, tmp_path, "gan", "trial", device="cpu", progress=canceled)
    assert (tmp_path / "fold-1-of-2" / RECORD).is_file()
    assert not (tmp_path / TABLE).exists()
    said.clear()
    synthesize(breasts, quick, tmp_path, "gan", "trial", device="cpu", progress=Progress(lambda _, s: said.append(s)))
    assert sum("step 1 of" in sentence for sentence in said) == 1  # the final model's


def test_the_command_makes_them_and_the_training_takes_them(
    table: Path, quick: TrainingProtocol, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hold_out = replace(quick, validation=Validation("hold-out", hold_out=0.34, inner=0.3))
    (tmp_path / "quick.json").write_text(json.dumps(to_json(hold_out)), encoding="utf-8")
    asked = ["mammo-screen", "--cohort", str(table), "--positive", "cancer", "--protocol", str(tmp_path / "quick.json")]
    made = ["--out", str(tmp_path / "made"), "--generator", "gan", "--preset", "trial", "--pictures", "5"]
    assert main(["synthesize", *asked, *made, "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert "hold-out: made 5; learned from" in said
    assert "Fréchet" in said
    trained_with = ["--synthetic", str(tmp_path / "made"), "--out", str(tmp_path / "out"), "--mode", "frozen"]
    assert main(["train", *asked, *trained_with, "--dry-run"]) == 0
    assert "5 of them synthetic" in capsys.readouterr().out
    assert main(["train", *asked, *trained_with, "--device", "cpu"]) == 0
    assert "With and without" in (tmp_path / "out" / "mammo-screen-cohort" / "docs" / "README.md").read_text("utf-8")
    assert main(["train", *asked, "--synthetic", str(tmp_path / "nothing"), "--out", str(tmp_path / "o")]) == REFUSED
    assert "synthetic.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"protocol": "lung-survival"}, "reads slices; generators make pictures"),
        ({"label": "cancer"}, "training needs two labels"),
        ({"count": 0}, "0 pictures of each generator cannot be made"),
        ({"origin": "synthetic"}, "The table holds synthetic studies"),
        ({"women": 6}, "4 pictures or more"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence(
    change: dict, words: str, breasts: Cohort, quick: TrainingProtocol, tmp_path: Path
) -> None:
    cohort, protocol = breasts, quick
    if "protocol" in change:
        protocol = load_protocol(change["protocol"])
    if "women" in change:
        cohort = cohort.take(cohort.patients < f"w{change['women']:02}")
    fields = {name: change[name] for name in ("label", "origin") if name in change}
    cohort = replace(cohort, rows=tuple(replace(row, **fields) for row in cohort.rows))
    with pytest.raises(InputError, match=words):
        synthesize(cohort, protocol, tmp_path, "gan", "trial", change.get("count"), "cpu")


def test_pictures_that_were_made_for_another_input_are_refused(
    breasts: Cohort, quick: TrainingProtocol, folder: Path
) -> None:
    other = replace(quick, input=replace(quick.input, organ_crop=False))
    with pytest.raises(InputError, match="made for another input"):
        with_synthetic(breasts, folder, other)
    larger = replace(quick, input=replace(quick.input, size=(128, 128)))
    assert with_synthetic(breasts, folder, larger).synthetic.any()
    benign = replace(breasts, rows=tuple(replace(row, label="x") for row in breasts.rows))
    with pytest.raises(InputError, match="made 'cancer', which no study of the table has"):
        with_synthetic(benign, folder, quick)
