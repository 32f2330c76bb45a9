"""From phantom mammograms, a row for each breast, to a bundle that joins its views."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import special

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.bundles.metadata import ClassifierMetadata
from readingroom.cli import main
from readingroom.errors import InputError
from readingroom.imaging.open import open_image
from readingroom.imaging.preprocessing import prepare
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.learning.cohorts.cohort import Cohort, Row, read_cohort, write_cohort
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.cohorts.label_set import label_set_of
from readingroom.learning.evaluation import predictions
from readingroom.learning.protocols.training_protocol import Kind, TrainingProtocol, Validation, load_protocol
from readingroom.learning.training.train import train_bundle
from readingroom.learning.training.views import views_of
from readingroom.phantoms.mammogram import Lesion, four_views, write_exam
from readingroom.readers.network import load_network
from readingroom.records import to_json

WOMEN = 12


@pytest.fixture(scope="session")
def breasts(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Both breasts of 12 women; every other woman has a mass on the left. The last woman's right breast has a view."""
    folder = tmp_path_factory.mktemp("breasts")
    rows = []
    for woman in range(WOMEN):
        mass = [Lesion(radius=0.2)] if woman % 2 else []
        files = write_exam(folder / str(woman), four_views(woman, left=mass, rows=96, columns=80))
        for side in ("left", "right"):
            images = {role: path for role, path in files.items() if role.startswith(side)}
            if (woman, side) == (WOMEN - 1, "right"):
                del images["right-mlo"]
            label = "cancer" if mass and side == "left" else "no cancer"
            rows.append(Row(f"w{woman:02}", f"exam, {side}", images, label=label))
    write_cohort(folder / "cohort.csv", rows)
    return stating(read_cohort(folder / "cohort.csv"), positive=["cancer"])


def tiny(kind: Kind, folds: int = 2) -> TrainingProtocol:
    full = load_protocol("mammo-screen", kind)
    return replace(
        full,
        networks=("resnet18",),
        weights="none",
        input=replace(full.input, size=(64, 32) if kind == "rigorous" else (64, 64)),
        epochs=1,
        averaging=0.0,
        batch=8,
        accumulate=1,
        validation=replace(full.validation, folds=folds, repeats=1, inner=0.3),
    )


def test_the_answer_to_a_breast_is_the_mean_of_its_views_in_both_protocols(breasts: Cohort, tmp_path: Path) -> None:
    """The published one with a part held out, which the final model itself answers."""
    protocol = replace(tiny("published"), validation=Validation("hold-out", hold_out=0.34, inner=0.3))
    made = train_bundle(breasts, protocol, tmp_path, "tuned", device="cpu", resamples=50)
    metadata = made.of_kind(ClassifierMetadata)
    assert (metadata.aggregation, metadata.labels[0].name, metadata.multilabel) == ("mean", "cancer", False)
    said = predictions.read(tmp_path / "tuned-predictions.csv")
    network = load_network(made)
    rows = {(row.patient_id, row.study_id): row for row in breasts.rows}
    for number, key in enumerate(zip(said.patients, said.study_ids, strict=True)):
        inputs = [
            prepare(load_radiograph(open_image(path, "frontal").image).gray, metadata.preprocessing).pixels
            for path in rows[key].images.values()
        ]
        with torch.inference_mode():
            views = special.softmax(network(torch.from_numpy(np.stack(inputs))).numpy(), axis=1)
        assert np.allclose(said.probabilities[0, number], views.mean(axis=0), rtol=0.02, atol=0.02)  # half precision


def test_a_network_that_weighs_its_places_answers_as_the_one_that_was_trained(breasts: Cohort, tmp_path: Path) -> None:
    protocol = replace(
        tiny("published"), networks=("tf_mobilenetv2_100_places",),
        validation=Validation("hold-out", hold_out=0.34, inner=0.3),
    )  # fmt: skip
    made = train_bundle(breasts, protocol, tmp_path, "places", device="cpu", resamples=50)
    metadata = made.of_kind(ClassifierMetadata)
    assert metadata.explanation is not None
    assert metadata.explanation.method == "cam"
    said = predictions.read(tmp_path / "places-predictions.csv")
    network = load_network(made)
    (row,) = (row for row in breasts.rows if (row.patient_id, row.study_id) == (said.patients[0], said.study_ids[0]))
    grays = [load_radiograph(open_image(path, role).image).gray for role, path in row.images.items()]
    inputs = np.stack([prepare(gray, metadata.preprocessing).pixels for gray in grays])
    with torch.inference_mode():
        views = special.softmax(network(torch.from_numpy(inputs)).numpy(), axis=1)
    assert np.allclose(said.probabilities[0, 0], views.mean(axis=0), rtol=0.02, atol=0.02)  # half precision


def test_a_network_that_weighs_its_places_gets_no_new_layer_on_kept_features(breasts: Cohort, tmp_path: Path) -> None:
    protocol = replace(tiny("published"), networks=("tf_mobilenetv2_100_places",))
    with pytest.raises(InputError, match="choose the mode 'fine-tune'"):
        train_bundle(breasts, protocol, tmp_path, "places", mode="frozen", device="cpu", resamples=50)


