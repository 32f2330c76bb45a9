"""A spreadsheet's labels find their films, and whatever does not fit is a line."""

import pytest

from readingroom.errors import InputError
from readingroom.learning.cohorts.from_dicom.labels import read_labels
from readingroom.learning.cohorts.from_dicom.make import make_cohort


@pytest.fixture
def a_sheet(tmp_path):
    def write(text, **options):
        path = tmp_path / "labels.csv"
        path.write_text(text, encoding="utf-8")
        return read_labels(path, **options)

    return write


def labels_of(made):
    return {row.study_id: row.label for row in made.rows}


def test_the_key_is_found_in_the_spreadsheet_and_said(folder, a_film, a_sheet):
    a_film("1.dcm", AccessionNumber="A1")
    a_film("2.dcm", AccessionNumber="A2")
    made = make_cohort(folder, a_sheet("Accession No.;label\nA1;normal\nA2;opacity\n"))
    assert labels_of(made) == {"A1": "normal", "A2": "opacity"}
    assert made.left_out == ()
    assert made.notes[0] == "labels.csv was joined by accession, its column 'Accession No.'."


def test_what_finds_no_partner_is_told_from_both_sides(folder, a_film, a_sheet):
    a_film("1.dcm", AccessionNumber="A1")
    a_film("2.dcm", AccessionNumber="A2")
    a_film("3.dcm", AccessionNumber="")
    made = make_cohort(folder, a_sheet("accession,label\nA1,normal\nA9,normal\n,normal\n"))
    assert {each.what: each.reason for each in made.left_out} == {
        "2.dcm": "No line of labels.csv has its accession.",
        "3.dcm": "Its header has no accession.",
        "labels.csv, line 3": "No image has its accession ('accession').",
        "labels.csv, line 4": "Its 'accession' is empty.",
    }


def test_lines_that_contradict_each_other_label_nothing(folder, a_film, a_sheet):
    a_film("1.dcm", AccessionNumber="A1")
    a_film("2.dcm", AccessionNumber="A2")
    made = make_cohort(folder, a_sheet("accession,label\nA1,normal\nA1,opacity\nA2,normal\nA2,normal\n"))
    assert labels_of(made) == {"A2": "normal"}
    assert {each.what for each in made.left_out} == {"1.dcm", "labels.csv, line 2", "labels.csv, line 3"}


def test_leading_zeros_that_a_spreadsheet_took_away_are_found_and_said(folder, a_film, a_sheet):
    a_film("1.dcm", PatientID="0004711")
    made = make_cohort(folder, a_sheet("Patient ID,label\n4711,normal\n"))
    assert [row.patient_id for row in made.rows] == ["0004711"]
    assert "1 image was found without the leading zeros of the patient_id." in made.notes


def test_zeros_are_not_taken_away_where_two_patients_would_become_one(folder, a_film, a_sheet):
    a_film("1.dcm", PatientID="0004711", AccessionNumber="A1")
    a_film("2.dcm", PatientID="4711", AccessionNumber="A2")
    a_film("3.dcm", PatientID="0815", AccessionNumber="A3")
    a_film("4.dcm", PatientID="00815", AccessionNumber="A4")
    made = make_cohort(folder, a_sheet("Patient ID,label\n4711,normal\n815,opacity\n"))
    assert labels_of(made) == {"A2": "normal"}


@pytest.mark.parametrize("written", ["a/1.dcm", "a\\1.dcm", "1.dcm", "1"])
def test_a_file_is_found_by_its_path_or_its_name(folder, a_film, a_sheet, written):
    a_film("a/1.dcm")
    assert len(make_cohort(folder, a_sheet(f"file,label\n{written},normal\n")).rows) == 1


def test_a_name_that_several_files_have_labels_none_of_them(folder, a_film, a_sheet):
    a_film("a/1.dcm", AccessionNumber="A1")
    a_film("b/1.dcm", AccessionNumber="A2")
    made = make_cohort(folder, a_sheet("file,label\n1.dcm,normal\nb/1.dcm,opacity\n"))
    assert labels_of(made) == {"A2": "opacity"}


def test_only_asked_columns_are_taken_over(folder, a_film, a_sheet):
    a_film("1.dcm")
    text = "Accession,Diagnosis,Patient name,Smoker,site\nA1,normal,Mustermann,yes,North\n"
    made = make_cohort(folder, a_sheet(text, label="diagnosis", keep=["Smoker"]))
    (row,) = made.rows
    assert (row.label, row.site, dict(row.clinical)) == ("normal", "North", {"modality": "DX", "Smoker": True})
    assert "Mustermann" not in repr(made)
    assert any("Patient name" in note for note in made.notes)


