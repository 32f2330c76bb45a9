"""Hepatocellular carcinoma on liver MR: map, regions, numbers and tests of the answer, on a small liver."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from liver_hcc_cases import SPACING, gray_network, lesion, phantom, pixels, read, read_early, write_bundle, write_nrrd
from pasc_fibrosis_cases import value, whole_segments
from readingroom.bundles.bundle import Bundle
from readingroom.bundles.metadata import Label
from readingroom.errors import BundleError, CancelledError, InputError
from readingroom.imaging.liver_sectors import SECTORS
from readingroom.progress import Progress
from readingroom.reading import Reading

ML = float(np.prod(SPACING)) / 1000


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return write_bundle(tmp_path_factory.mktemp("bundles") / "bright", gray_network())


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_nrrd(folder / "mr.nrrd", pixels())
    write_nrrd(folder / "clear.nrrd", pixels(with_lesion=False))
    write_nrrd(folder / "liver.nrrd", phantom().liver)
    return folder


@pytest.fixture(scope="module")
def a_reading(bundle, files, tmp_path_factory) -> tuple[Reading, Path]:
    out = tmp_path_factory.mktemp("read")
    return read(bundle, out, files / "mr.nrrd", {"liver": files / "liver.nrrd"}), out


def heat(folder: Path) -> np.ndarray:
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(folder / "heatmap-mr-hcc.nrrd")))


def test_the_map_lies_on_what_was_planted(a_reading) -> None:
    map_ = heat(a_reading[1])
    assert map_.shape == lesion().shape
    assert lesion()[np.unravel_index(np.where(phantom().liver, map_, 0).argmax(), map_.shape)]
    assert map_[lesion()].mean() > 3 * map_[phantom().liver & ~lesion()].mean()


def test_regions_are_the_liver_what_is_suspicious_in_it_and_its_parts(a_reading) -> None:
    reading, out = a_reading
    found = whole_segments(out / "segments-mr.seg.nrrd", phantom().liver.shape)
    assert list(found) == ["liver", "suspicious-50", "suspicious-75", *(sector.name for sector in SECTORS)]
    np.testing.assert_array_equal(found["liver"], phantom().liver)
    np.testing.assert_array_equal(found["suspicious-50"], (heat(out) >= 0.5) & phantom().liver)
    np.testing.assert_array_equal(sum(found[sector.name].astype(int) for sector in SECTORS), phantom().liver)
    volumes = {region.name: region.volume_ml for region in reading.regions}
    assert volumes["liver"] == pytest.approx(phantom().liver.sum() * ML)
    assert volumes["suspicious-50"] == pytest.approx(value(reading, "suspicious-volume"))


def test_without_the_part_that_holds_the_lesion_the_probability_falls_most(a_reading) -> None:
    reading, out = a_reading
    found = whole_segments(out / "segments-mr.seg.nrrd", phantom().liver.shape)
    changes = {sector.name: value(reading, f"{sector.name}-change") for sector in SECTORS}
    held = {sector.name: np.count_nonzero(found[sector.name] & lesion()) for sector in SECTORS}
    assert min(changes, key=changes.__getitem__) == max(held, key=held.__getitem__)


def test_parts_are_said_to_be_geometric(a_reading) -> None:
    assert any("They are not Couinaud's segments" in note for note in a_reading[0].provenance.notes)


def test_the_key_picture_is_the_slice_with_the_hottest_liver(a_reading) -> None:
    reading, out = a_reading
    first, second = reading.key_pictures[:2]
    assert (first.finding, second.finding, second.slice) == ("", "hcc", first.slice)
    assert lesion()[first.slice].any()
    assert all((out / picture.path).exists() for picture in reading.key_pictures)


def test_the_profile_peaks_on_the_slices_of_the_lesion(a_reading) -> None:
    (curve,) = a_reading[0].curves
    slices = np.flatnonzero(lesion().any(axis=(1, 2)))
    assert slices.min() <= curve.positions[int(np.argmax(curve.line.values))] - 1 <= slices.max()


def test_a_liver_without_a_lesion_is_less_probable(bundle, files, a_reading, tmp_path) -> None:
    clear = read_early(bundle, tmp_path / "out", files / "clear.nrrd", {"liver": files / "liver.nrrd"})
    assert clear.finding("hcc").probability < a_reading[0].finding("hcc").probability
    assert value(clear, "suspicious-volume") < 0.3 * value(a_reading[0], "suspicious-volume")


def test_the_answer_is_there_before_its_tests(bundle, files, tmp_path) -> None:
    early = read_early(bundle, tmp_path / "out", files / "mr.nrrd", {"liver": files / "liver.nrrd"})
    assert early.pending[0] == "deletion curve"
    assert value(early, "suspicious-volume") > 0
    assert not any(one.name.endswith("-without") for one in early.measurements)


def test_the_map_is_put_to_the_deletion_curve(a_reading) -> None:
    faithfulness = a_reading[0].heat_maps[0].faithfulness
    assert faithfulness is not None
    assert faithfulness.gain > 0


@pytest.mark.parametrize("at", ["Asking about the liver", "Taking parts of the liver away"])
def test_a_cancel_ends_the_read_and_writes_nothing_more(bundle, files, tmp_path, at) -> None:
    heard = []
    progress = Progress(lambda _, sentence: heard.append(sentence), lambda: any(one.startswith(at) for one in heard))
    with pytest.raises(CancelledError):
        read(bundle, tmp_path / "out", files / "mr.nrrd", {"liver": files / "liver.nrrd"}, progress=progress)
    assert not (tmp_path / "out" / "reading.json").exists()


def test_a_bundle_with_other_labels_is_refused(files, tmp_path) -> None:
    from liver_hcc_cases import metadata

    labels = (Label("metastasis", "Metastasis"), Label("none", "None"))
    training = metadata("any").training
    other = write_bundle(
        tmp_path / "other", gray_network(), labels=labels, calibration=None, operating_points=(),
        default_operating_point="", training=type(training)("rigorous", 12, 12, {}, ("phantoms",), 0),
    )  # fmt: skip
    with pytest.raises(BundleError, match=r"labels \(metastasis, none\) are not those of this reader \(hcc, none\)"):
        read(other, tmp_path / "out", files / "mr.nrrd", {"liver": files / "liver.nrrd"})


def test_an_mr_without_a_mask_of_the_liver_is_refused_in_a_sentence(bundle, files, tmp_path) -> None:
    with pytest.raises(InputError, match="is not outlined"):
        read(bundle, tmp_path / "out", files / "mr.nrrd")
