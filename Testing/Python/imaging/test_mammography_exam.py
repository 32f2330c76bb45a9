"""Which images of a folder are the four views of an exam, and what is said of the others."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from readingroom import dicom_terms
from readingroom.errors import InputError
from readingroom.imaging.mammography_exam import VIEW_ROLES, mammography_exam
from readingroom.phantoms.dicom_files import write_dicom

VALUES = np.arange(64, dtype=np.uint16).reshape(8, 8)
SHOWN = uid.DigitalMammographyXRayImageStorageForPresentation


def view(folder: Path, name: str, side: str = "L", position: str | None = "CC", **more: Any) -> Path:
    elements = {"storage": SHOWN, "Modality": "MG", "BodyPartExamined": "BREAST", "AcquisitionDate": "20240102"} | more
    return write_dicom(folder / name, VALUES, ImageLaterality=side or None, ViewPosition=position, **elements)


def four(folder: Path, **more: Any) -> dict[str, Path]:
    return {
        f"{side}-{position.lower()}": view(folder, f"{side}{position}{len(more)}", side[0].upper(), position, **more)
        for side in ("left", "right")
        for position in ("CC", "MLO")
    }


def coded(code: Any, modifier: Any = None) -> list[Dataset]:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, "SCT", code.meaning
    if modifier is not None:
        item.ViewModifierCodeSequence = coded(modifier)
    return [item]


def test_the_four_views_of_a_folder_are_found_in_their_order(tmp_path):
    files = four(tmp_path)
    (tmp_path / "readme.txt").write_text("exported")
    found = mammography_exam([tmp_path])
    assert dict(found.files) == files
    assert tuple(found.files) == VIEW_ROLES
    assert found.notes == ()


def test_a_scanned_film_is_a_view_by_its_position(tmp_path):
    film = view(tmp_path, "film", "R", "MLO", Modality="RG", storage=uid.SecondaryCaptureImageStorage)
    assert mammography_exam([tmp_path]).files == {"right-mlo": film}


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"Modality": "CT", "ImageType": ["DERIVED", "PRIMARY", "TOMO"], "SliceThickness": 1}, "1 tomosynthesis image"),
        ({"ImageType": ["DERIVED", "PRIMARY", "STEREO", "LEFT"]}, "1 special view"),
    ],
)
def test_tomosynthesis_that_calls_itself_ct_and_stereotactic_views_are_set_aside(tmp_path, more, word):
    files = four(tmp_path)
    view(tmp_path, "other", "R", "MLO", InstanceNumber=9, **more)
    found = mammography_exam([tmp_path])
    assert dict(found.files) == files
    assert found.notes == (f"Set aside: {word}.",)


def test_files_that_are_named_one_by_one_are_told_by_their_headers(tmp_path):
    files = four(tmp_path)
    assert mammography_exam([files["right-mlo"], files["left-cc"]]).files == {
        role: files[role] for role in ("left-cc", "right-mlo")
    }


@pytest.mark.parametrize(
    ("side", "position", "role"),
    [
        ("R", "R MLO", "right-mlo"),
        ("", "LCC", "left-cc"),
        ("", "RMLO", "right-mlo"),
        ("R", "cranio-caudal", "right-cc"),
    ],
)
def test_side_and_view_are_found_in_any_spelling(tmp_path, side, position, role):
    path = view(tmp_path, "a", side, position)
    assert mammography_exam([tmp_path]).files == {role: path}


def test_a_coded_view_counts_where_view_position_is_missing(tmp_path):
    code = codes.cid4014.MedioLateralObliqueProjection
    path = view(tmp_path, "a", "R", None, ViewCodeSequence=coded(code))
    assert mammography_exam([tmp_path]).files == {"right-mlo": path}


def test_a_description_counts_where_nothing_else_tells_the_view(tmp_path):
    path = view(tmp_path, "a", "", None, SeriesDescription="Screening R MLO")
    assert mammography_exam([tmp_path]).files == {"right-mlo": path}


def test_every_coded_view_of_a_breast_is_one_that_pydicom_knows():
    concepts = [getattr(codes.cid4014, name) for name in codes.cid4014.dir()]
    images = [concept.value for concept in concepts if "specimen" not in concept.meaning]
    assert set(images) <= set(dicom_terms.VIEW_CODES)
    assert dicom_terms.VIEW_CODES[codes.cid4014.CranioCaudal.value] == "CC"
    modifiers = {name.lower(): getattr(codes.cid4015, name) for name in codes.cid4015.dir()}
    for code, name in dicom_terms.VIEW_MODIFIERS.items():
        if code.isdigit():
            assert modifiers[name.replace(" ", "")].value == code


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ViewCodeSequence": coded(codes.cid4014.CranioCaudal, codes.cid4015.Magnification)}, "1 magnification view"),
        ({"EstimatedRadiographicMagnificationFactor": "1.8"}, "1 magnification view"),
        ({"ViewCodeSequence": coded(codes.cid4014.CranioCaudal, codes.cid4015.SpotCompression)}, "1 spot view"),
        ({"PaddleDescription": "SPOT CONTACT"}, "1 spot view"),
        (
            {"ViewCodeSequence": coded(codes.cid4014.CranioCaudal, codes.cid4015.ImplantDisplaced)},
            "1 view with displaced implant",
        ),
        ({"ViewPosition": "CC ID"}, "1 view with displaced implant"),
        ({"ViewCodeSequence": coded(codes.cid4014.CranioCaudal, codes.cid4015.Cleavage)}, "1 special view"),
        ({"ViewPosition": "XCCL"}, "1 image of another view"),
        ({"ViewPosition": "ML"}, "1 image of another view"),
        ({"storage": uid.BreastTomosynthesisImageStorage}, "1 tomosynthesis image"),
        ({"ImageType": ["DERIVED", "PRIMARY", "TOMO_PROJ"]}, "1 tomosynthesis image"),
        ({"ImageLaterality": None}, "1 mammogram whose side is not given"),
        ({"Modality": "US"}, "1 image that is no mammogram"),
    ],
)
def test_what_is_no_screening_view_is_set_aside_and_said(tmp_path, more, said):
    files = four(tmp_path)
    side = "" if "ImageLaterality" in more else "L"
    others = {name: value for name, value in more.items() if name not in ("ViewPosition", "ImageLaterality")}
    view(tmp_path, "another", side, more.get("ViewPosition", "CC"), AcquisitionTime="235959", **others)
    found = mammography_exam([tmp_path])
    assert dict(found.files) == files
    assert found.notes == (f"Set aside: {said}.",)


def test_a_stack_of_tomosynthesis_is_set_aside(tmp_path):
    four(tmp_path)
    stack = np.stack([VALUES] * 3)
    write_dicom(tmp_path / "stack", stack, storage=uid.BreastTomosynthesisImageStorage, Modality="MG",
                ViewPosition="CC", ImageLaterality="L")  # fmt: skip
    assert mammography_exam([tmp_path]).notes == ("Set aside: 1 tomosynthesis image.",)


@pytest.mark.parametrize(
    "what",
    [{"ImageType": ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"]}, {"SeriesDescription": "L CC C-View"}],
)
def test_a_synthesized_picture_is_read_where_there_is_no_other_and_that_is_said(tmp_path, what):
    synthesized = view(tmp_path, "a", AcquisitionTime="110000", **what)
    found = mammography_exam([tmp_path])
    assert found.files == {"left-cc": synthesized}
    assert found.notes == ("The left CC view is a synthesized picture of tomosynthesis: no other one is there.",)
    taken = view(tmp_path, "b", AcquisitionTime="100000")
    assert mammography_exam([tmp_path]).files == {"left-cc": taken}


def test_the_picture_for_presentation_goes_before_the_raw_one(tmp_path):
    raw = view(tmp_path, "a", PresentationIntentType="FOR PROCESSING", AcquisitionTime="120000")
    assert mammography_exam([tmp_path]).notes == (
        "The left CC view is there for processing alone; its gray values are not those of a display.",
    )
    shown = view(tmp_path, "b", PresentationIntentType="FOR PRESENTATION", AcquisitionTime="110000")
    assert mammography_exam([raw, shown]).files == {"left-cc": shown}
    assert mammography_exam([raw, shown]).notes == ()


def test_of_several_images_of_a_view_the_last_one_is_read(tmp_path):
    view(tmp_path, "b", AcquisitionTime="100000")
    last = view(tmp_path, "a", AcquisitionTime="101500")
    found = mammography_exam([tmp_path])
    assert found.files == {"left-cc": last}
    assert found.notes == ("There are 2 images of the left CC view; the last one was read.",)


def test_copies_of_one_image_count_once(tmp_path):
    view(tmp_path, "a", SOPInstanceUID="1.2.3")
    view(tmp_path, "b", SOPInstanceUID="1.2.3")
    assert mammography_exam([tmp_path]).notes == ()


def test_of_several_dates_the_latest_is_the_exam_and_the_one_before_its_prior(tmp_path):
    for number, date in enumerate(("20240102", "20200102", "20220102")):
        (tmp_path / str(number)).mkdir()
        four(tmp_path / str(number), AcquisitionDate=date)
    found = mammography_exam([tmp_path])
    assert {path.parent.name for role, path in found.files.items() if not role.startswith("prior-")} == {"0"}
    assert {path.parent.name for role, path in found.files.items() if role.startswith("prior-")} == {"2"}
    assert found.notes == (
        "Of the 3 dates of the mammograms the latest one was read; those of 2022-01-02 are its prior.",
    )


def test_images_of_two_patients_are_refused(tmp_path):
    view(tmp_path, "a", PatientID="1")
    view(tmp_path, "b", "R", PatientID="2")
    with pytest.raises(InputError, match="of 2 patients"):
        mammography_exam([tmp_path])


def test_a_folder_of_pictures_without_headers_says_what_to_do(tmp_path):
    (tmp_path / "left-cc.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InputError, match="give each by its role, such as left-cc"):
        mammography_exam([tmp_path])


def test_a_folder_without_any_of_the_views_says_what_is_there(tmp_path):
    view(tmp_path, "a", position="ML")
    view(tmp_path, "b", Modality="CT")
    with pytest.raises(InputError) as refused:
        mammography_exam([tmp_path])
    assert str(refused.value) == (
        "None of the images is a CC or MLO view of a breast (there are 1 image of another view and 1 image that is no "
        "mammogram)."
    )


def test_a_picture_without_a_header_is_to_be_given_by_its_role(tmp_path):
    path = tmp_path / "film.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InputError, match="give it by its role, such as left-cc"):
        mammography_exam([path])
