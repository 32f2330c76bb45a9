"""What speaks against reading a mammography exam, in one sentence each."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from readingroom.imaging.breast import find_breast
from readingroom.imaging.mammography_exam import shown_view
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.mammogram import Mammogram, four_views, mammogram
from readingroom.reading import Check
from readingroom.study import StudyImage
from readingroom.trust.mammogram_checks import View, exam_checks


def view(role: str, gray: np.ndarray, modality: str = "MG", date: str = "20240102", **facts: str) -> View:
    gray = np.ascontiguousarray(gray, dtype=np.float32)
    image = StudyImage(role, Path(role), date=date, modality=modality, facts=facts)
    return View(role, image, gray, find_breast(gray, shown_view(image)))


def views(changed: dict[str, np.ndarray] | None = None, seed: int = 1, **facts: str) -> list[View]:
    found: dict[str, Mammogram] = dict(four_views(seed))
    return [view(role, (changed or {}).get(role, one.gray), **facts) for role, one in found.items()]


def check(exam: Sequence[View], name: str) -> Check:
    return next(one for one in exam_checks(exam) if one.name == name)


def gray(role: str, seed: int = 1, **more: Any) -> np.ndarray:
    side, position = role.split("-")
    return mammogram(side, position, seed, **more).gray.copy()  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [1, 4])
def test_a_whole_exam_passes_every_check(seed):
    assert {one.status for one in exam_checks(views(seed=seed))} == {"pass"}


def test_missing_views_are_named():
    found = check([view("left-mlo", gray("left-mlo"))], "views")
    assert found.status == "warn"
    assert found.sentence == (
        "The exam is not complete: the left CC, right CC and right MLO views are missing, and the answer rests on the "
        "others."
    )


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"modality": "CT"}, "The header of the left CC view says CT, computed tomography."),
        ({"BodyPartExamined": "CHEST"}, "The header of the left CC view names the body part CHEST."),
    ],
)
def test_what_the_header_calls_no_mammogram_is_stopped_before_its_pixels_are_looked_at(facts, sentence):
    checks = exam_checks(views(**facts))
    assert [one.sentence for one in checks if one.status == "stop"] == [sentence]
    assert "mammogram" not in {one.name for one in checks}


def test_where_a_stop_of_the_header_is_overruled_the_pixels_are_looked_at_all_the_same():
    by_itself = exam_checks(views())
    checks = exam_checks(views(modality="CT"), forced=True)
    assert [one.name for one in checks] == [one.name for one in by_itself]
    assert [one.name for one in checks if one.status != "pass"] == ["modality"]
    chest = exam_checks([view("left-cc", chest_radiograph(seed=1), "CT")], forced=True)
    assert [one.name for one in chest if one.status == "stop"] == ["modality", "mammogram"]


@pytest.mark.parametrize("facts", [{"ViewPosition": "MLO"}, {"ImageLaterality": "R", "ViewPosition": "CC"}])
def test_a_header_that_names_another_side_or_view_stops(facts):
    assert check([view("left-cc", gray("left-cc"), **facts)], "side and view").status == "stop"


def test_a_special_view_that_was_chosen_by_hand_is_said():
    found = check([view("left-cc", gray("left-cc"), ViewModifiers="spot compression")], "screening view")
    assert found.sentence == "The left CC view is no screening view but a special one (spot compression)."


def test_raw_values_are_said():
    assert "raw values" in check(views(PresentationIntentType="FOR PROCESSING"), "modality").sentence


def test_two_dates_are_said_and_a_prior_that_is_not_older_stops():
    exam = views()
    other = replace(exam[1], image=replace(exam[1].image, date="20240301"))
    assert check([exam[0], other], "dates").sentence == (
        "The views of the exam are of 2 dates: 2024-01-02 and 2024-03-01."
    )
    prior = view("prior-left-cc", gray("left-cc", 2))
    assert check([*exam, prior], "dates").status == "stop"
    older = replace(prior, image=replace(prior.image, date="20220101"))
    assert check([*exam, older], "dates").status == "pass"


def test_an_implant_is_said():
    assert check(views(BreastImplantPresent="YES"), "implant").status == "warn"


def test_a_chest_radiograph_is_no_mammogram():
    found = check([view("left-cc", chest_radiograph(seed=1))], "mammogram")
    assert found.status == "stop"
    assert found.sentence == (
        "What the left CC view shows does not taper from a straight chest wall as a breast does: this is no mammogram, "
        "or a large part of it is cut off."
    )


def test_a_picture_without_an_outline_is_said():
    noise = np.random.default_rng(0).normal(0.5, 0.2, (300, 240)).clip(0, 1)
    noise[::2] = 0
    statuses = {one.name: one.status for one in exam_checks([view("left-cc", noise)])}
    assert statuses["mammogram"] in ("warn", "stop")


@pytest.mark.parametrize(("picture", "word"), [(np.full((300, 240), 0.5), "contrast"), (np.eye(100), "too few")])
def test_a_picture_that_shows_nothing_stops(picture, word):
    assert word in check([view("left-cc", picture)], "picture").sentence


def test_a_mirrored_view_stops_unless_its_header_says_that_it_is():
    mirrored = gray("left-cc")[:, ::-1]
    assert check([view("left-cc", mirrored)], "chest wall").status == "stop"
    assert check([view("left-cc", mirrored, PatientOrientation="P\\L")], "chest wall").status == "pass"


def test_an_oblique_view_without_muscle_is_said():
    exam = views({"right-mlo": gray("right-cc", 3)})
    assert "right MLO" in check(exam, "muscle").sentence


@pytest.mark.parametrize(("role", "shown"), [("right-mlo", "right-cc"), ("left-cc", "left-mlo")])
def test_a_view_with_the_outline_of_the_other_one_is_said(role, shown):
    found = check(views({role: gray(shown, 3)}), "outline")
    side, name = role.split("-")
    assert found.sentence == (
        f"The outline of the breast on the {side} {name.upper()} view is that of the other view: are CC and MLO "
        "exchanged?"
    )


def test_text_is_seen_in_the_pixels_and_believed_in_the_header():
    written = gray("left-cc")
    for row in range(4):
        for column in range(10):
            written[250 + 12 * row : 256 + 12 * row, 140 + 11 * column : 145 + 11 * column] = 1
    for exam in (views({"left-cc": written}), views(BurnedInAnnotation="YES")):
        assert check(exam, "text").status == "warn"


def test_the_edge_of_a_paddle_is_seen():
    framed = gray("left-cc")
    framed[:, -12:-6] = 0.8
    assert "left CC" in check(views({"left-cc": framed}), "paddle").sentence


@pytest.mark.parametrize(
    "cut",
    [lambda film: film[:, : np.flatnonzero(film[320])[-1] - 24], lambda film: film[:460], lambda film: film[180:]],
)
def test_skin_that_is_cut_off_is_seen(cut):
    film = gray("left-cc", rows=640, columns=512)
    assert check([view("left-cc", cut(film))], "skin").status == "warn"


def test_a_film_of_noise_or_almost_black_is_under_exposed():
    film = gray("left-cc")
    noise = np.random.default_rng(0).normal(0, 0.25, film.shape)
    assert check([view("left-cc", np.where(film > 0.02, film + noise, 0).clip(0, 1))], "exposure").status == "warn"
    assert check([view("left-cc", film * 0.15)], "exposure").status == "warn"


@pytest.mark.parametrize("turned", [False, True])
def test_the_same_picture_twice_stops_be_it_mirrored(turned):
    copy = gray("left-cc")
    exam = views({"right-cc": copy[:, ::-1] if turned else copy})
    stops = [one.sentence for one in exam_checks(exam) if one.status == "stop"]
    assert "The left CC and the right CC view are the same picture." in stops
