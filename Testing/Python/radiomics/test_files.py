"""Image and mask of a measurement from DICOM: the same slices and the same contours as elsewhere."""

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
from readingroom.phantoms.dicom_structures import structure_set
from readingroom.radiomics.files import open_files

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
