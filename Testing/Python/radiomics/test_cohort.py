"""Many studies in one table: resumable, and one bad study does not stop the rest."""

from __future__ import annotations

import csv
import json
import shutil

import pytest
import SimpleITK

from readingroom.errors import CancelledError, InputError, OutputError
from readingroom.progress import Progress
from readingroom.radiomics.cohort import Summary, measure_cohort
from readingroom.radiomics.measure import measure
from readingroom.radiomics.settings import Settings

MEAN = Settings(features={"firstorder": ("Mean",), "glcm": ("Contrast",)})


@pytest.fixture
def a_cohort(tmp_path, an_image, a_mask):
    """Three good studies and two bad ones."""
    SimpleITK.WriteImage(an_image, str(tmp_path / "image.nrrd"))
    SimpleITK.WriteImage(a_mask, str(tmp_path / "mask.nrrd"))
    SimpleITK.WriteImage(a_mask * 0, str(tmp_path / "empty.nrrd"))
    SimpleITK.WriteImage(a_mask * 4, str(tmp_path / "four.nrrd"))
    path = tmp_path / "cohort.csv"
    path.write_text(
        "patient_id,site,image_ct,mask_tumor,mask_label\n"
        "a,north,image.nrrd,mask.nrrd,\n"
        "b,north,image.nrrd,empty.nrrd,\n"
        "c,south,gone.nrrd,mask.nrrd,\n"
        "d,south,image.nrrd,four.nrrd,4\n"
        "e,south,image.nrrd,mask.nrrd,1\n"
    )
    return path


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_with_a_row_for_every_study(a_cohort, tmp_path, an_image, a_mask):
    out = tmp_path / "table.csv"
    assert measure_cohort(a_cohort, out, MEAN, processes=2) == Summary(measured=3, failed=2, resumed=0)
    rows = read(out)
    assert [row["patient_id"] for row in rows] == ["a", "b", "c", "d", "e"]
    assert [row["site"] for row in rows] == ["north", "north", "south", "south", "south"]
    assert "empty" in rows[1]["problem"]
    assert "gone.nrrd" in rows[2]["problem"]
    expected = measure(an_image, a_mask, MEAN).values
    for row in (rows[0], rows[3], rows[4]):
        assert row["problem"] == ""
        assert {name: float(row[name]) for name in expected} == expected
    assert sorted(path.name for path in tmp_path.iterdir() if "table" in path.name) == ["table.csv"]


def test_a_batch_table_of_pyradiomics_is_measured_with_its_labels(a_cohort, tmp_path, an_image, a_mask):
    batch = tmp_path / "batch.csv"
    batch.write_text(
        "Case,Image,Mask,Label\n7,image.nrrd,four.nrrd,4.0\n8,image.nrrd,mask.nrrd,\n9,image.nrrd,mask.nrrd,x\n"
    )
    out = tmp_path / "table.csv"
    assert measure_cohort(batch, out, MEAN, processes=1) == Summary(measured=2, failed=1, resumed=0)
    rows = read(out)
    expected = measure(an_image, a_mask, MEAN)
    assert list(rows[0])[:6] == ["Case", "Image", "Mask", "Label", "problem", "notes"]
    assert list(rows[0])[6:] == [*expected.provenance, *expected.values]
    for row in rows[:2]:
        assert {name: float(row[name]) for name in expected.values} == dict(expected.values)
        assert row["diagnostics_Image-original_Hash"] == expected.provenance["diagnostics_Image-original_Hash"]
    assert "label 'x' is no whole number" in rows[2]["problem"]
    measure_cohort(batch, tmp_path / "table.json", MEAN, processes=1)
    cases = json.loads((tmp_path / "table.json").read_text())
    assert cases[0]["original_glcm_Contrast"] == expected.values["original_glcm_Contrast"]
    assert "original_glcm_Contrast" not in cases[2]


def test_a_broken_run_goes_on_where_it_stopped(a_cohort, tmp_path):
    out = tmp_path / "table.csv"

    def stop(fraction: float, sentence: str) -> None:
        if sentence.startswith(("Measured: 3", "Measured: 4")):
            raise CancelledError("The work was canceled.")

    with pytest.raises(CancelledError):
        measure_cohort(a_cohort, out, MEAN, processes=1, progress=Progress(stop))
    assert not out.exists()
    unfinished = tmp_path / "table.csv.unfinished"
    done = [json.loads(line) for line in unfinished.read_text().splitlines()]
    assert len(done) == 3
    with unfinished.open("a") as file:
        file.write('{"key": "cut off')  # as a killed process leaves it
    summary = measure_cohort(a_cohort, out, MEAN, processes=1)
    assert summary == Summary(measured=3, failed=2, resumed=sum("values" in each["result"] for each in done))
    assert not unfinished.exists()


@pytest.fixture
def a_broken_run(a_cohort, tmp_path):
    """The table that it would have made."""
    out = tmp_path / "table.csv"

    def stop(fraction: float, sentence: str) -> None:
        if sentence.startswith("Measured: 1"):
            raise CancelledError("The work was canceled.")

    with pytest.raises(CancelledError):
        measure_cohort(a_cohort, out, MEAN, processes=1, progress=Progress(stop))
    assert (tmp_path / "table.csv.unfinished").exists()
    return out


def test_results_of_other_settings_are_measured_again(a_cohort, a_broken_run):
    other = Settings(features={"firstorder": ("Median",)})
    assert measure_cohort(a_cohort, a_broken_run, other, processes=1).resumed == 0


def test_another_picture_in_the_place_of_one_is_measured_again(a_cohort, a_broken_run, tmp_path, an_image):
    SimpleITK.WriteImage(an_image + 100, str(tmp_path / "image.nrrd"))
    assert measure_cohort(a_cohort, a_broken_run, MEAN, processes=1).resumed == 0


def test_the_same_rows_of_another_folder_are_other_patients(a_cohort, a_broken_run, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for path in (*tmp_path.glob("*.nrrd"), a_cohort):
        shutil.copy2(path, other)
    assert measure_cohort(other / a_cohort.name, a_broken_run, MEAN, processes=1).resumed == 0


def test_a_damaged_line_of_a_broken_run_is_measured_again(a_cohort, a_broken_run, tmp_path):
    (tmp_path / "table.csv.unfinished").write_bytes(b'{"key": "\xff\n[]\n{"key": 3}\n')
    assert measure_cohort(a_cohort, a_broken_run, MEAN, processes=1) == Summary(measured=3, failed=2, resumed=0)


def test_a_file_of_somebody_else_with_the_name_of_what_was_done_is_left_alone(a_cohort, tmp_path):
    notes = tmp_path / "table.csv.unfinished"
    notes.write_text("what I have still to do")
    with pytest.raises(OutputError, match="none of our files"):
        measure_cohort(a_cohort, tmp_path / "table.csv", MEAN, processes=1)
    assert notes.read_text() == "what I have still to do"


def test_a_study_that_ended_its_process_is_a_row_that_says_so(a_cohort, tmp_path, processes_that_die):
    out = tmp_path / "table.csv"
    found = measure_cohort(a_cohort, out, MEAN, executor=processes_that_die)
    assert found == Summary(measured=0, failed=5, resumed=0)
    assert all("ended unexpectedly" in row["problem"] for row in read(out))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("patient_id,image_ct\na,b\n", "no column mask_"),
        ("patient_id,image_ct,image_pet,mask_a\na,b,c,d\n", "image_ct, image_pet"),
    ],
)
def test_what_is_no_cohort_is_refused(tmp_path, text, words):
    path = tmp_path / "cohort.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        measure_cohort(path, tmp_path / "out.csv")
