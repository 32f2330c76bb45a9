"""What a network said of a liver MR, as the radiologist sees it: map, suspicious liver, numbers, key slices.

A place of the map says how much the network, seeing that place alone, would answer "carcinoma", on the calibrated scale
of the answer. It is evidence on a coarse grid, not the probability that the place is a tumor, and no outline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import codes
from ..bundles.metadata import ClassifierMetadata
from ..explain.box import strongest_region
from ..formatting import number_text, percent
from ..imaging.display import robust_window
from ..imaging.organ import box
from ..imaging.segments import AtLeast
from ..reading import Box, Check, Curve, HeatMap, KeyPicture, Line, Measurement, Region
from .answer import Answer, Case, MapLayer, PictureLayer, Prediction, RegionLayer
from .base import ReadContext
from .liver_hcc import HCC
from .liver_masks import LIVER, MR
from .lung_regions import voxel_ml
from .results import heat_map_path, picture_path, segments_path

if TYPE_CHECKING:
    from .liver_hcc import Details
    from .volume_network import VolumeAnswers

Floats32 = NDArray[np.float32]

SUSPICIOUS = 0.5  # of the map
LEVELS = (SUSPICIOUS, 0.75)
_VOLUME, _SUSPICIOUS, _SHARE = "liver-volume", "suspicious-volume", "suspicious-share"
_LEAST_INSIDE = 0.5  # of the suspicious volume; the liver fills about half of the box around it
_LIVER_COLOR = (0.87, 0.72, 0.35)
_SUSPICIOUS_COLORS = ((1.0, 0.6, 0.2), (0.9, 0.3, 0.1))  # of the levels
_PICTURES, _APART = 3, 15.0  # how many with the map, and mm between two of them


@dataclass(frozen=True, eq=False)
class MapInLiver:
    """How much of the liver the map calls suspicious, slice by slice.

    Parameters
    ----------
    area, suspicious : voxels of liver on each slice, and of them those that reach the first level
    reached : voxels of liver that reach each level
    everywhere : voxels of the MR that reach the first level, in the liver or not
    chance : the liver's share of what the network was shown; None where that is not known
    """

    area: NDArray[np.intp]
    suspicious: NDArray[np.intp]
    reached: tuple[int, ...]
    everywhere: int
    chance: float | None


def answer_of(case: Case, prediction: Prediction, context: ReadContext) -> Answer:
    """Findings, map, regions and measurements; adds the check of the map's place and notes to the context."""
    from .probabilities import calibrate, findings, prediction_sets

    metadata, details = context.bundle.of_kind(ClassifierMetadata), prediction.details
    calibrated = calibrate(metadata, prediction.logits)
    heat = heat_of(details, metadata)
    prepared = details.prepared
    shown = int(np.count_nonzero(prepared.reached()))
    found = map_in_liver(heat, details.liver, prepared.count_reached(details.liver) / max(shown, 1))
    context.check(inside_check(found))
    context.notes += _notes(details)
    method = "cam, local" if details.answers.method == "cam" else "grad-cam, relative"
    heat_map = HeatMap(HCC.name, MR, method, heat_map_path(MR, HCC.name), LEVELS, _box(heat, details))
    return Answer(
        findings=findings(metadata, calibrated),
        prediction_sets=prediction_sets(metadata, calibrated.probabilities),
        measurements=tuple(_measurements(case, found)),
        regions=tuple(_regions(case, details, heat, found)),
        curves=(profile(found),),
        maps=(MapLayer(heat_map, heat),),
        pictures=tuple(_pictures(case, heat, details)),
        settings={
            "preprocessing": metadata.preprocessing.preset,
            "liver": details.source,
            "map": "local logits, calibrated" if details.answers.method == "cam" else "share of the hottest place",
        },
    )


def evidence(answers: VolumeAnswers) -> Floats32:
    """The raw map ``[k, j, i]`` of the finding: how much more each place says it than the other label."""
    from .slice_network import margins

    assert answers.maps is not None
    return margins(answers.maps[None])[0] if answers.method == "cam" else answers.maps[0]


def heat_of(details: Details, metadata: ClassifierMetadata) -> Floats32:
    """The map as a volume ``[k, j, i]`` of the MR, 0 to 1; a Grad-CAM in shares of its hottest place."""
    from .probabilities import probability_of_margins

    raw = evidence(details.answers)
    if details.answers.method == "cam":
        values = probability_of_margins(metadata, raw.astype(np.float64))
    else:
        values = raw.astype(np.float64) / max(float(raw.max()), 1e-12)
    return np.asarray(details.prepared.to_volume(values.clip(0, 1)))


def map_in_liver(heat: Floats32, liver: NDArray[np.bool_], chance: float | None) -> MapInLiver:
    """Count a map ``[k, j, i]`` in a liver of its shape."""
    counts = [  # slice by slice: whole volumes take memory
        [np.count_nonzero(own & (hot >= level)) for level in LEVELS] for hot, own in zip(heat, liver, strict=True)
    ]
    reached = np.array(counts, dtype=np.intp)
    return MapInLiver(
        area=np.count_nonzero(liver, axis=(1, 2)),
        suspicious=reached[:, LEVELS.index(SUSPICIOUS)],
        reached=tuple(map(int, reached.sum(axis=0))),
        everywhere=sum(int((hot >= SUSPICIOUS).sum()) for hot in heat),
        chance=chance,
    )


