"""The geometry of a DICOM image against what SimpleITK, and so 3D Slicer, reads from the same file."""

import numpy as np
import pytest
import SimpleITK
from pydicom import uid

from readingroom.imaging.dicom_file import read_header
from readingroom.imaging.dicom_geometry import dicom_geometry, spacing_notes
from readingroom.imaging.geometry import Geometry
from readingroom.phantoms.dicom_files import write_dicom

VALUES = np.arange(24, dtype=np.uint16).reshape(4, 6)
STORAGES = [
    uid.ComputedRadiographyImageStorage,
    uid.DigitalXRayImageStorageForPresentation,
    uid.DigitalXRayImageStorageForProcessing,
    uid.DigitalMammographyXRayImageStorageForPresentation,
    uid.SecondaryCaptureImageStorage,
    uid.CTImageStorage,
    uid.MRImageStorage,
]
HEADERS = {
    "nothing": {},
    "pixel spacing": {"PixelSpacing": [0.2, 0.3]},
    "imager spacing": {"ImagerPixelSpacing": [0.2, 0.3]},
    "both": {"PixelSpacing": [0.2, 0.3], "ImagerPixelSpacing": [0.4, 0.5]},
    "scanned": {"NominalScannedPixelSpacing": [0.6, 0.7]},
    "scanned and pixel spacing": {"NominalScannedPixelSpacing": [0.6, 0.7], "PixelSpacing": [0.2, 0.3]},
    "three values": {"PixelSpacing": [0.2, 0.3, 0.4], "ImagerPixelSpacing": [0.4, 0.5, 0.6]},
    "one value": {"PixelSpacing": 0.2, "ImagerPixelSpacing": 0.4},
    "zero": {"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0, 0.1]},
    "between slices": {"SpacingBetweenSlices": 7, "SliceThickness": 3, "PixelSpacing": [0.2, 0.3]},
    "coronal": {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1], "ImagePositionPatient": [10, 20, 30]},
    "not normalized": {"ImageOrientationPatient": [0, 2, 0, 0, 0, -2], "ImagePositionPatient": [1, 2, 3]},
    "oblique": {"ImageOrientationPatient": [0.6, 0.8, 0, -0.8, 0.6, 0]},
}


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("storage", STORAGES, ids=lambda storage: storage.keyword)
def test_geometry_equals_that_of_simpleitk(tmp_path, storage, header):
    path = write_dicom(tmp_path / "a.dcm", VALUES, storage=storage, **HEADERS[header])
    image = SimpleITK.ReadImage(str(path))
    found = dicom_geometry(read_header(path))
    np.testing.assert_allclose(found.spacing, image.GetSpacing())
    np.testing.assert_allclose(found.origin, image.GetOrigin())
    np.testing.assert_allclose(found.direction, image.GetDirection(), atol=1e-12)


def test_orientations_that_are_no_axes_count_as_none(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", VALUES, ImageOrientationPatient=[0, 0, 0, 0, 0, 0])
    assert dicom_geometry(read_header(path)).direction == (1, 0, 0, 0, 1, 0, 0, 0, 1)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_picture_placed_in_a_geometry_keeps_both(dimensions):
    original = SimpleITK.Image([6, 4, 1][:dimensions], SimpleITK.sitkFloat32)
    original.SetSpacing([0.2, 0.3, 4][:dimensions])
    original.SetOrigin([5, 6, 7][:dimensions])
    picture = np.arange(24, dtype=np.float32).reshape(4, 6)
    placed = Geometry.of(original).place(picture)
    assert placed.GetSize() == original.GetSize()
    assert Geometry.of(placed) == Geometry.of(original)
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(placed).reshape(4, 6), picture)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"ImagerPixelSpacing": [0.2, 0.3]}, ""),
        ({"ImagerPixelSpacing": [0.2, 0.3, 0.4]}, "is not two sizes above 0; the first two were used"),
        ({"ImagerPixelSpacing": [0.2, 0]}, "is not two sizes above 0; 1 mm was taken"),
        ({"ImagerPixelSpacing": [0.2, 0.3], "PixelSpacing": [0.2, 0.3]}, ""),
        ({"ImagerPixelSpacing": [0.2, 0.3], "PixelSpacing": [0.18, 0.27]}, "calibrated size"),
        ({"ImagerPixelSpacing": [0.2, 0.3], "EstimatedRadiographicMagnificationFactor": 1.1}, "magnification"),
        ({"PixelSpacing": [0.18, 0.27]}, "1 mm was taken"),
    ],
)
def test_a_size_of_pixels_that_was_not_used_is_said(tmp_path, header, words):
    path = write_dicom(tmp_path / "a.dcm", VALUES, **header)
    notes = spacing_notes(read_header(path))
    assert words in " ".join(notes)
    assert len(notes) == bool(words)


def test_a_decimal_comma_is_understood(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", VALUES, ImagerPixelSpacing=[0.25, 0.35])
    path.write_bytes(path.read_bytes().replace(b"0.25\\0.35", b"0,25\\0,35"))
    assert dicom_geometry(read_header(path)).spacing == (0.35, 0.25, 1.0)
