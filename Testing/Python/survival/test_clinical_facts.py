"""What stages, sexes and histologies are called."""

import numpy as np
import pytest

from readingroom.errors import InputError
from readingroom.survival.clinical_facts import ClinicalFact, design_row, disagreement

STAGE = ClinicalFact("stage", "Stage", ("stage",), {"I": (1.0,), "II": (2.0,), "IIIA": (3.0,), "IIIB": (4.0,)})
T = ClinicalFact("t", "T", ("t",), {str(t): (float(t),) for t in (1, 2, 3, 4)})
SEX = ClinicalFact("sex", "Sex", ("male",), {"F": (0.0,), "M": (1.0,)})
AGE = ClinicalFact("age", "Age", ("age",), low=18, high=110)
HISTOLOGY = ClinicalFact(
    "histology", "Histology", ("large", "other"), {"large cell": (1.0, 0.0), "not otherwise specified": (0.0, 1.0)}
)


@pytest.mark.parametrize(
    ("word", "number"),
    [("I", 1), ("IA2", 1), ("stage IIb", 2), ("IIIa", 3), ("3A", 3), ("Stage 3B", 4), (" iiib ", 4), ("IIA", 2)],
)
def test_stages_as_people_write_them(word, number):
    assert STAGE.numbers(word) == (number,)


@pytest.mark.parametrize(("word", "number"), [("2", 2), ("2.0", 2), (2, 2), ("T2a", 2), ("pT1b", 1), ("cT4", 4)])
def test_t_as_people_write_it(word, number):
    assert T.numbers(word) == (number,)


def test_sex_is_what_dicom_takes_for_one():
    assert [SEX.numbers(word) for word in ("male", "F", "M")] == [(1,), (0,), (1,)]


def test_histologies_are_known_by_their_words():
    assert HISTOLOGY.numbers("NSCLC NOS (not otherwise specified)") == (0, 1)
    assert HISTOLOGY.numbers("Large cell carcinoma") == (1, 0)


@pytest.mark.parametrize(
    ("fact", "word"),
    [(STAGE, ""), (STAGE, None), (T, "TX"), (T, "x"), (SEX, "O"), (AGE, "unknown"), (HISTOLOGY, "NA"), (AGE, np.nan)],
)
def test_what_is_not_known_is_no_number(fact, word):
    assert np.isnan(fact.numbers(word)).all()


@pytest.mark.parametrize(
    ("fact", "word"),
    [(STAGE, "IV"), (STAGE, "IIIC"), (STAGE, "IIII"), (T, "Tis"), (T, "T5"), (SEX, "blue"), (HISTOLOGY, "small cell")],
)
def test_what_nobody_had_is_refused_with_what_is_known(fact, word):
    with pytest.raises(InputError, match=f"'{word}', which no patient behind the clinical baseline had; it knows"):
        fact.numbers(word)


@pytest.mark.parametrize("age", ["200", "-4", "4", "old"])
def test_an_age_that_cannot_be_is_refused(age):
    with pytest.raises(InputError, match="must be between 18 and 110 years"):
        AGE.numbers(age)


def test_an_age_may_be_as_a_header_has_it():
    assert AGE.numbers("067Y") == (67,)
    assert AGE.numbers(67.4) == (67.4,)


def test_a_row_holds_the_columns_of_all_facts():
    assert design_row([AGE, HISTOLOGY], {"age": 60, "histology": "large cell"}).tolist() == [60, 1, 0]
    assert np.isnan(design_row([AGE, HISTOLOGY], {})).tolist() == [True] * 3


@pytest.mark.parametrize(
    ("stage", "t", "n", "said"),
    [
        ("I", "2", "3", "Stage I does not go with T2 N3, which is stage III."),
        ("IIIa", "T2a", "N0", "Stage IIIA does not go with T2 N0, which is stage I or II."),
        ("III", 1, 0, "Stage III does not go with T1 N0, which is stage I."),
        ("IIB", "3", "0", ""),
        ("IIIB", "4", "2", ""),
        ("I", "2", "X", ""),
        ("", "2", "3", ""),
        ("IV", "2", "3", ""),
        ("I", "Tis", "0", ""),
    ],
)
def test_a_stage_that_does_not_go_with_t_and_n_is_said(stage, t, n, said):
    assert disagreement({"stage": stage, "t": t, "n": n}) == said


def test_a_choice_fills_all_columns():
    with pytest.raises(ValueError, match="does not fill its 2 columns"):
        ClinicalFact("a", "A", ("one", "two"), {"x": (1.0,)})
