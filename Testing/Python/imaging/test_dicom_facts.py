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


@pytest.mark.parametrize(
    ("age", "years", "words"),
    [
        ("", 73.84, ""),
        ("000Y", 73.84, "is 0 years; the age was taken from the date of birth"),
        ("414Y", 73.84, "no age that a person reaches; the age was taken from the date of birth"),
        ("074Y", 74, ""),
        ("030Y", 30, "contradict each other; PatientAge was used"),
    ],
)
def test_an_age_beside_a_date_of_birth_is_checked_against_it(tmp_path, age, years, words):
    dataset = header(PatientAge=age, PatientBirthDate="19500301", StudyDate="20240102")
    assert clinical_facts(dataset)["age"].value == pytest.approx(years, abs=0.01)
    notes = study_image(dataset, tmp_path / "a.dcm").notes
    assert words in " ".join(notes)
    assert len(notes) == bool(words)


def test_an_infant_of_0_years_has_the_age_that_the_dates_give(tmp_path):
    dataset = header(PatientAge="000Y", PatientBirthDate="20230801", StudyDate="20240102")
    assert clinical_facts(dataset)["age"].value == pytest.approx(0.42, abs=0.01)
    assert study_image(dataset, tmp_path / "a.dcm").notes == ()


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"PatientBirthDate": "31.12.1950"}, "PatientBirthDate in the header is no date"),
        ({"StudyDate": "yesterday"}, "StudyDate in the header is no date"),
        ({"PatientSex": "W"}, "PatientSex in the header is none of F, M and O"),
        ({"ViewPosition": "PA\\LL"}, "ViewPosition in the header holds several values"),
        ({"PatientAge": "old"}, "PatientAge in the header is no age"),
        ({"PatientBirthDate": "20300101", "StudyDate": "20240102"}, "does not fit the date of the image"),
    ],
)
def test_what_cannot_be_used_is_said_once_and_never_quoted(tmp_path, elements, words):
    (note,) = study_image(header(**elements), tmp_path / "a.dcm").notes
    assert words in note
    assert not any(value.split("\\")[-1] in note for value in elements.values() if value != "W")


def test_a_coded_view_counts_by_its_code_where_its_meaning_is_in_another_language():
    coded = header(CodeValue="272479007", CodingSchemeDesignator="SCT", CodeMeaning="背腹方向")
    assert view_position(header(ViewCodeSequence=[coded])) == ("PA", "ViewCodeSequence")


def test_a_name_in_a_character_set_that_does_not_exist_is_no_reason_to_fail(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", stored(chest_radiograph(32, 32)), PatientName="Doe^Jane")
    path.write_bytes(path.read_bytes().replace(b"ISO_IR 100", b"ISO_IR 999").replace(b"ISO_IR 192", b"ISO_IR 999"))
    assert patient_facts(read_header(path)).name in ("Doe, Jane", "")
