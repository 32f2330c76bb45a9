"""The writer of test files against decoders that others wrote."""

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom import uid

from readingroom.phantoms.dicom_files import lookup_table_item, stored, write_dicom

HARD = np.tile(np.array([[0, 65535, 0, 32768], [32767, 1, 65534, 2], [2, 2, 2, 40000]], np.uint16), (12, 8))
CODECS = {uid.JPEG2000Lossless: "openjpeg", uid.JPEGLSLossless: "jpeg_ls", uid.JPEGLosslessSV1: "libjpeg"}


@pytest.mark.parametrize(
    "syntax",
    [
        uid.ImplicitVRLittleEndian,
        uid.ExplicitVRLittleEndian,
        uid.ExplicitVRBigEndian,
        uid.RLELossless,
        uid.JPEG2000Lossless,
        uid.JPEGLSLossless,
        uid.JPEGLosslessSV1,
    ],
    ids=lambda syntax: syntax.keyword,
)
def test_simpleitk_and_pydicom_read_back_what_was_written(tmp_path, syntax):
    if syntax in CODECS:
        pytest.importorskip(CODECS[syntax])
    path = write_dicom(tmp_path / "a.dcm", HARD, 16, transfer_syntax=syntax)
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0], HARD)
    np.testing.assert_array_equal(pydicom.dcmread(path).pixel_array, HARD)


def test_stored_values_use_the_full_range_of_their_bits():
    gray = np.array([[0, 1]])
    assert stored(gray, 12).tolist() == [[0, 4095]]
    assert stored(gray, 12, signed=True).tolist() == [[-2048, 2047]]
    assert stored(gray, 8).dtype == np.uint8


def test_an_element_given_as_none_is_left_out(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", HARD, 16, PatientID=None, ViewPosition="PA")
    dataset = pydicom.dcmread(path)
    assert "PatientID" not in dataset
    assert dataset.ViewPosition == "PA"


def test_a_table_of_65536_entries_is_declared_as_0():
    assert lookup_table_item(range(65_536), bits=16).LUTDescriptor[0] == 0
