"""Finding the frontal radiograph in a folder."""

import numpy as np
import pytest
from pydicom import uid

from readingroom.errors import InputError
from readingroom.imaging import dicom_folder
from readingroom.imaging.dicom_folder import frontal_file
from readingroom.phantoms.dicom_files import write_dicom

VALUES = np.arange(64, dtype=np.uint16).reshape(8, 8)


def test_the_frontal_one_of_a_pair_is_found_in_subfolders_among_other_files(tmp_path):
    (tmp_path / "series 1").mkdir()
    (tmp_path / "series 2").mkdir()
    frontal = write_dicom(tmp_path / "series 1" / "IM1", VALUES, ViewPosition="PA")
    write_dicom(tmp_path / "series 2" / "IM1", VALUES, ViewPosition="LL")
    (tmp_path / "readme.txt").write_text("exported")
    (tmp_path / "empty").touch()
    assert frontal_file(tmp_path) == frontal


def test_an_image_of_unknown_view_counts_as_frontal_beside_a_lateral_one(tmp_path):
    unknown = write_dicom(tmp_path / "a.dcm", VALUES)
    write_dicom(tmp_path / "b.dcm", VALUES, ViewPosition="LATERAL")
    assert frontal_file(tmp_path) == unknown


@pytest.mark.parametrize("view", ["POSTEROANTERIOR", "p.a.", "AP SUPINE", "frontal"])
def test_a_frontal_view_is_found_in_any_spelling(tmp_path, view):
    frontal = write_dicom(tmp_path / "a.dcm", VALUES, ViewPosition=view)
    write_dicom(tmp_path / "b.dcm", VALUES, ViewPosition="LATERAL")
    write_dicom(tmp_path / "c.dcm", VALUES)
    assert frontal_file(tmp_path) == frontal


def test_a_known_frontal_view_goes_before_an_unknown_one(tmp_path):
    write_dicom(tmp_path / "a.dcm", VALUES)
    known = write_dicom(tmp_path / "b.dcm", VALUES, ViewPosition="AP")
    assert frontal_file(tmp_path) == known


def test_the_presented_image_goes_before_the_raw_one(tmp_path):
    write_dicom(tmp_path / "a.dcm", VALUES, ViewPosition="PA", PresentationIntentType="FOR PROCESSING")
    shown = write_dicom(tmp_path / "b.dcm", VALUES, ViewPosition="PA", PresentationIntentType="FOR PRESENTATION")
    assert frontal_file(tmp_path) == shown


def test_copies_of_one_image_count_once(tmp_path):
    first = write_dicom(tmp_path / "a.dcm", VALUES, SOPInstanceUID="1.2.3")
    write_dicom(tmp_path / "b.dcm", VALUES, SOPInstanceUID="1.2.3")
    assert frontal_file(tmp_path) == first


def test_a_single_ct_image_is_given_to_the_checks(tmp_path):
    only = write_dicom(tmp_path / "a.dcm", VALUES, storage=uid.CTImageStorage, Modality="CT")
    assert frontal_file(tmp_path) == only


def test_several_frontal_images_are_counted_and_not_chosen_from(tmp_path):
    for name, view in (("a", "PA"), ("b", "AP"), ("c", "LL")):
        write_dicom(tmp_path / name, VALUES, ViewPosition=view)
    with pytest.raises(InputError, match=r"holds 3 images \(.*1 DX PA.*\), of which 2 could be"):
        frontal_file(tmp_path)


def test_a_ct_series_is_named_for_what_it_is(tmp_path):
    for number in range(3):
        write_dicom(tmp_path / f"{number}", VALUES, storage=uid.CTImageStorage, Modality="CT")
    with pytest.raises(InputError, match=r"holds 3 images \(3 CT\), of which none"):
        frontal_file(tmp_path)


def test_a_folder_without_images_says_so(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(InputError, match="holds no DICOM image"):
        frontal_file(tmp_path)


def test_a_folder_with_a_structure_set_alone_says_what_it_found(tmp_path):
    write_dicom(tmp_path / "rs", VALUES, Modality="RTSTRUCT")
    with pytest.raises(InputError, match=r"holds no DICOM image .*structure set"):
        frontal_file(tmp_path)


def test_an_archive_is_not_searched(tmp_path, monkeypatch):
    monkeypatch.setattr(dicom_folder, "MAXIMUM_FILES", 5)
    for number in range(6):
        (tmp_path / str(number)).touch()
    with pytest.raises(InputError, match="more than 5 files"):
        frontal_file(tmp_path)
