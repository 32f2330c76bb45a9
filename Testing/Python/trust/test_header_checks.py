"""What the header says of the picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from readingroom.imaging.open import open_image
from readingroom.study import StudyImage
from readingroom.trust.header_checks import body_part_check, header_checks, modality_check, view_check


def image(**header):
    return StudyImage(role="frontal", path=Path("image"), **header)


@pytest.mark.parametrize(
    ("modality", "status"),
    [("CR", "pass"), ("DX", "pass"), ("DR", "pass"), ("RG", "pass"), ("dx ", "pass"), ("OT", "warn"), ("CT", "stop"),
     ("MR", "stop"), ("MG", "stop"), ("US", "stop"), ("PX", "stop"), ("IO", "stop"), ("ECG", "stop")],
)  # fmt: skip
def test_modality(modality, status):
    assert modality_check(image(modality=modality)).status == status


@pytest.mark.parametrize(
    ("part", "status"),
    [("CHEST", "pass"), ("Thorax", "pass"), ("PORT CHEST", "pass"), ("", "pass"), ("T-D3000", "warn"),
     ("HAND", "stop"), ("KNEE", "stop"), ("BREAST", "stop"), ("LSPINE", "stop")],
)  # fmt: skip
def test_body_part(part, status):
    assert body_part_check(image(facts={"BodyPartExamined": part})).status == status


@pytest.mark.parametrize(
    ("view", "status"),
    [("PA", "pass"), ("AP", "pass"), ("AP SUPINE", "pass"), ("", "pass"), ("LL", "stop"), ("LATERAL", "stop"),
     ("RAO", "warn"), ("LLD", "warn")],
)  # fmt: skip
def test_view(view, status):
    assert view_check(image(facts={"ViewPosition": view})).status == status


def test_a_picture_without_header_passes_and_the_sentence_says_so():
    checks = header_checks(image())
    assert {check.status for check in checks} == {"pass"}
    assert "no header" in checks[0].sentence


def test_a_header_without_modality_is_a_warning():
    assert modality_check(image(facts={"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1"})).status == "warn"


def test_a_picture_file_has_no_header(tmp_path):
    Image.fromarray(np.zeros((300, 300), dtype=np.uint8)).save(tmp_path / "chest.png")
    checks = header_checks(open_image(tmp_path / "chest.png", "frontal").image)
    assert {check.status for check in checks} == {"pass"}


def test_the_sentence_names_what_was_found():
    assert "CT, computed tomography" in modality_check(image(modality="CT")).sentence
    assert "HAND" in body_part_check(image(facts={"BodyPartExamined": "HAND"})).sentence
