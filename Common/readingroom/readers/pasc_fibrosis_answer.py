"""What a network said of a chest CT's slices, as the radiologist sees it: map, zones, numbers, key slices.

A place of the map says how much the network, seeing that place alone, would answer "fibrosis", on the calibrated scale
of the answer. It is evidence on a coarse grid, not the probability that the place is diseased, and no outline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import codes
from ..bundles.metadata import ClassifierMetadata
from ..formatting import listed, percent
from ..imaging.between_slices import Heat
from ..imaging.display import window_between
from ..imaging.lung_zones import SIDES, THIRDS, ZONES, zone_labels
from ..imaging.segments import AtLeast
from ..reading import Check, Curve, HeatMap, KeyPicture, Line, Measurement, Region
from .answer import Answer, Case, MapLayer, PictureLayer, Prediction, RegionLayer
from .base import ReadContext
from .lung_regions import lung_regions, reading_notes, voxel_ml
from .map_in_lungs import MapInLungs, box_of_map, map_in_lungs
from .pasc_fibrosis import CT
from .results import heat_map_path, picture_path, segments_path

if TYPE_CHECKING:
    from ..imaging.lungs import Lungs
    from .pasc_fibrosis import Details

FINDING = "fibrosis"
SUSPICIOUS = 0.5  # of the map
_LEVELS = (SUSPICIOUS, 0.75)
_MOST_OUTSIDE = 0.25  # of the suspicious volume
_HIGHER = 1.0  # %, by which a probability without a part is called higher
_LUNG_WINDOW = window_between(-1350, 150)
_SUSPICIOUS_COLORS = ((1.0, 0.6, 0.2), (0.9, 0.3, 0.1))  # of the levels


def answer_of(case: Case, prediction: Prediction, context: ReadContext) -> Answer:
    """Findings, map, regions and measurements; adds the check of the map's place and notes to the context."""
    from .probabilities import calibrate, findings, prediction_sets

    metadata, details = context.bundle.of_kind(ClassifierMetadata), prediction.details
    calibrated = calibrate(metadata, prediction.logits)
    spacing = tuple(reversed(case.images[CT].image.GetSpacing()))
    labels, heat = zone_labels(details.lungs.lungs, spacing), heat_of(details, metadata)
    details.zones = details.prepared.of_labels(labels)  # the volume itself is not kept: it is large
    found = map_in_lungs(heat, labels, _LEVELS)
    context.check(_inside_check(found))
    slices = np.unique(details.prepared.numbers)
    context.notes += _notes(details, metadata)
    box = box_of_map(heat, labels, found, spacing, _LEVELS[-1]) if found.peaks.max() >= SUSPICIOUS else None
    heat_map = HeatMap(FINDING, CT, "cam, local", heat_map_path(CT, FINDING), _LEVELS, box)
    return Answer(
        findings=findings(metadata, calibrated),
        prediction_sets=prediction_sets(metadata, calibrated.probabilities),
        measurements=tuple(_measurements(case, details, found)),
        regions=(
            *lung_regions(case.images[CT].image, details.lungs.lungs, CT),
            *_suspicious_regions(case, details, heat, found),
        ),
        curves=(_profile(found),),
        maps=(MapLayer(heat_map, heat),),
        pictures=tuple(_pictures(case, heat, found)),
        settings={
            "preprocessing": metadata.preprocessing.preset,
            "aggregation": metadata.aggregation,
            "lungs": details.lungs.source,
            "slices": [int(number) + 1 for number in slices],
            "map": "local logits, calibrated",
        },
    )


def _notes(details: Details, metadata: ClassifierMetadata) -> Iterator[str]:
    """What of the CT was read, and how its slices voted."""
    from .slice_network import is_tied

    yield from reading_notes(details.prepared, details.lungs.lungs)
    if metadata.aggregation == "vote" and is_tied(details.answers.slice_logits):
        yield "The votes of the slices are tied; a tie counts for the finding."


def heat_of(details: Details, metadata: ClassifierMetadata) -> Heat:
    """The map as a volume ``[k, j, i]`` of the CT, 0 to 1."""
    from .probabilities import probability_of_margins
    from .slice_network import margins

    local = margins(details.answers.maps)
    grid = np.linspace(float(local.min()), float(local.max()) + 1e-6, 256)
    return details.prepared.to_volume(np.interp(local, grid, probability_of_margins(metadata, grid)).clip(0, 1))


