"""The table of a cohort: what is read, what is refused and in which words."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readingroom.errors import InputError
from readingroom.examples import chest_radiograph
from readingroom.learning.cohorts.cohort import Cohort, Row, read_cohort, write_cohort
from readingroom.readers.description import ClinicalField
from readingroom.readers.registry import find_reader
from readingroom.study import ClinicalFact

HEADER = "patient_id,study_id,image_frontal,label,site,age,split,origin"


def written(folder: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = folder / "cohort.csv"
    path.write_bytes("\n".join((header, *lines, "")).encode(encoding))
    return path


def test_a_row_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    known = "patient_id,study_id,Image_MR,mask_liver,Label,site,scanner,origin,age,Sex,view,laterality,split"
    line = "p1,s1,images/a.nrrd,masks/a.nrrd,hcc,north,Aera,,61.5,F,AP,L,train,12"
    path = written(tmp_path, line, header=f"{known},AFP (ng/ml)")
    cohort = read_cohort(path)
    assert cohort.rows == (
        Row(
            "p1", "s1", {"mr": tmp_path / "images/a.nrrd"}, "hcc", masks={"liver": tmp_path / "masks/a.nrrd"},
            site="north", scanner="Aera", age=61.5, sex="F", view="AP", laterality="L", split="train",
            clinical={"AFP (ng/ml)": 12.0},
        ),
    )  # fmt: skip
    assert cohort.problems == ()


def test_ages_views_sexes_and_sides_mean_the_same_in_any_spelling(tmp_path: Path) -> None:
    line = "p1,s1,a.png,x,018M,POSTEROANTERIOR,female,Left"
    (row,) = read_cohort(
        written(tmp_path, line, header="patient_id,study_id,image_frontal,label,age,view,sex,laterality")
    ).rows
    assert (row.age, row.view, row.sex, row.laterality) == (1.5, "PA", "F", "L")


def test_a_survival_outcome_is_a_time_and_an_event(tmp_path: Path) -> None:
    path = written(
        tmp_path, "p1,s1,a.png,12.5,1", "p2,s1,b.png,0,No", header="patient_id,study_id,image_frontal,time,event"
    )
    first, second = read_cohort(path).rows
    assert (first.label, first.time, first.event) == (None, 12.5, True)
    assert (second.time, second.event) == (0.0, False)


@pytest.mark.parametrize(
    ("column", "text", "months"), [("time_days", "365.25", 12.0), ("time_years", "2", 24.0), ("time_months", "7", 7.0)]
)
def test_the_name_of_the_column_says_the_unit_of_time(tmp_path: Path, column: str, text: str, months: float) -> None:
    header = f"patient_id,study_id,image_ct,{column},event"
    cohort = read_cohort(written(tmp_path, f"p,s,a,{text},1", header=header))
    assert cohort.rows[0].time == pytest.approx(months)
    assert f"The column {column} was read as {column.removeprefix('time_')}" in cohort.notes[0]
    assert f"{months:.1f} months" in cohort.notes[0]


def test_days_in_a_column_of_months_are_refused_with_what_to_do(tmp_path: Path) -> None:
    header = "patient_id,study_id,image_ct,time,event"
    cohort = read_cohort(written(tmp_path, "p,s,a,4454,1", "q,s,a,20,0", header=header))
    assert len(cohort) == 1
    assert "more than a century of months" in cohort.problems[0]
    assert "time_days" in cohort.problems[0]


def test_two_columns_of_time_are_refused(tmp_path: Path) -> None:
    header = "patient_id,study_id,image_ct,time,time_days,event"
    with pytest.raises(InputError, match="a time in each of time, time_days"):
        read_cohort(written(tmp_path, "p,s,a,1,30,1", header=header))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (",s1,a.png,x,,,,", "the patient_id is empty"),
        ("p1,s1,,x,,,,", "it has no image"),
        ("p1,s1,a.png,,,,,", "it has no label, nor a time and an event"),
        ("p1,s1,a.png,x,,,val,", "the split 'val' is none of train, validation, test"),
        ("p1,s1,a.png,x,,,,fake", "the origin 'fake' is none of real, synthetic"),
        ("p1,s1,a.png,x", "it has 4 values for 8 columns"),
        ("p1,s1,a.png,x,,,,,one too many", "it has 9 values for 8 columns"),
        ("p0,s0,a.png,x,,,,", "study 's0' of patient 'p0' is in line 2 already"),
        ("p1,s1,a.png,,,200,val,", "it has no label, nor a time and an event; the split 'val'"),
    ],
)
def test_a_bad_row_is_one_line_that_says_where_and_what(tmp_path: Path, line: str, words: str) -> None:
    cohort = read_cohort(written(tmp_path, "p0,s0,a.png,x,north,50,test,real", line, "p9,s9,a.png,x,,,,"))
    assert [row.patient_id for row in cohort.rows] == ["p0", "p9"]
    (problem,) = cohort.problems
    assert problem.startswith("Line 3: ")
    assert words in problem


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("x,3,1", "it has a label ('x') and a time or an event"),
        ("x,,1", "it has a label ('x') and a time or an event"),
        (",3,", "it has no event"),
        (",,1", "it has no time"),
        (",-1,1", "the time '-1' is no number of months from 0 on"),
        (",3,dead", "the event 'dead' is none of 1, true, yes, 0, false, no"),
    ],
)
def test_an_outcome_is_one_whole_thing(tmp_path: Path, outcome: str, words: str) -> None:
    path = written(
        tmp_path, f"p,s,a,{outcome}", "q,s,a,x,,", header="patient_id,study_id,image_frontal,label,time,event"
    )
    assert words in read_cohort(path).problems[0]


@pytest.mark.parametrize(
    ("header", "line", "words"),
    [
        ("time,event", "3,2", r"events of several causes \(line 3: '2'\), and a table can have one"),
        (
            "time,event,Cause of death",
            "3,1,cancer",
            "The column 'Cause of death' of the cohort cohort.csv tells the outcome",
        ),
    ],
)
def test_competing_causes_are_refused_rather_than_left_out(tmp_path: Path, header: str, line: str, words: str) -> None:
    columns = f"patient_id,study_id,image_ct,{header}"
    path = written(tmp_path, "p0,s0,a,4,1" + "," * header.count("C"), f"p1,s1,a,{line}", header=columns)
    with pytest.raises(InputError, match=words):
        read_cohort(path)


def test_the_second_of_two_rows_is_used_when_the_first_is_bad(tmp_path: Path) -> None:
    cohort = read_cohort(written(tmp_path, "p,s,a.png,,,,,", "p,s,a.png,x,,,,"))
    assert [row.label for row in cohort.rows] == ["x"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encodings_of_spreadsheets(tmp_path: Path, encoding: str) -> None:
    cohort = read_cohort(written(tmp_path, "Zoë,s1,a.png,x,Zürich,,,", encoding=encoding))
    assert (cohort.rows[0].patient_id, cohort.rows[0].site, cohort.notes) == ("Zoë", "Zürich", ())


def test_an_old_windows_encoding_is_read_and_said(tmp_path: Path) -> None:
    cohort = read_cohort(written(tmp_path, "Zoë,s1,a.png,x,Zürich,,,", encoding="cp1252"))
    assert cohort.rows[0].site == "Zürich"
    assert "Windows-1252" in cohort.notes[0]


def test_semicolons_decimal_commas_and_excels_first_line(tmp_path: Path) -> None:
    path = tmp_path / "cohort.csv"
    text = (
        "sep=;\r\npatient_id;study_id;image_frontal;label;age;;\r\np1;s1;a.png;x;65,5;;\r\n;;;;;;\r\np2;;b.png;x;;;\r\n"
    )
    path.write_text(text, newline="")
    cohort = read_cohort(path)
    assert cohort.rows[0].age == 65.5
    assert cohort.problems == ("Line 5: the study_id is empty.",)


def test_a_quoted_value_over_two_lines_does_not_shift_the_line_numbers(tmp_path: Path) -> None:
    cohort = read_cohort(written(tmp_path, 'p1,s1,a.png,x,"north\nwing",,,', "p2,,a.png,x,,,,"))
    assert cohort.problems == ("Line 4: the study_id is empty.",)


def test_paths_count_from_the_table_and_may_be_written_on_windows(tmp_path: Path) -> None:
    cohort = read_cohort(written(tmp_path, "p1,s1,images\\a.png,x,,,,", f"p2,s1,{tmp_path / 'b.png'},x,,,,"))
    assert [row.image for row in cohort.rows] == [tmp_path / "images" / "a.png", tmp_path / "b.png"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04...", "is an Excel workbook; save it as CSV"),
        (b"\x81\x8d\xff", "is no text in UTF-8"),
        (b"patient_id,image_frontal,label\np,a,x\n", "has no column study_id"),
        (b"patient_id,study_id,image_left-cc,label_left,label_right\np,s,a,x,y\n", "Give each breast a row"),
        (b"patient_id,study_id,image_frontal\np,s,a\n", "neither a column label nor the columns time and event"),
        (b"patient_id,study_id,image_frontal,label\n", "has no rows"),
        (
            b"patient_id,study_id,image_frontal,label\np,s,a,\n",
            "No row of the cohort cohort.csv can be used. Line 2: it",
        ),
        (b"patient_id,study_id,image_frontal,label,site,site\np,s,a,x,1,2\n", "two columns named site"),
        (b"patient_id,study_id,image_frontal,label,Label\np,s,a,x,y\n", "two columns named label"),
        (b"patient_id,study_id,image_frontal,label,\np,s,a,x,1\n", "Column 5 of cohort.csv has values but no name"),
        (b'patient_id,study_id,image_frontal,label\np,s,"a,x\n', "Line 2 of cohort.csv cannot be read"),
    ],
)
def test_what_is_no_cohort_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "cohort.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words.replace(".", r"\.")):
        read_cohort(path)


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: no such file"):
        read_cohort(tmp_path / "none.csv")


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=8)


@given(
    patients=st.lists(TEXT, min_size=1, max_size=5, unique=True),
    label=TEXT,
    site=TEXT,
    age=st.none() | st.floats(0, 130).map(lambda value: float(f"{value:.10g}")),
    note=TEXT | st.booleans() | st.integers(-999, 999).map(float),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_back(tmp_path: Path, patients, label, site, age, note) -> None:
    rows = tuple(
        Row(name, "s1", {"frontal": tmp_path / "a.png"}, label, site=site, age=age, clinical={"Note": note})
        for name in patients
    )
    write_cohort(tmp_path / "cohort.csv", rows)
    found = read_cohort(tmp_path / "cohort.csv")
    assert [replace(row, clinical={}) for row in found.rows] == [replace(row, clinical={}) for row in rows]
    assert found.column("Note").tolist() == Cohort(rows).column("Note").tolist()


def test_paths_outside_the_folder_are_written_in_full(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    row = Row(
        "p",
        "s",
        {"frontal": tmp_path / "images" / "a.png"},
        time=3.25,
        event=True,
        masks={"lung": tmp_path / "tables/m.nrrd"},
    )
    write_cohort(tmp_path / "tables" / "cohort.csv", [row])
    assert read_cohort(tmp_path / "tables" / "cohort.csv").rows == (row,)
    assert f"{os.fspath(tmp_path)}/images/a.png,m.nrrd,3.25,1" in (tmp_path / "tables" / "cohort.csv").read_text()


def test_two_rows_of_one_study_are_not_written(tmp_path: Path) -> None:
    row = Row("p", "s", {"frontal": tmp_path / "a.png"}, "x")
    with pytest.raises(ValueError, match="same patient and study"):
        write_cohort(tmp_path / "cohort.csv", [row, row])


@pytest.mark.parametrize(
    "wrong", [{"label": "x", "time": 1.0, "event": True}, {"time": 1.0}, {"origin": "drawn"}, {"split": "val"}]
)
def test_a_row_that_contradicts_itself_is_not_built(wrong) -> None:
    with pytest.raises(ValueError, match=r"event|origin"):
        Row("p", "s", {"frontal": Path("a.png")}, **wrong)


def test_a_row_may_have_several_images_by_role(tmp_path: Path) -> None:
    header = "patient_id,study_id,image_ct,image_prior-ct,label"
    first, second = read_cohort(written(tmp_path, "p1,s1,now,before,x", "p2,s1,now2,,y", header=header)).rows
    assert dict(first.images) == {"ct": tmp_path / "now", "prior-ct": tmp_path / "before"}
    assert dict(second.images) == {"ct": tmp_path / "now2"}
    write_cohort(tmp_path / "again.csv", [first, second])
    assert read_cohort(tmp_path / "again.csv").rows == (first, second)


def test_images_whose_role_is_not_said_are_refused_with_the_new_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"The column 'image' of the cohort cohort\.csv must say .* image_frontal for"):
        read_cohort(written(tmp_path, "p1,s1,a.png,x", header="patient_id,study_id,image,label"))
    with pytest.raises(InputError, match="A column of images of the cohort"):
        read_cohort(written(tmp_path, "p1,s1,x", header="patient_id,study_id,label"))


def test_clinical_columns_hold_numbers_or_yes_and_no_or_text_and_it_is_said(tmp_path: Path) -> None:
    header = "patient_id,study_id,image_ct,label,weight,smoker,stage,empty"
    cohort = read_cohort(written(tmp_path, "p1,s,a,x,65.5,Yes,IIIa,", "p2,s,b,x,,no,2,", header=header))
    assert [dict(row.clinical) for row in cohort.rows] == [
        {"weight": 65.5, "smoker": True, "stage": "IIIa"},
        {"smoker": False, "stage": "2"},
    ]
    assert cohort.notes == ("What clinical columns hold was inferred: weight (number), smoker (yes or no).",)


def test_the_form_of_a_reader_says_what_a_column_holds(tmp_path: Path) -> None:
    form = (
        ClinicalField("stage", "Stage", "choice", choices=(("1", "I"), ("2", "II"))),
        ClinicalField("dose", "Dose", "number", unit="Gy", low=0, high=80),
    )
    header = "patient_id,study_id,image_ct,label,stage,dose"
    cohort = read_cohort(written(tmp_path, "p1,s,a,x,II,60", "p2,s,b,x,2,", "p3,s,c,x,1,99", header=header), form)
    assert [dict(row.clinical) for row in cohort.rows] == [{"stage": "2", "dose": 60.0}, {"stage": "2"}]
    assert cohort.problems == ("Line 4: Dose is '99'; it must be between 0 and 80 Gy.",)
    assert cohort.notes == ()


def test_a_row_gives_the_study_that_its_reader_reads() -> None:
    film = chest_radiograph()
    row = Row("p", "s", {"frontal": film, "lateral": film}, "x", age=44.0, clinical={"smoker": True})
    study = row.study(find_reader("chest-xray"))
    assert [(image.role, image.path) for image in study.images] == [("frontal", film)]
    assert study.clinical["age"] == ClinicalFact(44.0, "a")
    assert "smoker" not in study.clinical


def test_a_sex_that_the_form_does_not_know_is_left_out_of_the_study() -> None:
    row = Row("p", "s", {"frontal": chest_radiograph()}, "x", sex="not told")
    assert row.study(find_reader("chest-xray")).clinical["sex"] == ClinicalFact("M", source="header")


def test_a_row_without_the_image_of_the_reader_is_refused() -> None:
    with pytest.raises(InputError, match="needs the image 'Radiograph'"):
        Row("p", "s", {"ct": chest_radiograph()}, "x").study(find_reader("chest-xray"))


@pytest.mark.parametrize("age", ["old", "-3", "nan", "414"])
def test_a_bad_age_costs_the_age_and_not_the_study(tmp_path: Path, age: str) -> None:
    (tmp_path / "c.csv").write_text(f"patient_id,study_id,image_frontal,label,age\np1,s1,a.png,x,{age}\n")
    cohort = read_cohort(tmp_path / "c.csv")
    assert (len(cohort), cohort.rows[0].age, cohort.problems) == (1, None, ())
    assert cohort.notes == (f"Line 2: the age '{age}' is no number of years from 0 to 130; it is left out.",)
