"""`readingroom radiomics` on the shell."""

from __future__ import annotations

import csv
import json

import pytest
import SimpleITK

from readingroom.cli import main


@pytest.fixture
def files(tmp_path, an_image, a_mask):
    """An image, and a mask with labels 1 and 2."""
    labels = SimpleITK.GetArrayFromImage(a_mask)
    labels[:, :, 12:] *= 2
    two = SimpleITK.GetImageFromArray(labels)
    two.CopyInformation(a_mask)
    SimpleITK.WriteImage(an_image, str(tmp_path / "image.nrrd"))
    SimpleITK.WriteImage(two, str(tmp_path / "mask.nrrd"))
    return str(tmp_path / "image.nrrd"), str(tmp_path / "mask.nrrd")


def test_a_region_becomes_a_table_of_feature_and_value(files, tmp_path, capsys):
    out = tmp_path / "features.csv"
    assert main(["radiomics", *files, "--out", str(out), "--label", "2"]) == 0
    assert "107 features" in capsys.readouterr().out
    with out.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["feature", "value"]
    values = dict(rows[1:])
    assert float(values["original_glcm_Contrast"]) > 0
    assert len(values["diagnostics_Image-original_Hash"]) == 40


def test_a_parameter_file_is_followed(files, tmp_path):
    settings = tmp_path / "few.yaml"
    settings.write_text("featureClass:\n  firstorder: ['Mean']\nsetting:\n  label: 1\n  additionalInfo: false\n")
    out = tmp_path / "features.csv"
    assert main(["radiomics", *files, "--out", str(out), "--settings", str(settings)]) == 0
    assert [line.split(",")[0] for line in out.read_text().splitlines()] == ["feature", "original_firstorder_Mean"]


def test_an_option_goes_before_the_file(files, tmp_path):
    settings = tmp_path / "few.yaml"
    settings.write_text("featureClass:\n  firstorder: ['Mean', 'Entropy']\nsetting:\n  label: 1\n  binWidth: 1\n")
    out = tmp_path / "features.json"
    assert main(["radiomics", *files, "--out", str(out), "--settings", str(settings), "-s", "binWidth:1e4"]) == 0
    (case,) = json.loads(out.read_text())
    assert case["original_firstorder_Entropy"] <= 1  # two bins, below and above zero
    assert case["Image"] == files[0]
    assert "'binWidth': 10000.0" in case["diagnostics_Configuration_Settings"]


def test_an_option_that_is_not_known_exits_with_3(files, tmp_path, capsys):
    assert main(["radiomics", *files, "--out", str(tmp_path / "f.csv"), "-s", "binWidht:10"]) == 3
    assert "'binWidht' is not known" in capsys.readouterr().err


def test_every_label_becomes_a_case_of_a_text(files, tmp_path):
    settings = tmp_path / "few.yaml"
    settings.write_text("featureClass:\n  firstorder: ['Mean']\nsetting:\n  additionalInfo: false\n")
    out = tmp_path / "features.txt"
    assert main(["radiomics", *files, "--all-labels", "--out", str(out), "--settings", str(settings)]) == 0
    lines = dict(line.split(": ", 1) for line in out.read_text().splitlines())
    assert (lines["Case-1_Label"], lines["Case-2_Region"]) == ("1", "label 2")
    assert float(lines["Case-2_original_firstorder_Mean"])


def test_several_labels_exit_with_3_and_a_sentence(files, tmp_path, capsys):
    assert main(["radiomics", *files, "--out", str(tmp_path / "features.csv")]) == 3
    assert "(1, 2); say which one is to be measured. Give --label N, or --all-labels" in capsys.readouterr().err
    assert not (tmp_path / "features.csv").exists()


