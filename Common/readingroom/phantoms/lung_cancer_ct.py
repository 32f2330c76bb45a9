"""Chests with a tumor and emphysema of known size, and how long somebody with them would live: a hazard that is known.

For tests and demonstrations of survival. The hazard rises with the tumor's volume and with emphysema, and with nothing
else that a CT shows, so that the best possible concordance is known too. Who learned from it has seen no patient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .fibrosis_ct import Mask, Scanner, Spacing, fibrosis_ct, smooth_noise

_TUMOR, _HOLE = 45.0, -965.0  # HU
SMALLEST_ML, LARGEST_ML = 3.0, 200.0
MOST_EMPHYSEMA = 0.35  # of the lungs
_SHAPE, _SCALE = 1.1, 30.0  # Weibull's; months at a log hazard of 0
_PER_TUMOR, _PER_EMPHYSEMA = 1.2, 0.8  # log hazard for one deviation of the log volume, and of the share


@dataclass(frozen=True, eq=False)
class LungCancerCT:
    """A phantom: HU int16 ``[k, j, i]``, and masks of the same shape; ``i`` runs to the patient's left, ``j`` to the
    back, ``k`` to the head. ``log_hazard`` is against the mean phantom."""

    pixels: NDArray[np.int16]
    right_lung: Mask
    left_lung: Mask
    tumor: Mask
    emphysema: Mask
    spacing: Spacing
    log_hazard: float

    @property
    def tumor_ml(self) -> float:
        return float(self.tumor.sum() * np.prod(self.spacing) / 1000)


def lung_cancer_ct(
    seed: int,
    ml: float,
    emphysema: float = 0.0,
    shape: tuple[int, int, int] = (36, 144, 176),
    spacing: Spacing = (9.0, 2.2, 2.2),
    scanner: Scanner | None = None,
) -> LungCancerCT:
    """A whole synthetic chest, of another build for each seed, with a tumor of ``ml`` and so large a share of the lungs
    that is ``emphysema`` (0 to 1)."""
    random = np.random.default_rng([seed, 1])
    made = fibrosis_ct(seed, 0.0, shape=shape, spacing=spacing, scanner=scanner)
    lungs = made.right_lung | made.left_lung
    pixels = made.pixels.astype(np.float64)
    holes = _holes(lungs, emphysema, spacing, random)
    tumor = _tumor(lungs, ml, spacing, random)
    noise = float((scanner or Scanner()).noise)
    for mask, value in ((holes & ~tumor, _HOLE), (tumor, _TUMOR)):
        soft = ndimage.gaussian_filter(mask.astype(np.float64), [0.0, *(0.8 / step for step in spacing[1:])])
        pixels += soft * (value + noise * random.standard_normal(shape) - pixels)
    return LungCancerCT(
        np.clip(np.rint(pixels), -1024, 3071).astype(np.int16),
        made.right_lung,
        made.left_lung,
        tumor,
        holes & ~tumor,
        spacing,
        log_hazard(float(tumor.sum() * np.prod(spacing) / 1000), emphysema),
    )


def random_disease(random: np.random.Generator) -> tuple[float, float]:
    """Volume of a tumor in mL, even on the logarithmic scale, and share of emphysema."""
    return (
        float(np.exp(random.uniform(np.log(SMALLEST_ML), np.log(LARGEST_ML)))),
        float(random.uniform(0.0, MOST_EMPHYSEMA)),
    )


def log_hazard(ml: float, emphysema: float) -> float:
    """Log hazard ratio against the mean of what `random_disease` draws; one deviation of the log volume is 1.2, of the
    emphysema 0.8."""
    low, high = np.log(SMALLEST_ML), np.log(LARGEST_ML)
    volume = (np.log(max(ml, 1e-3)) - (low + high) / 2) / ((high - low) / np.sqrt(12))
    share = (emphysema - MOST_EMPHYSEMA / 2) / (MOST_EMPHYSEMA / np.sqrt(12))
    return float(_PER_TUMOR * volume + _PER_EMPHYSEMA * share)


def random_outcome(log_hazard: float, random: np.random.Generator) -> tuple[float, int]:
    """Months until death or the end of follow-up, and whether it was death (1) or not (0).

    Times follow a Weibull distribution; follow-up ends between 18 and 72 months, whoever is followed.
    """
    time = _SCALE * (random.exponential() * np.exp(-log_hazard)) ** (1 / _SHAPE)
    end = random.uniform(18.0, 72.0)
    return (float(time), 1) if time <= end else (float(end), 0)


def true_incidence(log_hazard: float, months: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probability of death by the end of each month, as the phantom's hazard has it."""
    return np.asarray(-np.expm1(-np.exp(log_hazard) * (np.asarray(months, dtype=np.float64) / _SCALE) ** _SHAPE))


def _tumor(lungs: Mask, ml: float, spacing: Spacing, random: np.random.Generator) -> Mask:
    """A lump of that volume around a random place in the lungs, uneven at its border; it may reach the pleura."""
    count = max(round(ml * 1000 / float(np.prod(spacing))), 1)
    places = np.argwhere(lungs)
    middle = places[random.integers(len(places))] * np.array(spacing)
    axes = np.meshgrid(*(np.arange(n) * step for n, step in zip(lungs.shape, spacing, strict=True)), indexing="ij")
    radius = (3 * ml * 1000 / (4 * np.pi)) ** (1 / 3)
    away = np.sqrt(sum((axis - place) ** 2 for axis, place in zip(axes, middle, strict=True)))
    away = away + 0.25 * radius * smooth_noise(random, lungs.shape, spacing, max(radius, 4.0))
    away[~lungs] = np.inf
    count = min(count, int(lungs.sum()))
    return np.asarray(away <= np.partition(away.ravel(), count - 1)[count - 1])


def _holes(lungs: Mask, share: float, spacing: Spacing, random: np.random.Generator) -> Mask:
    """Emphysema: that share of the lungs, in patches, more of it at the top."""
    if share <= 0:
        return np.zeros(lungs.shape, dtype=bool)
    height = np.arange(lungs.shape[0])[:, None, None] / max(lungs.shape[0] - 1, 1)
    wish = smooth_noise(random, lungs.shape, spacing, 9.0) + 0.8 * height
    return np.asarray(lungs & (wish >= np.quantile(wish[lungs], 1 - share)))