def inside_check(found: MapInLiver) -> Check:
    """Whether what the map calls suspicious lies in the liver."""
    name = "map in the liver"
    if not found.everywhere:
        return Check.of_share(name, "pass", "The map calls no place suspicious.", 1.0, _LEAST_INSIDE)
    share = found.reached[0] / found.everywhere
    words = f"{percent(share)} of what the map calls suspicious lies in the liver"
    if found.chance is not None:
        words += f", which fills {percent(found.chance)} of what the network was shown"
    if share < _LEAST_INSIDE:
        return Check.of_share(name, "warn", f"Only {words}: the answer comes from elsewhere.", share, _LEAST_INSIDE)
    return Check.of_share(name, "pass", f"{words}.", share, _LEAST_INSIDE)


def _notes(details: Details) -> Iterator[str]:
    """What of the MR was read, in sentences, where it was not all of it."""
    prepared = details.prepared
    if prepared.grid is not prepared.volume:
        spacing = " x ".join(number_text(step, 3) for step in prepared.grid.GetSpacing())
        yield f"The MR was resampled to voxels of {spacing} mm before it was read."
    beyond = 1 - prepared.count_reached(details.liver) / np.count_nonzero(details.liver)
    if beyond >= 0.005:
        yield f"{percent(beyond)} of the liver lies outside of what was read: the map is 0 there."
    if details.answers.method == "grad-cam":
        yield "This network has no map of its own: it is a Grad-CAM, in shares of its hottest place."


def _box(heat: Floats32, details: Details) -> Box | None:
    """The map's strongest region in the liver, where it is suspicious at all."""
    place = box(details.liver)
    inside = np.where(details.liver[place], heat[place], 0)
    found = strongest_region(inside, LEVELS[-1]) if inside.max() >= SUSPICIOUS else None
    if found is None:
        return None
    first = [part.start for part in reversed(place)]
    start, stop = (tuple(a + b for a, b in zip(first, at, strict=True)) for at in (found.start, found.stop))
    return replace(found, start=start, stop=stop)


def numbers_of(found: MapInLiver, voxel: float) -> dict[str, float]:
    """What is measured of the liver, by the names of the measurements; ``voxel`` in mL."""
    liver, suspicious = int(found.area.sum()), found.reached[0]
    return {_VOLUME: liver * voxel, _SUSPICIOUS: suspicious * voxel, _SHARE: 100 * suspicious / liver}


def _measurements(case: Case, found: MapInLiver) -> Iterator[Measurement]:
    values = numbers_of(found, voxel_ml(case.images[MR].image))
    yield Measurement(_VOLUME, "Volume", values[_VOLUME], "mL", code=codes.VOLUME, image=MR, region=LIVER)
    outlined = suspicious_name(SUSPICIOUS) if found.reached[0] else ""  # without a voxel it is no region
    yield Measurement(_SUSPICIOUS, "Suspicious liver", values[_SUSPICIOUS], "mL", image=MR, region=outlined)
    yield Measurement(_SHARE, "Share of the liver that is suspicious", values[_SHARE], "%", image=MR)


def _regions(case: Case, details: Details, heat: Floats32, found: MapInLiver) -> Iterator[RegionLayer]:
    """The liver, and what is suspicious in it at each level of the map."""
    ml = voxel_ml(case.images[MR].image)
    volume = float(found.area.sum() * ml)
    liver = Region(LIVER, "Liver", MR, segments_path(MR), codes.LIVER, volume, _LIVER_COLOR)
    yield RegionLayer(liver, details.liver)
    for level, color, voxels in zip(LEVELS, _SUSPICIOUS_COLORS, found.reached, strict=True):
        if voxels:
            region = Region(
                suspicious_name(level), f"Suspicious liver (map at least {percent(level)})", MR,
                segments_path(MR), volume_ml=voxels * ml, color=color,
            )  # fmt: skip
            yield RegionLayer(region, AtLeast(heat, level, (details.liver,)))


def suspicious_name(level: float) -> str:
    """Of the region in which the map reaches a level."""
    return f"suspicious-{round(100 * level)}"


def profile(found: MapInLiver) -> Curve:
    """Share of suspicious liver on each slice that holds liver, from the lowest to the highest."""
    slices = np.flatnonzero(found.area)
    shares = 100 * found.suspicious[slices] / found.area[slices]
    return Curve(
        "suspicious-by-slice", "Suspicious liver by slice", "profile", tuple(float(k + 1) for k in slices), "Slice",
        "{slice}", "Suspicious share of the liver on the slice", Line("This MR", tuple(shares.tolist())), "%",
        image=MR,
    )  # fmt: skip


def _pictures(case: Case, heat: Floats32, details: Details) -> Iterator[PictureLayer]:
    """The slices with the hottest liver; the first of them also as it was read."""
    volume, spacing = case.images[MR], case.images[MR].image.GetSpacing()
    window, size = robust_window(volume.voxels), (spacing[1], spacing[0])
    hottest = heat.max(axis=(1, 2), where=details.liver, initial=-1.0)
    sums = heat.sum(axis=(1, 2), where=details.liver)
    shown: list[int] = []
    for k in map(int, np.lexsort((-sums, -hottest.round(2)))):
        if len(shown) == _PICTURES or hottest[k] < 0:
            return
        if any(abs(k - other) * spacing[2] < _APART for other in shown):  # neighbors show the same
            continue
        word = "A further slice" if shown else "The slice with the hottest liver"
        gray = window(volume.voxels[k])
        if not shown:
            plain = KeyPicture(picture_path(MR, slice_=k), f"{word}, as read.", MR, k)
            yield PictureLayer(plain, gray, spacing=size, left="R")
        shown.append(k)
        caption = f"{word}; what is suspicious begins at {percent(SUSPICIOUS)}."
        picture = KeyPicture(picture_path(MR, HCC.name, k), caption, MR, k, HCC.name)
        yield PictureLayer(picture, gray, heat[k], size, "R")
