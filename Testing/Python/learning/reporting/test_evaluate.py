"""An evaluation tells what is there: the judgment's numbers, caveats above them, every sentence from the results."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="needs the extra [read]")
pytest.importorskip("sklearn", reason="needs the extra [train]")
pytest.importorskip("matplotlib", reason="needs the extra [train]")

from readingroom import records
from readingroom.bundles import store
from readingroom.bundles.bundle import Bundle
from readingroom.cli import main
from readingroom.errors import InputError, OutputError
from readingroom.learning.cohorts.cohort import Cohort, Row, read_cohort, write_cohort
from readingroom.learning.evaluation.comparison import Comparison
from readingroom.learning.evaluation.predictions import EXTERNAL, Predictions, read
from readingroom.learning.reporting import checklist
from readingroom.learning.reporting.caveats import baseline_caveats
from readingroom.learning.reporting.checklist.facts import facts_of
from readingroom.learning.reporting.evaluate import Evaluated, Options, evaluate_cohort, evaluate_out_of_fold
from readingroom.learning.reporting.evaluated import (
    BaselineResult,
    Caveat,
    EvaluationRecord,
    PointResult,
    PredictiveValue,
    Studies,
    SubgroupResult,
)
from readingroom.learning.reporting.evaluation_page import page
from readingroom.learning.reporting.evaluation_run import run
from readingroom.learning.reporting.figures.training_curves import read_history
from readingroom.metrics.auc import auc
from readingroom.phantoms.chest_radiograph import chest_radiograph as phantom
from readingroom.progress import Progress
from readingroom.reading import Estimate, Interval

QUICK = Options(labels={"normal": "no-finding"}, device="cpu", resamples=50, permutations=1000)
PATIENTS = 80


@pytest.fixture(scope="module", autouse=True)
def a_home_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fingerprints of these images are not kept among the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("READINGROOM_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def a_bundle() -> Bundle:
    return store.find("cxr-nih-pneumonia")


@pytest.fixture(scope="module")
def a_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve phantoms of ten patients of two sites, and a row whose image is missing."""
    folder = tmp_path_factory.mktemp("films")
    rows = []
    for number in range(12):
        path = folder / f"{number}.png"
        Image.fromarray(np.uint8(255 * phantom(rows=160, columns=140, seed=number))).save(path)
        label, site = ("pneumonia", "normal")[number % 2], ("north", "south")[number // 6]
        rows.append(
            Row(
                f"P{max(number - 2, number % 2)}",
                f"S{number}",
                {"frontal": path},
                label,
                site=site,
                sex="FM"[number % 2],
                age={0: 3.0, 1: 40.0}.get(number),
            )
        )
    rows.append(Row("P99", "S99", {"frontal": folder / "missing.png"}, "normal", site="north"))
    write_cohort(folder / "films.csv", rows)
    return folder / "films.csv"


@pytest.fixture(scope="module")
def found(a_bundle: Bundle, a_table: Path) -> Evaluated:
    return evaluate_cohort(a_bundle, read_cohort(a_table), a_table, QUICK)


@pytest.fixture(scope="module")
def out_of_fold(tmp_path_factory: pytest.TempPathFactory) -> tuple[Predictions, Path]:
    """Two films of each of 80 patients, predicted in five folds, twice, with signal; women are told apart worse."""
    generator = np.random.default_rng(3)
    patients = np.repeat([f"P{n:02d}" for n in range(PATIENTS)], 2)
    truth = np.repeat(np.arange(PATIENTS) % 2, 2)
    sex = np.repeat(np.where(np.arange(PATIENTS) // 2 % 2, "F", "M"), 2)
    clear = np.where(sex == "M", 3.0, 1.0) * (0.5 - truth)
    scores = clear + generator.normal(size=(2, 2 * PATIENTS))
    predictions = Predictions(
        classes=("pneumonia", "no-finding"),
        multilabel=False,
        study_ids=np.arange(2 * PATIENTS).astype(str),
        patients=patients,
        sites=np.full(2 * PATIENTS, "here"),
        truth=truth,
        logits=np.stack([scores, np.zeros_like(scores)], axis=2),
        folds=np.stack([np.repeat(np.arange(PATIENTS) // 2 % 5, 2)] * 2),
        subgroups={"sex": sex},
        positive="pneumonia",
    )
    path = tmp_path_factory.mktemp("tables") / "predictions.csv"
    predictions.write(path)
    return predictions, path


@pytest.fixture(scope="module")
def evaluated(a_bundle: Bundle, out_of_fold: tuple[Predictions, Path]) -> Evaluated:
    return evaluate_out_of_fold(a_bundle, *out_of_fold, QUICK)


def sentences(record: EvaluationRecord, level: str) -> str:
    return " ".join(caveat.sentence for caveat in record.caveats if caveat.level == level)


def test_rows_are_accounted_for(found: Evaluated) -> None:
    studies = found.record.studies
    assert (studies.images, studies.evaluated, studies.patients) == (12, 10, 10)
    assert studies.sites == {"north": 6, "south": 6}
    assert len(studies.left_out) == 1
    assert studies.left_out[0].startswith("Study S99 of patient P99: ")


def test_few_patients_make_it_exploratory_and_it_says_so(found: Evaluated) -> None:
    assert found.record.exploratory == ("pneumonia", "no-finding")
    assert "Exploratory: fewer than 30 patients" in sentences(found.record, "warn")


def test_images_far_from_the_training_are_counted_and_named(found: Evaluated) -> None:
    far = found.record.studies.far_away
    assert far is not None
    assert far > 6  # phantoms are no films
    assert f"{far} of 12 images lie further from the training images" in sentences(found.record, "warn")


def test_patients_of_other_ages_than_those_of_the_training_are_counted(found: Evaluated) -> None:
    assert "1 of 2 studies with a known age are of patients of other ages" in sentences(found.record, "warn")


def test_metrics_and_points_are_those_of_the_judgment(evaluated: Evaluated) -> None:
    assert dict(evaluated.record.metrics) == dict(evaluated.evaluation.metrics)
    assert [point.threshold for point in evaluated.record.points] == [p.threshold for p in evaluated.evaluation.points]
    assert [point.name for point in evaluated.record.points if point.default] == [evaluated.evaluation.default_point]


def test_predictive_values_are_given_for_the_prevalences_asked_for(evaluated: Evaluated) -> None:
    point = evaluated.record.points[0]
    assert [value.prevalence for value in point.predictive_values] == list(QUICK.prevalences)
    rising = [value.positive.value for value in point.predictive_values]
    assert rising == sorted(rising)


def test_the_confusion_matrix_counts_every_patient(evaluated: Evaluated) -> None:
    assert sum(map(sum, evaluated.record.confusion)) == PATIENTS


def test_subgroups_add_up_and_the_worse_served_one_shows(evaluated: Evaluated) -> None:
    women, men = (group for group in evaluated.record.subgroups if group.variable == "sex")
    assert (women.value, men.value) == ("F", "M")
    assert women.rows + men.rows == PATIENTS
    assert women.score is not None
    assert men.score is not None
    assert women.score.value < men.score.value
    rows = evaluated.evaluation.calibrated.predictions
    inside = rows.subgroups["sex"] == "F"
    expected = np.mean([auc(rows.present("pneumonia")[inside], s[inside]) for s in rows.scores("pneumonia")])
    assert women.score.value == pytest.approx(expected)


def test_subgroups_of_few_patients_are_marked(
    a_bundle: Bundle, out_of_fold: tuple[Predictions, Path], evaluated: Evaluated
) -> None:
    assert all(group.exploratory for group in evaluated.record.subgroups)  # 20 with it, 20 without
    assert "F (exploratory)" in page(evaluated).html()
    predictions, path = out_of_fold
    many = replace(predictions, subgroups={"sex": np.where(np.arange(2 * PATIENTS) < 4, "F", "M")})
    found = evaluate_out_of_fold(a_bundle, many, path, QUICK)
    women, men = found.record.subgroups
    assert (women.exploratory, women.score) == (True, None)
    assert not men.exploratory


def test_predictions_of_other_classes_are_refused(a_bundle: Bundle, out_of_fold: tuple[Predictions, Path]) -> None:
    predictions, path = out_of_fold
    other = replace(predictions, classes=("covid", "normal"), positive="covid")
    with pytest.raises(InputError, match="covid, normal"):
        evaluate_out_of_fold(a_bundle, other, path, QUICK)


def test_a_comparison_with_itself_finds_no_difference(a_bundle: Bundle, out_of_fold: tuple[Predictions, Path]) -> None:
    predictions, path = out_of_fold
    again = evaluate_out_of_fold(a_bundle, predictions, path, QUICK, against=("itself", predictions))
    (test,) = again.record.comparisons
    assert (test.other, test.difference.value, test.p) == ("itself", 0.0, 1.0)


def test_answers_to_a_cohort_are_not_taken_for_out_of_fold(
    a_bundle: Bundle, out_of_fold: tuple[Predictions, Path]
) -> None:
    predictions, path = out_of_fold
    stored = replace(predictions, folds=np.full_like(predictions.folds, EXTERNAL))
    found = evaluate_out_of_fold(a_bundle, stored, path, QUICK)
    assert found.record.source == "cohort"
    assert [point.threshold for point in found.record.points] == [
        point.threshold for point in a_bundle.metadata.operating_points
    ]
    assert "cannot be told" in sentences(found.record, "warn")


def test_where_nothing_can_be_written_is_said_before_the_work(a_table: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    shown: list[float] = []
    with pytest.raises(OutputError, match="file"):
        run(
            "cxr-nih-pneumonia",
            tmp_path / "file" / "out",
            QUICK,
            cohort=a_table,
            progress=Progress(lambda f, _: shown.append(f)),
        )
    assert shown == []


def test_a_better_training_is_found_better(a_bundle: Bundle, out_of_fold: tuple[Predictions, Path]) -> None:
    predictions, path = out_of_fold
    noise = np.random.default_rng(0).normal(size=predictions.logits.shape)
    guessing = replace(predictions, logits=noise)
    found = evaluate_out_of_fold(a_bundle, predictions, path, QUICK, against=("guessing", guessing)).record
    assert {test.test for test in found.comparisons} == {"patient permutation", "DeLong"}
    assert all(test.p_holm < 0.002 for test in found.comparisons)


def test_every_image_of_the_page_says_what_it_shows_and_every_caveat_stands_on_it(found: Evaluated) -> None:
    html = page(found).html()
    assert 'alt=""' not in html
    for caveat in found.record.caveats:
        assert caveat.sentence.split("'")[0] in html


def test_the_picture_of_features_is_left_out_below_21_images(found: Evaluated) -> None:
    assert found.projection is None
    assert "from 21 images on" in page(found).html()


@pytest.mark.parametrize("name", checklist.NAMES)
def test_checklists_say_what_the_run_knows_and_leave_the_rest_to_the_authors(name: str, evaluated: Evaluated) -> None:
    filled = checklist.fill(name, evaluated.record)
    assert len({answer.item for answer in filled.calibrated}) == len(filled.calibrated)
    assert 10 < filled.filled < len(filled.calibrated)
    calibrated = {answer.title: answer.answer for answer in filled.calibrated}
    assert calibrated["Funding"] == checklist.FOR_THE_AUTHORS


def test_facts_follow_the_results(evaluated: Evaluated, found: Evaluated) -> None:
    assert "80 images" not in facts_of(evaluated.record)["level"]
    assert facts_of(evaluated.record)["level"].startswith("Evaluated by patient: 80 from 160 images")
    assert facts_of(evaluated.record)["external"] == ""
    assert facts_of(found.record)["external"].startswith("AUC ")


def test_the_shell_writes_a_folder_that_comes_back(
    a_table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    earlier = {"model": {}, "source": "cohort", "classes": [], "studies": {}, "caveats": [], "exploratory": []}
    (out / "metrics.json").write_text(json.dumps(earlier))
    (out / "notes.txt").write_text("of the user's own")
    command = ["evaluate", "cxr-nih-pneumonia", "--cohort", str(a_table), "--out", str(out)]
    assert (
        main([*command, "--label", "normal=no-finding", "--device", "cpu", "--level", "study", "--resamples", "50"])
        == 0
    )
    assert {path.name for path in out.iterdir()} == {"report.html", "metrics.json", "predictions.csv", "notes.txt"}
    record = records.from_json(EvaluationRecord, json.loads((out / "metrics.json").read_text("utf-8")))
    assert record.studies.evaluated == 12
    assert len(read(out / "predictions.csv")) == 12
    assert "WARN: Exploratory" in capsys.readouterr().out


def test_a_folder_that_holds_something_else_is_left_alone(a_table: Path, tmp_path: Path) -> None:
    mine = {"thesis.txt": "years of work", "metrics.json": '{"loss": 0.1}', "predictions.csv": "a,b\n"}
    for name, text in mine.items():
        (tmp_path / name).write_text(text, "utf-8")
    assert main(["evaluate", "cxr-nih-pneumonia", "--cohort", str(a_table), "--out", str(tmp_path)]) == 1
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == mine


@pytest.mark.parametrize("wrong", [["--prevalence", "2"], ["--label", "normal"], ["--resamples", "3"]])
def test_wrong_use_is_refused_before_any_work(wrong: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", "cxr-nih-pneumonia", "--cohort", "a.csv", "--out", str(tmp_path / "out"), *wrong])


def test_an_evaluation_needs_a_table(tmp_path: Path) -> None:
    assert main(["evaluate", "cxr-nih-pneumonia", "--out", str(tmp_path / "out")]) == 3


def test_a_history_of_several_networks_is_told_apart(tmp_path: Path) -> None:
    table = "network,epoch,train_loss,validation_loss,rate\na,0,1.0,0.9,0.1\na,1,0.5,0.95,0.1\nb,0,1.1,1.0,0.1\n"
    (tmp_path / "history.csv").write_text(table, "utf-8")
    runs = read_history(tmp_path / "history.csv")
    assert [(run.name, len(run.epoch), run.best) for run in runs] == [("a", 2, 0), ("b", 1, 0)]


def test_what_is_no_history_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(InputError, match="no history"):
        read_history(tmp_path / "other.csv")


def test_simple_models_that_come_close_or_know_too_much_are_named() -> None:
    beaten = BaselineResult("the site alone", Estimate(0.6), Estimate(0.3, Interval(0.2, 0.4)))
    close = BaselineResult("the picture at 32 x 32 pixels", Estimate(0.85), Estimate(0.02, Interval(-0.01, 0.05)))
    knowing = BaselineResult("clinical columns", Estimate(1.0), Estimate(-0.1, Interval(-0.2, -0.05)))
    assert baseline_caveats([beaten]) == ()
    first, second = baseline_caveats([beaten, close, knowing])
    assert "32 x 32 pixels (AUC 0.85), clinical columns (AUC 1.00)" in first.sentence
    assert "the site alone" not in first.sentence
    assert "clinical columns alone" in second.sentence


def test_simple_models_stand_beside_the_bundle_on_its_own_splits(
    a_bundle: Bundle, out_of_fold: tuple[Predictions, Path], tmp_path: Path
) -> None:
    predictions, path = out_of_fold
    rows = []
    for number, patient in enumerate(predictions.patients):
        film = tmp_path / f"{number}.png"
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (32, 32), dtype=np.uint8)).save(film)
        rows.append(Row(str(patient), str(number), {"frontal": film}, "as the table says", sex="FM"[number % 2]))
    found = evaluate_out_of_fold(a_bundle, predictions, path, QUICK, Cohort(tuple(rows)))
    by_title = {baseline.title: baseline for baseline in found.record.baselines}
    assert by_title["always the most frequent class"].score.value == 0.5
    assert by_title["the picture at 32 x 32 pixels"].score.value < 0.7
    assert all(baseline.advantage.value > 0.1 for baseline in found.record.baselines)


def test_a_table_of_other_studies_gives_no_simple_models_and_says_so(
    a_bundle: Bundle, a_table: Path, out_of_fold: tuple[Predictions, Path]
) -> None:
    found = evaluate_out_of_fold(a_bundle, *out_of_fold, QUICK, read_cohort(a_table))
    assert found.record.baselines == ()
    assert any("is not in the table" in note for note in found.record.notes)


def test_every_field_of_the_numbers_file_is_documented() -> None:
    documented = (Path(__file__).parents[4] / "docs" / "evaluation.md").read_text("utf-8")
    records_of_it = (
        EvaluationRecord,
        Studies,
        PointResult,
        PredictiveValue,
        SubgroupResult,
        BaselineResult,
        Comparison,
        Caveat,
    )
    names = {field.name for record in records_of_it for field in dataclasses.fields(record)}
    assert not {name for name in names if f"`{name}`" not in documented}


def test_the_gravest_caveat_comes_first(found: Evaluated) -> None:
    levels = [caveat.level for caveat in found.with_caveats(Caveat("stop", "Stop.")).record.caveats]
    assert levels == sorted(levels, key=["stop", "warn", "info"].index)
    assert levels[0] == "stop"


def test_simple_models_are_made_where_one_network_spoke_of_all_rows(
    a_bundle: Bundle, out_of_fold: tuple[Predictions, Path], tmp_path: Path
) -> None:
    predictions, path = out_of_fold
    held_out = replace(predictions.take(np.arange(60)), folds=np.zeros((2, 60), dtype=np.int64))
    rows = [
        Row(str(p), str(n), {"frontal": tmp_path / f"{n}.png"}, "as said", age=n)
        for n, p in enumerate(held_out.patients)
    ]
    for number, row in enumerate(rows):
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (32, 32), dtype=np.uint8)).save(row.image)
    found = evaluate_out_of_fold(a_bundle, held_out, path, QUICK, Cohort(tuple(rows)))
    assert "clinical columns" in {baseline.title for baseline in found.record.baselines}
