"""The table of what models said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from readingroom.errors import InputError
from readingroom.learning.evaluation.predictions import Predictions, read


def some(classes: int = 3, multilabel: bool = False, rows: int = 6, repeats: int = 2) -> Predictions:
    generator = np.random.default_rng(0)
    numbers = np.arange(rows)
    truth = generator.integers(0, 2, (rows, classes)) if multilabel else numbers % classes
    return Predictions(
        classes=tuple("abcdefg"[:classes]),
        multilabel=multilabel,
        study_ids=np.array([f"S{i}" for i in numbers]),
        patients=np.array([f"P{i // 2}" for i in numbers]),
        sites=np.array(["north", "süd"])[numbers % 2],
        truth=truth,
        logits=generator.normal(0, 1, (repeats, rows, classes)),
        folds=np.stack([(numbers // 2 + r) % 3 for r in range(repeats)]),
        subgroups={"view": np.array(["AP", "PA, lying"])[numbers % 2]},
    )


@pytest.mark.parametrize(("classes", "multilabel"), [(2, False), (3, False), (1, True), (3, True)])
def test_a_table_comes_back_as_it_was_written(tmp_path: Path, classes: int, multilabel: bool) -> None:
    written = some(classes, multilabel)
    written.write(tmp_path / "predictions.csv")
    found = read(tmp_path / "predictions.csv")
    assert (found.classes, found.multilabel, found.positive) == (written.classes, multilabel, written.positive)
    for name in ("study_ids", "patients", "sites", "truth", "logits", "folds"):
        assert np.array_equal(getattr(found, name), getattr(written, name)), name
    assert {k: list(v) for k, v in found.subgroups.items()} == {k: list(v) for k, v in written.subgroups.items()}


def test_of_two_exclusive_classes_the_first_is_asked_for_unless_told() -> None:
    assert some(2).findings == ("a",)
    assert replace(some(2), positive="b").findings == ("b",)
    assert some(3).findings == ("a", "b", "c")


def test_the_score_of_a_class_is_the_logit_of_its_softmax() -> None:
    found = some(3)
    probability = found.probabilities[:, :, 1]
    assert np.allclose(found.scores("b"), np.log(probability / (1 - probability)))


def test_the_score_of_a_label_is_its_own_logit() -> None:
    found = some(3, multilabel=True)
    assert np.array_equal(found.scores("b"), found.logits[:, :, 1])


def test_rows_are_taken_by_number_or_by_mask() -> None:
    found = some()
    assert list(found.take([4, 0]).study_ids) == ["S4", "S0"]
    part = found.take(found.subgroups["view"] == "AP")
    assert list(part.study_ids) == ["S0", "S2", "S4"]
    assert part.logits.shape == (2, 3, 3)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"truth": np.full(6, 3)}, "none of the classes"),
        ({"logits": np.full((2, 6, 3), np.nan)}, "not a finite number"),
        ({"sites": np.array(["x"])}, "'sites' is"),
        ({"positive": "a"}, "not one of two exclusive"),
        ({"classes": ("a", "a", "b")}, "repeat"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(some(), **change)


def test_a_damaged_table_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    some().write(path)
    text = path.read_text("utf-8")
    for damaged, sentence in (
        ("study_id,patient_id\n", "no column site"),
        (text.replace(",a,", ",z,"), "'z' is none of the classes"),
        (text.rsplit("\n", 2)[0] + "\n", "repeats differ in length"),
        (text.replace("logit_a", "logit_x", 1).replace("logit_b", "other", 1), "truth 'b' is none|truth 'a' is none"),
    ):
        path.write_text(damaged, "utf-8")
        with pytest.raises(InputError, match=sentence):
            read(path)


def test_a_missing_table_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.csv")