def _measurements(case: Case, details: Details, found: MapInLungs) -> Iterator[Measurement]:
    """How much lung is suspicious and how dense the lungs are; then volumes by side, third and shell."""
    volume = case.images[CT]
    ml, suspicious = voxel_ml(volume.image), found.suspicious[0]
    share = 100 * float(suspicious.sum() / found.zones.sum())
    yield Measurement("suspicious-volume", "Suspicious lung", float(suspicious.sum() * ml), "mL", image=CT)
    yield Measurement("suspicious-share", "Share of the lungs that is suspicious", share, "%", image=CT)
    density = lung_density(volume.voxels, details.lungs.lungs)
    for name, (title, unit) in DENSITY.items():
        yield Measurement(name, title, density[name], unit, image=CT)
    for name, title, numbers in parts_of_lungs():
        cells, here = int(found.zones[numbers].sum()), int(suspicious[numbers].sum())
        if not cells:
            continue
        yield Measurement(f"{name}-volume", "Lung", cells * ml, "mL", code=codes.VOLUME, image=CT, part=title)
        yield Measurement(f"{name}-suspicious", "Suspicious", here * ml, "mL", image=CT, part=title)
        yield Measurement(f"{name}-share", "Suspicious share", 100 * here / cells, "%", image=CT, part=title)


DENSITY = {
    "lung-density": ("Mean density of the lungs", "[hnsf'U]"),
    "high-attenuation": ("Lung of \N{MINUS SIGN}600 to \N{MINUS SIGN}250 HU", "%"),
    "low-attenuation": ("Lung below \N{MINUS SIGN}950 HU", "%"),
}


def lung_density(voxels: NDArray[np.float32], lungs: Lungs) -> dict[str, float]:
    """The numbers of `DENSITY`, of the HU ``[k, j, i]`` inside the lungs."""
    count, total, high, low = 0, 0.0, 0, 0
    for slice_, right, left in zip(voxels, lungs.right, lungs.left, strict=True):
        values = slice_[right | left]
        count, total = count + len(values), total + float(values.sum(dtype=np.float64))
        high += int(np.count_nonzero((values > -600) & (values < -250)))
        low += int(np.count_nonzero(values < -950))
    return {"lung-density": total / count, "high-attenuation": 100 * high / count, "low-attenuation": 100 * low / count}


def parts_of_lungs(shells: bool = True) -> Iterator[tuple[str, str, list[int]]]:
    """Name, title and zone numbers of each lung, its thirds and, with ``shells``, their central and outer parts."""
    for side in SIDES:
        numbered = [(number, zone) for number, zone in enumerate(ZONES, start=1) if zone.side == side]
        yield f"{side}-lung", f"{side.capitalize()} lung", [number for number, _ in numbered]
        for third in THIRDS:
            own = [(number, zone) for number, zone in numbered if zone.third == third]
            yield f"{side}-{third}", f"{side.capitalize()} {third}", [number for number, _ in own]
            if shells:
                yield from ((zone.name, zone.title, [number]) for number, zone in own)


def against(finding: str, parts: Sequence[str]) -> str:
    """The sentence on parts of the lungs (``left lung``, ``left upper third``) that speak against a finding.

    A lung stands for itself and its thirds where all of them do.
    """
    said = list(parts)
    for side in SIDES:
        own = [title.lower() for name, title, _ in parts_of_lungs(shells=False) if name.startswith(side)]
        if set(own) <= set(said):
            said = [f"any part of the {side} lung" if one == own[0] else one for one in said if one not in own[1:]]
    if len(said) == len(SIDES) and all(one.startswith("any part") for one in said):
        said = ["any part of the lungs"]
    return (
        f"“{finding}” would be more likely without {listed(said)}: what lies there speaks against it to this network."
    )


