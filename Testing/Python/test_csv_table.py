"""Tables come back as they were written, and no spreadsheet program runs a cell of them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.csv_table import csv_text, read_csv, write_csv, write_records
from readingroom.errors import InputError


def written(cell: object) -> str:
    """How one cell is written."""
    return csv_text(("a", "b"), [(cell, "x")]).splitlines()[1].removesuffix(",x").strip('"')


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd", "-x", "@SUM(A1)", "＝1+1", "＋x", "－x", "＠x", "\u22121+1", "  =1+1", "'=1"]
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert written(text) == f"'{text}"


@pytest.mark.parametrize("character", ["\t", "\r"])
def test_a_cell_that_begins_with_a_tab_or_a_carriage_return_gets_an_apostrophe(character: str) -> None:
    assert csv_text((f"{character}x",), []).startswith(f"\"'{character}")


@pytest.mark.parametrize("sign", "=+-@＝＋－＠﹦﹢﹣﹫")
@pytest.mark.parametrize(
    "hidden",
    [
        "\ufeff",
        "\u200b",
        "\u00a0 ",
        "\u202e",
        "\u2060",
        "\x00",
        "\x1b",
        "\x7f",
        "\xad",
        '"',
        '""',
        "'",
        ' "',
        "“",
        "\u3000",
    ],
)
def test_a_sign_behind_what_nobody_sees_gets_an_apostrophe(hidden: str, sign: str) -> None:
    assert next(csv.reader([csv_text((f"{hidden}{sign}cmd",), [])]))[0] == f"'{hidden}{sign}cmd"
    assert f"Meyer;'{hidden}" in next(csv.reader([csv_text((f"Meyer;{hidden}{sign}cmd",), [])]))[0]


@pytest.mark.parametrize("end", [";", "；", "\t", "\r", "\n", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_a_sign_behind_what_may_end_a_cell_gets_an_apostrophe(end: str) -> None:
    assert f"Meyer{end}'=cmd" in csv_text((f"Meyer{end}=cmd",), [])


@pytest.mark.parametrize("text", ["Müller;=1+1", "Müller; @x", "a;;=b", "a\t=b"])
def test_a_formula_after_another_program_s_separator_gets_an_apostrophe(text: str) -> None:
    sign = next(place for place, letter in enumerate(text) if letter in "=@")
    before = text[:sign].rstrip(" ")
    assert f"{before}'" in written(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(-1.5, "-1.5"), ("-1.5", "-1.5"), ("+3", "+3"), ("-2e-05", "-2e-05"), ("-1,5", "-1,5"), (-3, "-3"), (True, "1")],
)
def test_numbers_stay_numbers(value: object, expected: str) -> None:
    assert written(value) == expected


def test_what_is_not_known_is_an_empty_cell() -> None:
    assert csv_text(("a", "b"), [(None, 1)]) == "a,b\n,1\n"


@settings(deadline=None)  # a busy computer is no failure
@given(
    st.lists(
        st.text(alphabet="=+-@＝;,'\"\t\r\n 5.aé\ufeff\u200b\x00\u2028；“", max_size=9).map(str.strip),
        min_size=1,
        max_size=4,
    )
)
def test_any_text_comes_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, cells: list[str]) -> None:
    path = tmp_path_factory.mktemp("table") / "table.csv"
    write_csv(path, ("first", *(f"c{n}" for n in range(len(cells)))), [("x", *cells)])
    (row,) = read_csv(path).records()
    assert list(row.values()) == ["x", *cells]


def test_records_are_written_by_the_names_of_columns(tmp_path: Path) -> None:
    write_records(tmp_path / "t.csv", ("a", "b"), [{"b": 0.25, "a": "x"}, {"a": "y"}])
    assert read_csv(tmp_path / "t.csv").records() == [{"a": "x", "b": "0.25"}, {"a": "y", "b": ""}]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b\n", "has no rows"),
        ("a\n1\n", "has no column b"),
        ("a,b\n1,2,3\n", "Line 2 of t.csv has 3 values for 2 columns"),
        ("a,a\n1,2\n", "two columns named a"),
        ("", "is empty"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=sentence):
        read_csv(path).records(needed=("a", "b"))


def test_a_decimal_comma_is_read_where_the_comma_separates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a;b\n65,5;2\n", "utf-8")
    table = read_csv(path)
    assert table.number(table.records()[0]["a"]) == 65.5
