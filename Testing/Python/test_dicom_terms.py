"""What words of headers and tables mean, in the spellings that are met."""

import pytest

from readingroom import dicom_terms


@pytest.mark.parametrize(
    ("words", "view"),
    [
        ("PA", "PA"), ("pa ", "PA"), ("P.A.", "PA"), ("POSTEROANTERIOR", "PA"), ("Postero-Anterior", "PA"),
        ("posterior-anterior", "PA"), ("postéro-antérieur", "PA"), ("PA_ERECT", "PA"), ("\\PA", "PA"), ("ＰＡ", "PA"),
        ("AP", "AP"), ("ANTEROPOSTERIOR", "AP"), ("AP SUPINE", "AP"), ("AP LATERAL DECUBITUS", "AP"),
        ("LL", "LL"), ("LLAT", "LL"), ("left lateral", "LL"), ("RL", "RL"), ("Lateral", "LATERAL"), ("lat", "LATERAL"),
        ("frontal", "FRONTAL"), ("LATERO-MEDIAL", "LATERAL"), ("MLO", "MLO"), ("lao", "LAO"), ("LLD", "LLD"),
        ("antero-posterior oblique", "ANTERO-POSTERIOR OBLIQUE"), ("PA AND LATERAL", "PA AND LATERAL"),
        ("UNKNOWN", ""), ("N/A", ""), ("-", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_view_means_the_same_however_it_is_spelled(words, view):
    assert dicom_terms.view(words) == view


def test_every_coded_view_of_dicom_means_what_pydicom_calls_it():
    from pydicom.sr.codedict import codes

    called = {"antero-posterior": "AP", "postero-anterior": "PA", "frontal": "FRONTAL", "left lateral": "LL",
              "right lateral": "RL", "lateral": "LATERAL"}  # fmt: skip
    concepts = [getattr(codes.cid4010, name) for name in codes.cid4010.dir()]
    assert {
        c.value: called[c.meaning] for c in concepts if c.meaning in called
    }.items() <= dicom_terms.VIEW_CODES.items()


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("045Y", 45), ("045", 45), ("45", 45), ("45 y", 45), ("45 years", 45), ("018M", 1.5), ("18 months", 1.5),
        ("000Y", 0), ("45,5", 45.5), ("045Y\\046Y", 45), ("0045Y", 45), ("414Y", None), ("999", None), ("old", None),
        ("-5Y", None), ("", None), ("045X", None), ("nan", None),
    ],
)  # fmt: skip
def test_an_age_is_understood_in_its_unit(text, years):
    assert dicom_terms.age(text) == years


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20240102", "20240102"), ("2024.01.02", "20240102"), ("2024-01-02", "20240102"), ("2024/01/02", "20240102"),
        ("20240102131500.5+0100", "20240102"), ("2024-01-02T13:15", "20240102"), (" 20240102 ", "20240102"),
        ("02.01.2024", None), ("20241302", None), ("00000000", None), ("2024", None), ("", None),
    ],
)  # fmt: skip
def test_a_date_is_understood_where_it_can_be_one_day_alone(text, day):
    assert dicom_terms.date(text) == day


@pytest.mark.parametrize(
    ("text", "function"),
    [("linear", "LINEAR"), ("LINEAR\\LINEAR", "LINEAR"), ("", "LINEAR"), ("Linear exact", "LINEAR_EXACT"),
     ("LINEAR-EXACT", "LINEAR_EXACT"), ("sigmoid ", "SIGMOID"), ("LOGARITHMIC", None)],
)  # fmt: skip
def test_a_window_function_is_understood_in_any_case_and_spacing(text, function):
    assert dicom_terms.window_function(text) == function


@pytest.mark.parametrize(("text", "sex"), [("f", "F"), ("Female", "F"), ("MALE", "M"), ("other", "O"), ("W", None)])
def test_a_sex_is_understood_in_words(text, sex):
    assert dicom_terms.sex(text) == sex


@pytest.mark.parametrize(
    ("text", "side"), [("left", "L"), ("R ", "R"), ("Bilateral", "B"), ("unknown", ""), ("X", "X")]
)
def test_a_side_is_understood_in_words(text, side):
    assert dicom_terms.side(text) == side


def test_numbers_keep_their_places_where_one_is_damaged():
    assert dicom_terms.decimals("0,5\\wide\\1e999\\3\\ \\") == (0.5, None, None, 3.0)