def test_an_interrupted_cohort_says_where_its_studies_are_kept(files, tmp_path, capsys, monkeypatch):
    def interrupted(*_, on_result, **__):
        on_result(0, {"problem": "Not there."})
        raise KeyboardInterrupt

    monkeypatch.setattr("readingroom.radiomics.cohort.map_parallel", interrupted)
    (tmp_path / "cohort.csv").write_text("patient_id,image_ct,mask_tumor\np1,image.nrrd,mask.nrrd\n")
    out = tmp_path / "table.csv"
    assert main(["radiomics", "--cohort", str(tmp_path / "cohort.csv"), "--out", str(out)]) == 130
    assert f"kept in {out}.unfinished; the same command goes on" in capsys.readouterr().err


def test_a_cohort_becomes_a_table(files, tmp_path, capsys):
    cohort = tmp_path / "cohort.csv"
    cohort.write_text("patient_id,image_ct,mask_tumor\np1,image.nrrd,mask.nrrd\np2,image.nrrd,nothing.nrrd\n")
    out = tmp_path / "table.csv"
    assert main(["radiomics", "--cohort", str(cohort), "--out", str(out), "--label", "1", "--processes", "1"]) == 0
    assert "1 of 2 studies measured (the column problem says why not)" in capsys.readouterr().out
    assert len(out.read_text().splitlines()) == 3


def test_a_cohort_of_which_nothing_can_be_measured_exits_with_3_and_a_table_that_says_why(tmp_path, capsys):
    (tmp_path / "cohort.csv").write_text("patient_id,image_ct,mask_tumor\np1,gone.nrrd,gone.nrrd\n")
    out = tmp_path / "table.csv"
    command = ["radiomics", "--cohort", str(tmp_path / "cohort.csv"), "--out", str(out), "--processes", "1"]
    assert main(command) == 3
    assert "None of 1 study could be measured; the column problem of" in capsys.readouterr().err
    assert "'gone.nrrd' does not exist" in out.read_text()


@pytest.mark.parametrize("read", ["image.nrrd", "mask.nrrd", "few.yaml", "cohort.csv"])
def test_nothing_that_is_read_is_written_over(files, tmp_path, capsys, read):
    (tmp_path / "few.yaml").write_text("featureClass:\n  firstorder: ['Mean']\n")
    (tmp_path / "cohort.csv").write_text("patient_id,image_ct,mask_tumor\np1,image.nrrd,mask.nrrd\n")
    before = (tmp_path / read).read_bytes()
    what = ["--cohort", str(tmp_path / "cohort.csv")] if read == "cohort.csv" else [files[0], f"{files[1]}::label 1"]
    assert main(["radiomics", *what, "--settings", str(tmp_path / "few.yaml"), "--out", str(tmp_path / read)]) == 1
    assert f"{read} is read; choose another name" in capsys.readouterr().err
    assert (tmp_path / read).read_bytes() == before


def test_a_kind_of_table_that_is_not_written_is_refused(files, tmp_path, capsys):
    assert main(["radiomics", *files, "--out", str(tmp_path / "features.xlsx")]) == 1
    assert "tables are written as .csv, .json or .txt" in capsys.readouterr().err


def test_maps_need_a_folder(files, tmp_path, capsys):
    (tmp_path / "maps").write_text("something else")
    assert main(["radiomics", *files, "--label", "1", "--maps", "--out", str(tmp_path / "maps")]) == 1
    assert "is a file; name a folder for the maps" in capsys.readouterr().err


def test_a_mask_of_which_nothing_can_be_measured_gives_no_table(files, tmp_path, a_mask, capsys):
    voxels = SimpleITK.GetArrayFromImage(a_mask) * 0
    voxels[5, 5, 5], voxels[9, 9, 9] = 1, 2
    mask = SimpleITK.GetImageFromArray(voxels)
    mask.CopyInformation(a_mask)
    SimpleITK.WriteImage(mask, files[1])
    out = tmp_path / "table.csv"
    assert main(["radiomics", *files, "--all-labels", "--out", str(out)]) == 3
    said = capsys.readouterr()
    assert said.out.count("All regions: The region is a single voxel") == 1
    assert "No region of mask.nrrd could be measured" in said.err
    assert not out.exists()


