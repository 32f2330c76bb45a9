"""The bundle of Liver HCC that ships: it opens, reads the example, and says what it is."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK

pytest.importorskip("torch", reason="reading needs the extra 'read'")

import liver_hcc_cases as cases
from readingroom import cli
from readingroom.bundles import store
from readingroom.phantoms.abdomen_mr import abdomen_mr
from readingroom.readers.liver_hcc import READER
from readingroom.reading import Reading


@pytest.fixture(scope="module")
def bundle():
    return store.find(READER.default_bundle)


@pytest.fixture(scope="module")
def example():
    """The liver with a carcinoma of Sample Data."""
    return abdomen_mr(5, nodules_ml=60.0, cirrhosis=0.5)


@pytest.fixture(scope="module")
def written(tmp_path_factory, example):
    """The example as the shell reads it, without naming the bundle."""
    folder = tmp_path_factory.mktemp("example")
    for name, voxels in {"mr": example.pixels, "liver": example.liver.astype(np.uint8)}.items():
        image = SimpleITK.GetImageFromArray(voxels)
        image.SetSpacing(example.spacing[::-1])
        cases.write_nrrd(folder / f"{name}.nrrd", image)
    asked = ["read", "liver-hcc", str(folder / "mr.nrrd"), "--mask", f"liver={folder / 'liver.nrrd'}"]
    assert cli.main([*asked, "--out", str(folder / "out"), "--device", "cpu"]) == 0
    return folder / "out"


@pytest.fixture(scope="module")
def reading(written):
    return Reading.from_json(json.loads((written / "reading.json").read_text("utf-8")))


def test_it_is_small_enough_to_ship_undamaged_and_a_demonstration(bundle):
    assert sum((bundle.folder / path).stat().st_size for path in bundle.files) < 10_000_000
    assert cli.main(["bundles", "verify", str(bundle.folder)]) == 0
    assert bundle.metadata.demonstration
    assert "hantom" in bundle.metadata.title
    assert "phantom" in bundle.metadata.name


def test_a_phantom_is_like_those_of_training(reading):
    (distance,) = [check for check in reading.checks if check.name == "distance"]
    assert distance.status == "pass"


def test_its_map_lies_on_the_planted_carcinoma(reading, written, example):
    heat = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(written / reading.heat_map("mr", "hcc").path)))
    heat = np.where(example.liver, heat, 0)
    assert example.nodules[np.unravel_index(heat.argmax(), heat.shape)]
    assert heat[example.nodules].sum() / heat.sum() > 5 * example.nodules.sum() / example.liver.sum()


def test_its_features_are_explained_by_three_models_and_where_each_that_speaks_is_active(bundle, reading, written):
    explained = reading.explained
    assert explained is not None
    assert [one.kind for one in explained.answers] == ["network", "explained", "handcrafted"]
    assert explained.deep_count == 128
    assert explained.speaking
    assert len(explained.handcrafted) == 72
    shown = reading.heat_map("mr", "hcc", "feature", explained.speaking[0].name)
    assert shown is not None
    assert (written / shown.path).exists()


def test_a_real_mr_is_told_by_its_distance_from_phantoms(bundle, shared, tmp_path):
    folder = shared / "data" / "totalseg_examples"
    labels = SimpleITK.ReadImage(str(folder / "example_seg_mr.nii.gz"))
    liver = cases.write_nrrd(tmp_path / "liver.nrrd", labels == 5)  # of TotalSegmentator's MR task
    mr = folder / "example_mr_sm.nii.gz"
    found = cases.read_early(bundle, tmp_path / "out", mr, {"liver": liver}, force=True)
    (distance,) = [check for check in found.checks if check.name == "distance"]
    assert distance.status in ("warn", "stop")


def test_the_report_says_demonstration(written):
    report = (written / "report.html").read_text(encoding="utf-8")
    assert "DEMONSTRATION" in report
    assert "phantom" in report
