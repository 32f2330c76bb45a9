"""All regions of a mask at once, alone and through the worker."""

from __future__ import annotations

import ast
import csv
import hashlib

import numpy as np
import pytest
import SimpleITK

from readingroom.cli import main
from readingroom.engine.client import WorkerClient
from readingroom.errors import CancelledError, InputError
from readingroom.imaging.segments import Segment, write_segments
from readingroom.progress import Progress
from readingroom.radiomics.measure import measure
from readingroom.radiomics.regions import images, measure_regions
from readingroom.radiomics.settings import Settings
from readingroom.radiomics.signature.feature_file import read_stability

FEW = Settings(features={"firstorder": ("Mean", "Energy"), "shape": ("MeshVolume",)})


@pytest.fixture
def files(tmp_path, an_image, a_mask):
    """An image, and a mask with labels 1 and 2 and a lonely voxel of label 7."""
    labels = SimpleITK.GetArrayFromImage(a_mask)
    labels[:, :, 12:] *= 2
    labels[13, 19, 0] = 7
    mask = SimpleITK.GetImageFromArray(labels)
    mask.CopyInformation(a_mask)
    SimpleITK.WriteImage(an_image, str(tmp_path / "image.nrrd"))
    SimpleITK.WriteImage(mask, str(tmp_path / "mask.nrrd"))
    return tmp_path / "image.nrrd", tmp_path / "mask.nrrd"


@pytest.mark.parametrize("processes", [1, 2])
def test_every_label_is_measured_as_if_it_were_alone(files, processes):
    found = measure_regions(*files, names={2: "Tumor"}, settings=FEW, processes=processes)
    assert [(region.label, region.name) for region in found] == [(1, "label 1"), (2, "Tumor"), (7, "label 7")]
    mask = SimpleITK.ReadImage(str(files[1]))
    for region in found[:2]:
        alone = measure(SimpleITK.ReadImage(str(files[0])), SimpleITK.Cast(mask == region.label, 1), FEW)
        assert region.features.values == alone.values


def test_what_lies_around_the_regions_changes_nothing_but_places(tmp_path, an_image, a_mask):
    labels = SimpleITK.Cast(a_mask, SimpleITK.sitkUInt32)
    labels[:10, :, :] = labels[:10, :, :] * 4_000_000_000
    before, behind = [3, 0, 5], [0, 40, 7]
    found = []
    for name, image, mask in (
        ("cropped", an_image, labels),
        ("whole", *(SimpleITK.ConstantPad(each, before, behind) for each in (an_image, labels))),
    ):
        files = tmp_path / f"{name}.nrrd", tmp_path / f"{name}-mask.nrrd"
        SimpleITK.WriteImage(image, str(files[0]))
        SimpleITK.WriteImage(mask, str(files[1]))
        found.append(measure_regions(*files, processes=1))
    for cropped, whole in zip(*found, strict=True):
        assert cropped.label in (1, 4_000_000_000)
        assert whole.features.values == cropped.features.values
        rows = whole.features.provenance, cropped.features.provenance
        box, before_padding = (ast.literal_eval(each["diagnostics_Mask-original_BoundingBox"]) for each in rows)
        assert box == (*np.add(before_padding[:3], before), *before_padding[3:])
        for name in ("VoxelNum", "VolumeNum", "CenterOfMass"):
            one, other = (ast.literal_eval(each[f"diagnostics_Mask-original_{name}"]) for each in rows)
            assert one == pytest.approx(other)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_region_that_cannot_be_measured_does_not_stop_the_others(files, processes):
    found = measure_regions(*files, settings=FEW, processes=processes)
    assert "voxel" in found[2].problem
    assert found[2].features is None
    assert all(region.features for region in found[:2])


def test_image_and_mask_are_hashed_once_for_all_regions(files, monkeypatch):
    hashed: list[int] = []
    sha1 = hashlib.sha1
    monkeypatch.setattr(hashlib, "sha1", lambda data, **options: hashed.append(len(data)) or sha1(data, **options))
    found = measure_regions(*files, labels=[1, 2], settings=FEW, processes=1)
    one, other = (region.features.provenance for region in found)
    assert len(hashed) == 2
    assert one["diagnostics_Image-original_Hash"] == other["diagnostics_Image-original_Hash"]
    assert one["diagnostics_Mask-original_VoxelNum"] != other["diagnostics_Mask-original_VoxelNum"]


def test_labels_that_the_mask_does_not_have_are_named(files):
    found = measure_regions(*files, labels=[2, 5], settings=FEW)
    assert found[0].features
    assert "5" in found[1].problem


