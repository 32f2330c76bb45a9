"""A read from file to files: what it writes, what it refuses, and that nothing is half-done."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import SimpleITK
import slicerio
import torch
from PIL import Image

import readingroom
from readingroom import model_cache
from readingroom.bundles import store
from readingroom.engine.client import WorkerClient
from readingroom.errors import BundleError, InputError, OutputError, RefusedError
from readingroom.examples import chest_radiograph as example
from readingroom.explain import cam
from readingroom.phantoms.chest_radiograph import chest_radiograph as phantom
from readingroom.phantoms.dicom_files import stored, write_dicom
from readingroom.readers import base, chest_xray
from readingroom.readers.chest_xray_tasks import TASKS
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader
from readingroom.reading import KeyPicture, Reading

FILES = {
    "reading.json",
    "heatmap-frontal-pneumonia.nrrd",
    "segments-frontal.seg.nrrd",
    "picture-frontal.png",
    "picture-frontal-pneumonia.png",
    "picture-frontal-regions.png",
}


def read(path: Path, out: Path, bundle=None, **options) -> Reading:
    bundle = bundle or store.find("cxr-nih-pneumonia")
    return base.read(
        find_reader("chest-xray"),
        open_study(find_reader("chest-xray"), {"frontal": path}),
        bundle,
        out,
        "cpu",
        **options,
    )


def test_a_read_writes_reading_map_segments_and_pictures(tmp_path):
    reading = read(example(), tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    data = json.loads((tmp_path / "out" / "reading.json").read_text("utf-8"))
    schema = json.loads((Path(readingroom.__file__).parent / "schemas" / "reading.schema.json").read_text("utf-8"))
    jsonschema.validate(data, schema)
    assert Reading.from_json(data) == reading
    assert [finding.name for finding in reading.findings] == ["pneumonia", "no-finding"]
    assert sum(finding.probability for finding in reading.findings) == pytest.approx(1)
    assert reading.bundle.sha256 == store.find("cxr-nih-pneumonia").sha256


def test_the_heat_map_lies_on_the_image_and_goes_from_0_to_1(a_radiograph, tmp_path):
    read(a_radiograph, tmp_path / "out", force=True)
    heat = SimpleITK.ReadImage(str(tmp_path / "out" / "heatmap-frontal-pneumonia.nrrd"))
    image = SimpleITK.ReadImage(str(a_radiograph))
    assert heat.GetPixelID() == SimpleITK.sitkFloat32
    assert heat.GetSize() == image.GetSize()
    assert heat.GetSpacing() == pytest.approx(image.GetSpacing())
    assert heat.GetDirection() == pytest.approx(image.GetDirection())
    assert heat.GetOrigin() == pytest.approx(image.GetOrigin())
    values = SimpleITK.GetArrayFromImage(heat)
    assert values.min() >= 0
    assert values.max() <= 1


def test_segments_are_the_lungs_and_the_levels_of_the_map_one_inside_the_other(tmp_path):
    reading = read(example(), tmp_path)
    written = slicerio.read_segmentation(str(tmp_path / "segments-frontal.seg.nrrd"))
    heat = SimpleITK.GetArrayFromImage(
        SimpleITK.ReadImage(str(tmp_path / "heatmap-frontal-pneumonia.nrrd"))
    ).transpose()
    assert [segment["name"] for segment in written["segments"]] == [
        "Right lung",
        "Left lung",
        "Pneumonia: map at least 50 %",
        "Pneumonia: map at least 75 %",
    ]
    for segment, level in zip(written["segments"][2:], reading.heat_maps[0].levels, strict=True):
        voxels = written["voxels"][segment["layer"]] == segment["labelValue"]
        assert np.array_equal(voxels, heat >= level)
        assert segment["terminology"]["type"][0] == "DCM"


@pytest.mark.parametrize("task", sorted(TASKS))
def test_every_task_is_read_with_raw_logits_and_the_right_findings(task, a_radiograph, a_random_bundle, tmp_path):
    bundle = a_random_bundle(task)
    reading = read(a_radiograph, tmp_path, bundle, force=True)
    assert [finding.name for finding in reading.findings] == [label.name for label in TASKS[task].labels]
    probabilities = [finding.probability for finding in reading.findings]
    if TASKS[task].multilabel:
        assert len(reading.prediction_sets) == len(probabilities)
    else:
        assert sum(probabilities) == pytest.approx(1)
    assert all(f.interval.low <= f.probability <= f.interval.high for f in reading.findings)
    assert reading.bundle.demonstration


def test_a_flat_picture_is_read_too(tmp_path):
    Image.fromarray((255 * phantom(seed=1)).astype(np.uint8)).save(tmp_path / "chest.png")
    read(tmp_path / "chest.png", tmp_path / "out", force=True)
    assert SimpleITK.ReadImage(str(tmp_path / "out" / "heatmap-frontal-pneumonia.nrrd")).GetDimension() == 2


def test_a_stop_check_ends_the_read_before_any_number_and_writes_nothing(tmp_path):
    ct = write_dicom(tmp_path / "ct.dcm", stored(phantom(seed=1)), Modality="CT")
    with pytest.raises(RefusedError) as refused:
        read(ct, tmp_path / "out")
    assert any(check.status == "stop" for check in refused.value.checks)
    assert not (tmp_path / "out").exists()


def test_a_forced_reading_says_so(tmp_path):
    ct = write_dicom(tmp_path / "ct.dcm", stored(phantom(seed=1)), Modality="CT")
    reading = read(ct, tmp_path / "out", force=True)
    assert reading.forced
    assert any(check.status == "stop" for check in reading.checks)


def test_reading_again_replaces_its_own_files_and_leaves_others(tmp_path, a_radiograph, a_random_bundle):
    read(a_radiograph, tmp_path / "out", a_random_bundle("chestxray8"), force=True)
    (tmp_path / "out" / "my notes.txt").write_text("mine")
    read(example(), tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES | {"my notes.txt"}
    assert (tmp_path / "out" / "my notes.txt").read_text() == "mine"


@pytest.mark.parametrize("finding", ["../mine", "pneumonia"])
def test_an_earlier_reading_from_elsewhere_cannot_have_files_of_the_user_removed(tmp_path, finding):
    out = tmp_path / "out"
    reading = read(example(), out)
    (tmp_path / "mine.png").write_text("mine")
    (out / "picture-frontal-..").mkdir()
    (out / "scan.nrrd").write_text("mine")
    theirs = replace(reading.heat_maps[0], finding=finding, path=Path("scan.nrrd"))
    picture = replace(reading.key_pictures[1], finding=finding, path=Path("scan.nrrd"))
    findings = (replace(reading.findings[0], name=finding),)
    changed = replace(reading, findings=findings, heat_maps=(theirs,), key_pictures=(picture,))
    (out / "reading.json").write_bytes(changed.to_bytes())
    read(example(), out)
    assert (tmp_path / "mine.png").exists()
    assert (out / "scan.nrrd").exists()


def test_a_file_where_the_folder_should_be_is_said(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="Cannot write"):
        read(example(), tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits on file sizes are a POSIX thing")
def test_a_full_disk_leaves_the_earlier_reading_whole(tmp_path):
    read(example(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "from readingroom.cli import main;"
        f"sys.exit(main(['read', 'chest-xray', {str(example())!r}, '--out', {str(tmp_path)!r}, '--device', 'cpu']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert len([line for line in done.stderr.splitlines() if "% " not in line]) == 1  # progress is told of long work
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_bundle_for_another_reader_is_refused(tmp_path, a_random_bundle):
    bundle = a_random_bundle("nih-pneumonia")
    other = replace(bundle, metadata=replace(bundle.metadata, reader="liver-hcc"))
    with pytest.raises(BundleError, match="liver-hcc"):
        read(example(), tmp_path / "out", other)


def test_a_bundle_whose_labels_are_not_the_tasks_is_refused(tmp_path, a_random_bundle):
    bundle = a_random_bundle("covid")
    labels = bundle.metadata.labels[::-1]
    with pytest.raises(BundleError, match="labels"):
        read(example(), tmp_path / "out", replace(bundle, metadata=replace(bundle.metadata, labels=labels)))


def test_statistics_that_contradict_the_metadata_are_refused(tmp_path):
    bundle = store.find("cxr-nih-pneumonia")
    described = replace(bundle.metadata.feature_statistics, stop_above=1e6)
    other = replace(bundle, metadata=replace(bundle.metadata, feature_statistics=described), sha256="0" * 64)
    with pytest.raises(BundleError, match="not those of its metadata"):
        read(example(), tmp_path / "out", other)
    assert not (tmp_path / "out").exists()


def test_a_changed_byte_in_the_weights_is_noticed(tmp_path, a_random_bundle):
    folder = tmp_path / "random-covid"
    shutil.copytree(a_random_bundle("covid").folder, folder)
    weights = folder / "models" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(BundleError, match="model"):
        store.find(folder)


def test_a_package_without_description_does_not_end_a_read(tmp_path, monkeypatch):
    monkeypatch.setattr(base, "_SOFTWARE", ("numpy", "a-package-that-nobody-has"))
    monkeypatch.setattr(base, "_software", base._software.__wrapped__)
    assert set(read(example(), tmp_path).provenance.software) == {"readingroom", "numpy"}


def test_two_images_are_refused(tmp_path):
    study = open_study(find_reader("chest-xray"), {"frontal": example()})
    two = replace(study, images=(study.images[0], replace(study.images[0], role="second")))
    with pytest.raises(InputError, match="knows no image 'second'"):
        base.read(find_reader("chest-xray"), two, store.find("cxr-nih-pneumonia"), tmp_path / "out", "cpu")


def test_the_worker_reads_as_this_process_does_and_its_bundle_stays_warm(tmp_path, the_whole_deletion_curve):
    here = read(example(), tmp_path / "here")
    client = WorkerClient()
    try:
        arguments = {
            "reader": "chest-xray",
            "study": open_study(find_reader("chest-xray"), {"frontal": example()}).to_json(),
            "bundle": "cxr-nih-pneumonia",
            "out": str(tmp_path / "there"),
            "device": "cpu",
        }
        sentences: list[str] = []
        value = client.start("read", arguments).wait(lambda _, sentence: sentences.append(sentence))
        there = Reading.from_json(value["reading"])
    finally:
        client.stop()
    assert there.findings == here.findings
    assert there.heat_maps == here.heat_maps
    assert (tmp_path / "there" / "heatmap-frontal-pneumonia.nrrd").read_bytes() == (
        tmp_path / "here" / "heatmap-frontal-pneumonia.nrrd"
    ).read_bytes()
    assert any("Testing the map" in sentence for sentence in sentences)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("no room"), RuntimeError("MPS backend out of memory")])
def test_out_of_memory_on_the_device_is_said_and_survived(tmp_path, monkeypatch, error):
    real, calls = cam.activation_maps, []

    def tight(network, inputs, **options):
        calls.append(inputs)
        if len(calls) == 1:
            raise error
        return real(network, inputs, **options)

    monkeypatch.setattr(cam, "activation_maps", tight)
    another = torch.device("cpu", 0)  # computes here, and is not "cpu" when compared
    monkeypatch.setattr(base.device_choice, "choose", lambda wanted, note: another)
    reading = read(example(), tmp_path)
    assert any("CPU took over" in note for note in reading.provenance.notes)
    assert reading.provenance.device == "cpu"


def test_a_network_that_is_kept_goes_where_the_next_read_computes(a_random_bundle):
    bundle, reader = a_random_bundle("covid"), find_reader("chest-xray")
    places = [
        next(reader.load_model(bundle, torch.device(kind)).network.parameters()).device.type for kind in ("cpu", "meta")
    ]
    model_cache.clear()  # on "meta" the network has lost its weights
    assert places == ["cpu", "meta"]


def test_the_answer_is_published_with_its_files_before_its_tests(tmp_path):
    published = []

    def look(reading):
        published.append((reading, {path.name for path in tmp_path.iterdir()}))

    whole = read(example(), tmp_path, on_answer=look)
    ((early, files),) = published
    assert (early.pending, whole.pending) == (("lungs", "place of the map", "deletion curve"), ())
    assert files == {name for name in FILES if not name.startswith("picture")}  # they follow
    assert early.findings == whole.findings
    assert early.heat_maps[0].faithfulness is None
    assert whole.heat_maps[0].faithfulness is not None


class DrawsLater(chest_xray.ChestXRayReader):
    """Its test of the answer adds a picture."""

    def test(self, case, prediction, answer, context):
        picture = KeyPicture(Path("picture-frontal-no-finding.png"), "Later.", "frontal", finding="no-finding")
        return replace(answer, pictures=(*answer.pictures, replace(answer.pictures[0], picture=picture)))


def test_a_picture_that_a_test_of_the_answer_adds_is_written_too(tmp_path):
    study = open_study(find_reader("chest-xray"), {"frontal": example()})
    bundle = store.find("cxr-nih-pneumonia")
    reading = base.read(DrawsLater(), study, bundle, tmp_path, "cpu", on_answer=lambda early: None)
    assert {str(path) for path in reading.files} <= {path.name for path in tmp_path.iterdir()}
    assert len(reading.key_pictures) == 3
