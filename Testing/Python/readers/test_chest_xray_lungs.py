"""The lungs of a radiograph in a read: masks that were given, the map in them, the heart, and corrected outlines."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from readingroom.codes import LEFT_LUNG, RIGHT_LUNG
from readingroom.imaging.lungs import Lungs
from readingroom.phantoms.chest_radiograph import chest_radiograph, lung_outlines
from readingroom.phantoms.dicom_files import stored, write_dicom
from readingroom.readers import base
from readingroom.readers.answer import CorrectedMask
from readingroom.readers.chest_xray import READER
from readingroom.readers.chest_xray_lungs import map_checks
from readingroom.readers.opening import open_study
from readingroom.reading import Reading
from readingroom.reports.write import write_reports

ROWS, COLUMNS = 256, 224


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A phantom as PA, as AP and as a picture, and its lungs in one mask and in two."""
    folder = tmp_path_factory.mktemp("film")
    gray = chest_radiograph(ROWS, COLUMNS)
    for view in ("PA", "AP"):
        write_dicom(folder / f"{view}.dcm", stored(gray, bits=12), bits=12, PixelSpacing=[1, 1], ViewPosition=view)
    Image.fromarray((255 * gray).astype(np.uint8)).save(folder / "film.png")
    right, left = lung_outlines(ROWS, COLUMNS)
    for name, mask in (("both", right | left), ("right", right), ("left", left)):
        Image.fromarray((255 * mask).astype(np.uint8)).save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def read(folder, a_random_bundle, tmp_path_factory):
    """Reads a film with masks: ``read("PA.dcm", lungs="both.png")`` gives reading and folder."""

    def read(film: str, **masks: str) -> tuple[Reading, Path]:
        given = {role.replace("_", "-"): folder / name for role, name in masks.items()}
        study, out = open_study(READER, {"frontal": folder / film}, given), tmp_path_factory.mktemp("out")
        return base.read(READER, study, a_random_bundle("nih-pneumonia"), out, "cpu", force=True), out

    return read


@pytest.fixture(scope="module")
def pa(read):
    return read("PA.dcm", lungs="both.png")


def values(reading, prefix):
    return {one.name: one.value for one in reading.measurements if one.name.startswith(prefix)}


def check(reading, name):
    return next(one for one in reading.checks if one.name == name)


def heat_of(out):
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(out / "heatmap-frontal-pneumonia.nrrd")))


def test_a_mask_of_both_lungs_gives_two_segments_and_the_map_in_six_zones(pa):
    reading, out = pa
    assert [(one.name, one.title, one.code) for one in reading.regions] == [
        ("right-lung", "Right lung", RIGHT_LUNG), ("left-lung", "Left lung", LEFT_LUNG)]  # fmt: skip
    shares = values(reading, "map-")
    assert len(shares) == 6
    heat, (right, left) = heat_of(out)[0], lung_outlines(ROWS, COLUMNS)
    inside = 100 * heat[right | left].sum() / heat.sum()
    assert sum(shares.values()) == pytest.approx(inside, rel=1e-4)
    assert check(reading, "map in lungs").value == pytest.approx(100 - inside, rel=1e-4)
    assert not any(one.name == "map in body" for one in reading.checks)
    assert (out / "picture-frontal-regions.png").exists()


def test_a_lung_each_gives_what_both_in_one_give(pa, read):
    reading, _ = read("PA.dcm", right_lung="right.png", left_lung="left.png")
    assert [one.value for one in reading.measurements] == [one.value for one in pa[0].measurements]


def test_the_cardiothoracic_ratio_has_an_interval_and_says_what_the_view_does_to_it(pa, read):
    titles = []
    for reading in (pa[0], read("AP.dcm", lungs="both.png")[0], read("film.png", lungs="both.png")[0]):
        ratio = next(one for one in reading.measurements if one.name == "cardiothoracic-ratio")
        assert ratio.interval.low < ratio.value < ratio.interval.high
        assert ratio.value == pytest.approx(0.40, abs=0.04)
        titles.append(ratio.title)
    assert "AP" not in titles[0]
    assert "an AP film makes it too large" in titles[1]
    assert "if this is an AP film" in titles[2]


