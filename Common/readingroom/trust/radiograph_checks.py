"""Checks of a frontal chest radiograph before any number is shown: header first, then the pixels.

The limits were set on 904 real frontal chest radiographs of three sources and on real CT and MR slices, mammograms and
photographs; the chest template (`chest_template`) was made from 700 of the former. On the same radiographs they stop 5
(one lies upside down) and warn of 4; of 904 inverted copies they stop 902, of 520 CT slices 516, of 194 mammograms 186.
"""

from __future__ import annotations

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
TURN_MARGIN = 0.15  # how much better the template must fit the picture inverted or turned
TURNED_FIT = 0.77  # a mammogram fits sideways at up to 0.76, a chest with one white lung at up to 0.70
CHEST_WARN, CHEST_STOP = 0.5, 0.45  # correlation with the chest template
CHEST_DOUBT, DOUBT_MARGIN = 0.55, 0.2  # a weak fit counts as none where the picture fits that much better turned


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
        return (*checks, Check("contrast", "stop", "The picture is one flat shade: there is nothing on it.", 0.0))
    features = picture_features(gray)
    checks += [_contrast(features), _noise(features), _hand(features), _slice(features)]
    checks += [_gray_scale(features, image), _orientation(features), _anatomy(features)]
    return _up_to_stop(checks)


def _up_to_stop(checks: list[Check]) -> tuple[Check, ...]:
    stops = [number for number, check in enumerate(checks) if check.status == "stop"]
    return tuple(checks[: stops[0] + 1] if stops else checks)


def _size(gray: NDArray[np.floating]) -> Check:
    rows, columns = gray.shape
    shorter, longer = sorted((rows, columns))
    size = f"{columns} x {rows} pixels"
    if shorter < SMALLEST_SIDE:
        return Check("size", "stop", f"The picture has {size}, too few for a radiograph.", shorter, SMALLEST_SIDE)
    if longer > LONGEST_ASPECT * shorter:
        return Check("size", "stop", f"The picture has {size}, a strip that cannot show a chest.", shorter)
    if shorter < COMFORTABLE_SIDE:
        return Check("size", "warn", f"The picture has only {size}; detail is lost.", shorter, COMFORTABLE_SIDE)
    return Check("size", "pass", f"The picture has {size}.", shorter, COMFORTABLE_SIDE)


def _color(fraction: float) -> Check:
    if fraction > COLOR_STOP:
        sentence = f"{fraction:.0%} of the picture is colored: this is a photograph or a drawing, not a radiograph."
        return Check("color", "stop", sentence, fraction, COLOR_STOP)
    if fraction > COLOR_WARN:
        sentence = f"{fraction:.0%} of the picture is colored; marks or captions may mislead the network."
        return Check("color", "warn", sentence, fraction, COLOR_WARN)
    return Check("color", "pass", "The picture is gray.", fraction, COLOR_WARN)


def _contrast(features: PictureFeatures) -> Check:
    value = features.contrast
    if value < CONTRAST_STOP:
        sentence = "The picture has almost no contrast: it is blank, black or washed out."
        return Check("contrast", "stop", sentence, value, CONTRAST_STOP)
    if features.gray_levels < FEWEST_GRAY_LEVELS:
        sentence = f"The picture has only {features.gray_levels} shades of gray: a mask or a drawing, not a radiograph."
        return Check("contrast", "stop", sentence, features.gray_levels, FEWEST_GRAY_LEVELS)
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
        features.bars > 0.17
        and features.background > 0.5
        and features.smoothness > 0.965
        and features.match.best < 0.75
    ):
        sentence = (
            "Several separate bars lie on a dark background, as on a radiograph of a hand or foot, not of a chest."
        )
        return Check("limb", "stop", sentence, features.bars, 0.17)
    return Check("limb", "pass", "The picture does not look like a hand or foot.", features.bars, 0.17)


def _slice(features: PictureFeatures) -> Check:
    """A slice has sharp edges and few midtones, a projection soft ones: everything lies over everything else."""
    value = sliceness(features)
    if value > 0 and features.edges > 0.085:
        sentence = "Edges are as sharp as on a CT or MR slice or a photograph; a radiograph shows overlapping shadows."
        return Check("projection", "stop", sentence, features.edges, 0.085)
    return Check("projection", "pass", "The picture shows overlapping shadows, as a radiograph does.", features.edges)


def sliceness(features: PictureFeatures) -> float:
    """Above 0 for a slice: sharp edges, few midtones, much background, no fit of the chest template in any position."""
    misfit = 0.4 - features.match.best
    return features.edges + 0.2 * misfit + 0.1 * (0.3 - features.midtones) + 0.05 * features.background - 0.09


def _gray_scale(features: PictureFeatures, image: StudyImage) -> Check:
    match = features.match
    margin = match.inverted - match.upright
    if margin > TURN_MARGIN and match.inverted > 0.5 and match.inverted >= max(match.upside_down, match.sideways):
        tag = image.fact("PhotometricInterpretation")
        says = f" although its header says {tag}" if tag else ""
        sentence = (
            f"Light and dark are swapped{says}: the lungs are bright and the bones dark. Invert the picture first."
        )
        return Check("gray scale", "stop", sentence, margin, TURN_MARGIN)
    return Check("gray scale", "pass", "Bones are bright and lungs dark.", margin, TURN_MARGIN)


def _orientation(features: PictureFeatures) -> Check:
    match = features.match
    margin = max(match.upside_down, match.sideways, match.turned_inverted) - match.upright
    if margin > TURN_MARGIN and match.best > TURNED_FIT:
        how = "upside down" if match.upside_down == match.best else "turned"
        return Check(
            "orientation", "stop", f"The chest seems to lie {how}. Turn the picture first.", margin, TURN_MARGIN
        )
    return Check("orientation", "pass", "The picture is the right way up.", margin, TURN_MARGIN)


def _anatomy(features: PictureFeatures) -> Check:
    value = features.match.upright
    if value < CHEST_STOP or (value < CHEST_DOUBT and features.match.best - value > DOUBT_MARGIN):
        sentence = "No frontal chest is to be seen: two dark lungs beside a bright center are not found."
        return Check("chest", "stop", sentence, value, CHEST_STOP)
    if value < CHEST_WARN:
        sentence = "The picture is an unusual frontal chest: lungs and center are hard to find."
        return Check("chest", "warn", sentence, value, CHEST_WARN)
    return Check("chest", "pass", "Two lungs beside a bright center are found.", value, CHEST_WARN)
