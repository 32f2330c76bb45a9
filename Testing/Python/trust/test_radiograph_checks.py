"""Pictures that are no frontal chest radiograph are told apart, each by its own reason, on synthetic pictures."""

from pathlib import Path

import numpy as np
import pytest

from readingroom.phantoms.chest_radiograph import Opacity, chest_radiograph
from readingroom.phantoms.hand_radiograph import hand_radiograph
from readingroom.reading import has_stop
from readingroom.study import StudyImage
from readingroom.trust.radiograph_checks import checks_before, pixel_checks

IMAGE = StudyImage(role="frontal", path=Path("chest.png"))


def verdict(gray, image=IMAGE, color_fraction=0.0):
    """``pass``, or the name of the check that stopped or warned last, with its status."""
    doubts = [check for check in checks_before(image, gray, color_fraction) if check.status != "pass"]
    return f"{doubts[-1].status}: {doubts[-1].name}" if doubts else "pass"


def slice_of_a_chest():
    """An axial CT slice in a lung window: sharp borders, black lungs and air, white soft tissue, fine vessels."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:512j, -1:1:512j]
    body = (x / 0.9) ** 2 + (y / 0.65) ** 2 < 1
    lungs = (((abs(x) - 0.42) / 0.33) ** 2 + (y / 0.48) ** 2) < 1
    gray = np.where(body, 0.85, 0.02)
    gray[lungs] = 0.15
    for _ in range(150):
        cx, cy, radius = random.uniform(-0.8, 0.8), random.uniform(-0.5, 0.5), random.uniform(0.006, 0.02)
        gray[((x - cx) ** 2 + (y - cy) ** 2 < radius**2) & lungs] = 0.8
    gray[(x**2 + (y - 0.45) ** 2) < 0.01] = 1.0
    return np.clip(gray + random.normal(0, 0.02, gray.shape), 0, 1)


@pytest.fixture(scope="module")
def chest():
    return chest_radiograph()


@pytest.mark.parametrize("shape", [(256, 224), (512, 448), (1400, 1200)])
def test_a_chest_radiograph_passes_at_any_size(shape):
    assert verdict(chest_radiograph(*shape, opacity=Opacity(), seed=3)) == "pass"


def test_all_questions_are_asked_of_a_good_picture(chest):
    names = [check.name for check in checks_before(IMAGE, chest)]
    assert names == [
        "modality", "body part", "view", "size", "color", "contrast", "noise", "limb", "projection", "gray scale",
        "orientation", "chest",
    ]  # fmt: skip


def test_an_inverted_film_is_named(chest):
    assert verdict(1 - chest) == "stop: gray scale"


def test_an_inverted_film_that_contradicts_its_header_says_so(chest):
    tagged = StudyImage(
        role="frontal", path=Path("a.dcm"), modality="DX", facts={"PhotometricInterpretation": "MONOCHROME1"}
    )
    assert "although its header says MONOCHROME1" in checks_before(tagged, 1 - chest)[-1].sentence


def test_a_film_upside_down_is_named(chest):
    checks = checks_before(IMAGE, chest[::-1])
    assert (checks[-1].name, checks[-1].status) == ("orientation", "stop")
    assert "upside down" in checks[-1].sentence


@pytest.mark.parametrize("quarter", [1, 3])
def test_a_film_on_its_side_is_named(chest, quarter):
    assert verdict(np.rot90(chest, quarter)) == "stop: orientation"


@pytest.mark.parametrize("rotation", [0, 1, 2, 3])
def test_a_hand_is_named_whichever_way_it_lies(rotation):
    assert verdict(hand_radiograph(rotation)) == "stop: limb"


def test_a_ct_slice_is_named():
    assert verdict(slice_of_a_chest()) == "stop: projection"


def test_noise_is_named():
    assert verdict(np.random.default_rng(0).random((400, 400))) == "stop: noise"


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_black_gray_or_white_picture_is_named(value):
    checks = checks_before(IMAGE, np.full((300, 300), value, dtype=np.float32))
    assert (checks[-1].name, checks[-1].status) == ("contrast", "stop")
    assert "nothing on it" in checks[-1].sentence


def test_a_nearly_black_picture_is_named(chest):
    assert verdict(chest * 0.03) == "stop: contrast"


def test_a_faint_picture_is_a_warning(chest):
    assert verdict(0.4 + chest * 0.12) == "warn: contrast"


def test_a_smooth_shading_is_named():
    assert verdict(np.tile(np.linspace(0, 1, 300), (300, 1)).T) == "stop: contrast"


def test_a_mask_is_named(chest):
    checks = checks_before(IMAGE, (chest > 0.5).astype(np.float32))
    assert "shades of gray" in checks[-1].sentence


def test_a_color_photograph_is_named(chest):
    checks = checks_before(IMAGE, chest, color_fraction=0.6)
    assert (checks[-1].name, checks[-1].status) == ("color", "stop")
    assert "photograph" in checks[-1].sentence


def test_colored_marks_are_a_warning(chest):
    assert verdict(chest, color_fraction=0.05) == "warn: color"


@pytest.mark.parametrize(("shape", "expected"), [((64, 64), "stop"), ((200, 180), "warn"), ((300, 1200), "stop")])
def test_size(shape, expected):
    gray = np.random.default_rng(0).random(shape)
    assert next(check for check in pixel_checks(IMAGE, gray) if check.name == "size").status == expected


def test_nothing_is_asked_after_a_stop(chest):
    checks = pixel_checks(IMAGE, np.random.default_rng(0).random((300, 300)))
    assert [check.status == "stop" for check in checks].index(True) == len(checks) - 1
    assert has_stop(checks)
    assert not has_stop(pixel_checks(IMAGE, chest))


def test_the_header_stops_even_where_the_pixels_pass(chest):
    knee = StudyImage(role="frontal", path=Path("knee.dcm"), modality="DX", facts={"BodyPartExamined": "KNEE"})
    assert [check.name for check in checks_before(knee, chest) if check.status == "stop"] == ["body part"]
