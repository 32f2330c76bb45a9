"""Which features stay the same when mask and image change a little.

Every region is measured as it is and after each change, and ICC(A,1) tells for each feature how much of its variation
is between patients. A feature whose lower bound is at least 0.75 counts as stable (Koo and Li 2016: good agreement).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK

from ..csv_table import csv_text
from ..errors import InputError
from ..progress import Progress
from .agreement import Agreement, absolute_agreement
from .grids import difference
from .measure import measure
from .perturb import Change, contour_noise, dilated, image_noise, resampled, rotated
from .prepare import prepare
from .resample import onto_grid
from .settings import Settings

STABLE_FROM = 0.75

CHANGES: Mapping[str, Change] = {
    "eroded by a millimeter": dilated(-1.0),
    "dilated by a millimeter": dilated(1.0),
    "contour noise of a millimeter": contour_noise(1.0),
    "image noise of a tenth": image_noise(0.1),
    "turned by three degrees": rotated(3.0),
    "resampled, a fifth coarser": resampled(1.2),
}


@dataclass(frozen=True)
class Robustness:
    """Agreement of each feature over the changes.

    Parameters
    ----------
    agreement : by feature; features that were not a number somewhere are left out
    changes : names of the changes
    regions : how many were measured
    seed : of the random numbers
    """

    agreement: Mapping[str, Agreement]
    changes: tuple[str, ...]
    regions: int
    seed: int

    def stable(self, least: float = STABLE_FROM) -> list[str]:
        """Features whose lower bound is at least ``least``."""
        return [name for name, found in self.agreement.items() if found.low >= least]

    def csv(self) -> str:
        """A table with the columns ``feature,icc,icc_low,icc_high,stable``."""
        stable = set(self.stable())
        lines = ((name, each.icc, each.low, each.high, name in stable) for name, each in self.agreement.items())
        return csv_text(("feature", "icc", "icc_low", "icc_high", "stable"), lines)


def robustness(
    regions: Iterable[tuple[SimpleITK.Image, SimpleITK.Image]],
    settings: Settings | None = None,
    changes: Mapping[str, Change] = CHANGES,
    seed: int = 0,
    progress: Progress | None = None,
    names: Sequence[str] = (),
) -> Robustness:
    """Measure regions under changes.

    Parameters
    ----------
    regions : image and mask of several patients; agreement is about telling them apart
    settings : as for `measure`
    changes : by name
    names : of the regions, for sentences about them

    Raises
    ------
    InputError : fewer than two regions, or one that cannot be measured, as it is or changed
    CancelledError : the user canceled
    """
    settings, progress = settings or Settings(), progress or Progress()
    pairs = list(regions)
    if len(pairs) < 2:
        raise InputError("Agreement is about telling patients apart; give two regions or more.")
    tables = []
    for number, (image, mask) in enumerate(pairs):
        part = progress.part(number / len(pairs), (number + 1) / len(pairs))
        random = np.random.default_rng([seed, number])
        try:
            tables.append(_under_changes(image, mask, settings, changes, random, part))
        except InputError as error:
            name = names[number] if names else f"Region {number + 1} of {len(pairs)}"
            raise InputError(f"{name}: {error}") from error
    measured = [
        name for name in tables[0][0] if all(np.isfinite(row.get(name, np.nan)) for table in tables for row in table)
    ]
    agreement = {
        name: absolute_agreement(np.array([[row[name] for row in table] for table in tables])) for name in measured
    }
    return Robustness(agreement, tuple(changes), len(pairs), seed)


def _under_changes(
    image: SimpleITK.Image,
    mask: SimpleITK.Image,
    settings: Settings,
    changes: Mapping[str, Change],
    random: np.random.Generator,
    progress: Progress,
) -> list[Mapping[str, float]]:
    """The features as they are, and after each change."""
    prepared = prepare(image, mask, settings)  # refuses what cannot be measured before it is changed
    chosen = SimpleITK.Cast(prepared.labels == prepared.label, SimpleITK.sitkUInt8)
    if difference(chosen, image, settings.geometry_tolerance):
        chosen = onto_grid(chosen, image)
    rows = []
    for index, (name, change) in enumerate([("as it is", dilated(0.0)), *changes.items()]):
        progress(index / (len(changes) + 1), f"Measuring the region: {name}.")
        changed_image, changed_mask = change(image, chosen, random)
        if not SimpleITK.GetArrayViewFromImage(changed_mask).any():
            raise InputError(f"Nothing is left of the region ({name}); it is too small for this change.")
        own = dataclasses.replace(settings, label=1, label_channel=0, provenance=False)
        rows.append(measure(changed_image, changed_mask, own).values)
    return rows