def test_no_woman_is_in_two_folds_of_the_rigorous_protocol(breasts: Cohort, tmp_path: Path) -> None:
    made = train_bundle(breasts, tiny("rigorous"), tmp_path, "rigorous", device="cpu", resamples=50)
    said = predictions.read(tmp_path / "rigorous-predictions.csv")
    assert len(said) == len(breasts)
    assert all(len(np.unique(said.folds[0, said.patients == woman])) == 1 for woman in np.unique(said.patients))
    assert made.metadata.training.images == len(breasts)


def test_the_most_suspicious_view_decides_where_the_protocol_says_so(breasts: Cohort) -> None:
    protocol = replace(tiny("published"), aggregation="max")
    views = views_of(breasts, protocol, label_set_of(breasts, "mammo-screen"))
    logits = np.array([[0.0, 1.0], [0.5, 1.0], [3.0, 0.0], [1.0, 2.0]])
    assert views.joined(logits, np.array([0, 1])).tolist() == [[0.5, 1.0], [3.0, 0.0]]


def test_each_view_is_given_to_the_network_with_the_label_of_its_breast(breasts: Cohort) -> None:
    views = views_of(breasts, tiny("published"), label_set_of(breasts, "mammo-screen"))
    assert len(views.cohort) == 4 * WOMEN - 1
    assert all(len(row.images) == 1 for row in views.cohort.rows)
    assert views.of(np.array([len(breasts) - 1, 0])).tolist() == [4 * WOMEN - 2, 0, 1]
    for row, view in zip(views.row_of, views.cohort.rows, strict=True):
        assert view.label == breasts.rows[row].label


def test_views_of_a_prior_are_not_learned_from(breasts: Cohort) -> None:
    first = breasts.rows[0]
    prior = replace(first, images={**first.images, "prior-left-cc": next(iter(first.images.values()))})
    cohort = replace(breasts, rows=(prior, *breasts.rows[1:]))
    views = views_of(cohort, tiny("published"), label_set_of(breasts, "mammo-screen"))
    assert len(views.cohort) == 4 * WOMEN - 1


def test_a_row_with_both_breasts_is_refused_since_its_label_is_of_one(breasts: Cohort, tmp_path: Path) -> None:
    left, right, *others = breasts.rows
    cohort = replace(breasts, rows=(replace(left, images={**left.images, **right.images}), *others))
    with pytest.raises(InputError, match="both breasts in one row"):
        train_bundle(cohort, tiny("published"), tmp_path, "both", device="cpu", resamples=50)


def test_heads_on_frozen_features_answer_to_breasts_and_one_that_cannot_be_read_is_left_out_and_named(
    breasts: Cohort, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"no film")
    last = breasts.rows[-2]
    cohort = replace(
        breasts, rows=(*breasts.rows[:-2], replace(last, images={**last.images, "left-mlo": broken}), breasts.rows[-1])
    )
    said: list[str] = []
    made = train_bundle(cohort, tiny("published"), tmp_path / "out", "heads", mode="frozen", device="cpu", resamples=50,
                        left_out=said.append)  # fmt: skip
    assert len(predictions.read(tmp_path / "out" / "heads-predictions.csv")) == len(breasts) - 1
    assert made.of_kind(ClassifierMetadata).aggregation == "mean"
    assert [sentence.split(":")[0] for sentence in said] == [f"Study '{last.study_id}' of patient '{last.patient_id}'"]


def test_from_a_table_of_breasts_to_an_evaluation_by_breast_and_the_read_of_an_exam(
    breasts: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    exam = next(iter(breasts.rows[1].images.values())).parent
    table, quick = exam.parent / "cohort.csv", tmp_path / "quick.json"
    protocol = replace(tiny("published"), validation=Validation("hold-out", hold_out=0.34, inner=0.3), variants={})
    quick.write_text(json.dumps(to_json(protocol)), encoding="utf-8")

    def shell(*words: str | Path) -> str:
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        assert code == 0, said.err
        return said.out

    shell("train", "mammo-screen", "--cohort", table, "--positive", "cancer", "--protocol", quick, "--name", "breasts",
          "--out", tmp_path, "--device", "cpu")  # fmt: skip
    card = (tmp_path / "breasts" / "docs" / "README.md").read_text("utf-8")
    assert "| accuracy |" in card
    after = card.split("| accuracy |")[1].splitlines()[1]
    assert after.startswith("| accuracy of always the most frequent class |")
    assert "partial AUC" in card
    assert re.search(r"It was trained on \d+ breasts of \d+ patients", card)
    assert "Each breast was evaluated" in card
    assert "## What is measured beside it" in card
    said = shell("evaluate", tmp_path / "breasts", "--cohort", table, "--out", tmp_path / "worth", "--device", "cpu",
                 "--resamples", "20")  # fmt: skip
    assert f"{len(breasts)} breasts" in said
    trained, asked = (
        predictions.read(path)
        for path in (tmp_path / "breasts-predictions.csv", tmp_path / "worth" / "predictions.csv")
    )
    place = {key: row for row, key in enumerate(zip(asked.patients, asked.study_ids, strict=True))}
    same = [place[key] for key in zip(trained.patients, trained.study_ids, strict=True)]
    assert np.allclose(trained.probabilities[0], asked.probabilities[0, same], atol=0.02)  # half precision
    shell("read", "mammo-screen", exam, "--bundle", tmp_path / "breasts", "--out", tmp_path / "read", "--device", "cpu",
          "--force")  # fmt: skip
    found = json.loads((tmp_path / "read" / "reading.json").read_text("utf-8"))["findings"]
    assert {finding["name"] for finding in found} >= {"left-breast", "right-breast"}
