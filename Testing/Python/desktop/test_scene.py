"""A volume node becomes a study without being changed."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
import slicer
import vtk

import host
from readingroom.desktop.study_from_nodes import Chosen, study_of_nodes
from readingroom.errors import InputError
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.readers.registry import find_reader


def radiograph_study(volume, folder):
    return study_of_nodes(find_reader("chest-xray"), Chosen({"frontal": volume}), folder)


def volume_of(array, name="Picture", to_ras=None, kind=None):
    """A node as Slicer makes it of a file that says nothing of its place: columns run to the left, rows to the back."""
    to_ras = np.diag([-1.0, -1, 1, 1]) if to_ras is None else to_ras
    volume = slicer.util.addVolumeFromArray(np.asarray(array), to_ras, name=name, nodeClassName=kind)
    volume.CreateDefaultDisplayNodes()
    return volume


def oblique():
    """A rotation by 30 degrees about S, pixels of 0.2 x 0.3 mm, an origin away from zero."""
    matrix = vtk.vtkMatrix4x4()
    cosine, sine = np.cos(np.pi / 6), np.sin(np.pi / 6)
    columns = (0.2 * np.array([cosine, sine, 0]), 0.3 * np.array([-sine, cosine, 0]), np.array([0, 0, 1.0]))
    for j, column in enumerate((*columns, np.array([11.0, -7.0, 3.0]))):
        for i in range(3):
            matrix.SetElement(i, j, column[i])
    return matrix


def test_without_a_volume_it_says_what_to_do(empty_scene, tmp_path):
    with pytest.raises(InputError, match="Choose a study first"):
        radiograph_study(None, tmp_path)


def test_an_empty_volume_is_refused(empty_scene, tmp_path):
    empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Nothing")
    with pytest.raises(InputError, match="'Nothing' holds no pixels"):
        radiograph_study(empty, tmp_path)


def test_a_volume_of_many_slices_is_refused(empty_scene, tmp_path):
    with pytest.raises(InputError, match="'CT' has 12 slices"):
        radiograph_study(volume_of(np.zeros((12, 8, 8), "int16"), "CT"), tmp_path)


def test_a_color_picture_is_refused(empty_scene, tmp_path):
    colors = np.random.default_rng(0).integers(0, 255, (1, 8, 8, 3)).astype("uint8")
    with pytest.raises(InputError, match="'Photo' is a color picture"):
        radiograph_study(volume_of(colors, "Photo", kind="vtkMRMLVectorVolumeNode"), tmp_path)


def test_a_gray_picture_stored_as_color_is_taken(empty_scene, tmp_path):
    gray = (255 * chest_radiograph(64, 48)).astype("uint8")
    volume = volume_of(np.repeat(gray[None, ..., None], 3, axis=-1), kind="vtkMRMLVectorVolumeNode")
    image = SimpleITK.ReadImage(str(radiograph_study(volume, tmp_path).images[0].path))
    assert (SimpleITK.GetArrayFromImage(image)[0] == gray).all()


def test_pixels_are_saved_with_the_geometry_of_the_node(empty_scene, tmp_path):
    pixels = np.arange(48, dtype="int16").reshape(1, 6, 8)
    volume = volume_of(pixels, to_ras=oblique())
    image = SimpleITK.ReadImage(str(radiograph_study(volume, tmp_path).image("frontal").path))
    assert (SimpleITK.GetArrayFromImage(image) == pixels).all()
    lps = image.TransformIndexToPhysicalPoint((7, 5, 0))
    ras = oblique().MultiplyPoint((7, 5, 0, 1))[:3]
    assert np.allclose(lps, (-ras[0], -ras[1], ras[2]))


def test_the_displayed_window_and_inversion_travel_with_the_pixels(empty_scene, tmp_path):
    volume = volume_of((1000 * chest_radiograph(64, 48)[None]).astype("int16"))
    display = volume.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevel(800, 450)
    display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeInvertedGrey")
    image = radiograph_study(volume, tmp_path).images[0]
    wanted = {"WindowCenter": "450", "WindowWidth": "800", "PhotometricInterpretation": "MONOCHROME1"}
    assert dict(image.facts) == wanted
    shown = 1 - np.clip((slicer.util.arrayFromVolume(volume)[0] - 450.0) / 800 + 0.5, 0, 1)
    assert np.abs(load_radiograph(image).gray - shown).max() < 1e-5


def test_inverting_twice_is_not_inverting(empty_scene, tmp_path):
    volume = volume_of((1000 * chest_radiograph(64, 48)[None]).astype("int16"))
    volume.GetDisplayNode().SetAndObserveColorNodeID("vtkMRMLColorTableNodeInvertedGrey")
    volume.GetDisplayNode().SetInvertDisplayScalarRange(True)
    assert radiograph_study(volume, tmp_path).images[0].fact("PhotometricInterpretation") == "MONOCHROME2"


def test_the_node_stays_as_it_was(empty_scene, tmp_path):
    volume = volume_of((1000 * chest_radiograph(64, 48)[None]).astype("int16"))
    before = (volume.GetMTime(), volume.GetStorageNodeID(), slicer.mrmlScene.GetNumberOfNodes())
    radiograph_study(volume, tmp_path)
    assert (volume.GetMTime(), volume.GetStorageNodeID(), slicer.mrmlScene.GetNumberOfNodes()) == before


@pytest.fixture
def dicom_node(empty_scene, tmp_path):
    """A volume node that came from a DICOM file in the database."""
    pydicom = pytest.importorskip("pydicom")
    from readingroom.phantoms.dicom_files import stored, write_dicom

    path = write_dicom(tmp_path / "chest.dcm", stored(chest_radiograph(64, 48)), ViewPosition="PA")
    header = pydicom.dcmread(path)
    host.provide_dicom_database({header.SOPInstanceUID: path})
    volume = volume_of(header.pixel_array[None].astype("int16"))
    volume.SetAttribute("DICOM.instanceUIDs", header.SOPInstanceUID)
    return volume, path, header


def test_a_dicom_node_is_read_from_its_file_with_what_the_header_says(dicom_node, tmp_path):
    volume, path, header = dicom_node
    study = radiograph_study(volume, tmp_path)
    assert study.images[0].path == path
    assert study.images[0].modality == header.Modality
    assert study.images[0].fact("ViewPosition") == header.ViewPosition


def test_a_dicom_node_that_was_cropped_is_read_from_its_pixels(dicom_node, tmp_path):
    volume, path, _header = dicom_node
    slicer.util.updateVolumeFromArray(volume, slicer.util.arrayFromVolume(volume)[:, 8:, :].copy())
    assert radiograph_study(volume, tmp_path).images[0].path != path


def test_a_dicom_node_whose_file_is_gone_is_read_from_its_pixels(dicom_node, tmp_path):
    volume, path, _header = dicom_node
    path.unlink()
    assert radiograph_study(volume, tmp_path).images[0].path == tmp_path / "frontal.nrrd"