def test_the_spreadsheet_can_say_who_the_patient_is(folder, a_film, a_sheet):
    a_film("1.dcm", PatientID="")
    made = make_cohort(folder, a_sheet("accession,label,patient_id\nA1,normal,P9\n"))
    assert made.rows[0].patient_id == "P9"


def test_a_film_of_nobody_is_left_out_and_a_wrong_age_costs_the_age(folder, a_film, a_sheet):
    a_film("1.dcm", AccessionNumber="A1")
    a_film("2.dcm", AccessionNumber="A2", PatientID="")
    a_film("3.dcm", AccessionNumber="A3")
    made = make_cohort(folder, a_sheet("accession,label,age\nA1,normal,60\nA2,normal,60\nA3,normal,old\n"))
    told = {each.what: each.reason for each in made.left_out}
    assert list(told) == ["2.dcm"]
    assert "no PatientID" in told["2.dcm"]
    assert [row.age for row in made.rows] == [60, None]
    assert any("In line 4 of labels.csv the age 'old'" in note for note in made.notes)


def test_survival_is_taken_over(folder, a_film, a_sheet):
    a_film("1.dcm")
    (row,) = make_cohort(folder, a_sheet("accession;time;event\nA1;12,5;yes\n")).rows
    assert (row.label, row.time, row.event) == (None, 12.5, True)


def test_images_of_one_study_have_numbers(folder, a_film):
    a_film("1.dcm", ViewPosition="PA")
    a_film("2.dcm", ViewPosition="LL")
    assert [row.study_id for row in make_cohort(folder).rows] == ["A1", "A1-2"]


def test_only_the_wanted_views_and_modalities_stay(folder, a_film):
    a_film("1.dcm", ViewPosition="PA")
    a_film("2.dcm", ViewPosition="LL")
    a_film("3.dcm", ViewPosition="PA", Modality="MG")
    made = make_cohort(folder, modalities=["DX", "CR"], views=["PA", "AP"])
    assert [row.image.name for row in made.rows] == ["1.dcm"]
    assert {each.what: each.reason for each in made.left_out} == {
        "2.dcm": "Its view is 'LL'.",
        "3.dcm": "Its modality is 'MG'.",
    }


def test_labels_that_differ_in_capitals_alone_are_pointed_out(folder, a_film, a_sheet):
    a_film("1.dcm", AccessionNumber="A1")
    a_film("2.dcm", AccessionNumber="A2")
    made = make_cohort(folder, a_sheet("accession,label\nA1,Normal\nA2,normal\n"))
    assert any("Normal, normal" in note for note in made.notes)


def test_one_patient_id_for_all_is_pointed_out(folder, a_film):
    a_film("1.dcm", PatientID="ANON", AccessionNumber="A1")
    a_film("2.dcm", PatientID="ANON", AccessionNumber="A2")
    assert any("one PatientID" in note for note in make_cohort(folder).notes)


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("accession,Diagnosis\nA1,normal\n", {}, "--label-column"),
        ("number,label\nA1,normal\n", {}, "--key-column"),
        ("number,label\nA1,normal\n", {"key": "number"}, "--on"),
        ("accession,label\nA1,normal\n", {"keep": ["Smoker"]}, "no column 'Smoker'"),
    ],
)
def test_a_column_that_is_missing_is_one_sentence(a_sheet, text, options, words):
    with pytest.raises(InputError, match=words):
        a_sheet(text, **options)


def test_a_folder_without_a_usable_film_says_why(folder, a_film, a_sheet):
    a_film("1.dcm", AccessionNumber="A1")
    with pytest.raises(InputError, match=r"1\.dcm: No line"):
        make_cohort(folder, a_sheet("accession,label\nA2,normal\n"))


def test_views_and_modalities_are_the_same_in_any_spelling(folder, a_film):
    a_film("1.dcm", ViewPosition="POSTEROANTERIOR")
    a_film("2.dcm", ViewPosition="Lateral")
    a_film("3.dcm", ViewPosition="ap supine", Modality="dx")
    made = make_cohort(folder, modalities=["DX"], views=["pa", "antero-posterior"])
    assert {row.image.name: row.view for row in made.rows} == {"1.dcm": "PA", "3.dcm": "AP"}


def test_what_headers_say_and_could_not_be_used_is_a_note_with_the_number_of_its_images(folder, a_film):
    for number in range(3):
        a_film(f"{number}.dcm", PatientAge="414Y", PatientBirthDate="19500301", StudyDate="20240102")
    a_film("3.dcm", PatientSex="Frau Meier")
    made = make_cohort(folder)
    assert {round(row.age) for row in made.rows if row.age} >= {74}
    assert any("no age that a person reaches" in note and "(3 images, such as 0.dcm)" in note for note in made.notes)
    assert any("PatientSex" in note and "(1 image, such as 3.dcm)" in note for note in made.notes)
    assert "Meier" not in " ".join(made.notes)