@pytest.mark.parametrize("where", ["nowhere/table.csv", "."])
def test_where_no_table_can_be_written_nothing_is_measured(files, tmp_path, capsys, where):
    missing = str(tmp_path / "gone.nrrd")  # would be missed first, were it opened
    assert main(["radiomics", missing, missing, "--out", str(tmp_path / where)]) == 1
    assert "folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["image.nrrd"],
        ["image.nrrd", "mask.nrrd", "--cohort", "cohort.csv"],
        ["--cohort", "cohort.csv", "--processes", "0"],
        ["--cohort", "cohort.csv", "--label", "1.5"],
        ["image.nrrd", "mask.nrrd", "--maps", "--validate"],
        ["image.nrrd", "mask.nrrd", "--maps", "--skip-nans"],
    ],
)
def test_wrong_use_of_radiomics_exits_with_2(arguments, tmp_path):
    with pytest.raises(SystemExit) as stopped:
        main(["radiomics", *arguments, "--out", str(tmp_path / "out.csv")])
    assert stopped.value.code == 2


def test_a_table_that_is_not_named_exits_with_2(files):
    with pytest.raises(SystemExit) as stopped:
        main(["radiomics", *files])
    assert stopped.value.code == 2


@pytest.fixture
def balanced(files, tmp_path):
    """The files with an image whose mean is 0 in label 1, and parameters that ask for a feature divided by it."""
    labels = SimpleITK.ReadImage(files[1])
    values = SimpleITK.GetArrayFromImage(labels) * 0.0 + 3
    k, j, i = (SimpleITK.GetArrayFromImage(labels) == 1).nonzero()
    values[k, j, i] = [1, -1] * (len(k) // 2) + [0] * (len(k) % 2)
    image = SimpleITK.GetImageFromArray(values)
    image.CopyInformation(labels)
    SimpleITK.WriteImage(image, files[0])
    settings = tmp_path / "ibsi.yaml"
    settings.write_text(
        "featureClass:\n  firstorder: [Mean, CoefficientOfVariation]\nsetting: {ibsi: true, additionalInfo: false}\n"
    )
    return [*files, "--settings", str(settings)]


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_features_that_are_not_defined_are_left_out_on_request(balanced, tmp_path, suffix):
    out = tmp_path / f"table.{suffix}"
    for more, count in (([], 1), (["--skip-nans"], 0)):
        assert main(["radiomics", *balanced, "--label", "1", "--out", str(out), *more]) == 0
        assert out.read_text().count("CoefficientOfVariation") == count
        assert "firstorder_Mean" in out.read_text()
        assert main(["radiomics", *balanced, "--all-labels", "--out", str(out), *more]) == 0
        assert out.read_text().count("nan" if suffix == "csv" else "null") == count


def test_a_cohort_leaves_out_what_is_not_defined_on_request(balanced, tmp_path):
    cohort, out = tmp_path / "cohort.csv", tmp_path / "table.csv"
    cohort.write_text("Image,Mask,Label\nimage.nrrd,mask.nrrd,1\nimage.nrrd,mask.nrrd,2\n")
    command = ["radiomics", "--cohort", str(cohort), *balanced[2:], "--out", str(out), "--processes", "1"]
    assert main([*command, "--skip-nans"]) == 0
    rows = list(csv.DictReader(out.open()))
    assert [row["original_firstorder_CoefficientOfVariation"] for row in rows] == ["", "0.0"]


def test_validating_says_what_could_be_measured_and_writes_nothing(files, tmp_path, capsys):
    before = set(tmp_path.iterdir())
    assert main(["radiomics", *files, "--all-labels", "--validate"]) == 0
    said = capsys.readouterr().out.splitlines()
    voxels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(files[1])) == 1
    assert said[0] == f"label 1: {voxels.sum()} voxels"
    assert said[2] == "2 regions can be measured."
    assert set(tmp_path.iterdir()) == before


def test_validating_a_region_ends_with_the_sentence_that_measuring_would(files, capsys):
    image = SimpleITK.ReadImage(files[0])
    image.SetSpacing((1, 1, 9))
    SimpleITK.WriteImage(image, files[0])
    assert main(["radiomics", *files, "--label", "1", "--validate"]) == 3
    assert "The mask lies on another grid" in capsys.readouterr().err


