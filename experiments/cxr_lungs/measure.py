"""How much of the drawn lungs the network finds: Dice on children that trained nothing, and on adults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from readingroom.bundles.bundle import Bundle
from readingroom.bundles.metadata import SegmenterMetadata
from readingroom.imaging.preprocessing import Prepared
from readingroom.metrics.bootstrap import patient_interval, weighted_mean
from readingroom.progress import Progress
from readingroom.readers.base import ReadContext
from readingroom.readers.radiograph_lungs import find_lungs_with, load_network
from readingroom.reading import Estimate

from .films import Film

Booleans = NDArray[np.bool_]
FAR_OFF = 0.8  # Dice below which a film is looked at


@dataclass(frozen=True)
class Measured:
    """The Dice of one film; 0 where no lungs were found.

    Parameters
    ----------
    both, right, left : of both lungs as one, and of each
    outline : of the mean outline of the children who trained, laid over the film: what needs no network
    found : whether the network's answer looked like lungs
    """

    film: Film
    both: float
    right: float
    left: float
    outline: float
    found: bool


def measure(bundle: Bundle, films: Sequence[Film], mean: NDArray[np.floating], progress: Progress) -> list[Measured]:
    """Each film as a reader of radiographs would see it.

    Parameters
    ----------
    mean : `mean_outline` of those who trained
    """
    network, metadata = load_network(bundle), bundle.of_kind(SegmenterMetadata)
    context = ReadContext(bundle, torch.device("cpu"), Progress())
    results = []
    for number, film in enumerate(films):
        progress(number / len(films), f"Film {number + 1} of {len(films)}.")
        gray, drawn = film.gray(), film.lungs()
        found = find_lungs_with(network, metadata, gray, context)
        empty = np.zeros(gray.shape, dtype=bool)
        right, left = (empty, empty) if found is None else (found.right, found.left)
        results.append(
            Measured(
                film,
                both=dice(right | left, drawn > 0),
                right=dice(right, drawn == 1),
                left=dice(left, drawn == 2),
                outline=dice(_laid_over(mean, gray.shape), drawn > 0),
                found=found is not None,
            )
        )
    return results


def dice(one: Booleans, other: Booleans) -> float:
    """2 |A and B| / (|A| + |B|); 1 where both are empty."""
    total = int(one.sum()) + int(other.sum())
    return 2 * int((one & other).sum()) / total if total else 1.0


def mean_outline(films: Sequence[Film]) -> NDArray[np.float64]:
    """``[j, i]`` how often each place of the picture, stretched to a square, is lung."""
    side, total = 64, np.zeros((64, 64))
    for film in films:
        lungs = film.lungs() > 0
        rows, columns = ((np.arange(side) + 0.5) * length / side for length in lungs.shape)
        total += lungs[np.ix_(rows.astype(int), columns.astype(int))]
    return total / len(films)


def _laid_over(mean: NDArray[np.floating], shape: tuple[int, ...]) -> Booleans:
    return Prepared(np.empty(0, np.float32), (shape[0], shape[1])).to_input(mean) >= 0.5


def groups(children: Sequence[Measured], adults: Sequence[Measured]) -> dict[str, list[Measured]]:
    """By what the tables of both collections say."""
    found = {"children": list(children)}
    for label in ("normal", "bacterial", "viral"):
        found[f"children, {label}"] = [one for one in children if one.film.label == label]
    found["adults"] = list(adults)
    for view in ("PA", "AP", "AP SUPINE"):
        found[f"adults, {view.replace('SUPINE', 'supine')}"] = [one for one in adults if one.film.view == view]
    return found


def mean_dice(measured: Sequence[Measured], what: str = "both") -> Estimate:
    """The mean over films, with its interval over patients."""
    values = [getattr(one, what) for one in measured]
    return patient_interval(partial(weighted_mean, values), [one.film.patient for one in measured])


def metrics(children: Sequence[Measured], adults: Sequence[Measured]) -> Mapping[str, Estimate]:
    """What the bundle says of itself."""
    return {"dice_children": mean_dice(children), "dice_adults": mean_dice(adults)}
