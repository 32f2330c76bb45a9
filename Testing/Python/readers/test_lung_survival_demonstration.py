"""The bundle of Lung Survival that ships: it opens, reads the example, and says what it is."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

pytest.importorskip("torch", reason="reading needs the extra 'read'")

from readingroom import cli
from readingroom.bundles import store
from readingroom.phantoms.lung_cancer_ct import lung_cancer_ct
from readingroom.readers.base import read
from readingroom.readers.lung_survival import READER
from readingroom.readers.opening import open_study

SHAPE, SPACING = (32, 160, 200), (9.0, 1.9, 1.9)  # of Sample Data


@pytest.fixture(scope="module")
def bundle():
    return store.find(READER.default_bundle)


@pytest.fixture(scope="module")
def example():
    """The chest with a tumor of Sample Data."""
    return lung_cancer_ct(9, 60.0, 0.1, SHAPE, SPACING)


@pytest.fixture(scope="module")
def file(example, tmp_path_factory):
    image = SimpleITK.GetImageFromArray(example.pixels)
    image.SetSpacing(example.spacing[::-1])
    path = tmp_path_factory.mktemp("example") / "ct.nrrd"
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.fixture(scope="module")
def reading(bundle, file, tmp_path_factory):
    study = open_study(READER, {"ct": file}, {}, {"age": "67", "stage": "IIIA"})
    return read(READER, study, bundle, tmp_path_factory.mktemp("reading") / "out", "cpu")


def test_it_is_small_enough_to_ship_undamaged_and_a_demonstration(bundle):
    assert sum((bundle.folder / path).stat().st_size for path in bundle.files) < 10_000_000
    assert cli.main(["bundles", "verify", str(bundle.folder)]) == 0
    assert bundle.metadata.demonstration
    assert "hantom" in bundle.metadata.title
    assert "phantom" in bundle.metadata.name


def test_its_heaviest_slices_are_those_that_the_tumor_reaches(reading, example):
    (strip,) = [curve for curve in reading.curves if curve.name == "attention"]
    weights = np.array(strip.line.values)
    k = np.rint(np.array(strip.positions)).astype(int) - 1
    reached = example.tumor.any(axis=(1, 2))[k]
    assert reached[weights.argmax()]
    assert weights[reached].sum() / weights.sum() > 1.5 * reached.mean()


def test_a_larger_tumor_has_a_higher_risk(bundle, reading, tmp_path):
    made = lung_cancer_ct(9, 5.0, 0.1, SHAPE, SPACING)
    image = SimpleITK.GetImageFromArray(made.pixels)
    image.SetSpacing(made.spacing[::-1])
    SimpleITK.WriteImage(image, str(tmp_path / "small.nrrd"))
    small = read(READER, open_study(READER, {"ct": tmp_path / "small.nrrd"}), bundle, tmp_path / "out", "cpu")
    assert small.findings[0].probability < reading.findings[0].probability - 0.1


def test_the_shell_reads_with_it_without_naming_it_and_the_report_says_demonstration(file, tmp_path):
    asked = ["read", "lung-survival", str(file), "--out", str(tmp_path / "out"), "--age", "67", "--device", "cpu"]
    assert cli.main(asked) == 0
    report = next((tmp_path / "out").rglob("report.html")).read_text(encoding="utf-8")
    assert "DEMONSTRATION" in report
    assert "phantom" in report


def test_the_shell_says_the_risk_by_clinical_facts_beside_that_of_the_network(file, tmp_path, capsys):
    facts = ["--age", "67", "--stage", "IIIA"]
    assert cli.main(["read", "lung-survival", str(file), "--out", str(tmp_path), "--device", "cpu", *facts]) == 0
    said = capsys.readouterr().out
    for line in ("This CT, learned from 400 phantoms: 6 months ", "Clinical facts, 400 phantoms: 6 months "):
        assert line in said
