"""The lungs of a chest radiograph, drawn by somebody or found, and what follows from them.

Where in the lungs the map lies, whether it lies there more than by chance, and how wide the heart is within the chest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formatting import percent
from ..imaging.blocks import block_means, block_middles, block_side
from ..imaging.heart_borders import heart_columns
from ..imaging.lungs import Lungs
from ..imaging.organ import Booleans
from ..imaging.radiograph_lungs import chest_columns, part_lungs, sums_by_zone
from ..reading import Check, Interval, KeyPicture, Measurement, Reading, Region
from .answer import Answer, Case, CorrectedMask, PictureLayer, RegionLayer
from .base import ReadContext
from .lung_masks import completed, lung_mask_roles
from .results import REGIONS, picture_path, segments_path

Heat = NDArray[np.float32]

FRONTAL = "frontal"
ROLES = lung_mask_roles(FRONTAL)
_COLORS = {"right-lung": (0.3, 0.7, 0.9), "left-lung": (0.5, 0.85, 0.6)}
_LEVEL = 0.75  # of the map's hottest point: the region that the box holds
_MOST_OUTSIDE = 0.5  # of that region; of 71 films of adults whose lungs people drew, one in ten had more
_RATIO = "cardiothoracic-ratio"
_OFF_BY = (-0.07, 0.06)  # 95 % limits of agreement with measurements by hand, docs/results.md
_TITLES = {
    "PA": "Cardiothoracic ratio (estimate)",
    "AP": "Cardiothoracic ratio (estimate; an AP film makes it too large)",
}
_TITLE_OF_ANY = "Cardiothoracic ratio (estimate; too large if this is an AP film)"


def with_lungs(case: Case, answer: Answer, context: ReadContext) -> Answer:
    """The answer with the lungs, the share of the main map in each zone of them, and the cardiothoracic ratio.

    Checks of the map's place are added to the context: by the lungs, or by the body where no lungs were found.
    """
    gray = case.images[FRONTAL].gray
    heat = np.asarray(answer.maps[0].heat).reshape(gray.shape)
    found = _lungs(case, context)
    body = round(body_share(gray), 4)  # as a correction will know it
    if found is None:
        context.check(_body_check(heat, gray))
        return answer
    lungs, source = found
    context.check(*(map_checks(heat, lungs, body) if heat.any() else (_body_check(heat, gray),)))
    finding = next(one.title for one in answer.findings if one.name == answer.maps[0].heat_map.finding)
    heart, chest = heart_columns(gray, lungs), chest_columns(lungs)
    settings: dict[str, Any] = {"lungs": source, "share_of_body": body}
    if heart is not None and chest is not None:
        settings |= {"heart_columns": [round(at) for at in heart], "chest_columns": list(chest)}
    elif chest is not None:
        context.note("No cardiothoracic ratio: a border of the heart shows too little.")
    view = case.study.image(FRONTAL).fact("ViewPosition")
    return replace(
        answer,
        measurements=(*answer.measurements, *_of_zones(heat, lungs, finding), *_ratio(settings, view)),
        regions=(*answer.regions, *_regions(case, lungs)),
        pictures=(*answer.pictures, _picture(gray, lungs, settings)),
        settings={**answer.settings, **settings},
    )


def _lungs(case: Case, context: ReadContext) -> tuple[Lungs, str] | None:
    """Both lungs ``[j, i]`` and who drew them; None where there are none to be had."""
    from .radiograph_lungs import BUNDLE, find_lungs

    gray = case.images[FRONTAL].gray
    mirrored = case.study.image(FRONTAL).fact("PatientOrientation").startswith("R")

    def found() -> Lungs | None:
        lungs = find_lungs(gray, context)
        return Lungs(lungs.left, lungs.right) if lungs is not None and mirrored else lungs

    def found_or_none() -> Lungs:
        nothing = np.zeros(gray.shape, bool)
        return found() or Lungs(nothing, nothing)

    given = {role: mask.reshape(gray.shape) for role, mask in case.masks.items()}
    lungs = completed(given, lambda both: part_lungs(both, mirrored), found_or_none, context)
    if lungs is not None:
        return lungs, "the mask that was given"
    lungs = found()
    if lungs is None:
        context.note("No lungs were found: the map was held against the body.")
    return None if lungs is None else (lungs, BUNDLE)


def _body_check(heat: Heat, gray: NDArray[np.float32]) -> Check:
    from ..trust.body import map_outside_body_check

    return map_outside_body_check(heat, gray)


def body_share(gray: NDArray[np.float32]) -> float:
    """Share of the picture that is body, 0 to 1."""
    from ..trust.body import body_mask

    step = block_side(gray.shape)
    return float(body_mask(block_means(gray, step)).mean())


def map_checks(heat: Heat, lungs: Lungs, body: float) -> tuple[Check, Check]:
    """Whether a map prefers the lungs to the rest of the body, and where its hottest region lies.

    Parameters
    ----------
    heat : ``[j, i]``, not 0 everywhere
    body : share of the picture that is body, 0 to 1
    """
    both = lungs.both
    total = float(heat.sum(dtype=np.float64))
    inside = float(heat[both].sum(dtype=np.float64)) / total
    even = min(float(np.count_nonzero(both)) / max(body * both.size, 1.0), 1.0)  # of a map that is the same everywhere
    zone, most = max(sums_by_zone(heat, lungs).items(), key=lambda item: item[1])
    numbers = 100 * (1 - inside), 100 * (1 - even), "%"
    if inside <= even:
        sentence = (
            f"Only {percent(inside)} of the map lies on the lungs, no more than of a map that is even over the body "
            f"({percent(even)}): it does not point at the lungs."
        )
        place = Check("map in lungs", "warn", sentence, *numbers)
    else:
        sentence = (
            f"{percent(inside)} of the map lies on the lungs, most of it in the {zone.title.lower()} zone "
            f"({percent(most / total)}); of a map that is even over the body, {percent(even)} would."
        )
        place = Check("map in lungs", "pass", sentence, *numbers)
    return place, _hottest_check(heat, both)


def _hottest_check(heat: Heat, both: Booleans) -> Check:
    hottest = heat >= _LEVEL * heat.max()
    outside = 1 - float(np.count_nonzero(hottest & both)) / float(np.count_nonzero(hottest))
    numbers = 100 * outside, 100 * _MOST_OUTSIDE, "%"
    if outside > _MOST_OUTSIDE:
        sentence = f"{percent(outside)} of the hottest region of the map lies outside the lungs."
        return Check("hottest region in lungs", "warn", sentence, *numbers)
    sentence = f"{percent(1 - outside)} of the hottest region of the map lies on the lungs."
    return Check("hottest region in lungs", "pass", sentence, *numbers)


def _of_zones(heat: Heat, lungs: Lungs, finding: str) -> Iterator[Measurement]:
    """The share of the map in each zone."""
    total = float(heat.sum(dtype=np.float64))
    for zone, part in sums_by_zone(heat, lungs).items():
        share = 100 * part / total if total > 0 else 0.0
        yield Measurement(f"map-{zone.name}", f"Map of {finding}", share, "%", image=FRONTAL, part=zone.title)


def _ratio(settings: Mapping[str, Any], view: str) -> Iterator[Measurement]:
    """Of the columns that the settings of a reading name; nothing where there are none."""
    if "heart_columns" not in settings:
        return
    heart, chest = (float(np.diff(settings[name])[0]) for name in ("heart_columns", "chest_columns"))
    ratio = round(heart / chest, 2)  # an estimate, off by more than that
    off = Interval(ratio - _OFF_BY[1], ratio - _OFF_BY[0])
    yield Measurement(_RATIO, _TITLES.get(view, _TITLE_OF_ANY), ratio, "1", off, image=FRONTAL)


def _regions(case: Case, lungs: Lungs) -> Iterator[RegionLayer]:
    shape = tuple(reversed(case.images[FRONTAL].image.GetSize()))
    for role, mask in zip(ROLES, (lungs.right, lungs.left), strict=False):
        region = Region(role.name, role.title, FRONTAL, segments_path(FRONTAL), role.code, color=_COLORS[role.name])
        yield RegionLayer(region, mask.reshape(shape))


def _picture(gray: NDArray[np.float32], lungs: Lungs, settings: Mapping[str, Any]) -> PictureLayer:
    """The outlines of the lungs, and below each other the widths of heart and chest."""
    from scipy import ndimage

    step = block_side(gray.shape)
    drawn = block_means(gray, step).copy()
    rows, columns = block_middles(gray.shape, step)
    thick = max(drawn.shape) // 400 + 1
    for lung in (lungs.right, lungs.left):
        part = lung[np.ix_(rows, columns)]
        drawn[part & ~ndimage.binary_erosion(part, iterations=thick)] = 1
    caption = "The lungs."
    if "heart_columns" in settings:
        held = np.flatnonzero(lungs.both.any(axis=1)) // step
        for name, share in (("heart_columns", 0.8), ("chest_columns", 0.9)):
            row = int(held[0] + share * (held[-1] - held[0]))
            first, last = (int(at) // step for at in settings[name])
            drawn[row - thick : row + thick, first:last] = 1
            for end in (first, last):
                drawn[row - 6 * thick : row + 6 * thick, max(end - thick, 0) : end + thick] = 1
        caption = "The lungs, and how wide the heart (above) and the chest (below) were taken to be."
    return PictureLayer(KeyPicture(picture_path(FRONTAL, REGIONS), caption, FRONTAL), drawn, block=step)


def with_corrected_lungs(reading: Reading, corrected: CorrectedMask) -> Reading:
    """The reading with zones, the checks of the map's place and the width of the chest by the lungs as they are now.

    The heart's width stays as it was measured.
    """
    title = next(role.title for role in ROLES if role.name == corrected.role)
    told = f"{title}: {corrected.source}; zones, place of the map and width of the chest follow it."
    masks = (mask if mask.role != corrected.role else replace(mask, source=corrected.source)
             for mask in reading.study.masks)  # fmt: skip
    settings = dict(reading.provenance.settings)
    notes = tuple(dict.fromkeys((*reading.provenance.notes, told)))
    now: list[Measurement] = []
    checks = reading.checks
    heat = corrected.maps.get(FRONTAL)
    shape = next(iter(corrected.regions.values())).shape[-2:]
    right, left = (corrected.regions[role.name].reshape(shape) for role in ROLES[:2])
    lungs = Lungs(right, left & ~right)
    if heat is not None and heat.any() and "share_of_body" in settings:
        flat = heat.reshape(shape)
        finding = next(one.finding for one in reading.heat_maps if one.shows == "evidence")
        now += _of_zones(flat, lungs, reading.finding(finding).title)
        new = {check.name: check for check in map_checks(flat, lungs, settings["share_of_body"])}
        checks = tuple(new.get(check.name, check) for check in checks)
    chest = chest_columns(lungs)
    if "heart_columns" in settings and chest is not None:
        settings["chest_columns"] = list(chest)
        now += _ratio(settings, reading.study.image(FRONTAL).fact("ViewPosition"))
    by_name = {one.name: one for one in now}
    return replace(
        reading,
        study=replace(reading.study, masks=tuple(masks)),
        measurements=tuple(by_name.get(one.name, one) for one in reading.measurements),
        checks=checks,
        provenance=replace(reading.provenance, settings=settings, notes=notes),
    )
