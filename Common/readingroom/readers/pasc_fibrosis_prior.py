"""The prior CT read in the same way, laid over the present one, and what has changed."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .. import codes
from ..bundles.metadata import ClassifierMetadata
from ..errors import InputError
from ..formatting import decimal, listed, percent
from ..imaging.between_slices import Heat
from ..imaging.lung_zones import SIDES, zone_labels
from ..imaging.segments import AtLeast
from ..reading import Check, Comparison, HeatMap, Interval, Region
from .answer import Answer, Case, MapLayer, Prediction, RegionLayer
from .base import ReadContext
from .lung_priors import asked_of_prior
from .lung_regions import voxel_ml
from .map_in_lungs import map_in_lungs
from .pasc_fibrosis import CT, PRIOR
from .pasc_fibrosis_answer import (
    DENSITY,
    FINDING,
    SUSPICIOUS,
    heat_of,
    lung_density,
    parts_of_lungs,
)
from .results import heat_map_path, segments_path

if TYPE_CHECKING:
    import SimpleITK

    from ..imaging.registration import Registration
    from ..imaging.volume import Volume
    from ..progress import Progress
    from .pasc_fibrosis import Details

_LEAST_DICE = 0.9  # of the lungs; below, places are not compared
_BEND_BELOW = 0.95  # another breath: the displacement field is worth its time
_LEVELS = (SUSPICIOUS, 0.75)
_MORE, _LESS = (0.85, 0.2, 0.6), (0.2, 0.6, 0.85)


@dataclass(frozen=True, eq=False)
class _Read:
    """One of the two CTs, with its map."""

    volume: Volume
    details: Details
    heat: Heat


def compared(case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
    """The answer with the prior's map, the change of each number and, where both fit, the places that changed."""
    from .pasc_fibrosis import ask

    metadata = context.bundle.of_kind(ClassifierMetadata)
    whole = context.progress
    asked = functools.partial(ask, context.model, case, PRIOR, context, whole.part(0.0, 0.3), checked=False)
    details = asked_of_prior(asked, case.images[PRIOR], context)
    if details is None:
        return answer
    now = _Read(case.images[CT], prediction.details, answer.maps[0].heat)
    prior = _Read(case.images[PRIOR], details, heat_of(details, metadata))
    fit, bent = _registered(now, prior, whole.part(0.3, 0.85))
    context.check(_fit_check(fit))
    context.progress = whole.part(0.85, 1.0)
    comparisons = _with_features(tuple(_comparisons(now, prior, metadata)), now, prior, context)
    context.progress = whole
    heat_map = HeatMap(FINDING, PRIOR, "cam, local", heat_map_path(PRIOR, FINDING), _LEVELS)
    return replace(
        answer,
        comparisons=answer.comparisons + comparisons,
        maps=(*answer.maps, MapLayer(heat_map, prior.heat)),
        regions=answer.regions + tuple(_changed_places(now, prior, fit)),
        settings={**answer.settings, "registration": "deformable" if bent else "rigid"},
    )


def _registered(now: _Read, prior: _Read, progress: Progress) -> tuple[Registration, bool]:
    """How the prior lies on the present CT, and whether it was bent for it: only where that fits better."""
    from ..imaging.registration import register

    pair = (now.volume.image, prior.volume.image, now.details.lungs.lungs, prior.details.lungs.lungs)
    rigid = register(*pair, progress=progress.part(0.0, 0.5))
    if rigid.dice >= _BEND_BELOW:
        return rigid, False
    bent = register(*pair, deformable=True, progress=progress.part(0.5, 1.0))
    return (bent, True) if bent.dice > rigid.dice else (rigid, False)


def _fit_check(fit: Registration) -> Check:
    words = f"{percent(fit.dice)} of the lungs overlap, correlation {decimal(fit.correlation)}"
    if fit.dice < _LEAST_DICE:
        sentence = f"The prior does not fit the present CT ({words}): numbers are compared, places are not."
        return Check.of_share("prior fits", "warn", sentence, fit.dice, _LEAST_DICE)
    return Check.of_share(
        "prior fits", "pass", f"The prior was laid over the present CT ({words}).", fit.dice, _LEAST_DICE
    )


def _comparisons(now: _Read, prior: _Read, metadata: ClassifierMetadata) -> Iterator[Comparison]:
    from .pasc_fibrosis import probability_of

    present, before = (100 * probability_of(one.details.answers.logits, metadata) for one in (now, prior))
    yield Comparison("probability", f"Probability: {metadata.labels[0].title}", "%", present, before, CT, PRIOR)
    volumes, earlier = dict(_volumes(now)), dict(_volumes(prior))
    for title, value in volumes.items():
        code = codes.VOLUME if title.startswith("Volume") else None
        name = title.lower().replace(",", "").replace(" ", "-")
        yield Comparison(name, title, "mL", value, earlier[title], CT, PRIOR, code=code)
    densities = [lung_density(one.volume.voxels, one.details.lungs.lungs) for one in (now, prior)]
    for name, (title, unit) in DENSITY.items():
        yield Comparison(name, title, unit, densities[0][name], densities[1][name], CT, PRIOR)