def without_each_zone(case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
    """The answer with what it would have been with each lung, and each third of it, filled in from what is around."""
    import torch

    from ..explain.faithfulness import fill
    from .pasc_fibrosis import ask_changed

    details: Details = prediction.details
    assert details.zones is not None
    pixels = torch.from_numpy(details.prepared.pixels)
    found = []
    parts = list(parts_of_lungs(shells=False))
    for done, (name, title, numbers) in enumerate(parts):
        context.progress(done / len(parts), f"Taking parts of the lungs away: {title.lower()}.")
        away = np.isin(details.zones, numbers)
        if not away.any():
            continue
        changed = fill(pixels, torch.from_numpy(~away)[:, None]).numpy()
        value = 100 * ask_changed(details, changed, context)
        found.append(Measurement(f"{name}-without", "Probability without it", value, "%", image=CT, part=title))
    whole = answer.findings[0]
    higher = [one.part.lower() for one in found if one.value > 100 * whole.probability + _HIGHER]
    if higher:
        context.note(against(whole.title, higher))
    return replace(answer, measurements=answer.measurements + tuple(found))


def _suspicious_regions(case: Case, details: Details, heat: Heat, found: MapInLungs) -> Iterator[RegionLayer]:
    """Lung that is suspicious at each level of the map, as regions that can be measured; none where nothing is."""
    lungs, ml = details.lungs.lungs, voxel_ml(case.images[CT].image)
    for level, color, cells in zip(_LEVELS, _SUSPICIOUS_COLORS, found.suspicious.sum(axis=1), strict=True):
        if cells:
            region = Region(
                f"suspicious-{round(100 * level)}", f"Suspicious lung (map at least {percent(level)})", CT,
                segments_path(CT), volume_ml=float(cells * ml), color=color,
            )  # fmt: skip
            yield RegionLayer(region, AtLeast(heat, level, (lungs.right, lungs.left)))


def _inside_check(found: MapInLungs) -> Check:
    if not found.everywhere:
        return Check.of_share("map in the lungs", "pass", "The map calls no place suspicious.", 0.0, _MOST_OUTSIDE)
    outside = float((found.everywhere - found.suspicious_area.sum()) / found.everywhere)
    limit = f"at most {percent(_MOST_OUTSIDE)} is usual"
    if outside > _MOST_OUTSIDE:
        sentence = f"{percent(outside)} of what the map calls suspicious lies outside of the lungs ({limit})."
        return Check.of_share("map in the lungs", "warn", sentence, outside, _MOST_OUTSIDE)
    sentence = f"What the map calls suspicious lies in the lungs ({percent(outside)} outside; {limit})."
    return Check.of_share("map in the lungs", "pass", sentence, outside, _MOST_OUTSIDE)


def _profile(found: MapInLungs) -> Curve:
    """Share of suspicious lung on each slice that holds lung, from the lowest to the highest."""
    slices = np.flatnonzero(found.area)
    shares = 100 * found.suspicious_area[slices] / found.area[slices]
    return Curve(
        "suspicious-by-slice", "Suspicious lung by slice", "profile", tuple(float(k + 1) for k in slices), "Slice",
        "{slice}", "Suspicious share of the lung on the slice", Line("This CT", tuple(float(s) for s in shares)), "%",
        image=CT,
    )  # fmt: skip


def _pictures(case: Case, heat: Heat, found: MapInLungs) -> Iterator[PictureLayer]:
    """The slice with the hottest lung, first without the map, then that of each third, as far as they differ."""
    volume = case.images[CT]
    spacing = volume.image.GetSpacing()
    weight, holding = found.sums, np.flatnonzero(found.area)
    thirds = [part for part in np.array_split(holding[::-1], len(THIRDS)) if len(part)]
    wanted = [int(holding[weight[holding].argmax()])]
    wanted += [int(part[weight[part].argmax()]) for part in thirds]
    words = ["The slice with the hottest map", *(f"The hottest slice of the {third} third" for third in THIRDS)]
    shown: set[int] = set()
    for k, word in zip(wanted, words, strict=False):
        if k in shown:
            continue
        gray = _LUNG_WINDOW(volume.voxels[k])
        if not shown:
            plain = KeyPicture(picture_path(CT, slice_=k), f"{word}, as read.", CT, k)
            yield PictureLayer(plain, gray, spacing=(spacing[1], spacing[0]), left="R")
        shown.add(k)
        caption = f"{word}; what is suspicious begins at {percent(SUSPICIOUS)}."
        picture = KeyPicture(picture_path(CT, FINDING, k), caption, CT, k, FINDING)
        yield PictureLayer(picture, gray, heat[k], (spacing[1], spacing[0]), "R")
