"""Small models find what was planted, and nothing where there is nothing; an image model is compared with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.errors import InputError
from readingroom.learning.audit.counts import count_classes
from readingroom.learning.audit.image_model import Comparison, compare_auc, compare_predictions
from readingroom.learning.audit.shortcuts import Shortcut, shortcut_issues, site_issues
from readingroom.learning.audit.small_models import CLINICAL, METADATA, NUMBER, PIXELS, SITE, SmallModel, small_models
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.evaluation.predictions import EXTERNAL, Predictions
from readingroom.progress import Progress
from readingroom.reading import Estimate, Interval


def evaluated(rows: list[Row], read) -> dict[tuple[str, str], SmallModel]:
    cohort = Cohort(tuple(rows))
    models = small_models(cohort, read(cohort), 0, Progress())
    return {(model.inputs, model.site): model for model in models}


def test_where_there_is_nothing_all_intervals_hold_one_half(rows, read) -> None:
    models = evaluated([replace(row, site=("north", "south")[n // 4 % 2]) for n, row in enumerate(rows)], read)
    assert set(models) == {
        (SITE, ""),
        (METADATA, ""),
        (CLINICAL, ""),
        (PIXELS, ""),
        (NUMBER, ""),
    }  # 7 or 8 of a class at each site
    for model in models.values():
        assert model.auc.interval is not None
        assert model.auc.interval.low < 0.55
        assert (model.studies, model.patients) == (60, 30)
    assert "stop" not in {Shortcut.of(model, None).severity for model in models.values()}


def test_a_class_of_one_site_is_told_by_the_site(rows, read) -> None:
    models = evaluated([replace(row, site=f"of {row.label}") for row in rows], read)
    assert models[SITE, ""].auc.value == 1.0
    assert Shortcut.of(models[SITE, ""], None).severity == "stop"


def test_a_class_of_one_age_is_told_by_metadata_and_the_fact_is_named(rows, read) -> None:
    models = evaluated([replace(row, age=80.0 if row.label == "x" else 30.0) for row in rows], read)
    assert models[METADATA, ""].auc.value > 0.95
    assert next(iter(models[METADATA, ""].facts)) == "age"


def test_a_column_that_restates_the_class_is_red_and_named(rows, read) -> None:
    told = [
        replace(row, clinical={"issue": f"is {row.label}", "weight": str(50 + n % 30)}) for n, row in enumerate(rows)
    ]
    model = evaluated(told, read)[CLINICAL, ""]
    (issue,) = shortcut_issues([Shortcut.of(model, None)])
    assert issue.severity == "stop"
    assert issue.sentence.startswith("The column 'issue' alone tells the classes apart (AUC 1.00)")
    assert model.facts["weight"] < 0.7


def test_a_column_that_restates_one_of_three_classes_is_red(rows, read) -> None:
    third = [replace(row, label="xyz"[n // 2 % 3]) for n, row in enumerate(rows)]
    told = [replace(row, clinical={"code": "7" if row.label == "z" else "0"}) for row in third]
    (issue,) = shortcut_issues([Shortcut.of(evaluated(told, read)[CLINICAL, ""], None)])
    assert "The column 'code'" in issue.sentence


def test_a_clinical_column_may_go_with_the_disease(rows, read) -> None:
    told = [replace(row, clinical={"marker": str(2 * (row.label == "x") + n % 5)}) for n, row in enumerate(rows)]
    model = evaluated(told, read)[CLINICAL, ""]
    assert model.auc.value > 0.6
    assert list(shortcut_issues([Shortcut.of(model, None)])) == []


def test_a_class_of_brighter_corners_is_told_by_few_pixels(rows, read, a_picture) -> None:
    generator = np.random.default_rng(3)
    changed = []
    for number, row in enumerate(rows):
        pixels = generator.integers(60, 120, (48, 48), dtype=np.uint8)
        pixels[:6, :6] += 60 if row.label == "x" else 0
        changed.append(replace(row, images={"frontal": a_picture(500 + number, pixels)}))
    assert evaluated(changed, read)[PIXELS, ""].auc.value > 0.95


def test_classes_gathered_one_after_the_other_are_told_by_the_patient_number(rows, read) -> None:
    in_order = [replace(row, label="x" if number < 30 else "y") for number, row in enumerate(rows)]
    model = evaluated(in_order, read)[NUMBER, ""]
    assert model.auc.value > 0.9
    assert model.note == "patient numbers of 'x' 0 to 14, 'y' 15 to 29"
    assert Shortcut.of(model, None).severity == "warn"


def test_numbers_that_start_anew_in_each_class_tell_nothing(rows, read) -> None:
    renamed = [replace(row, patient_id=f"{row.label}-{number // 4}") for number, row in enumerate(rows)]
    assert (NUMBER, "") not in evaluated(renamed, read)


def test_synthetic_and_unreadable_rows_take_no_part(rows, read, tmp_path) -> None:
    rows[0] = replace(rows[0], origin="synthetic")
    rows[1] = replace(rows[1], images={"frontal": tmp_path / "gone.png"})
    model = evaluated(rows, read)[PIXELS, ""]
    assert (model.studies, model.patients) == (58, 29)
    assert np.isnan(model.scores[:2]).all()
    assert np.allclose(model.scores[2:].sum(axis=1), 1)


def test_classes_of_few_patients_take_no_part(rows, read) -> None:
    rows[:4] = [replace(row, label="rare") for row in rows[:4]]
    assert evaluated(rows, read)[PIXELS, ""].classes == ("x", "y")
    assert evaluated([row for row in rows if row.label != "x"], read) == {}


def a_model(auc: float, low: float, inputs: str = PIXELS) -> SmallModel:
    interval = Interval(low, 2 * auc - low)
    return SmallModel(inputs, "", ("x", "y"), Estimate(auc, interval), {"x": auc, "y": auc}, 100, 100)


def lead(value: float, low: float) -> Comparison:
    return Comparison(Estimate(0.9), Estimate(value, Interval(low, 2 * value - low)))


@pytest.mark.parametrize(
    ("model", "comparison", "severity"),
    [
        (a_model(0.55, 0.45), None, None),
        (a_model(0.58, 0.52), None, None),
        (a_model(0.55, 0.45), lead(0.02, -0.1), None),
        (a_model(0.70, 0.60), None, "warn"),
        (a_model(0.95, 0.91), None, "stop"),
        (a_model(0.70, 0.60), lead(0.20, 0.12), "warn"),
        (a_model(0.95, 0.91), lead(0.20, 0.12), "warn"),
        (a_model(0.70, 0.60), lead(0.04, 0.01), "stop"),
        (a_model(0.70, 0.60), lead(0.20, -0.01), "stop"),
        (a_model(0.99, 0.98, NUMBER), lead(0.0, -0.1), "warn"),
    ],
)
def test_red_is_what_comes_close_to_the_image_model(model, comparison, severity) -> None:
    shortcut = Shortcut.of(model, comparison)
    assert shortcut.severity == severity
    assert [issue.severity for issue in shortcut_issues([shortcut])] == ([severity] if severity else [])


def test_a_published_auc_is_compared_with_the_interval_of_the_small_model() -> None:
    comparison = compare_auc(0.9, a_model(0.8, 0.7))
    assert comparison is not None
    assert comparison.lead.value == pytest.approx(0.1)
    assert comparison.lead.interval is not None
    assert comparison.lead.interval.low == pytest.approx(0.0)
    assert compare_auc(0.9, replace(a_model(0.8, 0.7), site="north")) is None


def predicted(rows: list[Row], logits: np.ndarray, classes=("x", "y")) -> Predictions:
    return Predictions(
        classes, False, [row.study_id for row in rows], [row.patient_id for row in rows], [row.site for row in rows],
        [0] * len(rows), logits[None], np.full((1, len(rows)), EXTERNAL),
    )  # fmt: skip


def test_predictions_are_matched_by_study_and_compared_on_the_same_patients(rows, read) -> None:
    cohort = Cohort(tuple(rows))
    model = evaluated(rows, read)[PIXELS, ""]
    shown = rows[58::-1]  # another order, and one study less
    logits = np.array([[4.0, -4.0] if row.label == "x" else [-4.0, 4.0] for row in shown])
    comparison = compare_predictions(predicted(shown, logits), cohort, model, seed=0)
    assert comparison is not None
    assert comparison.image.value == 1.0
    assert comparison.image.n == 59
    assert comparison.lead.value == pytest.approx(1 - model.auc.value, abs=0.05)
    assert Shortcut.of(replace(model, auc=Estimate(0.7, Interval(0.6, 0.8))), comparison).severity == "warn"


def test_predictions_of_something_else_are_refused(rows, read) -> None:
    cohort = Cohort(tuple(rows))
    model = evaluated(rows, read)[PIXELS, ""]
    with pytest.raises(InputError, match="predictions are of a, b; the cohort's classes are x, y"):
        compare_predictions(predicted(rows, np.zeros((60, 2)), ("a", "b")), cohort, model, 0)
    strangers = [replace(row, patient_id=f"Q{row.patient_id}") for row in rows]
    with pytest.raises(InputError, match="none of the cohort's studies"):
        compare_predictions(predicted(strangers, np.zeros((60, 2))), cohort, model, 0)


def test_a_site_of_one_class_is_named() -> None:
    def a_row(number: int, label: str, site: str) -> Row:
        return Row(f"p{number}", "s", {"frontal": f"{number}.png"}, label, site=site)  # type: ignore[arg-type]  # never opened

    rows = [a_row(n, "x", "north") for n in range(30)] + [a_row(30 + n, "y", "south") for n in range(20)]
    rows += [a_row(60 + n, "x", "south") for n in range(2)]
    (found,) = site_issues(count_classes(Cohort(tuple(rows))))
    assert found.severity == "stop"
    assert "all 30 studies of site 'north' are 'x'" in found.examples
    assert "20 of 20 studies of 'y' are from site 'south'" in found.examples
    even = [replace(row, site=("north", "south")[n % 2]) for n, row in enumerate(rows)]
    assert list(site_issues(count_classes(Cohort(tuple(even))))) == []