def _with_features(
    comparisons: tuple[Comparison, ...], now: _Read, prior: _Read, context: ReadContext
) -> tuple[Comparison, ...]:
    """The comparisons with the repeatability of what is one of them, and features that changed by more than theirs."""
    from ..radiomics.measurements import comparisons as of_features
    from ..radiomics.repeatability import CONTOUR_MM, SHIFTS, feature_changes

    if now.volume.interpolated or prior.volume.interpolated:
        context.note("Features were not compared with the prior, since slices of a CT are missing.")
        return comparisons
    added: list[Comparison] = []
    counts = []
    whole = context.progress
    for number, (region, title) in enumerate((("lungs", "Lungs"), ("suspicious", "Suspicious lung"))):
        pairs = [(one.volume.image, _mask(one, region)) for one in (now, prior)]
        try:
            changes = feature_changes(pairs[0], pairs[1], progress=whole.part(number / 2, (number + 1) / 2))
        except InputError as error:
            context.note(f"Features of {title.lower()} were not compared with the prior: {error}")
            continue
        if region == "suspicious":  # the map's volume varies by more than its contour, and is compared anyway
            del changes["original_shape_VoxelVolume"]
        counts.append(f"{sum(one.is_beyond for one in changes.values())} of {len(changes)} of {title.lower()}")
        if region == "lungs":  # their mean density is compared anyway
            limit = changes.pop("original_firstorder_Mean").limit
            comparisons = tuple(_within(one, limit) if one.name == "lung-density" else one for one in comparisons)
        added += of_features(changes, region, title, (CT, PRIOR), "HU")
    if counts:
        context.note(
            f"Features that differ from the prior by more than their repeatability: {listed(counts)}. It is 1.96 × √2 "
            f"times the standard deviation within a CT, of which contour (by {SHIFTS[-1]:g} mm in or out, with noise "
            f"of {CONTOUR_MM:g} mm) and noise were changed {len(SHIFTS)} times; another breath, scanner or kernel can "
            "exceed it as well."
        )
    return (*comparisons, *added)


def _mask(read: _Read, region: str) -> SimpleITK.Image:
    """The lungs of a CT, or what is suspicious in them, on its grid."""
    import SimpleITK

    lungs = read.details.lungs.lungs.both
    voxels = lungs if region == "lungs" else np.asarray(AtLeast(read.heat, SUSPICIOUS, (lungs,)))
    mask = SimpleITK.GetImageFromArray(voxels.astype(np.uint8))
    mask.CopyInformation(read.volume.image)
    return mask


def _within(one: Comparison, limit: float) -> Comparison:
    difference = one.now - one.prior
    return replace(one, change=Interval(difference - limit, difference + limit))


def _volumes(read: _Read) -> Iterator[tuple[str, float]]:
    """Volumes of suspicious lung, in all, by lung and by third, and of the lungs."""
    ml, lungs = voxel_ml(read.volume.image), read.details.lungs.lungs
    labels = zone_labels(lungs, tuple(reversed(read.volume.image.GetSpacing())))
    (found,) = map_in_lungs(read.heat, labels, (SUSPICIOUS,)).suspicious
    yield "Suspicious lung", float(found.sum() * ml)
    for _, title, numbers in parts_of_lungs(shells=False):
        yield f"Suspicious, {title[0].lower()}{title[1:]}", float(found[numbers].sum() * ml)
    for side in SIDES:
        yield f"Volume of the {side} lung", float(np.count_nonzero(getattr(lungs, side)) * ml)


def _changed_places(now: _Read, prior: _Read, fit: Registration) -> Iterator[RegionLayer]:
    """Lung that is suspicious now and was not, and the other way round; none where the prior does not fit.

    Only where slices of both were read: nobody knows what lay elsewhere.
    """
    import SimpleITK

    if fit.dice < _LEAST_DICE:
        return
    image = SimpleITK.GetImageFromArray(np.asarray(prior.heat))
    image.CopyInformation(prior.volume.image)
    before = fit.on_present(image, outside=0.0) >= SUSPICIOUS
    here = np.asarray(AtLeast(now.heat, SUSPICIOUS))
    known = now.details.prepared.reached() & now.details.lungs.lungs.both
    known &= fit.mask_on_present(prior.details.prepared.reached(), prior.volume.image)
    ml = voxel_ml(now.volume.image)
    for name, title, mask, color in (
        ("newly-suspicious", "Suspicious now, not on the prior", here & ~before & known, _MORE),
        ("no-longer-suspicious", "Suspicious on the prior, not now", before & ~here & known, _LESS),
    ):
        if mask.any():
            region = Region(name, title, CT, segments_path(CT), volume_ml=float(mask.sum() * ml), color=color)
            yield RegionLayer(region, mask)
