"""Files become a study by role: what does not belong together, or does not fit the reader, is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from readingroom.errors import InputError
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import stored, write_dicom
from readingroom.readers.chest_xray import ChestXRayReader
from readingroom.readers.description import ImageRole, MaskRole
from readingroom.readers.opening import entered, open_study
from readingroom.readers.registry import find_reader, readers

READER = ChestXRayReader()


class TwoFilms(ChestXRayReader):
    """Takes a prior film and a mask as well."""

    images = (*ChestXRayReader.images, ImageRole("prior", "Prior", ("DX",), 2, required=False, prior_of="frontal"))
    masks = (MaskRole("lungs", "Lungs", image="frontal"),)


@pytest.fixture
def a_film(tmp_path):
    """Writes a film: ``a_film("name", PatientID=...)``."""

    def write(name: str, **elements: str) -> Path:
        return write_dicom(tmp_path / f"{name}.dcm", stored(chest_radiograph(32, 32)), **elements)

    return write


def test_header_facts_patient_and_dates_come_along(a_film):
    path = a_film("now", PatientID="P1", PatientAge="061Y", PatientSex="F", AcquisitionDate="20260131")
    study = open_study(READER, {"frontal": path})
    assert (study.patient.patient_id, study.age_years, study.sex, study.date) == ("P1", 61, "F", "20260131")
    assert study.clinical["age"].source == "header"


def test_what_a_person_enters_goes_before_the_header(a_film):
    study = open_study(READER, {"frontal": a_film("now", PatientAge="061Y")}, clinical={"age": "62", "sex": "m"})
    assert (study.age_years, study.clinical["age"].source) == (62, "entered")
    assert study.sex == "M"


def test_each_image_keeps_its_own_date_and_the_first_role_comes_first(a_film):
    prior, now = a_film("prior", AcquisitionDate="20250101"), a_film("now", AcquisitionDate="20260101")
    study = open_study(TwoFilms(), {"prior": prior, "frontal": now})
    assert [(image.role, image.date) for image in study.images] == [("frontal", "20260101"), ("prior", "20250101")]


def test_images_of_two_patients_are_refused(a_film):
    films = {"frontal": a_film("now", PatientID="P1"), "prior": a_film("prior", PatientID="P2")}
    with pytest.raises(InputError, match="of two patients"):
        open_study(TwoFilms(), films)


def test_images_are_not_refused_where_one_names_no_patient(a_film, tmp_path):
    Image.fromarray((255 * chest_radiograph(32, 32)).astype(np.uint8)).save(tmp_path / "old.png")
    study = open_study(TwoFilms(), {"frontal": a_film("now", PatientID="P1"), "prior": tmp_path / "old.png"})
    assert study.patient.patient_id == "P1"


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        ({}, "needs the image 'Radiograph'"),
        ({"lateral": "now"}, "knows no image 'lateral'; it takes frontal, prior"),
        ({"prior": "now"}, "needs the image 'Radiograph'"),
    ],
)
def test_images_that_do_not_fit_the_roles_are_refused(a_film, images, sentence):
    with pytest.raises(InputError, match=sentence):
        open_study(TwoFilms(), {role: a_film(name) for role, name in images.items()})


def test_a_mask_lies_on_the_image_of_its_role(a_film, tmp_path):
    lungs = SimpleITK.GetImageFromArray(np.ones((1, 32, 32), np.uint8))
    SimpleITK.WriteImage(lungs, str(tmp_path / "lungs.nrrd"))
    study = open_study(TwoFilms(), {"frontal": a_film("now")}, {"lungs": tmp_path / "lungs.nrrd"})
    mask = study.mask("lungs")
    assert (mask.image, mask.source) == ("frontal", "file lungs.nrrd")
    with pytest.raises(InputError, match="knows no mask 'heart'; it takes lungs"):
        open_study(TwoFilms(), {"frontal": a_film("now")}, {"heart": tmp_path / "lungs.nrrd"})


@pytest.mark.parametrize(
    ("clinical", "sentence"),
    [
        ({"age": "old"}, "Age is 'old'; it must be between 0 and 130 years"),
        ({"age": "131"}, "between 0 and 130"),
        ({"age": "nan"}, "between 0 and 130"),
        ({"sex": "x"}, "must be one of F, M, O"),
        ({"height": "180"}, "knows no clinical fact 'height'; it takes age, sex"),
    ],
)
def test_clinical_facts_that_do_not_fit_the_form_are_refused(clinical, sentence):
    with pytest.raises(InputError, match=sentence):
        entered(READER, clinical)


def test_empty_clinical_facts_are_left_out():
    assert entered(READER, {"age": "  ", "sex": "Female"}) == entered(READER, {"sex": "F"})


def test_the_registry_finds_readers_by_name():
    assert readers()["chest-xray"].title == "Chest X-Ray"
    with pytest.raises(InputError, match="There is no reader named 'ct'; there are chest-xray"):
        find_reader("ct")