def test_validating_a_cohort_names_the_studies_that_cannot_be_measured(files, tmp_path, capsys):
    cohort = tmp_path / "cohort.csv"
    cohort.write_text("patient_id,image_ct,mask_tumor\np1,image.nrrd,mask.nrrd\np2,image.nrrd,nothing.nrrd\n")
    assert main(["radiomics", "--cohort", str(cohort), "--label", "1", "--processes", "1", "--validate"]) == 3
    said = capsys.readouterr()
    first, second = said.out.splitlines()
    assert first.startswith("p1: ")
    assert second.startswith("p2: ")
    assert "nothing.nrrd" in second
    assert "1 of 2 studies cannot be measured." in said.err


def test_a_region_without_texture_is_found_before_it_is_measured(balanced, files, capsys):
    assert main(["radiomics", *files, "--label", "2", "--validate"]) == 3
    assert "have the same value" in capsys.readouterr().err
    assert main(["radiomics", *balanced, "--label", "2", "--validate"]) == 0  # of its statistics nothing keeps anybody


def test_the_stability_of_one_of_several_labels(files, tmp_path, a_mask, capsys):
    image, _ = files
    SimpleITK.WriteImage(a_mask * 2, str(tmp_path / "two.nrrd"))
    (tmp_path / "cohort.csv").write_text(
        f"patient_id,image_ct,mask_tumor\nP1,{image},two.nrrd\nP2,{image},two.nrrd\n", encoding="utf-8"
    )
    arguments = ["radiomics", "--cohort", str(tmp_path / "cohort.csv"), "--stability", "--out", str(tmp_path / "s.csv")]
    assert main([*arguments, "--label", "2.0"]) == 0
    assert "stable in 2 regions" in capsys.readouterr().out
    assert main([*arguments, "--label", "3"]) == 3
    assert "P1: The mask has no label 3; it has 2" in capsys.readouterr().err


def test_maps_become_files_on_the_image(files, tmp_path, capsys):
    out = tmp_path / "maps"
    asked = ["--maps", "glcm_Contrast", "ngtdm", "--label", "2", "-s", "kernelRadius:2"]
    assert main(["radiomics", *files, *asked, "--out", str(out)]) == 0
    assert "6 maps" in capsys.readouterr().out
    names = {path.name for path in out.iterdir()}
    assert "original_glcm_Contrast.nrrd" in names
    assert len(names) == 6
    contrast, image = SimpleITK.ReadImage(str(out / "original_glcm_Contrast.nrrd")), SimpleITK.ReadImage(files[0])
    assert contrast.GetDirection() == pytest.approx(image.GetDirection())
    index = image.TransformPhysicalPointToContinuousIndex(contrast.GetOrigin())
    assert index == pytest.approx([round(place) for place in index], abs=1e-4)
    assert SimpleITK.GetArrayViewFromImage(contrast).max() > 0


def test_maps_are_of_the_filtered_image_that_a_name_names_and_of_no_other(files, tmp_path):
    out = tmp_path / "maps"
    asked = ["--maps", "wavelet-LLH_firstorder_Mean", "log-sigma-2-0-mm-3D_firstorder_Mean", "--label", "2"]
    assert main(["radiomics", *files, *asked, "--out", str(out)]) == 0
    assert {path.stem for path in out.iterdir()} == {asked[1], asked[2]}


@pytest.mark.parametrize("word", ["shape", "glmc", "glcm_Kontrast", "wavelet-XYZ_glcm_Contrast", "wavelet9-L_ngtdm"])
def test_a_map_that_nobody_knows_exits_with_3(files, tmp_path, capsys, word):
    assert main(["radiomics", *files, "--maps", word, "--label", "1", "--out", str(tmp_path / "maps")]) == 3
    said = capsys.readouterr().err
    assert any(part in said for part in word.split("_") if part not in ("glcm", "ngtdm"))
