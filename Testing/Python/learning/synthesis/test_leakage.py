"""The gain that a paper reports comes out of synthetic rows among those evaluated; here there is no way to do that.

Paper 002 puts 1,000 pictures of a generator that had seen every positive into its validation folds. The numbers are in
``oracles/forensics/paper002_leakage.json``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from readingroom.cli import REFUSED, main
from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Cohort, write_cohort
from readingroom.learning.cohorts.hashes import fingerprints
from readingroom.learning.cohorts.splits import LeakageError, Split, checked
from readingroom.learning.protocols.training_protocol import TrainingProtocol
from readingroom.learning.synthesis.sample_file import read_sample
from readingroom.learning.synthesis.synthesize import Made
from readingroom.learning.synthesis.synthetic_table import with_synthetic
from readingroom.learning.training.train import train_bundle
from readingroom.metrics.auc import aucs
from readingroom.records import to_json


def auc_of(truth: np.ndarray, scores: np.ndarray) -> float:
    return float(aucs(truth[:, None].astype(bool), scores[:, None, None])[0, 0])


def leaked(truth: np.ndarray, scores: np.ndarray, synthetic: int) -> tuple[np.ndarray, np.ndarray]:
    """The private door: made positives, which their network knows at sight, among the rows that are evaluated."""
    return np.append(truth, np.ones(synthetic)), np.append(scores, np.full(synthetic, scores.max() + 1))


def test_leaked_rows_alone_give_the_gain_that_the_paper_reports(shared: Path) -> None:
    found = json.loads((shared / "oracles" / "forensics" / "paper002_leakage.json").read_text("utf-8"))
    real, made = found["n_real_pos_images"], found["n_synth"]
    random, apart = np.random.default_rng(0), []
    for row in found["rows"]:
        # Positives and negatives of two normal distributions, so far apart that their AUC is that without leakage.
        truth = np.append(np.ones(real), np.zeros(4 * real))
        shift = np.interp(row["auc_stage2"], *_auc_of_shift())
        scores = random.normal(size=truth.size) + shift * truth
        honest = auc_of(truth, scores)
        cheated = auc_of(*leaked(truth, scores, made))
        assert cheated == pytest.approx((real * honest + made) / (real + made))
        apart.append(cheated - honest + row["auc_stage2"] - row["auc_stage3_reported"])
    assert np.abs(apart).mean() < 0.02  # of gains of 0.11 to 0.18
    assert np.abs(apart).max() < 0.05


def _auc_of_shift() -> tuple[np.ndarray, np.ndarray]:
    """AUCs and the shifts that give them."""
    shifts = np.linspace(0, 2, 200)
    return norm.cdf(shifts / np.sqrt(2)), shifts


def test_a_network_that_learned_made_pictures_gains_on_made_ones_and_nothing_on_real_ones(
    breasts: Cohort, made_by_gan: tuple[Made, ...]
) -> None:
    """The same through a real classifier: pixels of noise as 'cancer', with labels of real films that mean nothing."""
    random = np.random.default_rng(1)
    real, labels = random.normal(0.4, 0.1, (120, 64)), random.permutation(np.repeat([0, 1], 60))
    pictures = np.stack([read_sample(row.image)[::8, ::8].ravel() for each in made_by_gan for row in each.rows])
    train, test = np.arange(60), np.arange(60, 120)
    half = len(pictures) // 2
    network = LogisticRegression(max_iter=500).fit(
        np.concatenate([real[train], pictures[:half]]), np.append(labels[train], np.ones(half))
    )
    honest = auc_of(labels[test], network.decision_function(real[test]))
    cheated = auc_of(
        np.append(labels[test], np.ones(len(pictures) - half)),
        network.decision_function(np.concatenate([real[test], pictures[half:]])),
    )
    assert honest < 0.65
    assert cheated > honest + 0.05


@pytest.fixture
def real_and_made(breasts: Cohort, folder: Path, quick: TrainingProtocol) -> Cohort:
    return with_synthetic(breasts, folder, quick)


def parts_of(cohort: Cohort, part: str, put: np.ndarray) -> Split:
    """All real rows train, but for those of the last four women; ``put`` rows go into a part."""
    women = cohort.patients
    held_out = np.isin(women, ["w08", "w09", "w10", "w11"])
    parts = {"train": ~held_out & ~cohort.synthetic, "validation": np.isin(women, ["w08", "w09"]),
             "test": np.isin(women, ["w10", "w11"])}  # fmt: skip
    parts[part] = parts[part] | put
    return Split(*(np.flatnonzero(rows) for rows in parts.values()), "mine")


@pytest.mark.parametrize("part", ["validation", "test"])
def test_no_made_picture_can_be_put_where_a_network_is_chosen_or_tested(part: str, real_and_made: Cohort) -> None:
    hashes = fingerprints([row.image for row in real_and_made.rows]).pixel_hashes
    with pytest.raises(LeakageError, match="outside training"):
        checked(real_and_made, parts_of(real_and_made, part, real_and_made.synthetic), hashes)


def test_no_picture_can_train_whose_generator_saw_what_is_tested(real_and_made: Cohort) -> None:
    hashes = fingerprints([row.image for row in real_and_made.rows]).pixel_hashes
    with pytest.raises(LeakageError, match="its generator learned from studies that do not train there"):
        checked(real_and_made, parts_of(real_and_made, "train", real_and_made.synthetic), hashes)


def test_one_generator_of_all_positives_is_refused_by_training_in_one_sentence(
    breasts: Cohort, quick: TrainingProtocol, made_by_gan: tuple[Made, ...], table: Path, tmp_path: Path, capsys
) -> None:
    """As the paper did it: the pictures of the generator of the final model, which saw every fold."""
    final = made_by_gan[-1]
    write_cohort(tmp_path / "synthetic.csv", final.rows)
    cohort = with_synthetic(breasts, tmp_path, quick)
    with pytest.raises(LeakageError, match="may train 'fold 1 of 2': each generator learned from a study"):
        train_bundle(cohort, quick, tmp_path, "cheated", mode="frozen", device="cpu", resamples=20)
    assert not (tmp_path / "cheated").exists()
    (tmp_path / "quick.json").write_text(json.dumps(to_json(quick)), encoding="utf-8")
    command = ["train", "mammo-screen", "--cohort", str(table), "--positive", "cancer", "--mode", "frozen"]
    command += ["--protocol", str(tmp_path / "quick.json"), "--synthetic", str(tmp_path), "--out", str(tmp_path / "o")]
    assert main(command) == REFUSED
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("readingroom: None of 8 synthetic studies may train 'fold 1 of 2'")
    assert "Traceback" not in said


def test_a_synthetic_row_of_an_unknown_generator_trains_nothing(
    breasts: Cohort, quick: TrainingProtocol, tmp_path: Path
) -> None:
    stranger = replace(breasts.rows[2], patient_id="made", study_id="made", origin="synthetic")
    cohort = replace(breasts, rows=(*breasts.rows, stranger))
    with pytest.raises(InputError, match="does not say what its generator learned from"):
        train_bundle(cohort, quick, tmp_path, "unknown", mode="frozen", device="cpu", resamples=20)
