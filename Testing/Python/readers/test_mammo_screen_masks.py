"""Outlines of breast and dense tissue that a person drew: a read follows them, and a reading without the network."""

import json
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK
from PIL import Image

import mammo_screen_cases as cases
from readingroom.cli import main
from readingroom.errors import InputError
from readingroom.readers import base
from readingroom.readers.answer import CorrectedMask
from readingroom.readers.mammo_screen import READER
from readingroom.readers.opening import open_study
from readingroom.reading import Reading


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return cases.write_bundle(tmp_path_factory.mktemp("bundles") / "bright")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """An exam with a tumor on the left."""
    return cases.write_files(tmp_path_factory.mktemp("exam"), left=[cases.TUMOR])


@pytest.fixture(scope="module")
def read(bundle, files, tmp_path_factory):
    """The exam read with the outlines that were found, and its folder."""
    out = tmp_path_factory.mktemp("out")
    return cases.read(bundle, out, list(files.values())), out


@pytest.fixture(scope="module")
def upper_half(files):
    """The upper half of the left CC view's breast, on its pixels."""
    image = SimpleITK.ReadImage(str(files["left-cc"]))
    inside = cases.exam(1, left=[cases.TUMOR])["left-cc"].breast.copy()
    inside[len(inside) // 2 :] = False
    mask = SimpleITK.GetImageFromArray(inside[None].astype(np.uint8))
    mask.CopyInformation(image)
    return mask


def read_with(bundle, out, files, **masks):
    study = open_study(READER, {}, {name.replace("_", "-"): path for name, path in masks.items()},
                       exam=list(files.values()))  # fmt: skip
    return base.read(READER, study, bundle, out, "cpu")


def density(reading, of):
    return next(one.value for one in reading.measurements if one.name == f"density-{of}")


def test_the_network_is_given_what_lies_in_the_outline_and_density_is_that_of_it(bundle, files, upper_half, tmp_path):
    path = tmp_path / "breast.nrrd"
    SimpleITK.WriteImage(upper_half, str(path))
    reading = read_with(bundle, tmp_path / "out", files, left_cc_breast=path)
    written = SimpleITK.ReadImage(str(tmp_path / "out" / "segments-left-cc.seg.nrrd"))
    assert written.GetSize()[:2] == upper_half.GetSize()[:2]
    heat = cases.heat(tmp_path / "out", "left-cc")
    assert heat[: len(heat) // 2].max() > 0.5
    assert heat[len(heat) * 3 // 4 :].max() == 0  # beyond the picture that the network was given
    shown = READER.load(reading.study).images["left-cc"]
    assert np.array_equal(shown.breast.tissue, SimpleITK.GetArrayFromImage(upper_half)[0] > 0)
    assert density(reading, "left-cc") == pytest.approx(shown.density)
    assert density(reading, "left") == pytest.approx((shown.density + density(reading, "left-mlo")) / 2)
    assert reading.study.mask("left-cc-breast").source == "file breast.nrrd"


def test_dense_tissue_that_was_drawn_is_measured_and_lies_in_the_breast(bundle, files, upper_half, read, tmp_path):
    path = tmp_path / "dense.nrrd"
    SimpleITK.WriteImage(upper_half, str(path))
    reading = read_with(bundle, tmp_path / "out", files, left_cc_dense=path)
    film = READER.load(reading.study).images["left-cc"]
    assert np.array_equal(film.dense, SimpleITK.GetArrayFromImage(upper_half)[0] > 0)
    assert not (film.dense & ~film.outline.tissue).any()
    assert density(reading, "left-cc") == pytest.approx(50, abs=3)
    assert density(reading, "right-cc") == density(read[0], "right-cc")


def test_a_mask_of_a_view_that_is_not_read_and_one_of_another_film_are_refused(bundle, files, upper_half, tmp_path):
    path = tmp_path / "breast.nrrd"
    SimpleITK.WriteImage(upper_half, str(path))
    others = {role: file for role, file in files.items() if role != "left-cc"}
    with pytest.raises(InputError, match="'Breast, left CC' lies on 'Left CC'"):
        read_with(bundle, tmp_path / "out", others, left_cc_breast=path)
    upper_half = SimpleITK.Image(upper_half)
    upper_half.SetOrigin((5000, 0, 0))
    SimpleITK.WriteImage(upper_half, str(path))
    with pytest.raises(InputError, match="lies elsewhere than its image"):
        read_with(bundle, tmp_path / "out", files, left_cc_breast=path)


def test_a_flat_mask_is_laid_on_a_film_pixel_by_pixel(bundle, files, upper_half, tmp_path):
    inside = SimpleITK.GetArrayFromImage(upper_half)[0]
    flat, small = tmp_path / "flat.nrrd", tmp_path / "small.nrrd"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(inside), str(flat))
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(inside[:, ::2].copy()), str(small))
    reading = read_with(bundle, tmp_path / "out", files, left_cc_breast=flat)
    assert np.array_equal(READER.load(reading.study).images["left-cc"].breast.tissue, inside > 0)
    with pytest.raises(InputError, match="128 x 320 pixels and its image 256 x 320 x 1: it must be drawn on the image"):
        read_with(bundle, tmp_path / "small", files, left_cc_breast=small)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA"])
def test_a_png_is_a_mask_of_a_film_of_as_many_pixels(bundle, files, upper_half, tmp_path, mode):
    inside = SimpleITK.GetArrayFromImage(upper_half)[0] > 0
    drawn = Image.fromarray(np.where(inside, 255, 0).astype(np.uint8))
    drawn.convert(mode).save(tmp_path / "mask.png")
    study = open_study(READER, {}, {"left-cc-breast": tmp_path / "mask.png"}, exam=list(files.values()))
    assert np.array_equal(READER.load(study).images["left-cc"].breast.tissue, inside)
    assert study.mask("left-cc-breast").source == "file mask.png"


def test_a_png_of_a_cropped_film_one_in_color_and_a_jpeg_are_no_masks(files, tmp_path):
    size = SimpleITK.ReadImage(str(files["left-cc"])).GetSize()[:2]
    Image.new("L", (size[0] - 16, size[1]), 255).save(tmp_path / "small.png")
    Image.new("RGB", size, "red").save(tmp_path / "red.png")
    Image.new("L", size, 255).save(tmp_path / "white.jpg")
    Image.new("L", size).save(tmp_path / "black.png")
    whole = (tmp_path / "black.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    said = {"small.png": "must be drawn on the image itself", "red.png": "is in color", "white.jpg": "is no mask",
            "black.png": "is empty", "cut.png": "damaged or cut short"}  # fmt: skip
    for name, sentence in said.items():
        study = open_study(READER, {}, {"left-cc-breast": tmp_path / name}, exam=list(files.values()))
        with pytest.raises(InputError, match=f"'{name}'.*{sentence}"):
            READER.load(study)


def test_dense_tissue_without_a_pixel_says_that_the_breast_is_fat_alone(bundle, files, tmp_path):
    Image.new("L", SimpleITK.ReadImage(str(files["left-cc"])).GetSize()[:2]).save(tmp_path / "none.png")
    reading = read_with(bundle, tmp_path / "out", files, left_cc_dense=tmp_path / "none.png")
    assert density(reading, "left-cc") == 0
    assert density(reading, "left-mlo") > 0
    assert "left-cc-dense" in {region.name for region in reading.regions}


def test_the_segments_that_a_read_wrote_are_masks_of_the_next_one_on_the_shell(bundle, files, read, tmp_path, capsys):
    reading, out = read
    arguments = ["read", "mammo-screen", *map(str, files.values()), "--bundle", str(bundle.folder), "--device", "cpu"]
    for what, title in (("breast", "Breast"), ("dense", "Dense tissue")):
        arguments += ["--mask", f"left-cc-{what}={out / 'segments-left-cc.seg.nrrd'}::{title}, left CC"]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    again = Reading.from_json(json.loads((tmp_path / "out" / "reading.json").read_text("utf-8")))
    assert density(again, "left-cc") == pytest.approx(density(reading, "left-cc"), abs=0.2)
    assert "Mask: Breast, left CC" in (tmp_path / "out" / "report.html").read_text("utf-8")


def corrected(out, files, role, **changed):
    """What the panel tells the reader: all regions and maps as they are now."""
    regions, maps = {}, {}
    for view in files:
        file = SimpleITK.ReadImage(str(out / f"segments-{view}.seg.nrrd"))
        maps[view] = cases.heat(out, view)
        film = READER.load_image(open_study(READER, {view: files[view]}).images[0], None)
        regions |= {f"{view}-breast": film.outline.tissue, f"{view}-dense": film.dense}
        assert file.GetSize()[:2] == maps[view].shape[::-1]
    regions |= {name.replace("_", "-"): mask for name, mask in changed.items()}
    one = SimpleITK.GetImageFromArray(np.ones((1, 1, 1), np.uint8))
    return CorrectedMask(role, "segment 'Breast, left CC', corrected", one, one, regions, maps)


def test_a_corrected_outline_changes_density_and_the_place_of_the_map_and_no_answer(read, bundle, files, upper_half):
    reading, out = read
    half = SimpleITK.GetArrayFromImage(upper_half)[0] > 0
    film = READER.load_image(open_study(READER, {"left-cc": files["left-cc"]}).images[0], None)
    given = corrected(out, files, "left-cc-breast", left_cc_breast=half, left_cc_dense=film.dense & half)
    told = READER.with_mask(reading, given, bundle.metadata)
    share = 100 * (film.dense & half).sum() / half.sum()
    assert density(told, "left-cc") == pytest.approx(share)
    assert density(told, "left") == pytest.approx((share + density(reading, "left-mlo")) / 2)
    assert density(told, "right") == density(reading, "right")
    before, after = (next(c for c in one.checks if c.name == "map in the breast") for one in (reading, told))
    assert after.value > before.value  # more of the map lies outside
    assert [c for c in told.checks if c != after] == [c for c in reading.checks if c != before]
    assert told.findings == reading.findings
    assert "Breast, left CC: segment 'Breast, left CC', corrected" in told.provenance.notes[-1]
    assert READER.with_mask(told, given, bundle.metadata) == told


def test_an_outline_that_is_put_back_gives_the_numbers_back(read, bundle, files):
    reading, out = read
    told = READER.with_mask(reading, corrected(out, files, "left-cc-breast"), bundle.metadata)
    assert [(one.name, one.value) for one in told.measurements] == [
        (one.name, pytest.approx(one.value)) for one in reading.measurements
    ]
    assert [check.sentence for check in told.checks] == [check.sentence for check in reading.checks]


def test_a_stroke_of_dense_tissue_that_erased_the_breast_beneath_it_keeps_the_breast(read, bundle, files):
    """Segment Editor takes from the other segments what is painted, unless it is told otherwise."""
    reading, out = read
    film = READER.load_image(open_study(READER, {"left-cc": files["left-cc"]}).images[0], None)
    hollow = film.outline.tissue & ~film.dense
    given = corrected(out, files, "left-cc-dense", left_cc_breast=hollow)
    told = READER.with_mask(reading, replace(given, role="left-cc-dense"), bundle.metadata)
    assert density(told, "left-cc") == pytest.approx(density(reading, "left-cc"))
