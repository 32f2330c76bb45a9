"""A DICOM folder as a volume: what belongs together is found, what is missing is said, nothing is guessed."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from pydicom.uid import (
    CTImageStorage,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    MRImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from readingroom.errors import CancelledError, InputError
from readingroom.imaging.open import open_image
from readingroom.imaging.volume import load_volume, open_volume
from readingroom.phantoms.dicom_files import radiograph_dataset, write_dicom
from readingroom.phantoms.dicom_series import Grid, ct_slices, enhanced_ct, write_slices
from readingroom.progress import Progress

COUNT, ROWS, COLUMNS = 12, 32, 40  # openjpeg writes nothing smaller
PRONE = (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
OBLIQUE = (0.8, 0.6, 0.0, -0.48, 0.64, -0.6)
ROUNDED = (0.707, 0.707, 0.0, -0.5, 0.5, -0.707)
DATA = {
    "lung CT": "dicom_io/ct_lung1_001/image",
    "chest CT of 8 mm": "ct_lungdx/Lung_Dx-A0002/CT_3_ThoraxRoutine_8_0_0_B40f_B40f",
    "MR": "dicom_io/mr_sts_002/image",
    "three slices": "dicom_reports/dcmqi/segmentations/23x38x3/image",
}


@pytest.fixture
def hu() -> np.ndarray:
    """A volume ``[k, j, i]`` in which no two slices look alike."""
    return np.random.default_rng(0).integers(-900, 900, (COUNT, ROWS, COLUMNS))


def series_reader(folder: Path) -> SimpleITK.Image:
    """The one series of a folder as SimpleITK reads it."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def assert_same(image: SimpleITK.Image, peer: SimpleITK.Image) -> None:
    """Same voxels in the same place."""
    assert image.GetSize() == peer.GetSize()
    for name in ("GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(image, name)() == pytest.approx(getattr(peer, name)(), abs=1e-4), name
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), SimpleITK.GetArrayFromImage(peer).astype(np.float32))


# Order and place


@pytest.mark.parametrize("orientation", [None, PRONE, CORONAL, SAGITTAL, OBLIQUE], ids=str)
@pytest.mark.parametrize("backwards", [False, True])
def test_slices_lie_where_simpleitk_has_them(tmp_path, hu, orientation, backwards):
    grid = Grid() if orientation is None else Grid(orientation)
    slices = ct_slices(hu, grid)
    folder = write_slices(tmp_path / "ct", slices[::-1] if backwards else slices)
    assert_same(load_volume(folder).image, SimpleITK.DICOMOrient(series_reader(folder), "LPS"))


def test_names_and_numbers_of_files_say_nothing(tmp_path, hu):
    numbers = [int(number) for number in np.random.default_rng(1).permutation(COUNT)]
    folder = write_slices(tmp_path / "ct", ct_slices(hu, InstanceNumber=numbers), suffix="")
    assert np.array_equal(load_volume(folder).voxels, hu)


def test_a_slice_stands_for_its_series_and_other_patients_beside_it_do_not_matter(tmp_path, hu):
    folder = write_slices(tmp_path / "ct", ct_slices(hu))
    write_slices(folder, ct_slices(np.concatenate([hu, hu + 1]), PatientID="SOMEBODY"))
    chosen = ct_slices(hu + 2)
    write_slices(folder, chosen)
    chosen[3].save_as(folder / "chosen.dcm", enforce_file_format=True)
    loaded = load_volume(folder / "chosen.dcm")
    assert np.array_equal(loaded.voxels, hu + 2)
    assert loaded.notes == ("Read once: 1 slice of which the folder holds a copy.",)


def test_positions_that_were_rounded_still_make_an_even_grid(tmp_path, hu):
    grid = Grid(thickness=0.625)
    positions = [[*grid.position(index)[:2], round(grid.position(index)[2], 1)] for index in range(COUNT)]
    loaded = load_volume(write_slices(tmp_path / "ct", ct_slices(hu, grid, ImagePositionPatient=positions)))
    assert loaded.image.GetSpacing()[2] == pytest.approx(0.625, abs=0.01)
    assert not loaded.notes