def test_an_empty_mask_is_one_sentence(files, a_mask):
    SimpleITK.WriteImage(a_mask * 0, str(files[1]))
    with pytest.raises(InputError, match="empty"):
        measure_regions(*files)


def test_it_can_be_canceled_between_the_regions(files):
    said: list[str] = []
    with pytest.raises(CancelledError):
        measure_regions(
            *files, settings=FEW, progress=Progress(lambda _, text: said.append(text), lambda: len(said) > 2)
        )


def test_a_region_that_ended_its_process_says_so(files, processes_that_die):
    found = measure_regions(*files, settings=FEW, executor=processes_that_die)
    assert [region.label for region in found] == [1, 2, 7]
    assert all("ended unexpectedly" in region.problem for region in found)


@pytest.mark.parametrize(
    ("types", "count"),
    [({"Original": {}}, 1), ({"Original": {}, "LoG": {"sigma": [1, 2]}}, 3), ({"Wavelet": {"level": 2}}, 15)],
)
def test_the_work_is_reckoned_by_the_images_looked_at(types, count):
    assert images(Settings(image_types=types)) == count


def test_the_worker_measures_and_hands_over_what_is_not_defined_as_none(files):
    client = WorkerClient()
    try:
        arguments = {"image": str(files[0]), "mask": str(files[1]), "labels": [1, 7], "names": {"1": "Tumor"}}
        said: list[str] = []
        value = client.start("radiomics", arguments).wait(lambda _, sentence: said.append(sentence))
    finally:
        client.stop()
    tumor, lonely = value["regions"]
    assert (tumor["label"], tumor["name"], tumor["problem"], tumor["score"]) == (1, "Tumor", "", None)
    assert len(tumor["values"]) == 107
    assert tumor["provenance"]["diagnostics_Mask-original_VoxelNum"]
    assert lonely["values"] == {}
    assert "voxel" in lonely["problem"]
    assert any("run lengths" in sentence for sentence in said)


