"""Opening a file or folder as a Study."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image
from pydicom import uid

from readingroom.errors import InputError
from readingroom.imaging.file_kind import file_kind
from readingroom.imaging.open import open_image
from readingroom.phantoms.dicom_files import radiograph_dataset, write_dicom
from readingroom.study import Study

VALUES = np.arange(64, dtype=np.uint16).reshape(8, 8)


def test_a_radiograph_opens_with_its_facts(tmp_path):
    path = write_dicom(
        tmp_path / "a.dcm", VALUES, ViewPosition="AP", PatientAge="040Y", PatientSex="F", StudyDate="20240102",
        PhotometricInterpretation="MONOCHROME1",
    )  # fmt: skip
    opened = open_image(str(path), "frontal")
    image = opened.image
    facts = [opened.clinical[name].value for name in ("age", "sex")]
    assert (opened.patient.name, facts) == ("Phantom, Chest", [40, "F"])
    assert (image.fact("ViewPosition"), image.fact("PhotometricInterpretation"), image.rendered) == (
        "AP",
        "MONOCHROME1",
        False,
    )
    assert image.path == path
    study = Study((image,), patient=opened.patient, clinical=opened.clinical)
    assert Study.from_json(study.to_json()) == study


def test_a_folder_opens_as_the_file_it_was_chosen_for(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", VALUES)
    assert open_image(tmp_path, "frontal").image.path == path


def test_a_ct_image_opens_with_its_modality(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", VALUES, storage=uid.CTImageStorage, Modality="CT")
    assert open_image(path, "frontal").image.modality == "CT"


def test_a_file_without_preamble_opens(tmp_path):
    dataset = radiograph_dataset(VALUES, ViewPosition="PA")
    del dataset.file_meta
    path = tmp_path / "old"
    dataset.save_as(path, implicit_vr=True, little_endian=True)
    assert open_image(path, "frontal").image.fact("ViewPosition") == "PA"


@pytest.mark.parametrize(("name", "kind"), [("a.png", "png"), ("a.jpg", "jpeg"), ("a.tif", "tiff")])
def test_pictures_open_as_already_rendered_whatever_their_name(tmp_path, name, kind):
    Image.fromarray(VALUES.astype(np.uint8)).save(tmp_path / name)
    path = (tmp_path / name).rename(tmp_path / "IM0001")
    image = open_image(path, "frontal").image
    assert image.rendered
    assert image.facts["FileKind"] == kind


@pytest.mark.parametrize(("name", "kind"), [("a.nrrd", "nrrd"), ("a.nii", "nifti"), ("a.nii.gz", "nifti")])
def test_volume_files_open_as_values_without_a_window(tmp_path, name, kind):
    path = tmp_path / name
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(VALUES), str(path))
    assert file_kind(path) == kind
    assert not open_image(path, "frontal").image.rendered


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7 report", "PDF document"),
        (b"PK\x03\x04 and more", "zip archive"),
        (b"patient notes, nothing else", "not an image file"),
        (b"\x00" * 2000, "not an image file"),
        (gzip.compress(b"not an image" * 100, mtime=0), "not an image file"),
        (b"\x1f\x8b\x08 broken archive", "not an image file"),
        (b"\x00" * 128 + b"DICM", "holds no image"),
        (b"\x00" * 128 + b"DICM" + b"\xff" * 300, "damaged|holds no image"),
    ],
)
def test_other_files_are_refused_with_what_they_are(tmp_path, content, sentence):
    path = tmp_path / "file.bin"
    path.write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        open_image(path, "frontal")


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        open_image(tmp_path / "gone.dcm", "frontal")


@pytest.mark.parametrize("path", ["a" * 5000, "zero\0byte"])
def test_an_impossible_path_is_refused(path):
    with pytest.raises(InputError):
        open_image(path, "frontal")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", VALUES)
    path.chmod(0)
    with pytest.raises(InputError, match="permission"):
        open_image(path, "frontal")


@pytest.mark.parametrize(
    ("modality", "words"),
    [("RTSTRUCT", "structure set"), ("SEG", "segmentation"), ("SR", "structured report"), ("PR", "presentation state")],
)
def test_objects_that_are_no_images_are_named(tmp_path, modality, words):
    path = write_dicom(tmp_path / "a.dcm", VALUES, Modality=modality)
    with pytest.raises(InputError, match=words):
        open_image(path, "frontal")


def test_a_dicomdir_is_named(tmp_path):
    path = write_dicom(tmp_path / "DICOMDIR", VALUES, storage=uid.MediaStorageDirectoryStorage)
    with pytest.raises(InputError, match="table of contents"):
        open_image(path, "frontal")


def test_several_frames_are_counted(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", np.stack([VALUES] * 3), Modality="CT")
    with pytest.raises(InputError, match="modality CT with 3 frames"):
        open_image(path, "frontal")


def test_a_deflated_file_is_refused_before_it_is_inflated(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", VALUES, transfer_syntax=uid.DeflatedExplicitVRLittleEndian)
    with pytest.raises(InputError, match="deflated"):
        open_image(path, "frontal")


def test_neither_warnings_nor_errors_name_the_patient(tmp_path, recwarn, caplog):
    dataset = radiograph_dataset(VALUES, Modality="RTSTRUCT")
    dataset.PatientName = "Secret^" + "x" * 70
    path = tmp_path / "a.dcm"
    dataset.save_as(path, enforce_file_format=True)
    damaged_name = write_dicom(tmp_path / "b.dcm", VALUES)
    damaged_name.write_bytes(damaged_name.read_bytes().replace(b"Phantom^Chest", b"Secret\xff\xfeHide!"))
    recwarn.clear()
    open_image(damaged_name, "frontal")
    with pytest.raises(InputError) as refused:
        open_image(path, "frontal")
    assert "secret" not in str(refused.value).lower()
    assert "secret" not in "".join(str(warning.message) for warning in recwarn).lower() + caplog.text.lower()


@pytest.mark.parametrize(
    ("file", "view", "modality", "photometric", "age"),
    [
        ("cr_chest_rsna/chest_pa.dcm", "PA", "CR", "MONOCHROME2", 62),
        ("cr_chest_wg04/RG1_J2KI.dcm", "PA", "CR", "MONOCHROME1", 55.56),
        ("mg_wg04/MG1_J2KI.dcm", "MLO", "RG", "MONOCHROME2", 75),
        ("ct_wg04/CT1_JLSL.dcm", "", "CT", "MONOCHROME2", 0),
    ],
)
def test_real_files_open_with_their_facts(shared, file, view, modality, photometric, age):
    opened = open_image(Path(shared) / "data" / "dicom_io" / file, "frontal")
    image = opened.image
    assert (image.fact("ViewPosition"), image.modality, image.fact("PhotometricInterpretation")) == (
        view,
        modality,
        photometric,
    )
    assert opened.clinical["age"].value == pytest.approx(age, abs=0.01)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("ct_lung1_001/rtstruct/1-1.dcm", "radiotherapy structure set"),
        ("misc/liver_seg.dcm", "segmentation"),
        ("misc/eCT_Supplemental.dcm", "CT with 2 frames"),
        ("misc/emri_small.dcm", "MR with 10 frames"),
        ("ct_lung1_001/image", "29 CT"),
    ],
)
def test_real_files_that_are_no_single_image_are_named(shared, file, words):
    with pytest.raises(InputError, match=words):
        open_image(Path(shared) / "data" / "dicom_io" / file, "frontal")