def test_pixels_need_not_be_square(tmp_path, hu):
    folder = write_slices(tmp_path / "ct", ct_slices(hu, Grid(spacing=(0.9, 0.4))))
    assert load_volume(folder).image.GetSpacing() == pytest.approx((0.4, 0.9, 2.0))


def test_the_table_of_contents_of_a_disk_stands_for_it(tmp_path, hu):
    write_slices(tmp_path / "IMAGES" / "SE1", ct_slices(hu))
    (tmp_path / "DICOMDIR").write_bytes(bytes(128) + b"DICM" + bytes(200))
    assert np.array_equal(load_volume(tmp_path / "DICOMDIR").voxels, hu)


# Gaps


def test_one_missing_slice_is_filled_in_and_said(tmp_path, hu):
    slices = ct_slices(hu)
    del slices[4]
    loaded = load_volume(write_slices(tmp_path / "ct", slices))
    assert loaded.image.GetSize()[2] == COUNT
    assert loaded.interpolated == (4,)
    assert np.allclose(loaded.voxels[4], (hu[3] + hu[5]) / 2)
    assert np.array_equal(np.delete(loaded.voxels, 4, 0), np.delete(hu, 4, 0))
    assert "Missing: 1 slice of 12, at z = -92.0 mm" in loaded.notes[0]


def test_the_slice_that_was_filled_in_is_known_after_turning(tmp_path, hu):
    slices = ct_slices(hu, Grid(CORONAL))
    del slices[4]
    loaded = load_volume(write_slices(tmp_path / "ct", slices))
    ((number,), axis) = loaded.interpolated, loaded.slice_axis
    found = np.take(loaded.voxels, number, axis)
    neighbors = np.take(loaded.voxels, [number - 1, number + 1], axis)
    assert axis == 1
    assert np.allclose(found, neighbors.mean(axis))


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ((4, 5), "2 slices are missing between z = -94.0 mm and z = -88.0 mm, a gap of 6.0 mm where neighbors lie 2.0"),
        ((2, 6, 9), "3 of 12 slices are missing, the first between z = -98.0 mm and z = -94.0 mm"),
    ],
)
def test_a_larger_gap_is_refused_with_its_place_and_size(tmp_path, hu, missing, sentence):
    slices = [item for index, item in enumerate(ct_slices(hu)) if index not in missing]
    with pytest.raises(InputError, match=sentence):
        load_volume(write_slices(tmp_path / "ct", slices))


def test_unequal_distances_are_refused_with_place_and_size(tmp_path, hu):
    grid = Grid()
    positions = [grid.position(index + (0.7 if index > 5 else 0)) for index in range(COUNT)]
    folder = write_slices(tmp_path / "ct", ct_slices(hu, grid, ImagePositionPatient=positions))
    sentence = r"unequally spaced: 3.4 mm between z = -90.0 mm and z = -86.6 mm, 2.0 mm elsewhere"
    with pytest.raises(InputError, match=sentence):
        load_volume(folder)
    with pytest.raises(InputError, match=sentence):
        open_image(folder, "ct", dimensions=3)


def test_slices_that_grow_apart_little_by_little_are_refused(tmp_path, hu):
    positions = [Grid().position(index * (1 + 0.02 * index)) for index in range(COUNT)]
    with pytest.raises(InputError, match="unequally spaced"):
        load_volume(write_slices(tmp_path / "ct", ct_slices(hu, ImagePositionPatient=positions)))


def test_a_slice_that_is_shifted_sideways_is_refused(tmp_path, hu):
    positions = [Grid().position(index) for index in range(COUNT)]
    positions[5][0] += 3
    with pytest.raises(InputError, match=r"the one at z = -90.0 mm is shifted sideways by 3.0 mm"):
        load_volume(write_slices(tmp_path / "ct", ct_slices(hu, ImagePositionPatient=positions)))