def test_the_shell_gives_each_label_a_column(files, tmp_path, capsys):
    out = tmp_path / "table.csv"
    assert main(["radiomics", *map(str, files), "--all-labels", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "2 of 3 regions" in printed
    assert "label 7: " in printed
    with out.open(newline="") as file:
        rows = {row[0]: row[1:] for row in csv.reader(file)}
    assert rows["feature"] == ["label 1", "label 2"]
    volumes = [float(cell) for cell in rows["original_shape_VoxelVolume"]]
    assert volumes[0] != volumes[1]
    assert sum(name.startswith("original_") for name in rows) == 107


@pytest.fixture
def segmented(tmp_path, files, a_mask):
    """The image, and a file of three segments, of which two overlap and one is a lonely voxel."""
    egg = SimpleITK.GetArrayFromImage(a_mask) > 0
    half, lonely = egg.copy(), np.zeros_like(egg)
    half[:, :, 12:] = False
    lonely[13, 19, 0] = True
    masks = {"Tumor": egg, "Right part": half, "Dot": lonely}
    segments = [Segment(f"s{n}", name, (1.0, 0.0, 0.0), mask) for n, (name, mask) in enumerate(masks.items())]
    write_segments(tmp_path / "x.seg.nrrd", a_mask, segments)
    return files[0], tmp_path / "x.seg.nrrd", masks


@pytest.mark.parametrize("processes", [1, 2])
def test_segments_that_overlap_are_measured_as_if_each_were_alone(segmented, like_image, processes):
    image, path, masks = segmented
    found = measure_regions(image, path, settings=FEW, processes=processes)
    assert [(region.label, region.name) for region in found] == [(1, "Tumor"), (2, "Right part"), (3, "Dot")]
    for region in found[:2]:
        alone = measure(SimpleITK.ReadImage(str(image)), like_image(masks[region.name].astype("uint8")), FEW)
        assert region.features.values == alone.values
    assert "voxel" in found[2].problem


def test_segments_on_another_grid_are_brought_onto_the_image_and_that_is_said(segmented, a_mask):
    image, path, masks = segmented
    whole = measure_regions(image, path, settings=FEW)[0].features
    k, j, i = (slice(int(axis.min()), int(axis.max()) + 1) for axis in np.nonzero(masks["Tumor"]))
    write_segments(path, a_mask[i, j, k], [Segment("t", "Tumor", (1.0, 0.0, 0.0), masks["Tumor"][k, j, i])])
    cut = measure_regions(image, path, settings=FEW)[0].features
    assert cut.values == whole.values
    assert [note for note in cut.notes if "another grid" in note]


def test_the_shell_gives_each_segment_a_column(segmented, tmp_path, capsys):
    image, path, _ = segmented
    out = tmp_path / "table.csv"
    assert main(["radiomics", str(image), str(path), "--out", str(out)]) == 0
    assert "2 of 3 regions" in capsys.readouterr().out
    with out.open(newline="") as file:
        assert next(csv.reader(file)) == ["feature", "Tumor", "Right part"]


def test_the_shell_measures_every_segment_with_parameters_that_name_a_label(segmented, tmp_path):
    """Parameter files of PyRadiomics often do."""
    image, path, _ = segmented
    (tmp_path / "few.json").write_text('{"featureClass": {"firstorder": ["Mean"]}, "setting": {"label": 1}}')
    out = tmp_path / "table.csv"
    assert main(["radiomics", str(image), str(path), "--out", str(out), "--settings", str(tmp_path / "few.json")]) == 0
    assert out.read_text().splitlines()[0] == "feature,Tumor,Right part"


def test_the_shell_measures_a_segment_by_its_name(segmented, tmp_path, capsys):
    image, path, masks = segmented
    out = tmp_path / "features.csv"
    assert main(["radiomics", str(image), f"{path}::Right part", "--out", str(out)]) == 0
    values = dict(list(csv.reader(out.open(newline="")))[1:])
    assert int(values["diagnostics_Mask-original_VoxelNum"]) == masks["Right part"].sum()
    assert main(["radiomics", str(image), f"{path}::Liver", "--out", str(out)]) == 3
    assert "has no structure 'Liver'; it has 'Tumor', 'Right part', 'Dot'" in capsys.readouterr().err


def test_a_label_does_not_say_which_of_segments_in_layers_is_meant(segmented, tmp_path, capsys):
    image, path, _ = segmented
    assert main(["radiomics", str(image), str(path), "--out", str(tmp_path / "x.csv"), "--label", "1"]) == 3
    assert "holds 3 segments, 'Tumor', 'Right part', 'Dot'; name the one" in capsys.readouterr().err


def test_a_row_of_a_cohort_names_its_segment(segmented, tmp_path):
    (tmp_path / "cohort.csv").write_text(
        "patient_id,image_ct,mask_tumor\np1,image.nrrd,x.seg.nrrd::Tumor\np2,image.nrrd,x.seg.nrrd\n"
    )
    (tmp_path / "few.json").write_text('{"featureClass": {"firstorder": ["Mean"]}, "setting": {"label": 1}}')
    arguments = ["--cohort", str(tmp_path / "cohort.csv"), "--settings", str(tmp_path / "few.json")]
    assert main(["radiomics", *arguments, "--out", str(tmp_path / "table.csv"), "--processes", "1"]) == 0
    named, unnamed = csv.DictReader((tmp_path / "table.csv").open(newline=""))
    assert named["original_firstorder_Mean"]
    assert "holds 3 segments" in unnamed["problem"]


def test_the_shell_tells_which_features_are_stable(files, tmp_path, capsys):
    (tmp_path / "cohort.csv").write_text(
        "patient_id,image_ct,mask_tumor,mask_label\np1,image.nrrd,mask.nrrd,1\np2,image.nrrd,mask.nrrd,2\n"
    )
    (tmp_path / "few.json").write_text('{"featureClass": {"firstorder": ["Mean"], "shape": ["MeshVolume"]}}')
    out = tmp_path / "stability.csv"
    arguments = ["radiomics", "--cohort", str(tmp_path / "cohort.csv"), "--stability", "--out", str(out)]
    assert main([*arguments, "--settings", str(tmp_path / "few.json")]) == 0
    assert "in 2 regions" in capsys.readouterr().out
    rows = list(csv.DictReader(out.open(newline="")))
    assert [row["feature"] for row in rows] == ["original_shape_MeshVolume", "original_firstorder_Mean"]
    assert all(row["stable"] == str(int(float(row["icc_low"]) >= 0.75)) for row in rows)
    assert read_stability(out) == {row["feature"]: float(row["icc_low"]) for row in rows}  # for a signature


@pytest.mark.parametrize(
    "arguments", [["image.nrrd", "mask.nrrd", "--stability"], ["--cohort", "cohort.csv", "--all-labels"]]
)
def test_options_that_do_not_go_together_are_refused(arguments, tmp_path):
    with pytest.raises(SystemExit) as ended:
        main(["radiomics", *arguments, "--out", str(tmp_path / "table.csv")])
    assert ended.value.code == 2
