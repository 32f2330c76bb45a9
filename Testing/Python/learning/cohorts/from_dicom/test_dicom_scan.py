"""What a folder of DICOM files is found to hold."""

import pytest

from readingroom.errors import InputError
from readingroom.learning.cohorts.from_dicom.scan import scan


def reasons(found):
    return {each.what: each.reason for each in found.left_out}


def test_the_header_of_a_film_tells_who_where_and_how(folder, a_film):
    a_film(
        "a/1.dcm",
        PatientAge="061Y",
        PatientSex="F",
        InstitutionName="North",
        Manufacturer="Acme",
        ManufacturerModelName="DR 1",
        ViewPosition="PA",
        ImageLaterality="L",
    )
    (image,) = scan(folder).images
    assert (image.place, image.patient_id, image.accession, image.modality) == ("a/1.dcm", "4711", "A1", "DX")
    assert (image.age, image.sex, image.site, image.scanner) == (61.0, "F", "North", "Acme DR 1")
    assert (image.view, image.laterality) == ("PA", "L")


def test_films_come_in_the_order_of_their_paths(folder, a_film):
    for place in ("b/1.dcm", "a/2.dcm", "a/1.dcm"):
        a_film(place)
    assert [image.place for image in scan(folder).images] == ["a/1.dcm", "a/2.dcm", "b/1.dcm"]


def test_damaged_and_strange_files_are_named(folder, a_film):
    a_film("good.dcm")
    (folder / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\1" * 40)
    (folder / "notes.txt").write_text("x")
    (folder / "list.TXT").write_text("x")
    a_film("report.dcm", Modality="SR")
    found = scan(folder)
    assert [image.place for image in found.images] == ["good.dcm"]
    assert set(reasons(found)) == {"broken.dcm", "report.dcm", "2 files"}
    assert "structured report" in reasons(found)["report.dcm"]
    assert "2 .txt" in reasons(found)["2 files"]


def test_a_copy_counts_once(folder, a_film):
    original = a_film("a.dcm")
    (folder / "b.dcm").write_bytes(original.read_bytes())
    found = scan(folder)
    assert [image.place for image in found.images] == ["a.dcm"]
    assert reasons(found)["b.dcm"] == "It is a copy of a.dcm."


def test_raw_values_are_left_out_where_the_picture_to_look_at_is_there(folder, a_film):
    a_film("raw.dcm", StudyInstanceUID="1.2", PresentationIntentType="FOR PROCESSING")
    a_film("shown.dcm", StudyInstanceUID="1.2", PresentationIntentType="FOR PRESENTATION")
    a_film("raw-alone.dcm", StudyInstanceUID="1.3", PresentationIntentType="FOR PROCESSING")
    found = scan(folder)
    assert [image.place for image in found.images] == ["raw-alone.dcm", "shown.dcm"]
    assert "FOR PROCESSING" in reasons(found)["raw.dcm"]


def test_a_series_of_slices_is_one_image_its_folder(folder, a_series):
    a_series("p1/ct", 4, "1.5")
    (image,) = scan(folder).images
    assert (image.path, image.place, image.modality) == (folder / "p1" / "ct", "p1/ct", "CT")


def test_of_the_series_of_a_folder_the_longest_stays_and_the_others_are_named(folder, a_series):
    a_series("ct", 3, "1.5")
    a_series("ct", 5, "1.6")
    a_series("ct", 1, "1.7")
    found = scan(folder)
    assert [image.series_uid for image in found.images] == ["1.6"]
    assert "5 slices" in reasons(found)["ct: a series of 3 slices"]
    assert "localizer" in reasons(found)["ct/1.7-0.dcm"]


def test_a_folder_whose_subfolders_hold_slices_too_is_left_out(folder, a_series):
    a_series("ct", 3, "1.5")
    a_series("ct/later", 3, "1.6")
    found = scan(folder)
    assert [image.place for image in found.images] == ["ct/later"]
    assert "folder of its own" in reasons(found)["ct"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("pat-4711/a.dcm", True),
        ("pat-47-11/a.dcm", True),
        ("ACC0815.dcm", True),
        ("1.2.826.77.dcm", True),
        ("19470713/a.dcm", True),
        ("eva_mustermann.dcm", True),
        ("series-1/0001.dcm", False),
    ],
)
def test_paths_that_tell_who_the_patient_is_are_counted(folder, a_film, path, told):
    a_film(
        path, PatientName="Mustermann^Eva", PatientID="4711", AccessionNumber="ACC-0815", PatientBirthDate="19470713",
        StudyInstanceUID="1.2.826.77",
    )  # fmt: skip
    assert scan(folder).named == told


def test_names_of_patients_in_paths_are_counted_and_nowhere_kept(folder, a_film):
    a_film("Mustermann_01.dcm", PatientName="Mustermann^Eva")
    a_film("b.dcm", PatientName="Mustermann^Eva")
    found = scan(folder)
    assert found.named == 1
    assert "Eva" not in repr(found)


def test_a_missing_folder_is_one_sentence(folder):
    with pytest.raises(InputError, match="does not exist"):
        scan(folder / "nowhere")
