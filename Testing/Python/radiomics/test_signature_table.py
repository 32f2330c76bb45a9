"""The table that a signature learns from: what is read, what is left out, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.errors import InputError
from readingroom.radiomics.settings import Settings
from readingroom.radiomics.signature.feature_file import read_features, read_stability
from readingroom.radiomics.signature.measured_with import PROVENANCE, settings_of_rows
from readingroom.radiomics.signature.table import read_table

HEADER = "patient_id,site,problem,died,age,original_shape_VoxelVolume,original_glcm_Contrast,wavelet-LLH_glcm_Id\n"


@pytest.fixture
def write(tmp_path):
    def write_it(text, name="table.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_it


def test_features_outcome_and_clinical_columns_are_read(write):
    table = read_table(write(HEADER + "a,x,,1,60,1.5,2,3\nb,y,,0,,2.5,3,4\n"), "died", clinical=["age"])
    assert table.patients.tolist() == ["a", "b"]
    assert table.names == ("original_shape_VoxelVolume", "original_glcm_Contrast", "wavelet-LLH_glcm_Id")
    np.testing.assert_array_equal(table.values, [[1.5, 2, 3], [2.5, 3, 4]])
    assert table.outcome.tolist() == [1, 0]
    assert table.clinical["age"].tolist() == ["60", ""]
    assert table.notes == ()


def test_rows_and_features_that_are_not_whole_are_left_out_and_said(write):
    rows = "a,x,,yes,1,1,2,3\nb,x,The mask is empty.,no,1,,,\nc,x,,,1,1,2,3\nd,x,,no,1,5,nan,4\n"
    table = read_table(write(HEADER + rows), "died")
    assert table.patients.tolist() == ["a", "d"]
    assert table.names == ("original_shape_VoxelVolume", "wavelet-LLH_glcm_Id")
    assert "2 of 4 rows" in table.notes[0]
    assert "original_glcm_Contrast" in table.notes[1]


def test_features_of_all_image_types_are_read(write):
    header = (
        "patient_id,died,gradient_glcm_Id,lbp-3D-m1_firstorder_Mean,laws-L5E5E5-energy-7_ngtdm_Contrast,my_own_score\n"
    )
    table = read_table(write(header + "a,1,1,2,3,4\nb,0,2,3,4,5\n"), "died")
    assert len(table.names) == 3


def test_how_rows_were_measured_is_what_their_diagnostics_tell(write):
    header = f"patient_id,died,original_glcm_Id,{PROVENANCE[0]}\n"
    rows = "".join(f"p{n},{n % 2},1,\"{{'binWidth': {10 + n // 4}, 'label': {n}}}\"\n" for n in range(4))
    measured = read_table(write(header + rows), "died").measured_with
    assert settings_of_rows("table.csv", measured) == Settings(bin_width=10)
    assert settings_of_rows("table.csv", measured, Settings(bin_width=10, pre_crop=True)).pre_crop
    with pytest.raises(InputError, match=r"table\.csv were measured with binWidth 10; the settings say 25"):
        settings_of_rows("table.csv", measured, Settings())
    with pytest.raises(InputError, match=r"measured with binWidth 5; in other rows it is 10"):
        settings_of_rows("table.csv", (*measured, {"setting": {"binWidth": 5}}))
    assert settings_of_rows("table.csv", ()) == Settings()


def test_features_are_chosen_by_how_their_names_begin(write):
    table = read_table(write(HEADER + "a,x,,1,60,1.5,2,3\nb,y,,0,,2.5,3,4\n"), "died", features=["wavelet"])
    assert table.names == ("wavelet-LLH_glcm_Id",)


@pytest.mark.parametrize(
    ("rows", "options", "sentence"),
    [
        ("", {}, "has no rows"),
        ("a,x,,1,1,1,2,3\nb,x,,1,1,1,2,3\n", {}, "has 1 different values"),
        ("a,x,,1,1,1,2,3\nb,x,,0,1,1,2,3\nc,x,,2,1,1,2,3\n", {}, "has 3 different values"),
        ("a,x,,good,1,1,2,3\nb,x,,bad,1,1,2,3\n", {}, "Which value of died is asked for, 'bad' or 'good'"),
        ("a,x,,good,1,1,2,3\nb,x,,bad,1,1,2,3\n", {"positive": "ugly"}, "bad and good, not ugly"),
        ("a,x,,1,1,1,2,3\nb,x,,0,1,1,2,3\n", {"outcome": "dead"}, "no column dead"),
        ("a,x,,1,1,1,2,3\nb,x,,0,1,1,2,3\n", {"patient": "case"}, "no column case"),
        ("a,x,,1,1,1,2,3\nb,x,,0,1,1,2,3\n", {"clinical": ["stage"]}, "no column stage"),
        ("a,x,,1,1,1,2,3\nb,x,,0,1,1,2,3\n", {"features": ["deep_"]}, "no feature column that begins with deep_"),
        ("a,x,,1,1,,,\nb,x,,0,1,1,2,3\n", {}, "No feature of table.csv is a number in every row"),
    ],
)
def test_tables_that_cannot_be_learned_from_are_refused(write, rows, options, sentence):
    with pytest.raises(InputError, match=sentence):
        read_table(write(HEADER + rows), **{"outcome": "died", **options})


def test_a_missing_table_is_said(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.csv cannot be read"):
        read_table(tmp_path / "nothing.csv", "died")


def test_a_feature_file_gives_values_and_provenance(write):
    text = "feature,value\ndiagnostics_Versions_Numpy,2.1\noriginal_glcm_Id,0.5\noriginal_glcm_Imc1,nan\n"
    features = read_features(write(text))
    assert features.values["original_glcm_Id"] == 0.5
    assert np.isnan(features.values["original_glcm_Imc1"])
    assert features.provenance == {"diagnostics_Versions_Numpy": "2.1"}


def test_stability_is_read_by_feature(write):
    assert read_stability(write("feature,icc,icc_low\na,0.9,0.8\n")) == {"a": 0.8}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("name,number\na,1\n", "has no column feature, value"), ("feature,value\na,high\n", "of a is no number: 'high'")],
)
def test_files_of_another_kind_are_refused(write, text, sentence):
    with pytest.raises(InputError, match=sentence):
        read_features(write(text))