def test_one_lung_that_was_given_has_no_ratio_and_zones_of_its_own(read, folder):
    Image.new("L", (COLUMNS, ROWS)).save(folder / "none.png")
    one = Image.open(folder / "left.png").crop((0, 0, COLUMNS, ROWS))
    one.save(folder / "single.png")
    reading, _ = read("PA.dcm", lungs="single.png")
    assert not values(reading, "cardiothoracic")
    assert all(share == 0 for name, share in values(reading, "map-right").items())


def test_a_map_that_prefers_no_lung_is_a_doubt_and_so_is_a_hottest_region_beside_them():
    lungs = Lungs(*lung_outlines(ROWS, COLUMNS))
    even, inside = np.ones((ROWS, COLUMNS), np.float32), lungs.both.astype(np.float32)
    beside = inside.copy()
    beside[: ROWS // 12] = 2  # a caption
    assert [one.status for one in map_checks(even, lungs, 1.0)] == ["warn", "warn"]
    assert [one.status for one in map_checks(inside, lungs, 1.0)] == ["pass", "pass"]
    assert [one.status for one in map_checks(beside, lungs, 1.0)] == ["pass", "warn"]
    place = map_checks(even, lungs, 1.0)[0]
    assert place.value == pytest.approx(place.limit)


def corrected(reading, out, right):
    """What the panel tells the reader."""
    left = lung_outlines(ROWS, COLUMNS)[1]
    one = SimpleITK.GetImageFromArray(np.ones((1, 1, 1), np.uint8))
    regions = {"right-lung": right[None], "left-lung": left[None]}
    return CorrectedMask("right-lung", "segment 'Right lung', corrected", one, one, regions, {"frontal": heat_of(out)})


def test_a_corrected_lung_changes_zones_checks_and_chest_and_no_answer_and_undone_it_gives_the_numbers_back(
    pa, a_random_bundle
):
    reading, out = pa
    metadata, right = a_random_bundle("nih-pneumonia").metadata, lung_outlines(ROWS, COLUMNS)[0]
    smaller = right.copy()
    smaller[:, : COLUMNS // 4] = False
    told = READER.with_mask(reading, corrected(reading, out, smaller), metadata)
    assert told.findings == reading.findings
    assert values(told, "map-left") == values(reading, "map-left")
    assert sum(values(told, "map-right").values()) < sum(values(reading, "map-right").values())
    assert check(told, "map in lungs").value > check(reading, "map in lungs").value
    before, after = (values(one, "cardiothoracic")["cardiothoracic-ratio"] for one in (reading, told))
    assert after > before
    assert "Right lung: segment 'Right lung', corrected" in told.provenance.notes[-1]
    back = READER.with_mask(told, corrected(told, out, right), metadata)
    assert [one.value for one in back.measurements] == pytest.approx([one.value for one in reading.measurements])
    assert back.checks == reading.checks


def test_the_report_and_its_table_have_zones_and_ratio(pa, tmp_path):
    reading, out = pa
    write_reports(reading, out, tmp_path, ["html", "csv"])
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Right upper" in page
    assert "Cardiothoracic ratio (estimate)" in page
    with (tmp_path / "report.csv").open(encoding="utf-8-sig") as file:
        row = next(csv.DictReader(file))
    assert float(row["measured map-left-lower (%)"]) == pytest.approx(
        values(reading, "map-left-lower")["map-left-lower"], 1e-4
    )
    assert float(row["measured cardiothoracic-ratio"]) < 1
    assert Reading.from_json(json.loads((out / "reading.json").read_text("utf-8"))) == reading