def test_thin_slices_far_apart_are_read_and_said(tmp_path, hu):
    grid = Grid(thickness=1.25, step=(0, 0, 10.0))
    loaded = load_volume(write_slices(tmp_path / "ct", ct_slices(hu, grid)))
    assert loaded.image.GetSpacing()[2] == 10
    assert loaded.notes == ("The slices are 1.25 mm thick and lie 10 mm apart: what lies between them was not imaged.",)


# Tilt


@pytest.mark.parametrize("degrees", [12.0, -12.0])
def test_slices_of_a_tilted_gantry_are_moved_to_where_they_were_taken(tmp_path, degrees):
    tilt = np.radians(degrees)
    orientation = (1.0, 0.0, 0.0, 0.0, float(np.cos(tilt)), float(-np.sin(tilt)))
    grid = Grid(orientation, spacing=(1.0, 1.0), origin=(-20, -20, 0), step=(0, 0, 2.0))
    index = np.mgrid[0:30, 0:40, 0:40]
    positions = np.array([grid.position(k) for k in range(30)])
    points = positions[index[0]] + index[1][..., None] * np.array(orientation[3:]) + index[2][..., None] * [1.0, 0, 0]
    hu = (10 * points[..., 1] + 5 * points[..., 2]).round()  # linear in space, so interpolation changes nothing
    loaded = load_volume(write_slices(tmp_path / "ct", ct_slices(hu, grid)))
    assert "The gantry was tilted by 12.0 degrees; the slices were moved into a rectangular grid." in loaded.notes
    image, voxels = loaded.image, loaded.voxels
    checked = 0
    for k, j, i in np.random.default_rng(0).integers(0, voxels.shape, (4000, 3)):
        x, y, z = image.TransformIndexToPhysicalPoint((int(i), int(j), int(k)))
        if voxels[k, j, i] != -1000 and abs(x) < 18 and abs(y) < 14:
            assert voxels[k, j, i] == pytest.approx(10 * y + 5 * z, abs=1.1)
            checked += 1
    assert checked > 500


@pytest.mark.parametrize("orientation", [OBLIQUE, ROUNDED])
def test_oblique_slices_that_lie_straight_are_not_called_tilted(tmp_path, hu, orientation):
    assert load_volume(write_slices(tmp_path / "ct", ct_slices(hu, Grid(orientation)))).notes == ()


# What lies in the folder beside it


def test_other_series_are_set_aside_and_said(tmp_path, hu):
    folder = write_slices(tmp_path, ct_slices(hu))
    write_slices(folder / "b", ct_slices(hu[:5], SeriesNumber=3))
    loaded = load_volume(folder)
    assert np.array_equal(loaded.voxels, hu)
    assert loaded.notes == ("Set aside, other series of the folder: CT series 3 (5 images).",)


def test_the_series_that_was_opened_is_the_one_that_is_loaded(tmp_path, hu):
    folder = write_slices(tmp_path, ct_slices(hu[:9]))
    opened = open_image(folder, "ct", dimensions=3).image
    write_slices(folder, ct_slices(hu))  # a longer one came in the meantime
    assert np.array_equal(open_volume(opened).voxels, hu[:9])


def test_a_ct_goes_before_a_longer_series_of_another_modality(tmp_path, hu):
    folder = write_slices(tmp_path, ct_slices(hu, Modality="PT"))
    write_slices(folder, ct_slices(hu[:9]))
    assert open_image(folder, "ct", 3, ("CT",)).image.modality == "CT"


