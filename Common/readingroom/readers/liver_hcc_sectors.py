"""How the answer changes when a part of the liver is taken away: eight geometric parts, no Couinaud segments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..formatting import listed, number_text, percent
from ..imaging.liver_sectors import SECTORS, sector_labels
from ..imaging.segments import Labeled
from ..reading import Measurement, Region
from .answer import Answer, Case, Prediction, RegionLayer
from .base import ReadContext
from .liver_hcc import ask_changed
from .liver_masks import MR
from .lung_regions import voxel_ml
from .results import segments_path

if TYPE_CHECKING:
    from .liver_hcc import Details

_CHANGED = 0.05  # of the probability, by which it is called changed
_LOWER, _HIGHER, _ALIKE = (0.85, 0.3, 0.25), (0.25, 0.45, 0.85), (0.6, 0.6, 0.6)  # colors of the parts
GEOMETRY = (
    "The parts of the liver are geometric: four wedges around its hollow side, numbered from the patient's right to "
    "left, each with an upper and a lower half of the same volume. They are not Couinaud's segments."
)


def without_each_sector(case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
    """The answer with what it would have been with each part of the liver filled in from what is around it.

    The parts become regions, red where the probability falls much without them, blue where it rises much.
    """
    import torch

    from ..explain.faithfulness import fill

    details: Details = prediction.details
    image = case.images[MR].image
    labels = sector_labels(details.liver, tuple(reversed(image.GetSpacing())))
    on_input = details.prepared.of_labels(labels)
    pixels = torch.from_numpy(details.prepared.pixels[None])
    whole = answer.findings[0].probability
    measurements: list[Measurement] = []
    regions: list[RegionLayer] = []
    changes: dict[str, float] = {}
    for number, sector in enumerate(SECTORS, start=1):
        context.progress((number - 1) / len(SECTORS), f"Taking parts of the liver away: {sector.title.lower()}.")
        away = on_input == number
        if not away.any():
            continue
        without = ask_changed(fill(pixels, torch.from_numpy(~away)[None, None]).numpy()[0], context)
        changes[sector.title] = change = without - whole
        volume = float(np.count_nonzero(labels == number) * voxel_ml(image))
        for name, title, value, unit in (
            ("volume", "Liver", volume, "mL"),
            ("without", "Probability without it", 100 * without, "%"),
            ("change", "Change (% points)", 100 * change, "%"),
        ):
            measurements.append(Measurement(f"{sector.name}-{name}", title, value, unit, image=MR, part=sector.title))
        color = _ALIKE if abs(change) < _CHANGED else _LOWER if change < 0 else _HIGHER
        region = Region(sector.name, sector.title, MR, segments_path(MR), volume_ml=volume, color=color)
        regions.append(RegionLayer(region, Labeled(labels, number)))
    context.note(GEOMETRY)
    _tell(answer.findings[0].title, whole, changes, context)
    return replace(
        answer, measurements=answer.measurements + tuple(measurements), regions=answer.regions + tuple(regions)
    )


def _tell(title: str, whole: float, changes: dict[str, float], context: ReadContext) -> None:
    """Which part carries the answer most, and which speak against it."""
    lowest = min(changes, key=lambda part: changes[part], default=None)
    if lowest is None:
        return
    if changes[lowest] > -_CHANGED:
        context.note(
            f"“{title}” rests on no single part of the liver: without any one of them the probability would fall by "
            f"less than {number_text(100 * _CHANGED)} percentage points."
        )
    else:
        context.note(
            f"“{title}” rests most on this part of the liver: {lowest.lower()}. Without it the probability would be "
            f"{percent(whole + changes[lowest])} in place of {percent(whole)}."
        )
    higher = [part.lower() for part, change in changes.items() if change >= _CHANGED]
    others = [part.lower() for part, change in changes.items() if change < _CHANGED]
    if higher:
        most = f"all but {listed(others)}" if others else "all of them"
        said = listed(higher) if len(higher) <= len(others) else most
        context.note(
            f"“{title}” would be more likely without any one of these parts of the liver: {said}. To this network, "
            "what lies there speaks against it."
        )
