"""Checks of a frontal chest radiograph before any number is shown: header first, then the pixels.

Most limits were set on 904 frontal chest radiographs of three sources and on CT and MR slices, mammograms and
photographs, those of gray scale, orientation and chest on one half of the patients of 6,216 radiographs, of children
too (`chest_likeness`, `chest_template`). How often they are wrong on the other half stands in ``docs/checks.md``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..reading import Check, has_stop
from ..study import StudyImage
from .header_checks import header_checks
from .picture_features import PictureFeatures, picture_features

SMALLEST_SIDE = 150  # pixels; below, ribs and vessels run into each other
COMFORTABLE_SIDE = 224  # what the networks take in
LONGEST_ASPECT = 3.0
COLOR_WARN, COLOR_STOP = 0.02, 0.2  # share of visibly colored pixels
CONTRAST_WARN, CONTRAST_STOP = 0.15, 0.05  # 99th minus 1st percentile; the radiographs had 0.25 or more
FEWEST_GRAY_LEVELS = 24  # of 256; the radiographs had 120 or more
LEAST_EDGES = 0.015  # the radiographs had 0.021 or more
LEAST_SMOOTHNESS = 0.7  # the radiographs had 0.93 or more
FEWEST_BARS_OF_A_HAND, BACKGROUND_OF_A_HAND, SMOOTHNESS_OF_A_HAND = 0.17, 0.5, 0.965
EDGES_OF_A_SLICE = 0.085
CHEST_WARN, CHEST_STOP = 0.5, 0.25  # likeness; 4 films in 1,000 of the half that it was set on lie below
OTHERWISE_A_CHEST = 0.5  # likeness of a picture that was inverted or turned
TURN_MARGIN = 0.15  # how much better the template must fit the picture inverted or turned
INVERTED_FIT, TURNED_FIT = 0.5, 0.77  # a mammogram fits sideways at up to 0.76
# An adult's chest in a wide frame: no mammogram or side view fits so well, and a chest on its side is one if turned.
TEMPLATE_FITS, TEMPLATE_MARGIN, SURELY_OTHERWISE = 0.65, 0.05, 0.9


def checks_before(image: StudyImage, gray: NDArray[np.floating], color_fraction: float = 0.0) -> tuple[Check, ...]:
    """All checks that need no network, in the order in which a person would ask them.

    The pixel checks end at the first one that stops, since the later ones would then mean nothing.

    Parameters
    ----------
    gray : ``[j, i]``, 0 to 1, bone bright, as `imaging.radiograph_loading.load_radiograph` gives it
    color_fraction : share of pixels that were visibly not gray
    """
    return (*header_checks(image), *pixel_checks(image, gray, color_fraction))


def pixel_checks(image: StudyImage, gray: NDArray[np.floating], color_fraction: float = 0.0) -> tuple[Check, ...]:
    """Size, color, contrast, noise, kind of picture, gray scale, orientation and chest anatomy."""
    checks = [_size(gray), _color(color_fraction)]
    if has_stop(checks):
        return _up_to_stop(checks)
    if np.ptp(gray) == 0:
        sentence = "The picture is one flat shade: there is nothing on it."
        return (*checks, Check("contrast", "stop", sentence, 0.0, CONTRAST_STOP))
    return _up_to_stop([*checks, *feature_checks(picture_features(gray), image)])


def feature_checks(features: PictureFeatures, image: StudyImage) -> list[Check]:
    """What the features of a picture say: contrast, noise, kind of picture, gray scale, orientation, chest anatomy."""
    checks = [_contrast(features), _noise(features), _hand(features), _slice(features)]
    return [*checks, *_chest(features, image)]


def _up_to_stop(checks: list[Check]) -> tuple[Check, ...]:
    stops = [number for number, check in enumerate(checks) if check.status == "stop"]
    return tuple(checks[: stops[0] + 1] if stops else checks)


def _size(gray: NDArray[np.floating]) -> Check:
    rows, columns = gray.shape
    shorter, longer = sorted((rows, columns))
    size = f"{columns} x {rows} pixels"
    if shorter < SMALLEST_SIDE:
        sentence = f"The picture has {size}, too few for a radiograph."
        return Check("size", "stop", sentence, shorter, SMALLEST_SIDE, "{pixels}")
    if longer > LONGEST_ASPECT * shorter:
        sentence = f"The picture has {size}, a strip that cannot show a chest."
        return Check("size", "stop", sentence, longer / shorter, LONGEST_ASPECT)
    if shorter < COMFORTABLE_SIDE:
        sentence = f"The picture has only {size}; detail is lost."
        return Check("size", "warn", sentence, shorter, COMFORTABLE_SIDE, "{pixels}")
    return Check("size", "pass", f"The picture has {size}.", shorter, COMFORTABLE_SIDE, "{pixels}")


def _color(fraction: float) -> Check:
    colored = 100 * fraction
    if fraction > COLOR_STOP:
        sentence = f"{fraction:.0%} of the picture is colored: this is a photograph or a drawing, not a radiograph."
        return Check("color", "stop", sentence, colored, 100 * COLOR_STOP, "%")
    if fraction > COLOR_WARN:
        sentence = f"{fraction:.0%} of the picture is colored; marks or captions may mislead the network."
        return Check("color", "warn", sentence, colored, 100 * COLOR_WARN, "%")
    return Check("color", "pass", "The picture is gray.", colored, 100 * COLOR_WARN, "%")


def _contrast(features: PictureFeatures) -> Check:
    value = features.contrast
    if value < CONTRAST_STOP:
        sentence = "The picture has almost no contrast: it is blank, black or washed out."
        return Check("contrast", "stop", sentence, value, CONTRAST_STOP)
    if features.gray_levels < FEWEST_GRAY_LEVELS:
        sentence = f"The picture has only {features.gray_levels} shades of gray: a mask or a drawing, not a radiograph."
        return Check("contrast", "stop", sentence, features.gray_levels, FEWEST_GRAY_LEVELS, "{shades}")
    if features.edges < LEAST_EDGES:
        sentence = "The picture has no edges, only a smooth shading: no anatomy can be seen."
        return Check("contrast", "stop", sentence, features.edges, LEAST_EDGES)
    if value < CONTRAST_WARN:
        sentence = "The picture has very little contrast; check the window or the exposure."
        return Check("contrast", "warn", sentence, value, CONTRAST_WARN)
    return Check("contrast", "pass", "The contrast is that of a radiograph.", value, CONTRAST_WARN)


def _noise(features: PictureFeatures) -> Check:
    value = features.smoothness
    if value < LEAST_SMOOTHNESS:
        sentence = "Neighboring pixels have little to do with each other: the picture is noise or damaged."
        return Check("noise", "stop", sentence, value, LEAST_SMOOTHNESS)
    return Check("noise", "pass", "The picture is not dominated by noise.", value, LEAST_SMOOTHNESS)


def _hand(features: PictureFeatures) -> Check:
    """Four or more separate parts side by side, on a dark background, smooth as a projection is."""
    if (
        features.bars > FEWEST_BARS_OF_A_HAND
        and features.background > BACKGROUND_OF_A_HAND
        and features.smoothness > SMOOTHNESS_OF_A_HAND
        and features.match.best < 0.75
    ):
        sentence = (
            "Several separate bars lie on a dark background, as on a radiograph of a hand or foot, not of a chest."
        )
        return Check("limb", "stop", sentence, features.bars, FEWEST_BARS_OF_A_HAND)
    return Check("limb", "pass", "The picture does not look like a hand or foot.", features.bars, FEWEST_BARS_OF_A_HAND)


def _slice(features: PictureFeatures) -> Check:
    """A slice has sharp edges and few midtones, a projection soft ones: everything lies over everything else."""
    value = sliceness(features)
    if value > 0 and features.edges > EDGES_OF_A_SLICE:
        sentence = "Edges are as sharp as on a CT or MR slice or a photograph; a radiograph shows overlapping shadows."
        return Check("projection", "stop", sentence, features.edges, EDGES_OF_A_SLICE)
    sentence = "The picture shows overlapping shadows, as a radiograph does."
    return Check("projection", "pass", sentence, features.edges, EDGES_OF_A_SLICE)


def sliceness(features: PictureFeatures) -> float:
    """Above 0 for a slice: sharp edges, few midtones, much background, no fit of the chest template in any position."""
    misfit = 0.4 - features.match.best
    return features.edges + 0.2 * misfit + 0.1 * (0.3 - features.midtones) + 0.05 * features.background - 0.09


def _chest(features: PictureFeatures, image: StudyImage) -> tuple[Check, Check, Check]:
    """Gray scale, orientation and chest anatomy: is it a chest as it is, and if not, is it one inverted or turned?"""
    chest = _anatomy(features)
    wrong = _how_it_is_one(features) if chest.status == "stop" else ""
    gray_scale = replace(chest, name="gray scale", status="pass", sentence="Bones are bright and lungs dark.")
    if wrong == "inverted":
        tag = image.fact("PhotometricInterpretation")
        says = f" although its header says {tag}" if tag else ""
        sentence = (
            f"Light and dark are swapped{says}: the lungs are bright and the bones dark. Invert the picture first."
        )
        gray_scale = replace(gray_scale, status="stop", sentence=sentence)
    orientation = replace(chest, name="orientation", status="pass", sentence="The picture is the right way up.")
    if wrong in ("upside down", "turned"):
        sentence = f"The chest seems to lie {wrong}. Turn the picture first."
        orientation = replace(orientation, status="stop", sentence=sentence)
    return gray_scale, orientation, chest


def _how_it_is_one(features: PictureFeatures) -> str:
    """``inverted``, ``upside down`` or ``turned``, where the picture is a chest so; else empty.

    A small or drawn chest, which is unlike a radiograph as a whole, is still found by the template.
    """
    likeness, match = features.likeness, features.match
    turned = max(likeness.upside_down, likeness.sideways, likeness.turned_inverted)
    if likeness.inverted > max(OTHERWISE_A_CHEST, turned):
        return "inverted"
    if turned > OTHERWISE_A_CHEST:
        return "upside down" if likeness.upside_down == turned else "turned"
    if match.best - match.upright <= TURN_MARGIN:
        return ""
    if match.inverted > INVERTED_FIT and match.inverted >= max(match.upside_down, match.sideways):
        return "inverted"
    if match.best > TURNED_FIT:
        return "upside down" if match.upside_down == match.best else "turned"
    return ""


def _anatomy(features: PictureFeatures) -> Check:
    value, match = features.likeness.upright, features.match
    fits = match.upright > TEMPLATE_FITS and match.upright > match.best - TEMPLATE_MARGIN
    fits = fits and features.likeness.otherwise < SURELY_OTHERWISE
    if value >= CHEST_WARN or fits:
        return Check("chest", "pass", "Two lungs beside a bright center are found.", value, CHEST_WARN)
    if value < CHEST_STOP:
        sentence = "No frontal chest is to be seen: two dark lungs beside a bright center are not found."
        return Check("chest", "stop", sentence, value, CHEST_STOP)
    sentence = "The picture is an unusual frontal chest: lungs and center are hard to find."
    return Check("chest", "warn", sentence, value, CHEST_WARN)
