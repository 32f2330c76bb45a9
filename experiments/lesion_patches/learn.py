"""Patches on lesions and on normal tissue, a head for each fold that tells them apart, and its maps of other films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readingroom.learning.cohorts.splits import Split
from readingroom.learning.training.heads.head import Outcomes
from readingroom.learning.training.heads.linear import LinearHead
from readingroom.metrics.froc import Marks, hits, marks_of

from .features import LAYERS, Layer, columns_of
from .films import PIXEL, Film, Floats

EACH = 12  # patches of a film on normal tissue, and at most on each of its lesions
MARKS = 12  # of a film
APART = 15.0  # mm between two marks
AWAY = 8.5  # mm of a normal patch from a lesion's edge: the breadth of a patch
HARD = 4  # of the highest marks on normal tissue of each film that go back into the training


@dataclass(frozen=True)
class Model:
    """What is learned from; ``hard`` where a second head learns from the false marks of the first one, too."""

    name: str
    layers: tuple[Layer, ...] = LAYERS
    hard: bool = False


# The first was named before any of them was measured; the others say what it is made of.
MODELS = (
    Model("patch network"),
    Model("with hard negatives", hard=True),
    *(Model(f"the map of stride {layer.stride} alone", (layer,)) for layer in LAYERS),
)


@dataclass(frozen=True, eq=False)
class Patches:
    """Places of one film, by their numbers: on lesions, at the middle of each lesion, and on normal tissue."""

    lesion: NDArray[np.intp]
    middle: NDArray[np.intp]
    normal: NDArray[np.intp]


def patches(film: Film, seed: int) -> Patches:
    """Drawn at random, the same for every model."""
    random = np.random.default_rng(seed)
    empty = np.zeros(0, dtype=np.intp)
    if film.lesions.everywhere or not len(film.places):
        return Patches(empty, empty, empty)
    drawn, middle = [empty], []
    for center, reach in zip(film.lesions.centers, film.lesions.reach, strict=True):
        distance = np.linalg.norm(film.places - center, axis=1)
        nearest = int(distance.argmin())
        if distance[nearest] > reach:
            continue  # on no tissue that was found
        middle.append(nearest)
        inside = np.union1d(np.flatnonzero(distance <= reach / 2), [nearest])
        drawn.append(random.permutation(inside)[:EACH])
    normal = random.permutation(np.flatnonzero(is_normal(film, film.places)))[:EACH]
    return Patches(np.unique(np.concatenate(drawn)), np.unique(np.array(middle, dtype=np.intp)), normal)


def is_normal(film: Film, places: Floats) -> NDArray[np.bool_]:
    """(places,) away from every lesion."""
    return np.asarray(~hits(places, film.lesions.centers, film.lesions.reach + AWAY).any(axis=1))


def marks(film: Film, scores: Floats, most: int = MARKS) -> Marks:
    """Of a map (places,)."""
    return marks_of(film.places, scores, APART, most)


def out_of_fold(
    model: Model,
    films: Sequence[Film],
    features: Sequence[NDArray[np.float16]],
    patients: NDArray[np.str_],
    splits: Sequence[Split],
    drawn: Sequence[Patches],
) -> list[Floats]:
    """Of each film a map (places,) by the head of the fold that tests it, in deviations of the normal tissue that the
    head learned from.

    Raises
    ------
    InputError : a fold has too few patients with a lesion to learn from
    """
    columns = columns_of(model.layers)
    found: list[Floats] = [np.zeros(len(film.places)) for film in films]
    for split in splits:
        chosen = {int(row): drawn[row] for row in split.train}
        score = _learned(features, patients, columns, chosen)
        if model.hard:
            score = _learned(features, patients, columns, _harder(films, features, score, chosen))
        for row in split.test:
            found[row] = score(features[row])
    return found


@dataclass(frozen=True, eq=False)
class _Score:
    columns: NDArray[np.intp]
    weight: Floats
    bias: float

    def __call__(self, values: NDArray[np.float16]) -> Floats:
        return np.asarray(values[:, self.columns].astype(np.float64) @ self.weight + self.bias)


def _learned(
    features: Sequence[NDArray[np.float16]],
    patients: NDArray[np.str_],
    columns: NDArray[np.intp],
    chosen: dict[int, Patches],
) -> _Score:
    """A head of these patches alone; its strength is chosen on patients that are left out among them."""
    bags, labels, who = [], [], []
    for row, found in chosen.items():
        for label, places in enumerate((found.normal, found.lesion)):
            values = features[row][places][:, columns].astype(np.float32)
            bags += list(values[:, None])
            labels += [label] * len(places)
            who += [patients[row]] * len(places)
    truth = np.array(labels)
    weights = len(truth) / (2 * np.bincount(truth, minlength=2)[truth])
    missing = np.full(len(truth), np.nan)
    outcomes = Outcomes(2, truth, np.array(who), weights, missing, np.zeros(len(truth), dtype=bool))
    head, rows = LinearHead(), np.arange(len(truth))
    state = head.fit(bags, outcomes, rows, head.choose(bags, outcomes, rows, 0), 0)
    weight, bias = (np.asarray(state[name][1] - state[name][0], dtype=np.float64) for name in ("weight", "bias"))
    normal = np.concatenate([bags[row] for row in rows[truth == 0]]) @ weight + bias
    center, deviation = float(normal.mean()), float(normal.std())
    return _Score(columns, weight / deviation, (float(bias) - center) / deviation)


def _harder(
    films: Sequence[Film],
    features: Sequence[NDArray[np.float16]],
    score: _Score,
    chosen: dict[int, Patches],
) -> dict[int, Patches]:
    """With the highest marks on normal tissue of the films that train."""
    found = {}
    for row, patches_ in chosen.items():
        film = films[row]
        if film.lesions.everywhere:
            found[row] = patches_
            continue
        free = np.flatnonzero(is_normal(film, film.places))
        best = marks_of(film.places[free], score(features[row][free]), APART, HARD)
        added = [int(np.flatnonzero((film.places == place).all(axis=1))[0]) for place in best.places]
        normal = np.union1d(patches_.normal, np.array(added, dtype=np.intp))
        found[row] = Patches(patches_.lesion, patches_.middle, normal)
    return found


def gaussian(film: Film, millimeters: float) -> Floats:
    """The film's gray (places,), averaged by a Gaussian of this deviation."""
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(film.gray, millimeters / PIXEL)
    return np.asarray(smooth[np.ix_(*film.grid)][film.on_tissue], dtype=np.float64)