def test_localizers_captures_reports_and_other_files_are_set_aside(tmp_path, hu):
    folder = write_slices(tmp_path, ct_slices(hu))
    uid = ct_slices(hu)[0].SeriesInstanceUID
    write_slices(folder, ct_slices(hu[:2] * 0, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"], SeriesInstanceUID=uid))
    values = hu[0].astype(np.uint16)
    write_dicom(folder / "dose.dcm", values, 16, storage=SecondaryCaptureImageStorage, Modality="CT")
    write_dicom(folder / "sr.dcm", values, 16, Modality="SR")
    (folder / "README.txt").write_text("hello")
    (folder / "damaged.dcm").write_bytes(bytes(128) + b"DICM" + b"garbage" * 9)
    notes = load_volume(folder).notes
    assert notes == (
        "Set aside, no slices: 2 localizers, 1 damaged file, 1 secondary capture, 1 structured report (SR).",
    )


def test_a_localizer_within_the_series_is_no_slice(tmp_path, hu):
    slices = ct_slices(hu)
    across = ct_slices(hu[:1], Grid(CORONAL), SeriesInstanceUID=slices[0].SeriesInstanceUID)
    loaded = load_volume(write_slices(tmp_path / "ct", [*across, *slices]))
    assert np.array_equal(loaded.voxels, hu)
    assert loaded.notes == ("Set aside: 1 slice of another size or orientation.",)


def test_slices_of_another_size_are_set_aside_and_said(tmp_path, hu):
    slices = ct_slices(hu)
    others = ct_slices(hu[:2, :-1], SeriesInstanceUID=slices[0].SeriesInstanceUID)
    loaded = load_volume(write_slices(tmp_path / "ct", [*others, *slices]))
    assert loaded.notes == ("Set aside: 2 slices of another size or orientation.",)


@pytest.mark.parametrize(
    "other", [{"PatientID": "SOMEBODY"}, {"PatientBirthDate": "19500101"}, {"PatientID": None, "PatientName": "B^C"}]
)
def test_two_patients_in_one_folder_are_refused_without_their_names(tmp_path, hu, other):
    first = {"PatientBirthDate": "19600101"} if "PatientBirthDate" in other else {}
    if other.get("PatientID", "") is None:
        first = {"PatientID": None}
    folder = write_slices(tmp_path / "ct", ct_slices(hu, **first))
    write_slices(folder, ct_slices(hu, **other))
    with pytest.raises(InputError, match="two patients") as error:
        load_volume(folder)
    assert "SOMEBODY" not in str(error.value)


def test_a_folder_without_a_series_says_what_it_holds(tmp_path, hu):
    folder = write_slices(tmp_path / "ct", ct_slices(hu[:1]))
    write_dicom(folder / "sr.dcm", hu[0].astype(np.uint16), 16, Modality="SR")
    with pytest.raises(InputError, match=r"it holds CT series \(1 image\), 1 structured report \(SR\)"):
        load_volume(folder)
    with pytest.raises(InputError, match="holds no DICOM series of several slices"):
        load_volume(write_slices(tmp_path / "empty", []))


def test_one_slice_is_no_volume(tmp_path, hu):
    folder = write_slices(tmp_path / "ct", ct_slices(hu[:1]))
    with pytest.raises(InputError, match="it has 1 slice, and at least 3 are needed"):
        load_volume(next(folder.iterdir()))


def test_images_at_one_place_are_no_volume(tmp_path, hu):
    folder = write_slices(tmp_path / "ct", ct_slices(hu, ImagePositionPatient=[[0, 0, 0]] * COUNT))
    with pytest.raises(InputError, match="is no volume: its 12 images lie at one place"):
        load_volume(folder)


# Several slices at one place


def test_slices_that_share_a_uid_by_mistake_are_different_slices(tmp_path, hu):
    loaded = load_volume(write_slices(tmp_path / "ct", ct_slices(hu, SOPInstanceUID="1.2.3")))
    assert np.array_equal(loaded.voxels, hu)


def test_copies_of_files_are_read_once(tmp_path, hu):
    folder = write_slices(tmp_path / "ct", ct_slices(hu))
    shutil.copytree(folder, folder / "copy")
    loaded = load_volume(folder)
    assert np.array_equal(loaded.voxels, hu)
    assert loaded.notes == ("Read once: 12 slices of which the folder holds a copy.",)


def test_a_slice_that_was_taken_twice_is_said(tmp_path, hu):
    slices = ct_slices(hu)
    again = ct_slices(hu + 1, SeriesInstanceUID=slices[0].SeriesInstanceUID, InstanceNumber=99)[6]
    loaded = load_volume(write_slices(tmp_path / "ct", [again, *slices]))
    assert np.array_equal(loaded.voxels, hu)
    assert loaded.notes == ("Several slices lie at z = -88.0 mm; the one with the lowest InstanceNumber was read.",)


@pytest.mark.parametrize(
    ("keyword", "values"),
    [("TemporalPositionIdentifier", (2, 1)), ("AcquisitionNumber", (10, 9)), ("EchoTime", (4.6, 2.3))],
)
def test_of_several_volumes_in_a_series_the_first_is_read_and_said(tmp_path, hu, keyword, values):
    series = generate_uid()
    later, first = (ct_slices(hu + shift, SeriesInstanceUID=series, **{keyword: value})
                    for shift, value in zip((50, 0), values, strict=True))  # fmt: skip
    loaded = load_volume(write_slices(tmp_path / "ct", [*later, *first]))
    assert np.array_equal(loaded.voxels, hu)
    one = f"the one with {keyword} {values[1]} was read (12 slices)."
    assert loaded.notes == (f"The series holds 2 volumes that differ in {keyword}; {one}",)


def test_volumes_that_only_their_order_tells_apart_are_read_in_that_order(tmp_path, hu):
    series = generate_uid()
    first = ct_slices(hu, SeriesInstanceUID=series)
    later = ct_slices(hu + 50, SeriesInstanceUID=series, InstanceNumber=[COUNT + 1 + index for index in range(COUNT)])
    loaded = load_volume(write_slices(tmp_path / "ct", [*later, *first]))
    assert np.array_equal(loaded.voxels, hu)
    assert loaded.notes == ("The series holds 2 volumes, one after the other; the first was read.",)


def test_slices_that_nothing_tells_apart_are_refused(tmp_path, hu):
    series = generate_uid()
    later = ct_slices(hu + 50, SeriesInstanceUID=series)[:5]
    with pytest.raises(InputError, match="several slices lie at 5 of 12 places"):
        load_volume(write_slices(tmp_path / "ct", [*later, *ct_slices(hu, SeriesInstanceUID=series)]))


def test_blocks_that_were_scanned_one_after_the_other_are_one_volume(tmp_path, hu):
    loaded = load_volume(write_slices(tmp_path / "ct", ct_slices(hu, AcquisitionNumber=[1] * 5 + [2] * 7)))
    assert np.array_equal(loaded.voxels, hu)
    assert not loaded.notes


# Headers


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"])
def test_a_series_that_does_not_say_where_it_lies_is_refused(tmp_path, hu, keyword):
    folder = write_slices(tmp_path / "ct", ct_slices(hu, **{keyword: None}))
    with pytest.raises(InputError, match="does not say where its slices lie"):
        load_volume(folder)


def test_a_slice_without_a_position_leaves_a_gap_that_is_said(tmp_path, hu):
    positions = [Grid().position(index) for index in range(COUNT)]
    positions[7] = None
    loaded = load_volume(write_slices(tmp_path / "ct", ct_slices(hu, ImagePositionPatient=positions)))
    assert loaded.interpolated == (7,)
    assert loaded.notes[1] == "Set aside: 1 slice without a position in the patient."


@pytest.mark.parametrize("spacing", [[0, 1], [-1, 1], [1e-12, 1e-12], [1, 1e9]])
def test_an_impossible_pixel_spacing_is_none(tmp_path, hu, spacing):
    with pytest.raises(InputError, match="does not say where its slices lie"):
        load_volume(write_slices(tmp_path / "ct", ct_slices(hu, PixelSpacing=spacing)))


@pytest.mark.parametrize("orientation", [[1, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0], [3, 0, 0, 0, 3, 0]])
def test_an_impossible_orientation_is_no_orientation(tmp_path, hu, orientation):
    folder = write_slices(tmp_path / "ct", ct_slices(hu, ImageOrientationPatient=orientation))
    with pytest.raises(InputError, match="does not say where its slices lie"):
        load_volume(folder)


def test_each_slice_is_rescaled_by_its_own_header(tmp_path, hu):
    slopes = [1 + index / 4 for index in range(COUNT)]
    loaded = load_volume(write_slices(tmp_path / "pet", ct_slices(hu, RescaleSlope=slopes, RescaleIntercept=-3)))
    expected = (hu + 1024) * np.array(slopes)[:, None, None] - 3
    assert np.allclose(loaded.voxels, expected, rtol=1e-6)


def test_padding_becomes_air(tmp_path, hu):
    hu[:, :2], hu[:, 2] = 2000, 1500  # HU that the header calls padding
    elements = {"PixelPaddingValue": 2000 + 1024, "PixelPaddingRangeLimit": 1500 + 1024}
    loaded = load_volume(write_slices(tmp_path / "ct", ct_slices(hu, **elements)))
    assert (loaded.voxels[:, :3] == -1000).all()
    assert np.array_equal(loaded.voxels[:, 3:], hu[:, 3:])


def test_negative_padding_that_was_written_unsigned_is_padding(tmp_path, hu):
    slices = ct_slices(hu)
    for item, values in zip(slices, hu, strict=True):
        values[0] = -2000
        item.PixelRepresentation, item.RescaleIntercept = 1, 0
        item.PixelData = values.astype("<i2").tobytes()
        item.add_new("PixelPaddingValue", "US", 65_536 - 2000)
    loaded = load_volume(write_slices(tmp_path / "ct", slices))
    assert (loaded.voxels[:, 0] == -1000).all()
    assert np.array_equal(loaded.voxels[:, 1:], hu[:, 1:])


def test_hounsfield_units_of_monochrome1_are_not_turned(tmp_path, hu):
    folder = write_slices(tmp_path / "ct", ct_slices(hu, PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(load_volume(folder).voxels, hu)


def test_a_ct_without_rescaling_says_so(tmp_path, hu):
    folder = write_slices(tmp_path / "ct", ct_slices(hu, RescaleSlope=None, RescaleIntercept=None))
    loaded = load_volume(folder)
    assert loaded.notes == ("12 of 12 slices do not say how their values become HU; they were taken as HU.",)


@pytest.mark.parametrize(
    "syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless, JPEGLosslessSV1], ids=lambda syntax: syntax.keyword
)
def test_compressed_slices_are_the_same_slices(tmp_path, hu, syntax):
    plain = ct_slices(hu)
    compressed = [
        radiograph_dataset(
            (values + 1024).astype(np.uint16), 16, CTImageStorage, syntax,
            **{element.keyword: element.value for element in dataset if element.keyword in (
                "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "RescaleIntercept",
                "SeriesInstanceUID", "InstanceNumber", "Modality")},
        )
        for values, dataset in zip(hu, plain, strict=True)
    ]  # fmt: skip
    assert np.array_equal(load_volume(write_slices(tmp_path / "ct", compressed)).voxels, hu)


def test_color_slices_are_refused(tmp_path, hu):
    slices = ct_slices(hu)
    colors = [
        radiograph_dataset(
            np.repeat(values[..., None] % 256, 3, -1).astype(np.uint8), 8, MRImageStorage,
            **{element.keyword: element.value for element in dataset if element.keyword in (
                "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SeriesInstanceUID")},
        )
        for values, dataset in zip(hu, slices, strict=True)
    ]  # fmt: skip
    with pytest.raises(InputError, match="is a color picture"):
        load_volume(write_slices(tmp_path / "ct", colors))


def test_a_damaged_slice_names_its_file(tmp_path, hu):
    slices = ct_slices(hu)
    slices[3].PixelData = slices[3].PixelData[:20]
    with pytest.raises(InputError, match=r"The pixels of '.*dcm'"):
        load_volume(write_slices(tmp_path / "ct", slices))


# Multi-frame


@pytest.mark.parametrize("in_folder", [False, True])
@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", RLELossless, JPEG2000Lossless])
def test_frames_in_any_order_make_a_volume_each_by_its_own_rescaling(tmp_path, hu, in_folder, syntax):
    order = [int(number) for number in np.random.default_rng(2).permutation(COUNT)]
    path = tmp_path / "enhanced.dcm"
    enhanced_ct(hu, Grid(), order, syntax).save_as(path, enforce_file_format=True)
    loaded = load_volume(tmp_path if in_folder else path)
    assert np.array_equal(loaded.voxels, hu)
    assert loaded.image.GetSpacing() == pytest.approx((0.5, 0.75, 2.0))
    assert loaded.image.GetOrigin() == pytest.approx((-10, -20, -100))


def test_the_frames_of_several_files_are_one_series_whichever_is_chosen(tmp_path, hu):
    series = generate_uid()
    for low, high in ((0, 5), (5, COUNT)):
        dataset = enhanced_ct(hu[low:high], Grid(origin=(-10, -20, -100 + 2.0 * low)))
        dataset.SeriesInstanceUID = series
        dataset.save_as(tmp_path / f"{low}.dcm", enforce_file_format=True)
    for path in (tmp_path, tmp_path / "0.dcm", tmp_path / "5.dcm"):
        assert np.array_equal(load_volume(path).voxels, hu)


def test_the_header_of_a_multi_frame_file_tells_as_much_as_others(tmp_path, hu):
    path = tmp_path / "enhanced.dcm"
    enhanced_ct(hu).save_as(path, enforce_file_format=True)
    image = open_image(path, "ct", dimensions=3).image
    keywords = ("ConvolutionKernel", "SliceThickness", "SpacingBetweenSlices", "NumberOfSlices")
    assert [image.fact(keyword) for keyword in keywords] == ["B60f", "2.0", "2", "12"]


def test_a_missing_frame_is_said_as_a_missing_slice_is(tmp_path, hu):
    path = tmp_path / "enhanced.dcm"
    enhanced_ct(hu, order=[0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]).save_as(path, enforce_file_format=True)
    assert load_volume(path).interpolated == (5,)


def test_frames_without_a_place_are_refused(tmp_path, hu):
    dataset = enhanced_ct(hu)
    del dataset.PerFrameFunctionalGroupsSequence
    dataset.save_as(tmp_path / "enhanced.dcm", enforce_file_format=True)
    with pytest.raises(InputError, match="does not say where its slices lie"):
        load_volume(tmp_path / "enhanced.dcm")


# What the header says, and what the user sees


def test_what_the_header_says_of_the_scan_reaches_the_study(tmp_path, hu):
    elements = {"ConvolutionKernel": "B60f", "ContrastBolusAgent": "Iomeprol", "KVP": 120.0, "Manufacturer": "SIEMENS"}
    folder = write_slices(tmp_path / "ct", ct_slices(hu, **elements))
    image = open_image(folder, "ct", dimensions=3).image
    facts = {**{key: str(value) for key, value in elements.items()}, "PatientPosition": "HFS", "SliceThickness": "2.0",
             "SpacingBetweenSlices": "2", "NumberOfSlices": "12"}  # fmt: skip
    assert {keyword: image.fact(keyword) for keyword in facts} == facts


def test_opening_can_be_canceled_and_tells_how_far_it_is(tmp_path, hu):
    folder = write_slices(tmp_path / "ct", ct_slices(hu))
    said: list[str] = []
    load_volume(folder, progress=Progress(lambda _, sentence: said.append(sentence)))
    assert {"Looking through the files, 3 of 12.", "Opening slice 12 of 12."} <= set(said)
    with pytest.raises(CancelledError):
        load_volume(folder, progress=Progress(canceled=lambda: len(said) > 0))


@pytest.mark.parametrize("name", DATA)
def test_real_series_equal_what_simpleitk_reads(shared, name):
    folder = shared / "data" / DATA[name]
    loaded = load_volume(folder)
    assert_same(loaded.image, SimpleITK.DICOMOrient(series_reader(folder), "LPS"))


def test_a_real_multi_frame_file_equals_the_series_that_it_was_made_from(shared):
    folder = shared / "data/dicom_reports/dcmqi/segmentations/23x38x3"
    assert_same(load_volume(folder / "multiframe/mf.dcm").image, load_volume(folder / "image").image)
