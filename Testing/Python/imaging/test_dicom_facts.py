"""Facts of patient, study and image from DICOM headers."""

import pytest
from pydicom.dataset import Dataset

from readingroom.imaging.dicom_facts import clinical_facts, patient_facts, study_image, view_position
from readingroom.imaging.dicom_file import quiet_pydicom, read_header
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import stored, write_dicom


def header(**elements):
    dataset = Dataset()
    with quiet_pydicom():
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("age", "years"),
    [
        ("062Y", 62),
        ("006M", 0.5),
        ("052W", 1.0),
        ("010D", 0.03),
        ("62", 62),
        ("7y", 7),
        ("", None),
        ("old", None),
        ("900Y", None),
    ],
)
def test_age_is_read_in_its_unit(age, years):
    fact = clinical_facts(header(PatientAge=age)).get("age")
    if years is None:
        assert fact is None
    else:
        assert (fact.value, fact.unit, fact.source) == (pytest.approx(years, abs=0.005), "a", "header")


def test_without_an_age_the_birth_date_and_the_date_of_the_image_give_it():
    facts = clinical_facts(header(PatientBirthDate="19400305", ContentDate="19950926", StudyDate="20040826"))
    assert facts["age"].value == pytest.approx(55.56, abs=0.01)


@pytest.mark.parametrize("born", ["20500101", "17000101", "notadate", "19401399"])
def test_an_implausible_birth_date_gives_no_age(born):
    assert "age" not in clinical_facts(header(PatientBirthDate=born, StudyDate="20040826"))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Doe^Jane", "Doe, Jane"),
        ("Doe^Jane^Mary^Dr^", "Doe, Jane Mary"),
        ("Doe", "Doe"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou"),
        ("=山田^太郎", "山田, 太郎"),
        ("^^^^", ""),
        ("", ""),
    ],
)
def test_a_name_is_written_family_first(written, shown):
    assert patient_facts(header(PatientName=written)).name == shown


@pytest.mark.parametrize(
    ("character_set", "name", "shown"),
    [
        ("ISO_IR 100", "Müller^Jürgen", "Müller, Jürgen"),
        ("ISO_IR 192", "Νικόλαος^Ελένη", "Νικόλαος, Ελένη"),
        ("ISO_IR 144", "Люкceмбypг^Роза", "Люкceмбypг, Роза"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎", "Yamada, Tarou"),
    ],
)
def test_names_in_other_alphabets_survive_the_file(tmp_path, character_set, name, shown):
    path = write_dicom(
        tmp_path / "a.dcm", stored(chest_radiograph(32, 32)), SpecificCharacterSet=character_set, PatientName=name
    )
    assert patient_facts(read_header(path)).name == shown


def test_a_sex_that_dicom_does_not_know_is_left_empty():
    found = [clinical_facts(header(PatientSex=sex)).get("sex") for sex in ("F", "m", "W", "")]
    assert [fact and fact.value for fact in found] == ["F", "M", None, None]


def test_an_image_has_its_own_date_study_and_series(tmp_path):
    image = study_image(header(StudyDate="2004.08.26", AcquisitionDate="20040825", StudyInstanceUID="1.2.3",
                               SeriesInstanceUID="1.2.3.4"), tmp_path / "a.dcm", "prior-ct")  # fmt: skip
    assert (image.role, image.date) == ("prior-ct", "20040825")
    assert (image.study_instance_uid, image.series_instance_uid) == ("1.2.3", "1.2.3.4")


def test_line_breaks_and_padding_in_a_header_do_not_reach_a_sentence(tmp_path):
    image = study_image(header(Manufacturer="Maker\nof things\0", Modality="DX"), tmp_path / "a.dcm")
    assert image.fact("Manufacturer") == "Maker of things"


@pytest.mark.parametrize(
    ("elements", "view"),
    [
        ({"ViewPosition": "pa"}, "PA"),
        ({"ViewPosition": "LL"}, "LL"),
        ({"SeriesDescription": "view: PA"}, "PA"),
        ({"SeriesDescription": "Chest AP portable"}, "AP"),
        ({"SeriesDescription": "Thorax p.a."}, "PA"),
        ({"SeriesDescription": "Chest PA and lateral"}, ""),
        ({"SeriesDescription": "AP/PA"}, ""),
        ({"SeriesDescription": "PATIENT IN CAPE"}, ""),
        ({"AcquisitionDeviceProcessingDescription": "CHEST, LAT"}, "LATERAL"),
        ({"SeriesDescription": "Chest", "ProtocolName": "Thorax PA"}, "PA"),
        ({"ViewPosition": "AP", "SeriesDescription": "PA"}, "AP"),
        ({"PatientOrientation": ["A", "F"]}, "LATERAL"),
        ({"PatientOrientation": ["L", "F"]}, ""),
        ({}, ""),
    ],
)
def test_the_view_comes_from_the_header_and_is_never_guessed(elements, view):
    assert view_position(header(**elements))[0] == view


def test_the_coded_view_counts_where_the_view_position_is_empty():
    assert view_position(header(ViewPosition="", ViewCodeSequence=[header(CodeMeaning="postero-anterior")])) == (
        "PA",
        "ViewCodeSequence",
    )


def test_image_facts_go_by_dicom_keyword_and_never_name_the_patient(tmp_path):
    path = write_dicom(
        tmp_path / "a.dcm", stored(chest_radiograph(32, 32)), PatientName="Secret^Name", PatientID="SECRET-ID",
        WindowCenter=[1.5, 2.5], WindowWidth=[3, 4], Manufacturer="Maker", Laterality="U",
    )  # fmt: skip
    image = study_image(read_header(path), path)
    assert (
        image.modality,
        image.fact("BodyPartExamined"),
        image.fact("Manufacturer"),
        image.fact("ImageLaterality"),
    ) == (
        "DX",
        "CHEST",
        "Maker",
        "U",
    )
    assert image.facts["WindowCenter"] == "1.5\\2.5"
    assert image.facts["TransferSyntax"] == "Explicit VR Little Endian"
    assert "secret" not in str(dict(image.facts)).lower()
