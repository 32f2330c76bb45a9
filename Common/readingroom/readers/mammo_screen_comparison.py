"""What differs on a mammography exam: between the two breasts, and from an earlier exam. No difference is a lesion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..bundles.metadata import ClassifierMetadata
from ..imaging.breast_comparison import brighter_places
from ..imaging.mammography_exam import VIEW_ROLES
from ..reading import Comparison, HeatMap, MapShows
from .answer import Answer, Case, MapLayer, Prediction
from .base import ReadContext
from .mammo_screen import PRIOR, breast_logits, positive_label
from .mammo_screen_answer import breast_name, density_name
from .results import heat_map_path

if TYPE_CHECKING:
    from .mammo_screen import Details

_OTHER = {"left": "right", "right": "left"}
_LEVELS = (0.5, 0.75)
_METHODS: dict[MapShows, str] = {
    "asymmetry": "brighter than the other breast, laid over each other by outline and nipple",
    "change": "brighter than on the prior, laid over each other by outline and nipple",
}


def with_comparisons(case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
    """The answer with the maps of what differs, and the numbers now against those of the prior."""
    maps = (*answer.maps, *_maps(case, context))
    return replace(answer, maps=maps, comparisons=tuple(_numbers(case, prediction.details, context)))


def _maps(case: Case, context: ReadContext) -> Iterator[MapLayer]:
    for role in VIEW_ROLES:
        if role not in case.images:
            continue
        side, view = role.split("-")
        others: dict[MapShows, str] = {"asymmetry": f"{_OTHER[side]}-{view}", "change": PRIOR + role}
        for shows, other in others.items():
            if other in case.images and case.images[role].breast.found and case.images[other].breast.found:
                yield _map(case, role, other, shows)


def _map(case: Case, role: str, other: str, shows: MapShows) -> MapLayer:
    ours, theirs = case.images[role], case.images[other]
    heat = brighter_places(ours.small, ours.outline, theirs.small, theirs.outline)
    finding = breast_name(role.partition("-")[0])
    path = heat_map_path(role, finding, shows)
    heat_map = HeatMap(finding, role, _METHODS[shows], path, _LEVELS, shows=shows)
    return MapLayer(heat_map, ours.placed(heat))


def _numbers(case: Case, details: Details, context: ReadContext) -> Iterator[Comparison]:
    """Probability and density of each breast, of which both exams show a view."""
    from .probabilities import calibrate

    metadata = context.bundle.of_kind(ClassifierMetadata)
    positive = positive_label(metadata)
    now = breast_logits(details.roles, details.logits, metadata)
    before = breast_logits(details.roles, details.logits, metadata, PRIOR)
    for side in now:
        if side not in before:
            continue
        image, prior = (
            next(role for role in details.roles if role.startswith(f"{prefix}{side}-")) for prefix in ("", PRIOR)
        )
        chance = [100 * float(calibrate(metadata, one[side]).probabilities[positive]) for one in (now, before)]
        title = f"{metadata.labels[positive].title}, {side} breast"
        yield Comparison(breast_name(side), title, "%", chance[0], chance[1], image, prior)
        both = [role for role in VIEW_ROLES if role.startswith(side) and {role, PRIOR + role} <= set(case.images)]
        if both:
            dense = [float(np.mean([case.images[prefix + role].density for role in both])) for prefix in ("", PRIOR)]
            title = f"Dense tissue by area, {side} breast"
            yield Comparison(density_name(side), title, "%", dense[0], dense[1], both[0], PRIOR + both[0])
