"""Image and mask of a measurement from DICOM: the same slices and the same contours as elsewhere."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from pydicom.uid import JPEG2000Lossless

from readingroom.cli import main
from readingroom.csv_table import read_csv
from readingroom.errors import InputError
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import stored, write_dicom
from readingroom.phantoms.dicom_series import Grid, ct_slices, enhanced_ct, write_slices
from readingroom.phantoms.dicom_structures import segmentation, structure_set
from readingroom.radiomics.files import measure_opened, open_files
from readingroom.radiomics.regions import measure_regions
from readingroom.radiomics.settings import Settings

COUNT, ROWS, COLUMNS = 12, 32, 40
PRONE = Grid((-1.0, 0.0, 0.0, 0.0, -1.0, 0.0))


@pytest.fixture
def hu() -> np.ndarray:
    """A volume ``[k, j, i]`` in which no two slices look alike."""
    return np.random.default_rng(0).integers(-900, 900, (COUNT, ROWS, COLUMNS))


def labels(image: SimpleITK.Image, path):
    """A label map on the grid of an image, as any program writes it."""
    mask = SimpleITK.Image(image.GetSize(), SimpleITK.sitkUInt8)
    mask.CopyInformation(image)
    mask[10:20, 10:20, 3:6] = 1
    SimpleITK.WriteImage(mask, path)
    return path


@pytest.mark.parametrize("grid", [Grid(), PRONE], ids=["supine", "prone"])
def test_a_series_keeps_the_orientation_that_masks_were_drawn_in(tmp_path, hu, grid):
    folder = write_slices(tmp_path / "ct", ct_slices(hu, grid))
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    peer = reader.Execute()
    opened = open_files(folder, labels(peer, tmp_path / "mask.nrrd"))
    assert np.array_equal(SimpleITK.GetArrayFromImage(opened.image), SimpleITK.GetArrayFromImage(peer))
    assert opened.image.GetDirection() == pytest.approx(peer.GetDirection())
    assert opened.mask.GetOrigin() == pytest.approx(opened.image.GetOrigin())


def test_frames_lie_where_their_headers_say(tmp_path, hu):
    path = tmp_path / "enhanced.dcm"
    enhanced_ct(hu, order=list(range(COUNT))[::-1]).save_as(path, enforce_file_format=True)
    image = open_files(path, path).image
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), hu)
    assert image.GetSpacing() == pytest.approx((0.5, 0.75, 2.0))


def test_features_are_not_measured_where_a_slice_is_missing(tmp_path, hu):
    slices = ct_slices(hu)
    del slices[5]
    folder = write_slices(tmp_path / "ct", slices)
    with pytest.raises(InputError, match=r"not measured where slices were not imaged. Missing: 1 slice of 12"):
        open_files(folder, tmp_path / "mask.nrrd")


def test_of_two_series_none_is_guessed(tmp_path, hu):
    folder = write_slices(tmp_path / "ct", ct_slices(hu))
    write_slices(folder, ct_slices(hu))
    with pytest.raises(InputError, match="holds 2 DICOM series of several slices"):
        open_files(folder, tmp_path / "mask.nrrd")


def test_a_structure_is_measured_by_its_name(tmp_path, hu, capsys):
    folder = write_slices(tmp_path / "ct", [*ct_slices(hu), *ct_slices(hu[:1], SeriesNumber=9)])
    corners = [(9.5, 9.5), (9.5, 19.5), (19.5, 19.5), (19.5, 9.5)]
    contours = [
        np.array([np.add(Grid().position(k), [0.5 * i, 0.75 * j, 0]) for j, i in corners]) for k in (3, 4, 5, 40)
    ]
    path = tmp_path / "rs.dcm"
    structure_set({"Tumor": contours, "Lung": contours[:2]}).save_as(path, enforce_file_format=True)
    assert main(["radiomics", str(folder), f"{path}::Tumor", "--out", str(tmp_path / "a.csv")]) == 0
    rows = {row["feature"]: row["value"] for row in read_csv(tmp_path / "a.csv").records(needed=("feature",))}
    assert float(rows["original_shape_VoxelVolume"]) == pytest.approx(300 * 0.5 * 0.75 * 2)
    said = capsys.readouterr().out
    assert "Set aside, other series of the folder: CT series 9 (1 image)." in said
    assert "1 of 4 contours of 'Tumor' lie beyond the image and were left out." in said


@pytest.fixture
def structures(tmp_path, hu):
    """A CT, and an RTSTRUCT and a SEG of two regions that overlap; the RTSTRUCT has a marker as well."""
    slices = ct_slices(hu)
    folder = write_slices(tmp_path / "ct", slices)
    contours, masks = {}, {}
    for name, low, high in (("Tumor", 5, 12), ("Left::right", 9, 18)):
        corners = [(low - 0.5, low - 0.5), (low - 0.5, high - 0.5), (high - 0.5, high - 0.5), (high - 0.5, low - 0.5)]
        contours[name] = [
            np.array([np.add(Grid().position(k), [0.5 * i, 0.75 * j, 0]) for j, i in corners]) for k in (3, 4, 6)
        ]
        masks[name] = np.zeros(hu.shape, np.uint8)
        masks[name][3:6, low:high, low:high] = 1
    structure_set({"Tumor": contours["Tumor"], "Marker": [], "Left::right": contours["Left::right"]}).save_as(
        tmp_path / "rs.dcm", enforce_file_format=True
    )
    segmentation(slices, masks).save_as(tmp_path / "seg.dcm", enforce_file_format=True)
    return folder, tmp_path


@pytest.mark.parametrize(("file", "processes"), [("rs.dcm", 1), ("seg.dcm", 1), ("rs.dcm", 2)])
def test_each_structure_is_measured_as_if_it_had_been_named(structures, file, processes):
    folder, place = structures
    few = Settings(features={"firstorder": ("Mean",)})
    found = {each.name: each for each in measure_regions(folder, place / file, settings=few, processes=processes)}
    assert list(found) == ["Tumor", *(["Marker"] if file == "rs.dcm" else []), "Left::right"]
    alone = measure_opened(open_files(folder, Path(f"{place / file}::Tumor")), dataclasses.replace(few, label=1))
    assert found["Tumor"].features == alone
    assert found["Left::right"].features.provenance["diagnostics_Mask-original_VoxelNum"] == str(3 * 81)
    if file == "rs.dcm":
        assert "has no contours" in found["Marker"].problem
        notes = found["Tumor"].features.notes
        assert [note.split("'")[1] for note in notes if "no contour on 1 of the 4" in note] == ["Tumor"]


def test_the_shell_gives_each_structure_a_column(structures, capsys):
    folder, place = structures
    arguments = ["radiomics", str(folder), str(place / "seg.dcm")]
    assert main([*arguments, "--all-labels", "--out", str(place / "a.csv")]) == 0
    assert (place / "a.csv").read_text().splitlines()[0] == "feature,Tumor,Left::right"
    assert main(["radiomics", str(folder), str(place / "rs.dcm"), "--validate"]) == 3
    assert "Tumor: 147 voxels\nMarker: The structure" in capsys.readouterr().out
    assert main([*arguments, "--label", "1", "--out", str(place / "b.csv")]) == 3
    assert "name the one that is meant" in capsys.readouterr().err


PICTURES = [
    {},
    {"RescaleSlope": 2, "RescaleIntercept": -1000},
    {"RescaleSlope": 0.5, "RescaleIntercept": 0.25},
    {"PhotometricInterpretation": "MONOCHROME1", "RescaleSlope": 2, "RescaleIntercept": -1000},
    {"PhotometricInterpretation": "MONOCHROME1", "ImagerPixelSpacing": [0.2, 0.3]},
]


@pytest.mark.parametrize("elements", PICTURES)
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_dicom_picture_has_the_values_and_the_place_that_simpleitk_gives_it(tmp_path, bits, elements):
    path = write_dicom(tmp_path / "a.dcm", stored(chest_radiograph(48, 40), bits), bits, **elements)
    image, peer = open_files(path, path).image, SimpleITK.ReadImage(str(path))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), SimpleITK.GetArrayFromImage(peer))
    assert image.GetSpacing() == pytest.approx(peer.GetSpacing())
    assert image.GetDirection() == pytest.approx(peer.GetDirection())


def test_a_dicom_picture_that_hides_a_larger_one_is_refused(tmp_path):
    pytest.importorskip("openjpeg")
    values = stored(chest_radiograph(96, 80))
    path = write_dicom(tmp_path / "a.dcm", values, transfer_syntax=JPEG2000Lossless, Rows=40)
    with pytest.raises(InputError, match="header says 80 x 40 pixels, its compressed picture 80 x 96"):
        open_files(path, path)
