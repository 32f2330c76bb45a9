"""Explained features of a liver that is read: the map of each, the report, the shell, a corrected mask."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from liver_hcc_cases import (
    INPUT,
    SPACING,
    explained,
    gray_network,
    image_of,
    lesion,
    metadata,
    phantom,
    pixels,
    read,
    write_bundle,
    write_nrrd,
)
from readingroom import cli
from readingroom.bundles.bundle import Bundle
from readingroom.bundles.metadata import ClassifierMetadata
from readingroom.radiomics.handcrafted import NAMES
from readingroom.readers.answer import CorrectedMask
from readingroom.readers.liver_hcc import READER
from readingroom.reading import Reading
from readingroom.reports import content
from readingroom.reports.write import write_reports

VOLUME = "original_shape_VoxelVolume"
BANNER = "Site and label are one: what tells them apart may be the scanner."
SMALL = replace(INPUT, size=(16, 48, 48))


@pytest.fixture(autouse=True)
def a_short_deletion_curve(monkeypatch) -> None:
    monkeypatch.setattr("readingroom.readers.liver_hcc._REPEATS", 1)
    monkeypatch.setattr("readingroom.readers.liver_hcc._REMOVED", (0.0, 0.2))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return write_bundle(
        tmp_path_factory.mktemp("bundles") / "bright", gray_network(), explained=explained(), preprocessing=SMALL,
        banner=BANNER,
    )  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_nrrd(folder / "mr.nrrd", pixels())
    write_nrrd(folder / "liver.nrrd", phantom().liver)
    return folder


@pytest.fixture(scope="module")
def a_reading(bundle, files, tmp_path_factory) -> tuple[Reading, Path]:
    out = tmp_path_factory.mktemp("read")
    return read(bundle, out, files / "mr.nrrd", {"liver": files / "liver.nrrd"}, force=True), out


def test_the_feature_that_speaks_is_active_where_the_lesion_is(a_reading) -> None:
    reading, out = a_reading
    assert reading.explained is not None
    (feature,) = reading.explained.speaking
    assert feature.title == "Mean brightness (first order mean)"
    shown = reading.heat_map("mr", "hcc", "feature", "deep-0")
    assert shown is not None
    assert shown.path == Path("heatmap-mr-hcc-deep-0.nrrd")
    heat = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(out / shown.path)))
    assert heat.shape == lesion().shape
    assert feature.z > 0
    assert heat[lesion()].mean() > 1.2 * heat[phantom().liver & ~lesion()].mean()


def test_the_patients_values_are_those_of_the_mask(a_reading) -> None:
    reading, _ = a_reading
    assert reading.explained is not None
    mean, volume = (reading.explained.value(name) for name in ("original_firstorder_Mean", VOLUME))
    assert mean is not None
    assert volume is not None
    assert mean.value == pytest.approx(pixels()[phantom().liver].mean())
    assert volume.value == pytest.approx(phantom().liver.sum() * np.prod(SPACING))
    doubt = next(check for check in reading.checks if check.name == "handcrafted features")
    assert doubt.status == "warn", "a cohort that was made up is far away"


def test_the_features_are_written_as_a_table(a_reading, tmp_path) -> None:
    reading, folder = a_reading
    written = write_reports(reading, folder, tmp_path, ["csv"])
    assert [path.name for path in written] == ["report.csv", "report-features.csv"]
    with written[1].open(encoding="utf-8-sig", newline="") as table:
        first, *others = csv.DictReader(table)
    assert reading.explained is not None
    (feature,) = reading.explained.speaking
    assert (first["deep_feature"], first["handcrafted_feature"]) == ("deep-0", "original_firstorder_Mean")
    assert [float(first[name]) for name in ("correlation", "correlation_held_out", "weight")] == [0.9, 0.8, 1.5]
    assert float(first["contribution"]) == pytest.approx(1.5 * feature.z)
    mean = reading.explained.value("original_firstorder_Mean")
    assert mean is not None
    assert float(first["handcrafted_z"]) == pytest.approx(mean.z)
    assert {row["deep_feature"] for row in others} == {""}
    assert {first["handcrafted_feature"], *(row["handcrafted_feature"] for row in others)} == set(NAMES)
    assert len(others) == len(NAMES) - 1
    write_reports(replace(reading, explained=None, heat_maps=reading.heat_maps[:1]), folder, tmp_path, ["csv"])
    assert [path.name for path in tmp_path.iterdir()] == ["report.csv"]


def test_a_corrected_liver_is_measured_anew_without_the_network(a_reading) -> None:
    reading, out = a_reading
    smaller = phantom().liver.copy()
    smaller[:, :, : smaller.shape[2] // 3] = False
    image, mask = (SimpleITK.GetImageFromArray(array) for array in (pixels(), smaller.astype(np.uint8)))
    for one in (image, mask):
        one.SetSpacing(SPACING[::-1])
    shown = reading.heat_map("mr", "hcc")
    assert shown is not None
    heat = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(out / shown.path)))
    described = replace(metadata("bright"), explained=explained(), preprocessing=SMALL)
    corrected = CorrectedMask("liver", "segment 'Liver'", image, mask, maps={"mr": heat})
    changed = READER.with_mask(reading, corrected, described)
    ml = smaller.sum() * np.prod(SPACING) / 1000
    assert changed.explained is not None
    volume = changed.explained.value(VOLUME)
    assert volume is not None
    assert volume.value == pytest.approx(1000 * ml)
    assert next(one.value for one in changed.measurements if one.name == "liver-volume") == pytest.approx(ml)
    assert next(one.volume_ml for one in changed.regions if one.name == "liver") == pytest.approx(ml)
    assert changed.findings == reading.findings
    # What the map says of it follows, the answer says that it is of the earlier outline, and so does the report.
    values = {one.name: one.value for one in changed.measurements}
    assert values["suspicious-share"] == pytest.approx(100 * (heat[smaller] >= 0.5).mean())
    checks = {check.name: check for check in changed.checks}
    assert checks["liver volume"].value == pytest.approx(ml)
    assert len(checks) == len(changed.checks)
    assert changed.outdated.startswith("The liver was corrected after it was read")
    assert not reading.outdated
    assert changed.outdated in repr(content.build(changed, {}))


def test_of_a_liver_without_its_bias_field_handcrafted_features_wait_for_the_next_read(a_reading) -> None:
    reading, _ = a_reading
    settings = {**reading.provenance.settings, "options": ["correct-bias-field"]}
    reading = replace(reading, provenance=replace(reading.provenance, settings=settings))
    image, mask = (image_of(array) for array in (pixels(), phantom().liver))
    described = replace(metadata("bright"), explained=explained(), preprocessing=SMALL)
    changed = READER.with_mask(reading, CorrectedMask("liver", "segment 'Liver'", image, mask), described)
    assert changed.explained == reading.explained
    assert "and handcrafted features too" in changed.outdated


def test_a_bundle_of_another_network_explains_nothing_and_says_so(files, tmp_path) -> None:
    other = replace(explained(), deep_count=512)
    bundle = write_bundle(tmp_path / "other", gray_network(), explained=other, preprocessing=SMALL)
    reading = read(bundle, tmp_path / "out", files / "mr.nrrd", {"liver": files / "liver.nrrd"}, force=True)
    assert reading.explained is None
    assert any("another network" in note for note in reading.provenance.notes)


def test_the_shell_and_the_report_say_which_features_speak(bundle, files, tmp_path, capsys) -> None:
    assert bundle.of_kind(ClassifierMetadata).explained == explained()
    arguments = ["read", "liver-hcc", str(files / "mr.nrrd"), "--mask", f"liver={files / 'liver.nrrd'}"]
    arguments += ["--bundle", str(bundle.folder), "--out", str(tmp_path / "out"), "--device", "cpu", "--force"]
    assert cli.main(arguments) == 0
    said = capsys.readouterr().out
    assert BANNER in said
    assert "Explained beside the network: network " in said
    assert "deep-0, Mean brightness (first order mean): +" in said
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert BANNER in report
    assert "<h2>Explained features</h2>" in report
    assert "followed by 1 of the 128 features of the network" in report
    assert "Mean brightness (first order mean)" in report
    assert "<small>speaks against</small><small>speaks for</small>" in report
    assert "Held out" in report
