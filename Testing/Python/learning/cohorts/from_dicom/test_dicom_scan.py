"""What a folder of DICOM files is found to hold."""

import sys

import numpy as np
import pytest

from readingroom import guarded_processes
from readingroom.errors import InputError
from readingroom.guarded_processes import KILLED
from readingroom.learning.cohorts.from_dicom import scan as scanning
from readingroom.learning.cohorts.from_dicom.scan import scan
from readingroom.phantoms.dicom_files import write_dicom
from readingroom.phantoms.dicom_series import enhanced_ct
from readingroom.time_limit import TOOK_TOO_LONG


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


def test_an_enhanced_ct_is_one_image_its_file(folder):
    folder.joinpath("b").mkdir()
    for place in ("one.dcm", "two.dcm", "b/three.dcm"):
        enhanced_ct(np.zeros((4, 32, 32), np.int16)).save_as(folder / place, enforce_file_format=True)
    found = scan(folder)
    assert [image.path for image in found.images] == [folder / place for place in ("b/three.dcm", "one.dcm", "two.dcm")]
    assert {(image.modality, image.slices, image.placed) for image in found.images} == {("CT", 4, 4)}
    assert not found.left_out


def test_several_frames_of_a_radiograph_are_left_out(folder):
    write_dicom(folder / "cine.dcm", np.zeros((5, 32, 32), np.uint16), Modality="XA")
    assert "5 frames" in reasons(scan(folder))["cine.dcm"]


def test_a_localizer_is_no_slice_of_its_series(folder, a_series, a_film):
    a_series("ct", 3, "1.5")
    a_film("ct/scout.dcm", Modality="CT", SeriesInstanceUID="1.5", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    found = scan(folder)
    assert [image.slices for image in found.images] == [1]
    assert reasons(found) == {"ct/scout.dcm": "It is no slice of a volume but a localizer."}


FAULTS = """
import functools, os, signal, time
from readingroom.learning.cohorts.from_dicom import scan

whole, limited = scan.read_header, scan.time_limit

def read_header(path, **options):
    if path.name == "dies.dcm":
        os.kill(os.getpid(), signal.SIGKILL)
    if path.name == "hangs.dcm":
        time.sleep(600)
    return whole(path, **options)

def look(path, folder):
    scan.read_header, scan.time_limit = read_header, functools.partial(limited, 0.3)
    try:
        return scan.look(path, folder)
    finally:
        scan.read_header, scan.time_limit = whole, limited
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are not sent there")
def test_a_file_at_which_a_library_dies_or_hangs_costs_that_file(folder, a_film, tmp_path, monkeypatch):
    (tmp_path / "faults.py").write_text(FAULTS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(guarded_processes, "_idle", [])  # they would not find the module
    import faults

    for place in ("dies.dcm", "good.dcm", "hangs.dcm"):
        a_film(place)
    monkeypatch.setattr(scanning, "look", faults.look)
    found = scan(folder, processes=1)
    assert [image.place for image in found.images] == ["good.dcm"]
    assert reasons(found) == {"dies.dcm": KILLED, "hangs.dcm": TOOK_TOO_LONG}
