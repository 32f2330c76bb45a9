"""How often the checks are wrong on real pictures: every fourth radiograph, and real pictures of other kinds."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from readingroom.imaging.open import open_image
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.reading import has_stop
from readingroom.study import StudyImage
from readingroom.trust.radiograph_checks import checks_before, pixel_checks

IMAGE = StudyImage(role="frontal", path=Path("picture"))


def gray_of(path):
    return np.asarray(Image.open(path).convert("L"), dtype=np.float32) / 255


def pictures(folder, pattern, step):
    return [gray_of(path) for path in sorted(folder.glob(pattern))[::step]]


@pytest.fixture(scope="module")
def radiographs(shared):
    data = shared / "data"
    return pictures(data / "cxr", "*/*.jpg", 4) + pictures(data / "cxr_nih_extra", "*/*.jpg", 4)


def test_false_alarms_on_radiographs_are_rare(radiographs):
    checks = [pixel_checks(IMAGE, gray) for gray in radiographs]
    warned = [any(check.status == "warn" for check in found) for found in checks]
    assert len(checks) > 200
    assert np.mean([has_stop(found) for found in checks]) < 0.02
    assert np.mean(warned) < 0.05


def test_inverted_radiographs_are_stopped_for_that_reason(radiographs):
    last = [pixel_checks(IMAGE, 1 - gray)[-1] for gray in radiographs[::2]]
    assert np.mean([check.status == "stop" for check in last]) > 0.97
    assert np.mean([check.name == "gray scale" for check in last]) > 0.94


def test_ct_slices_are_stopped_for_that_reason(shared):
    last = [pixel_checks(IMAGE, gray)[-1] for gray in pictures(shared / "data/covid_ct", "*/*.jpg", 8)]
    assert np.mean([check.status == "stop" for check in last]) > 0.97
    assert np.mean([check.name == "projection" for check in last]) > 0.94


def test_mammograms_are_stopped(shared):
    last = [pixel_checks(IMAGE, gray)[-1] for gray in pictures(shared / "data/mammo/images", "*.jpg", 4)]
    assert np.mean([check.status == "stop" for check in last]) > 0.9


@pytest.mark.parametrize("name", ["cat.bmp", "parrot.jpg"])
def test_photographs_are_stopped_in_color_and_in_gray(shared, tmp_path, name):
    Image.open(shared / "data/weights" / name).save(tmp_path / "photograph.png")
    image = open_image(tmp_path / "photograph.png", "frontal").image
    radiograph = load_radiograph(image)
    assert checks_before(image, radiograph.gray, radiograph.color_fraction)[-1].name == "color"
    assert pixel_checks(IMAGE, radiograph.gray)[-1].status == "stop"


@pytest.mark.parametrize(
    ("path", "reasons"),
    [
        ("ct_wg04/CT2_RLE.dcm", {"modality"}),
        ("mr_liver_siemens/MR-SIEMENS-DICOM-WithOverlays.dcm", {"modality", "body part"}),
        ("mg_wg04/MG1_J2KI.dcm", {"body part", "chest"}),
    ],
)
def test_dicom_files_of_other_kinds_are_stopped_by_their_headers(shared, path, reasons):
    image = open_image(shared / "data/dicom_io" / path, "frontal").image
    radiograph = load_radiograph(image)
    checks = checks_before(image, radiograph.gray, radiograph.color_fraction)
    assert reasons <= {check.name for check in checks if check.status == "stop"}


@pytest.mark.parametrize("path", ["cr_chest_rsna/chest_pa.dcm", "cr_chest_wg04/RG1_J2KI.dcm"])
def test_dicom_chest_radiographs_pass(shared, path):
    """The second one is stored inverted (MONOCHROME1)."""
    image = open_image(shared / "data/dicom_io" / path, "frontal").image
    radiograph = load_radiograph(image)
    checks = checks_before(image, radiograph.gray, radiograph.color_fraction)
    assert {check.status for check in checks} == {"pass"}


def test_slices_of_a_lung_ct_volume_are_stopped(shared):
    volume = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(shared / "data/lung_ct/LUNG1-001/ct.nii.gz"))
    slices = [np.clip((volume[k] + 1350.0) / 1500, 0, 1) for k in range(5, len(volume), 12)]
    assert all(has_stop(pixel_checks(IMAGE, gray)) for gray in slices)
