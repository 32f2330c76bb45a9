"""The prior CT read in the same way, laid over the present one, and what has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .. import codes
from ..bundles.metadata import ClassifierMetadata
from ..formatting import decimal, percent
from ..imaging.lung_zones import SIDES, THIRDS, ZONES, zone_labels
from ..imaging.lungs import Lungs
from ..reading import Check, Comparison, HeatMap, Region
from .answer import Answer, Case, MapLayer, Prediction, RegionLayer
from .base import ReadContext
from .pasc_fibrosis_answer import CT, FINDING, SUSPICIOUS, Booleans, Heat, heat_of, voxel_ml
from .results import heat_map_path, segments_path

if TYPE_CHECKING:
    from ..imaging.registration import Registration

PRIOR = "prior-ct"
_LEAST_DICE = 0.9  # of the lungs; below, places are not compared
_BEND_BELOW = 0.95  # another breath: the displacement field is worth its time
_LEVELS = (SUSPICIOUS, 0.75)
_MORE, _LESS = (0.85, 0.2, 0.6), (0.2, 0.6, 0.85)


def compared(case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
    """The answer with the prior's map, the change of each number and, where both fit, the places that changed."""
    from ..imaging.registration import register
    from .pasc_fibrosis import ask, probability_of

    metadata = context.bundle.of_kind(ClassifierMetadata)
    whole = context.progress
    context.progress(0.0, "Reading the prior.")
    present, prior = prediction.details, ask(context.model, case, PRIOR, context, checked=False)
    now_heat, prior_heat = answer.maps[0].heat, heat_of(prior, metadata)
    now_lungs, prior_lungs = present.lungs.lungs, prior.lungs.lungs
    images = case.images[CT].image, case.images[PRIOR].image
    fit = register(*images, now_lungs, prior_lungs, progress=whole.part(0.3, 0.6))
    if fit.dice < _BEND_BELOW:
        fit = register(*images, now_lungs, prior_lungs, deformable=True, progress=whole.part(0.6, 1.0))
    context.check(_fit_check(fit))
    comparisons = [
        Comparison(
            "probability", "Probability of lasting fibrotic change", "%",
            100 * probability_of(prediction.logits, metadata), 100 * probability_of(prior.answers.logits, metadata),
            CT, PRIOR,
        ),
        *_amounts((now_heat, now_lungs, images[0]), (prior_heat, prior_lungs, images[1])),
    ]  # fmt: skip
    heat_map = HeatMap(FINDING, PRIOR, "cam, local", heat_map_path(PRIOR, FINDING), _LEVELS)
    return replace(
        answer,
        comparisons=answer.comparisons + tuple(comparisons),
        maps=(*answer.maps, MapLayer(heat_map, prior_heat)),
        regions=answer.regions + tuple(_changed_places(now_heat, prior_heat, now_lungs.both, fit, case)),
        settings={**answer.settings, "registration": {"dice": fit.dice, "correlation": fit.correlation}},
    )


def _fit_check(fit: Registration) -> Check:
    words = f"{percent(fit.dice)} of the lungs overlap, correlation {decimal(fit.correlation)}"
    if fit.dice < _LEAST_DICE:
        sentence = f"The prior does not fit the present CT ({words}): numbers are compared, places are not."
        return Check("prior fits", "warn", sentence, fit.dice, _LEAST_DICE)
    return Check("prior fits", "pass", f"The prior was laid over the present CT ({words}).", fit.dice, _LEAST_DICE)


def _amounts(now: tuple, prior: tuple) -> Iterator[Comparison]:
    """Volumes of the lungs, and of what is suspicious: in all, and by third and side."""
    tables = [dict(_volumes(*each)) for each in (now, prior)]
    for name in tables[0]:
        code = codes.VOLUME if name.endswith("lung") else None
        yield Comparison(
            name.replace(" ", "-"), name[0].upper() + name[1:], "mL", tables[0][name], tables[1][name], CT, PRIOR,
            code=code,
        )  # fmt: skip


def _volumes(heat: Heat, lungs: Lungs, image: object) -> Iterator[tuple[str, float]]:
    ml = voxel_ml(image)
    for side in SIDES:
        yield f"volume of the {side} lung", float(getattr(lungs, side).sum() * ml)
    suspicious = (heat >= SUSPICIOUS) & lungs.both
    yield "suspicious lung", float(suspicious.sum() * ml)
    labels = zone_labels(lungs, tuple(reversed(image.GetSpacing())))  # type: ignore[attr-defined]
    found = np.bincount(labels[suspicious], minlength=len(ZONES) + 1)[1:]
    for side in SIDES:
        for third in THIRDS:
            here = [(zone.side, zone.third) == (side, third) for zone in ZONES]
            yield f"suspicious, {side} {third} zone", float(found[here].sum() * ml)


def _changed_places(now: Heat, prior: Heat, lungs: Booleans, fit: Registration, case: Case) -> Iterator[RegionLayer]:
    """Lung that is suspicious now and was not, and the other way round; none where the prior does not fit."""
    import SimpleITK

    if fit.dice < _LEAST_DICE:
        return
    image = SimpleITK.GetImageFromArray(prior)
    image.CopyInformation(case.images[PRIOR].image)
    before = fit.on_present(image, outside=0.0) >= SUSPICIOUS
    here = now >= SUSPICIOUS
    ml = voxel_ml(case.images[CT].image)
    for name, title, mask, color in (
        ("newly-suspicious", "Suspicious now, not on the prior", here & ~before & lungs, _MORE),
        ("no-longer-suspicious", "Suspicious on the prior, not now", before & ~here & lungs, _LESS),
    ):
        if mask.any():
            region = Region(name, title, CT, segments_path(CT), volume_ml=float(mask.sum() * ml), color=color)
            yield RegionLayer(region, mask)
