"""From a table whose findings may hold together to a bundle that reads: two are planted, each without the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.bundles.bundle import Bundle
from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.evaluation import predictions
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.learning.protocols.plan import plan
from readingroom.learning.protocols.training_protocol import TrainingProtocol, Validation
from readingroom.learning.reporting.evaluate import Options, evaluate_out_of_fold
from readingroom.learning.reporting.predict import predict
from readingroom.learning.training.train import train_bundle
from readingroom.phantoms.chest_radiograph import Opacity, chest_radiograph
from readingroom.readers.base import read
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader

LABELS = ("No finding", "Opacity", "Leads", "Opacity|Leads")


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """24 radiographs of as many patients: a quarter of each of `LABELS`."""
    folder = tmp_path_factory.mktemp("findings")
    rows = []
    for number in range(24):
        label = LABELS[number % 4]
        gray = chest_radiograph(
            170, 160, Opacity(radius=0.16, strength=1.5) if "Opacity" in label else None, seed=number
        )
        if "Leads" in label:
            gray[20:150, 30:130:10] = 1
        path = folder / f"{number}.png"
        Image.fromarray((255 * gray).astype(np.uint8)).save(path)
        rows.append(Row(f"p{number}", f"s{number}", {"frontal": path}, label=label))
    return stating(Cohort(tuple(rows)), negative=["no finding"])


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def bundle(findings: Cohort, tiny: TrainingProtocol, out: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("READINGROOM_HOME", str(tmp_path_factory.getbasetemp() / "home"))
        return train_bundle(findings, tiny, out, "findings", mode="frozen", device="cpu", resamples=50)


@pytest.fixture(scope="module")
def said(bundle: Bundle, out: Path) -> Predictions:
    return predictions.read(out / "findings-predictions.csv")


def test_each_finding_is_an_output_of_its_own_and_is_found_whether_or_not_the_other_is_there(
    bundle: Bundle, said: Predictions
) -> None:
    assert bundle.metadata.multilabel
    assert said.classes == tuple(label.name for label in bundle.metadata.labels) == ("leads", "opacity")
    assert said.truth.tolist() == [[n % 4 >= 2, n % 2 == 1] for n in range(24)]
    assert len(np.unique(said.folds)) == 3
    for finding in said.findings:
        for other in (True, False):
            beside = said.take(said.present(next(name for name in said.classes if name != finding)) == other)
            scores, present = beside.scores(finding)[0], beside.present(finding)
            assert (scores[present][:, None] > scores[~present]).mean() > 0.8


def test_every_finding_is_calibrated_and_has_thresholds_of_its_own(bundle: Bundle) -> None:
    metadata = bundle.metadata
    assert metadata.calibration is not None
    assert set(metadata.calibration.platt) == {"leads", "opacity"}
    assert {point.finding for point in metadata.operating_points} == {"leads", "opacity"}
    assert metadata.training.counts == {"leads": 12, "opacity": 12}
    for part in ("Leads, opacity", "several or none", "present and absent", "No simpler models"):
        assert part in bundle.card


def test_the_reader_gives_each_finding_its_calibrated_probability(
    bundle: Bundle, said: Predictions, findings: Cohort, tmp_path: Path
) -> None:
    reading = read(
        find_reader("chest-xray"),
        open_study(find_reader("chest-xray"), {"frontal": findings.rows[3].image}),
        bundle,
        tmp_path,
        "cpu",
        force=True,
    )
    assert [finding.title for finding in reading.findings] == ["Leads", "Opacity"]
    assert all(finding.probability > 0.5 and finding.interval is not None for finding in reading.findings)
    assert [sets.finding for sets in reading.prediction_sets] == ["leads", "opacity"]


def test_what_the_training_wrote_and_the_table_itself_can_be_evaluated(
    bundle: Bundle, said: Predictions, findings: Cohort, out: Path
) -> None:
    options = Options(resamples=50, device="cpu")
    table = out / "findings-predictions.csv"
    found = evaluate_out_of_fold(bundle, said, table, options, findings)
    assert found.evaluation.metrics["auc"].value == pytest.approx(bundle.metadata.metrics["auc"].value)
    truth = predict(bundle, findings, device="cpu").predictions.truth
    assert truth.tolist() == said.truth.tolist()  # a label that means none is no label of the bundle


def test_a_fine_tuned_network_learns_the_findings_with_the_binary_loss(
    findings: Cohort, tiny: TrainingProtocol, tmp_path: Path
) -> None:
    protocol = replace(
        tiny, loss="binary", balance="weights", validation=Validation("hold-out", hold_out=0.34, inner=0.3)
    )
    made = train_bundle(findings, protocol, tmp_path, "tuned", mode="fine-tune", device="cpu", resamples=50)
    said = predictions.read(tmp_path / "tuned-predictions.csv")
    again = predict(made, findings, device="cpu").predictions
    place = {study: number for number, study in enumerate(again.study_ids)}
    rows = [place[study] for study in said.study_ids]
    assert said.truth.shape == (len(rows), 2)
    assert np.allclose(again.logits[0, rows], said.logits[0], rtol=0.01, atol=0.02)  # kernels are in half precision


def test_a_loss_for_exclusive_classes_is_refused_for_findings_that_hold_together(
    findings: Cohort, tiny: TrainingProtocol, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="'cross-entropy' does not fit"):
        train_bundle(findings, tiny, tmp_path, "tuned", mode="fine-tune", device="cpu")


def test_the_plan_counts_findings(findings: Cohort, tiny: TrainingProtocol) -> None:
    text = plan(replace(tiny, networks=("mobilenetv2_100",)), findings)
    assert "with 2 outputs" in text
