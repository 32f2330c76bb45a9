"""A mammography exam from files to a reading."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import SimpleITK
from scipy import ndimage

import mammo_screen_cases as cases
import readingroom
from readingroom.bundles.metadata import Preprocessing
from readingroom.cli import main
from readingroom.errors import BundleError, InputError, RefusedError
from readingroom.networks import backbones
from readingroom.readers.mammo_screen import READER
from readingroom.readers.opening import open_study
from readingroom.reading import Reading

A_CELL = 50  # pixels: the diagonal of a place of the map, at whose upper left corner this network looks


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return cases.write_bundle(tmp_path_factory.mktemp("bundles") / "bright")


@pytest.fixture(scope="module")
def exam(tmp_path_factory):
    """Folders of an exam with a tumor on the left, and of one two years before."""
    folder = tmp_path_factory.mktemp("exam")
    cases.write_files(folder / "now", 1, left=[cases.TUMOR], date="20240102")
    cases.write_files(folder / "prior", 2, date="20220102")
    return folder


@pytest.fixture(scope="module")
def read(bundle, exam, tmp_path_factory):
    """The exam beside its prior: the reading and its folder."""
    out = tmp_path_factory.mktemp("out")
    return cases.read(bundle, out, [exam / "now"], [exam / "prior"]), out


def finding(reading: Reading, name: str):
    return reading.finding(name)


def test_each_breast_has_an_answer_and_the_woman_that_of_the_more_suspicious_one(read):
    reading, _ = read
    assert [one.title for one in reading.findings] == [
        "Cancer, left breast", "Cancer, right breast", "Cancer in either breast",
    ]  # fmt: skip
    left, right, either = (one.probability for one in reading.findings)
    assert left > 0.9
    assert right < 0.1
    assert either == left
    assert [one.positive for one in reading.findings] == [True, False, True]
    assert all(one.interval.low <= one.probability <= one.interval.high for one in reading.findings)
    assert [(one.finding, one.labels) for one in reading.prediction_sets] == [
        ("left-breast", ("cancer",)), ("right-breast", ("no cancer",)),
    ]  # fmt: skip


def test_operating_points_of_breasts_are_no_measurements_of_women(read):
    reading, _ = read
    assert reading.finding("left-breast").operating_points[0].sensitivity is not None
    assert [point.name for point in reading.finding("either-breast").operating_points] == [
        "sensitivity 90 %", "recall rate 10 %",
    ]  # fmt: skip
    assert all(point.sensitivity is None for point in reading.finding("either-breast").operating_points)


def test_the_reading_is_whole_and_fits_its_schema(read):
    reading, out = read
    data = json.loads((out / "reading.json").read_text("utf-8"))
    schema = json.loads((Path(readingroom.__file__).parent / "schemas" / "reading.schema.json").read_text("utf-8"))
    jsonschema.validate(data, schema)
    assert Reading.from_json(data) == reading
    assert {str(path) for path in reading.files} | {"reading.json"} == {path.name for path in out.iterdir()}


@pytest.mark.parametrize("role", ["left-cc", "left-mlo"])
def test_the_map_is_hot_where_the_tumor_is_and_its_box_holds_it(read, role):
    reading, out = read
    planted = cases.exam(1, left=[cases.TUMOR])[role].lesions
    heat = cases.heat(out, role)
    assert heat.shape == planted.shape
    hottest = np.unravel_index(heat.argmax(), heat.shape)
    center = np.array(ndimage.center_of_mass(planted))
    assert np.hypot(*(hottest - center)) < A_CELL
    box = reading.heat_map(role, "left-breast").box
    middle = np.add(box.start, box.stop)[::-1] / 2
    assert np.hypot(*(middle - center)) < A_CELL
    fixed = reading.provenance.settings["attention_boxes_of_fixed_size"][role]
    assert fixed[0] <= hottest[1] < fixed[2]
    assert fixed[1] <= hottest[0] < fixed[3]


def test_all_maps_share_the_scale_of_the_hottest_place_of_the_exam(read):
    _, out = read
    hottest = {role: float(cases.heat(out, role).max()) for role in ("left-cc", "left-mlo", "right-cc", "right-mlo")}
    assert max(hottest.values()) > 0.9
    assert max(hottest["right-cc"], hottest["right-mlo"]) < 0.2


def test_maps_of_what_differs_are_of_the_breast_and_never_called_a_lesion(read):
    reading, out = read
    planted = cases.exam(1, left=[cases.TUMOR])["left-cc"].lesions
    for shows in ("asymmetry", "change"):
        heat = cases.heat(out, "left-cc", shows)
        assert heat[planted].mean() > 3 * heat.mean()
        described = reading.heat_map("left-cc", "left-breast", shows)
        assert "brighter than" in described.method
        assert "lesion" not in described.method


def test_density_is_measured_and_compared_with_the_prior(read):
    reading, _ = read
    dense = {one.name: one.value for one in reading.measurements}
    assert dense["density-right"] == pytest.approx(100 * cases.DENSE, abs=6)
    assert dense["density-left"] == pytest.approx((dense["density-left-cc"] + dense["density-left-mlo"]) / 2)
    assert [one.name for one in reading.comparisons] == ["left-breast", "density-left", "right-breast", "density-right"]
    cancer = reading.comparisons[0]
    assert cancer.now > 90 > 10 > cancer.prior
    assert (cancer.now_image, cancer.prior_image) == ("left-cc", "prior-left-cc")


def test_the_four_views_are_pictures_with_and_without_their_map(read):
    reading, _ = read
    assert [(one.image, bool(one.finding)) for one in reading.key_pictures] == [
        (role, mapped) for mapped in (False, True) for role in ("right-cc", "left-cc", "right-mlo", "left-mlo")
    ]


def test_segments_hold_breast_dense_tissue_and_levels_in_each_view(read):
    reading, out = read
    assert {region.name for region in reading.regions} >= {"left-cc-breast", "left-cc-dense", "right-mlo-breast"}
    for role in ("left-cc", "right-mlo"):
        written = SimpleITK.ReadImage(str(out / f"segments-{role}.seg.nrrd"))
        assert written.GetNumberOfComponentsPerPixel() in (1, 4)


def test_one_view_is_enough_and_what_is_missing_is_said(bundle, tmp_path):
    files = cases.write_files(tmp_path / "exam", left=[cases.TUMOR])
    reading = cases.read(bundle, tmp_path / "out", left_cc=files["left-cc"])
    assert [one.name for one in reading.findings] == ["left-breast"]
    assert reading.finding("left-breast").probability > 0.9
    assert any("right CC" in check.sentence for check in reading.checks if check.name == "views")


def test_a_plain_picture_by_its_role_is_read_as_its_dicom_file_is(bundle, tmp_path):
    from PIL import Image

    gray = cases.exam(1, left=[cases.TUMOR])["left-cc"].gray
    Image.fromarray(np.rint(255 * gray).astype(np.uint8)).save(tmp_path / "film.png")
    reading = cases.read(bundle, tmp_path / "out", left_cc=tmp_path / "film.png")
    assert reading.finding("left-breast").probability > 0.9


def test_a_note_on_pixels_is_said_once_and_of_which_views_it_is_true(bundle, tmp_path):
    files = cases.write_files(tmp_path / "exam")
    flat = {}
    for role in ("left-cc", "left-mlo"):
        pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(files[role])))[0]
        flat[role] = tmp_path / f"{role}.png"
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(pixels.astype(np.uint16)), str(flat[role]))
    note = "The file gives no window; the gray scale was taken from its pixels."
    assert READER.load(open_study(READER, flat)).notes == (note,)
    assert READER.load(open_study(READER, files | flat)).notes == (f"Left CC, Left MLO: {note}",)


def test_the_most_suspicious_view_decides_where_the_bundle_says_so(bundle, tmp_path):
    ill, well = (cases.write_files(tmp_path / name, left=own) for name, own in (("ill", [cases.TUMOR]), ("well", [])))
    views = {"left_cc": ill["left-cc"], "left_mlo": well["left-mlo"]}
    boldest = replace(bundle, metadata=replace(bundle.metadata, aggregation="max"))
    mean = cases.read(bundle, tmp_path / "mean", **views).finding("left-breast").probability
    most = cases.read(boldest, tmp_path / "max", **views).finding("left-breast").probability
    assert mean == pytest.approx(0.52, abs=0.05)  # of 1.00 and 0.05
    assert most > 0.95


def test_evaluation_asks_about_many_exams_as_a_read_does(bundle, exam, read):
    import torch

    from readingroom.progress import Progress
    from readingroom.readers.base import ReadContext
    from readingroom.readers.opening import open_study

    studies = [open_study(cases.READER, {}, exam=[exam / name]) for name in ("now", "prior")]
    context = ReadContext(bundle, torch.device("cpu"), Progress())
    model = cases.READER.load_model(bundle, context.device)
    loaded = [cases.READER.load(study) for study in studies]
    now, prior = cases.READER.predict(model, loaded, context)
    (explained,) = cases.READER.predict(model, loaded[:1], context, explainable=True)
    assert now.logits == pytest.approx(explained.logits, abs=1e-4)
    assert now.logits[0] - now.logits[1] > 0 > prior.logits[0] - prior.logits[1]
    assert now.embedding.shape == (512,)


@pytest.mark.parametrize("side", [256, 512])
def test_maxvit_answers_with_a_map_that_is_named_and_tested(tmp_path, side):
    """In both sizes of Paper 002: attention over a grid of fixed size makes each a network of its own."""
    import torch

    torch.manual_seed(0)
    name = f"maxvit_nano_rw_{side}"
    input_ = Preprocessing("picture", (side, side), 3, preset="published", normalize="image", organ="breast")
    network = backbones.create(name, 2, channels=3)
    made = cases.write_bundle(tmp_path / "maxvit", network, backbone=name, preprocessing=input_)
    files = cases.write_files(tmp_path / "exam")
    reading = cases.read(made, tmp_path / "out", left_cc=files["left-cc"])
    described = reading.heat_map("left-cc", "left-breast")
    assert described.method == "cam"  # its head is average pooling and one linear layer: no gradients are needed
    settings = reading.provenance.settings
    assert (settings["map"], settings["map_layer"]) == ("cam", "norm")
    assert described.faithfulness is not None
    assert len(described.faithfulness.hottest) == len(described.faithfulness.random) == 2
    heat = cases.heat(tmp_path / "out", "left-cc")
    assert 0 <= heat.min() < heat.max() <= 1


def test_two_patients_a_prior_alone_and_a_chest_are_refused(bundle, tmp_path):
    files = cases.write_files(tmp_path / "a")
    others = cases.write_files(tmp_path / "b", 2, PatientID="2")
    with pytest.raises(InputError, match="two patients"):
        cases.read(bundle, tmp_path / "out", left_cc=files["left-cc"], right_cc=others["right-cc"])
    with pytest.raises(InputError, match="of the exam itself"):
        cases.read(bundle, tmp_path / "out", prior_left_cc=files["left-cc"])
    with pytest.raises(RefusedError, match="says left CC"):
        cases.read(bundle, tmp_path / "out", left_mlo=files["left-cc"])
    assert not (tmp_path / "out").exists()


def test_past_a_stop_of_the_header_the_checks_of_the_pixels_are_shown(bundle, tmp_path):
    files = cases.write_files(tmp_path / "now")
    reading = cases.read(bundle, tmp_path / "out", left_mlo=files["left-cc"], force=True)
    statuses = {check.name: check.status for check in reading.checks}
    assert reading.forced
    assert statuses["side and view"] == "stop"
    assert statuses["mammogram"] == "pass"
    assert statuses["muscle"] == "warn"  # a CC view has none


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"multilabel": True, "conformal": None}, "two exclusive labels"), ({"aggregation": "vote"}, "one by one")],
)
def test_a_bundle_that_answers_otherwise_is_refused(bundle, exam, tmp_path, changes, said):
    other = replace(bundle, metadata=replace(bundle.metadata, **changes))
    with pytest.raises(BundleError, match=said):
        cases.read(other, tmp_path / "out", [exam / "now"])


def test_the_shell_reads_a_folder_with_its_prior_and_writes_a_report(bundle, exam, tmp_path, capsys):
    arguments = [
        "read",
        "mammo-screen",
        str(exam / "now"),
        "--prior",
        str(exam / "prior"),
        "--out",
        str(tmp_path / "out"),
    ]
    worth = ["--prevalence", "0.006"]
    assert main([*arguments, "--bundle", str(bundle.folder), "--device", "cpu", *worth]) == 0
    said = capsys.readouterr().out
    assert "Cancer, left breast: > 99 %" in said
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert report.count("data:image/png") >= 8
    assert "Right MLO" in report
    assert "At a prevalence of 0.6 %" in report
    assert "23.1" in report  # positive answers for each that is right


def test_the_shell_says_what_is_wrong_with_a_folder(bundle, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    wrong = [
        "read",
        "mammo-screen",
        str(tmp_path / "empty"),
        "--out",
        str(tmp_path / "out"),
        "--bundle",
        str(bundle.folder),
    ]
    assert main(wrong) == 3
    assert "There is no DICOM image in the folder." in capsys.readouterr().err
