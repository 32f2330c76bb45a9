"""Lasting fibrotic change on a chest CT: map, zones, numbers and tests of the answer, on phantoms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from pasc_fibrosis_cases import (
    INPUT,
    SHAPE,
    SPACING,
    gray_network,
    heat,
    image_of,
    lungs_alone,
    phantom,
    read,
    read_early,
    sentences,
    value,
    whole_segments,
    write_bundle,
    write_nrrd,
)
from readingroom.bundles.bundle import Bundle
from readingroom.bundles.metadata import Label
from readingroom.errors import BundleError, CancelledError, InputError, RefusedError
from readingroom.phantoms.fibrosis_ct import FibrosisCT
from readingroom.progress import Progress
from readingroom.readers.pasc_fibrosis_answer import against, parts_of_lungs
from readingroom.reading import Reading

ML = float(np.prod(SPACING)) / 1000


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return write_bundle(tmp_path_factory.mktemp("bundles") / "band", gray_network())


@pytest.fixture(scope="module")
def chest() -> FibrosisCT:
    return phantom(7)


def block_in(lung: np.ndarray) -> np.ndarray:
    """A large box about the middle of a lung, cut to it."""
    k, j, i = (round(float(axis.mean())) for axis in np.nonzero(lung))
    block = np.zeros(lung.shape, dtype=bool)
    block[k - 4 : k + 5, j - 14 : j + 15, i - 10 : i + 11] = True
    return block & lung


def dense(chest: FibrosisCT, block: np.ndarray) -> np.ndarray:
    """The chest with about -400 HU in a block."""
    return np.where(block, lungs_alone(chest) + 420, lungs_alone(chest)).astype(np.int16)


@pytest.fixture(scope="module")
def files(chest, tmp_path_factory) -> Path:
    """A chest with a dense block in its left lung as ``ct.nrrd``, without it as ``clear.nrrd``, and its lungs."""
    folder = tmp_path_factory.mktemp("files")
    write_nrrd(folder / "ct.nrrd", dense(chest, block_in(chest.left_lung)))
    write_nrrd(folder / "clear.nrrd", lungs_alone(chest))
    write_nrrd(folder / "lungs.nrrd", chest.left_lung | chest.right_lung)
    write_nrrd(folder / "right.nrrd", chest.right_lung)
    write_nrrd(folder / "left.nrrd", chest.left_lung)
    return folder


@pytest.fixture(scope="module")
def a_reading(bundle, files, tmp_path_factory) -> tuple[Reading, Path]:
    out = tmp_path_factory.mktemp("read")
    return read(bundle, out, files / "ct.nrrd", {"lungs": files / "lungs.nrrd"}), out


def test_the_map_lies_on_what_was_planted(a_reading, chest) -> None:
    map_, block = heat(a_reading[1]), block_in(chest.left_lung)
    lungs = chest.left_lung | chest.right_lung
    assert map_.shape == SHAPE
    assert block[np.unravel_index(np.where(lungs, map_, 0).argmax(), map_.shape)]
    assert map_[block].mean() > 3 * map_[lungs & ~block].mean()


def test_the_map_has_the_geometry_of_the_ct(a_reading, files) -> None:
    ct, map_ = (
        SimpleITK.ReadImage(str(path)) for path in (files / "ct.nrrd", a_reading[1] / "heatmap-ct-fibrosis.nrrd")
    )
    assert (ct.GetSize(), ct.GetSpacing(), ct.GetDirection()) == (
        map_.GetSize(),
        map_.GetSpacing(),
        map_.GetDirection(),
    )


def test_parts_add_up_to_the_total(a_reading) -> None:
    reading, _ = a_reading
    total = value(reading, "suspicious-volume")
    assert total > 0
    for parts in (
        ["right-lung", "left-lung"],
        [f"{side}-{third}" for side in ("right", "left") for third in ("upper", "middle", "lower")],
        [
            m.name[: -len("-suspicious")]
            for m in reading.measurements
            if m.name.count("-") == 3 and m.name.endswith("-suspicious")
        ],
    ):
        assert sum(value(reading, f"{part}-suspicious") for part in parts) == pytest.approx(total)
    for side in ("right", "left"):
        share = 100 * value(reading, f"{side}-lung-suspicious") / value(reading, f"{side}-lung-volume")
        assert value(reading, f"{side}-lung-share") == pytest.approx(share)


def test_suspicious_lung_is_on_the_side_and_in_the_third_where_it_was_planted(a_reading) -> None:
    reading, _ = a_reading
    assert value(reading, "left-middle-suspicious") > 0.5 * value(reading, "suspicious-volume")
    assert value(reading, "left-lung-suspicious") > 3 * value(reading, "right-lung-suspicious")


def test_regions_are_the_lungs_and_what_is_suspicious_in_them(a_reading, chest) -> None:
    reading, out = a_reading
    found = whole_segments(out / "segments-ct.seg.nrrd", chest.right_lung.shape)
    assert list(found) == ["right-lung", "left-lung", "suspicious-50", "suspicious-75"]
    np.testing.assert_array_equal(found["right-lung"], chest.right_lung)
    lungs = chest.right_lung | chest.left_lung
    assert 0 < found["suspicious-75"].sum() < found["suspicious-50"].sum()
    for level in (0.5, 0.75):
        np.testing.assert_array_equal(found[f"suspicious-{100 * level:.0f}"], (heat(out) >= level) & lungs)
    volumes = {region.name: region.volume_ml for region in reading.regions}
    assert volumes["suspicious-50"] == pytest.approx(value(reading, "suspicious-volume"))
    assert volumes["left-lung"] == pytest.approx(chest.left_lung.sum() * ML)


def test_the_profile_peaks_on_the_slices_of_the_block(a_reading, chest) -> None:
    (curve,) = a_reading[0].curves
    slices = np.flatnonzero(block_in(chest.left_lung).any(axis=(1, 2)))
    assert slices.min() <= curve.positions[int(np.argmax(curve.line.values))] - 1 <= slices.max()


def test_the_profile_counts_slices_from_1_as_captions_do(a_reading, chest) -> None:
    lungs = chest.left_lung | chest.right_lung
    assert a_reading[0].curves[0].positions == tuple(np.flatnonzero(lungs.any(axis=(1, 2))) + 1)


def test_key_slices_show_the_hottest_one_and_that_of_each_third(a_reading, chest) -> None:
    reading, out = a_reading
    plain, hottest, *others = reading.key_pictures
    assert (plain.finding, hottest.finding, plain.slice) == ("", "fibrosis", hottest.slice)
    assert block_in(chest.left_lung)[hottest.slice].any()
    assert 1 <= len(others) <= 3
    assert all((out / picture.path).is_file() for picture in reading.key_pictures)


def test_slices_between_those_that_were_read_are_interpolated_and_that_is_said(a_reading) -> None:
    reading, out = a_reading
    read_ = reading.provenance.settings["slices"]
    assert len(read_) == INPUT.slices
    assert any(note.startswith(f"{INPUT.slices} of {SHAPE[0]} slices were read") for note in reading.provenance.notes)
    assert any("between them the map is interpolated" in note for note in reading.provenance.notes)
    map_, (first, second) = heat(out), (number - 1 for number in read_[2:4])
    middle = (first + second) // 2
    weight = (middle - first) / (second - first)
    np.testing.assert_allclose(map_[middle], (1 - weight) * map_[first] + weight * map_[second], atol=1e-5)


def test_taking_the_dense_part_away_takes_the_answer_away(a_reading) -> None:
    reading, _ = a_reading
    with_all = 100 * reading.finding("fibrosis").probability
    assert value(reading, "left-lung-without") < 0.7 * with_all
    assert value(reading, "left-lung-without") < value(reading, "right-lung-without")


def test_that_a_part_speaks_against_the_answer_is_said_where_one_does(a_reading) -> None:
    reading, _ = a_reading
    with_all = 100 * reading.finding("fibrosis").probability
    higher = [m.part.lower() for m in reading.measurements if m.name.endswith("-without") and m.value > with_all + 1]
    notes = [note for note in reading.provenance.notes if "would be more likely without" in note]
    assert notes == ([against(reading.finding("fibrosis").title, higher)] if higher else [])


def test_a_lung_stands_for_its_thirds_where_all_speak_against_the_answer() -> None:
    parts = [title.lower() for _, title, _ in parts_of_lungs(shells=False)]
    right, left = ([part for part in parts if part.startswith(side)] for side in ("right", "left"))
    end = ": what lies there speaks against it to this network."
    assert against("Fibrosis", parts) == f"“Fibrosis” would be more likely without any part of the lungs{end}"
    assert against("Fibrosis", [*right, left[1]]) == (
        f"“Fibrosis” would be more likely without any part of the right lung and {left[1]}{end}"
    )
    assert against("Fibrosis", left[1:2]) == f"“Fibrosis” would be more likely without {left[1]}{end}"


def test_the_deletion_curve_falls_faster_on_the_map_than_elsewhere(a_reading) -> None:
    assert a_reading[0].heat_map("ct", "fibrosis").faithfulness.gain > 0


def test_what_is_suspicious_outside_of_the_lungs_is_a_check(bundle, files, chest, tmp_path) -> None:
    write_nrrd(tmp_path / "left.nrrd", chest.left_lung & ~block_in(chest.left_lung))
    masks = {"left-lung": tmp_path / "left.nrrd", "right-lung": files / "right.nrrd"}
    reading = read_early(bundle, tmp_path / "out", files / "ct.nrrd", masks)
    check = next(check for check in reading.checks if check.name == "map in the lungs")
    found = whole_segments(tmp_path / "out" / "segments-ct.seg.nrrd", chest.right_lung.shape)
    inside = found["right-lung"] | found["left-lung"]
    suspicious = heat(tmp_path / "out") >= 0.5
    assert check.value == pytest.approx(100 * (suspicious & ~inside).sum() / suspicious.sum())
    assert check.unit == "%"
    assert check.status == "warn"


def test_corrected_lungs_are_followed_and_change_the_numbers(bundle, files, chest, a_reading, tmp_path) -> None:
    corrected = chest.left_lung & ~block_in(chest.left_lung)
    write_nrrd(tmp_path / "left.nrrd", corrected)
    masks = {"left-lung": tmp_path / "left.nrrd", "right-lung": files / "right.nrrd"}
    reading = read_early(bundle, tmp_path / "out", files / "ct.nrrd", masks)
    assert reading.provenance.settings["lungs"] == "given"
    assert value(reading, "left-lung-volume") == pytest.approx(corrected.sum() * ML)
    assert value(reading, "suspicious-volume") < 0.7 * value(a_reading[0], "suspicious-volume")


def test_a_segment_of_an_earlier_reading_is_a_mask_by_its_name(bundle, files, a_reading, tmp_path) -> None:
    segments = a_reading[1] / "segments-ct.seg.nrrd"
    masks = {side: Path(f"{segments}::{side}") for side in ("right-lung", "left-lung")}
    reading = read_early(bundle, tmp_path / "out", files / "ct.nrrd", masks)
    assert value(reading, "left-lung-volume") == value(a_reading[0], "left-lung-volume")
    assert reading.study.mask("left-lung").source == "'left-lung' file segments-ct.seg.nrrd"
    with pytest.raises(InputError, match=r"holds \d structures, 'Right lung', 'Left lung', .*; name the one that is"):
        read_early(bundle, tmp_path / "out", files / "ct.nrrd", {"lungs": segments})


def test_all_slices_are_an_option_of_the_bundle(files, tmp_path) -> None:
    every = write_bundle(tmp_path / "every", gray_network(), preprocessing=replace(INPUT, slices=None, least_organ=0.0))
    reading = read_early(every, tmp_path / "out", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"})
    lungs = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(files / "lungs.nrrd")))
    assert reading.provenance.settings["slices"] == (np.flatnonzero(lungs.any(axis=(1, 2))) + 1).tolist()
    assert not any("interpolated" in note for note in reading.provenance.notes)


def test_a_tied_vote_is_said(files, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("readingroom.readers.slice_network.is_tied", lambda logits: True)
    votes = write_bundle(tmp_path / "votes", gray_network(), aggregation="vote")
    reading = read_early(votes, tmp_path / "out", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"})
    assert "The votes of the slices are tied; a tie counts for the finding." in reading.provenance.notes


@pytest.mark.parametrize("spacing", [(12.0, 5.0, 5.0), (5.0, 2.5, 2.5)])
def test_a_bundle_of_another_spacing_puts_the_map_where_it_belongs(files, chest, tmp_path, spacing) -> None:
    resampled = write_bundle(tmp_path / "spaced", gray_network(), preprocessing=replace(INPUT, spacing=spacing))
    reading = read_early(resampled, tmp_path / "out", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"})
    map_, block = heat(tmp_path / "out"), block_in(chest.left_lung)
    assert map_[block].mean() > 3 * map_[(chest.left_lung | chest.right_lung) & ~block].mean()
    assert any(note.startswith("The CT was resampled") for note in reading.provenance.notes)


def test_a_tilted_and_mirrored_volume_has_its_map_where_the_block_is(bundle, chest, tmp_path) -> None:
    block = block_in(chest.left_lung)
    turn = SimpleITK.Euler3DTransform((0, 0, 0), 0.15, -0.1, 0.2)
    direction = np.array(turn.GetMatrix()).reshape(3, 3) @ np.diag([-1.0, 1.0, -1.0])
    names = ("ct", "lungs")
    for name, voxels in zip(names, (dense(chest, block), chest.left_lung | chest.right_lung), strict=True):
        image = SimpleITK.Flip(image_of(voxels), [True, False, True])
        image.SetDirection(direction.ravel())
        image.SetOrigin((30.0, -20.0, 400.0))
        write_nrrd(tmp_path / f"{name}.nrrd", image)
    read_early(bundle, tmp_path / "out", tmp_path / "ct.nrrd", {"lungs": tmp_path / "lungs.nrrd"})
    map_ = SimpleITK.ReadImage(str(tmp_path / "out" / "heatmap-ct-fibrosis.nrrd"))
    planted = SimpleITK.Flip(image_of(block), [True, False, True])
    planted.CopyInformation(SimpleITK.ReadImage(str(tmp_path / "ct.nrrd")))
    lungs = SimpleITK.ReadImage(str(tmp_path / "lungs.nrrd"))
    onto = [
        SimpleITK.GetArrayFromImage(SimpleITK.Resample(one, map_, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor))
        > 0
        for one in (planted, lungs)
    ]
    values = SimpleITK.GetArrayFromImage(map_)
    assert values[onto[0]].mean() > 3 * values[onto[1] & ~onto[0]].mean()


def test_the_answer_is_there_before_its_tests(bundle, files, tmp_path) -> None:
    published = []
    read(bundle, tmp_path / "out", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"}, on_answer=published.append)
    (early,) = published
    assert early.pending[0] == "deletion curve"
    assert value(early, "suspicious-volume") > 0
    assert not any(one.name.endswith("-without") for one in early.measurements)


@pytest.mark.parametrize("at", ["Asking about the slices", "Taking parts of the lungs away"])
def test_a_cancel_ends_the_read_and_writes_nothing_more(bundle, files, tmp_path, at) -> None:
    heard = []
    progress = Progress(lambda _, sentence: heard.append(sentence), lambda: any(one.startswith(at) for one in heard))
    with pytest.raises(CancelledError):
        read(bundle, tmp_path / "out", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"}, progress=progress)
    assert not (tmp_path / "out" / "reading.json").exists()


def test_a_bundle_with_other_labels_is_refused(files, tmp_path) -> None:
    labels = (Label("covid", "COVID"), Label("none", "None"))
    other = write_bundle(
        tmp_path / "other", gray_network(), labels=labels, calibration=None, operating_points=(),
        default_operating_point="", training=replace(bundle_training(), counts={}),
    )  # fmt: skip
    with pytest.raises(BundleError, match=r"labels \(covid, none\) are not those of this reader \(fibrosis, none\)"):
        read(other, tmp_path / "out", files / "ct.nrrd")


def bundle_training():
    from pasc_fibrosis_cases import metadata

    return metadata("any").training


def no_chest(folder: Path) -> Path:
    return write_nrrd(folder / "box.nrrd", np.random.default_rng(0).normal(40, 300, (20, 40, 40)).astype(np.int16))


def test_a_ct_without_lungs_is_refused_in_a_sentence(bundle, tmp_path) -> None:
    with pytest.raises(RefusedError, match="these are no Hounsfield units of a chest"):
        read(bundle, tmp_path / "out", no_chest(tmp_path))
    with pytest.raises(InputError, match="No lungs were found in this CT; give a mask of them"):
        read(bundle, tmp_path / "out", no_chest(tmp_path), force=True)


def test_what_a_check_of_the_lungs_stops_is_not_asked_about(bundle, files, chest, tmp_path, monkeypatch) -> None:
    def asked(*_args: object, **_more: object) -> None:
        raise AssertionError("The network was asked.")

    few = np.zeros(SHAPE, dtype=bool)
    few[8:10, 30:34, 20:30] = chest.right_lung[8:10, 30:34, 20:30] = True
    write_nrrd(tmp_path / "few.nrrd", few)
    monkeypatch.setattr("readingroom.readers.slice_network.ask_slices", asked)
    with pytest.raises(RefusedError, match="of lung were found"):
        read(bundle, tmp_path / "out", files / "ct.nrrd", {"lungs": tmp_path / "few.nrrd"})
    assert not (tmp_path / "out").exists()


def test_an_empty_mask_is_refused(bundle, files, chest, tmp_path) -> None:
    empty = write_nrrd(tmp_path / "empty.nrrd", np.zeros(chest.pixels.shape, np.uint8))
    with pytest.raises(InputError, match=r"'empty\.nrrd' is empty: nothing is marked in it"):
        read(bundle, tmp_path / "out", files / "ct.nrrd", {"lungs": empty})


def test_a_mask_that_lies_elsewhere_is_refused(bundle, files, chest, tmp_path) -> None:
    image = image_of(chest.left_lung)
    image.SetOrigin((5000.0, 0.0, 0.0))
    with pytest.raises(InputError, match=r"'far\.nrrd' lies elsewhere than its image: is it of another examination"):
        read(bundle, tmp_path / "out", files / "ct.nrrd", {"lungs": write_nrrd(tmp_path / "far.nrrd", image)})


def test_a_mask_on_another_grid_marks_the_same_place(bundle, files, chest, a_reading, tmp_path) -> None:
    lungs = image_of(chest.left_lung | chest.right_lung)
    size, spacing = [50, 40, 60], [7.2, 7.2, 4.75]
    other = SimpleITK.Resample(
        lungs, size, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, (1.8, 1.8, -2.375), spacing
    )
    reading = read_early(
        bundle, tmp_path / "out", files / "ct.nrrd", {"lungs": write_nrrd(tmp_path / "coarse.nrrd", other)}
    )
    assert value(reading, "left-lung-volume") == pytest.approx(value(a_reading[0], "left-lung-volume"), rel=0.05)
    assert value(reading, "suspicious-volume") == pytest.approx(value(a_reading[0], "suspicious-volume"), rel=0.2)


def test_checks_that_passed_say_so(a_reading) -> None:
    assert any(sentence.startswith("Both lungs were found") for sentence in sentences(a_reading[0], "pass"))
