"""Of the bits of a cell only those that hold the value count."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from pydicom import uid
from pydicom.data import get_testdata_file

from readingroom.imaging.dicom_file import read_image
from readingroom.imaging.dicom_gray import dicom_gray
from readingroom.imaging.dicom_pixels import stored_values
from readingroom.imaging.stored_bits import value_in_bits, values_in_cells
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import radiograph_dataset, stored

CHEST = chest_radiograph(96, 80)
SYNTAXES = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.RLELossless,
    uid.JPEG2000Lossless,
    uid.JPEGLSLossless,
    uid.JPEGLosslessSV1,
)


def saved(tmp_path, cells, syntax, **elements):
    """A file whose cells, all their bits, are compressed; its header says afterwards which of them are the value."""
    dataset = radiograph_dataset(cells, 16, transfer_syntax=syntax, **elements)
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    return read_image(tmp_path / "a.dcm")


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("bits", [10, 12, 15])
def test_an_overlay_in_the_bits_above_the_value_is_not_seen(tmp_path, syntax, bits):
    values = stored(CHEST, bits)
    overlay = np.zeros_like(values)
    overlay[10:20, 30:60] = 1
    dataset = saved(tmp_path, values | overlay << bits, syntax, BitsStored=bits, HighBit=bits - 1)
    np.testing.assert_array_equal(stored_values(dataset, "a.dcm"), values)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("signed", [False, True])
def test_a_value_in_the_upper_bits_is_shifted_down(tmp_path, syntax, signed):
    values = stored(CHEST, 12, signed)
    cells = values.view(np.uint16) << 4 | 9  # and something below it
    dataset = saved(tmp_path, cells, syntax, BitsStored=12, HighBit=15, PixelRepresentation=int(signed))
    np.testing.assert_array_equal(stored_values(dataset, "a.dcm"), values)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_sign_stands_in_the_highest_bit_of_the_value(tmp_path, syntax):
    values = stored(CHEST, 12, signed=True)
    cells = values.view(np.uint16) & 0x0FFF
    dataset = saved(tmp_path, cells, syntax, BitsStored=12, HighBit=11, PixelRepresentation=1)
    np.testing.assert_array_equal(stored_values(dataset, "a.dcm"), values)


@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.JPEGLSLossless, uid.JPEGLosslessSV1])
@pytest.mark.parametrize("high", [11, 15, None])
def test_where_the_compression_holds_the_value_alone_nothing_is_shifted(tmp_path, syntax, high):
    values = stored(CHEST, 12)
    dataset = radiograph_dataset(values, 12, transfer_syntax=syntax, HighBit=high)
    np.testing.assert_array_equal(stored_values(dataset, "a.dcm"), values)


@pytest.mark.parametrize("high", [3, 16, 255])
def test_an_impossible_high_bit_is_left_aside(high):
    values = stored(CHEST, 12)
    np.testing.assert_array_equal(stored_values(radiograph_dataset(values, 12, HighBit=high), "a.dcm"), values)


def test_a_picture_of_8_bits_may_be_compressed_for_a_header_of_16(tmp_path):
    values = stored(CHEST, 8)
    dataset = radiograph_dataset(values, 8, transfer_syntax=uid.JPEG2000Lossless, BitsAllocated=16)
    np.testing.assert_array_equal(stored_values(dataset, "a.dcm"), values)


def test_white_that_a_lossy_compression_makes_brighter_does_not_become_black():
    cells = np.array([[0, 1000, 1023, 1030]], np.uint16)
    np.testing.assert_array_equal(values_in_cells(cells, 10, lossy=True), [[0, 1000, 1023, 1023]])
    np.testing.assert_array_equal(values_in_cells(cells, 10), [[0, 1000, 1023, 6]])


def test_an_overlay_in_a_lossy_compression_is_cut_off():
    cells = np.array([[0, 1000, 1023, 1024 + 500]], np.uint16)
    np.testing.assert_array_equal(values_in_cells(cells, 10, lossy=True), [[0, 1000, 1023, 500]])


@pytest.mark.parametrize(
    ("number", "bits", "signed", "value"),
    [
        (63_536, 16, True, -2000),
        (-2000, 16, False, 63_536),
        (-2000, 12, True, -2000),
        (4095, 12, True, -1),
        (7, 8, False, 7),
    ],
)
def test_a_number_of_the_header_is_read_with_the_sign_of_the_pixels(number, bits, signed, value):
    assert value_in_bits(number, bits, signed) == value


def test_padding_is_found_whichever_sign_its_element_has(tmp_path):
    values = stored(CHEST, 16, signed=True) // 4
    values[:30] = -2000
    dataset = radiograph_dataset(values, 16, WindowCenter=0, WindowWidth=16_384)
    dataset.add_new("PixelPaddingValue", "US", 63_536)
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert dicom_gray(read_image(tmp_path / "a.dcm"), "a.dcm").gray[:30].max() == 0


def test_16_bits_in_color_are_shown_by_the_bits_in_use():
    values = np.repeat(stored(CHEST, 12)[..., None], 3, axis=2)
    np.testing.assert_allclose(dicom_gray(radiograph_dataset(values, 12), "a.dcm").gray, CHEST, atol=0.001)


def test_a_12_bit_jpeg_with_a_wrong_scan_header_equals_gdcm():
    path = Path(get_testdata_file("JPEG-lossy.dcm"))  # its scan header says that the last coefficient is number 0
    values = stored_values(read_image(path), "a.dcm")
    expected = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0]
    assert np.abs(values.astype(int) - expected).max() <= 1  # two inverse cosine transforms round differently
