"""What maps of films are worth: do their highest places lie on the lesions, and how many marks does that take?"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from readingroom.learning.cohorts.splits import Split
from readingroom.metrics.auc import auc_interval
from readingroom.metrics.bootstrap import patient_interval, patient_intervals, weighted_mean
from readingroom.metrics.curves import Ranking
from readingroom.metrics.froc import FreeResponse, Marks, hits
from readingroom.metrics.proportions import proportion_of_patients
from readingroom.reading import Estimate, Interval

from .films import Film, Floats
from .learn import Patches, gaussian, marks

RATES = (0.5, 1.0, 2.0, 4.0)  # false marks on a film
_DRAWN_AT = tuple(0.25 * step for step in range(21))  # with those in the curves that are drawn
OPERATING = 1.0  # false marks on a film for which a threshold is chosen
RESAMPLES = 1000
_DRAWS = 5  # of random places; their results are averaged
_NEAR = 0.1  # of the breast's box, how far around the lesions of other patients one is expected
_SPOT, _AROUND = 4.0, 12.0  # mm, deviations of the Gaussians whose difference is bright on a round spot

MOVED = "the first model, lesions moved to random places before"
RANDOM, CENTER, BRIGHT, SPOT, ELSEWHERE = (
    "a random place", "the middle of the tissue", "the brightest place", "the brightest round spot",
    "where the lesions of the other patients lay",
)  # fmt: skip


@dataclass(frozen=True)
class Curve:
    """A free-response curve to be drawn: lesions localized at each number of false marks, with the interval's ends."""

    false_marks: tuple[float, ...]
    localized: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Result:
    """A model, or what it is held against.

    Parameters
    ----------
    patch_auc : of the middle of each lesion against normal tissue; None where places have no score of their own
    first_hit : share of the films with a lesion whose highest place lies on one
    localized : share of the lesions that are hit at `RATES`
    malignant : the same of the malignant ones, at the second of these rates; None where there are none
    film_auc : of the highest place as a score of the film, with a lesion or without
    malignant_film_auc : the same, of films with a malignant lesion and films without any
    at_threshold, false_marks : share of the lesions that are hit, and false marks on a film, at thresholds that were
        chosen on the other folds for `OPERATING` of them
    """

    name: str
    patch_auc: Estimate | None
    first_hit: Estimate
    localized: tuple[Estimate, ...]
    malignant: Estimate | None
    film_auc: Estimate
    malignant_film_auc: Estimate | None
    at_threshold: Estimate
    false_marks: float
    curve: Curve


@dataclass(frozen=True)
class Kind:
    """Lesions of one kind: how many there are, their mean radius in mm, and the share that is hit at the thresholds of
    `Result.at_threshold`."""

    name: str
    lesions: int
    radius: float
    found: Estimate


@dataclass(frozen=True)
class Difference:
    """By how much a model is better than what it is held against, on the same films."""

    other: str
    first_hit: Estimate
    localized: Estimate


class Study:
    """Films whose lesions all have a place, as maps are held against them.

    Parameters
    ----------
    films, patients, drawn : one for each row of the cohort
    splits : by which every film is tested once
    """

    def __init__(
        self, films: Sequence[Film], patients: NDArray[np.str_], drawn: Sequence[Patches], splits: Sequence[Split]
    ):
        self.rows = np.array(
            [row for row, film in enumerate(films) if not film.lesions.everywhere and len(film.places)]
        )
        self.every, self.drawn = films, drawn
        self.films = [films[row] for row in self.rows]
        self._unplaced = sum(film.lesions.everywhere for film in films)
        self.patients = patients[self.rows]
        self.ill = np.array([len(film.lesions.radii) > 0 for film in self.films])
        self._drawn = [drawn[row] for row in self.rows]
        fold_of = {int(row): number for number, split in enumerate(splits) for row in split.test}
        self.folds = np.array([fold_of[int(row)] for row in self.rows])

    def baselines(self, seed: int = 0) -> dict[str, list[list[Floats]]]:
        """Maps that nobody has to train a network for; several draws where they are random."""
        random = np.random.default_rng(seed)
        return {
            RANDOM: [[random.random(len(film.places)) for film in self.films] for _ in range(_DRAWS)],
            CENTER: [[-np.linalg.norm(film.places - film.places.mean(axis=0), axis=1) for film in self.films]],
            BRIGHT: [[gaussian(film, _SPOT) for film in self.films]],
            SPOT: [[gaussian(film, _SPOT) - gaussian(film, _AROUND) for film in self.films]],
            ELSEWHERE: [[self._elsewhere(number) for number in range(len(self.films))]],
        }

    def result(self, name: str, draws: Sequence[Sequence[Floats]]) -> Result:
        """What maps (places,) of each film, in one or several draws, are worth."""
        found = [[marks(film, values) for film, values in zip(self.films, maps, strict=True)] for maps in draws]
        malignant_film = np.array([film.lesions.malignant.any() for film in self.films])
        every = self._response(found)
        malignant = self._response(found, malignant=True) if malignant_film.any() else None
        tiled = functools.partial(np.tile, reps=(1, len(draws)))

        def measured(weights: Floats) -> dict[str, Floats]:
            curve = every.curve(tiled(weights))
            at = {str(rate): curve.localized_at(rate) for rate in _DRAWN_AT}
            return at if malignant is None else at | {"": malignant.curve(tiled(weights)).localized_at(RATES[1])}

        whose = self._of_lesions()
        resampled = patient_intervals(measured, self.patients, RESAMPLES)
        of_malignant = np.concatenate([film.lesions.malignant for film in self.films])
        numbers = {name: _wide(each, whose if name else whose[of_malignant]) for name, each in resampled.items()}
        highest = np.mean([[each.scores[0] for each in one] for one in found], axis=0)
        hit, false_marks = self._at_thresholds(found)
        asked = malignant_film | ~self.ill
        return Result(
            name,
            self._patch_auc(draws[0]) if name != RANDOM else None,
            self._share(self._first_hits(found)),
            tuple(numbers[str(rate)] for rate in RATES),
            numbers.get(""),
            _auc(self.ill, highest, self.patients),
            _auc(malignant_film[asked], highest[asked], self.patients[asked]) if malignant is not None else None,
            proportion_of_patients(hit, np.tile(whose, len(draws))),
            false_marks,
            _curve([numbers[str(rate)] for rate in _DRAWN_AT]),
        )

    def by_kind(self, maps: Sequence[Floats]) -> tuple[Kind, ...]:
        """What a model finds of each kind of lesion, of the malignant ones, and of the others."""
        hit, _ = self._at_thresholds([[marks(film, values) for film, values in zip(self.films, maps, strict=True)]])
        lesions = [film.lesions for film in self.films]
        kinds = np.array([kind for each in lesions for kind in each.kinds])
        malignant, radii = (
            np.concatenate([getattr(each, name) for each in lesions]) for name in ("malignant", "radii")
        )
        parts = {"malignant": malignant, "benign": ~malignant} | {str(kind): kinds == kind for kind in np.unique(kinds)}
        patients = self._of_lesions()
        return tuple(
            Kind(name, int(part.sum()), float(radii[part].mean()), proportion_of_patients(hit[part], patients[part]))
            for name, part in parts.items()
            if part.any()
        )

    def difference(self, model: Sequence[Floats], other: str, draws: Sequence[Sequence[Floats]]) -> Difference:
        """The model's map against these."""
        both = [
            [[marks(film, values) for film, values in zip(self.films, maps, strict=True)] for maps in each]
            for each in ([model], draws)
        ]
        own, against = (self._response(each) for each in both)
        first = self._first_hits(both[0]) - self._first_hits(both[1])

        def measured(weights: Floats) -> dict[str, Floats]:
            theirs = against.curve(np.tile(weights, (1, len(draws)))).localized_at(RATES[1])
            return {"": own.curve(weights).localized_at(RATES[1]) - theirs}

        hit = patient_interval(lambda weights: weighted_mean(first, weights), self.patients[self.ill], RESAMPLES)
        return Difference(other, hit, patient_intervals(measured, self.patients, RESAMPLES)[""])

    def counts(self) -> Mapping[str, int]:
        """Films, patients and lesions that are measured."""
        lesions = [film.lesions for film in self.films]
        return {
            "films": len(self.films),
            "patients": len(np.unique(self.patients)),
            "with": int(self.ill.sum()),
            "lesions": sum(len(each.radii) for each in lesions),
            "malignant": sum(int(each.malignant.sum()) for each in lesions),
            "unplaced": self._unplaced,
            "patches": sum(len(each.normal) for each in self._drawn),
        }

    def _response(self, found: Sequence[Sequence[Marks]], malignant: bool = False) -> FreeResponse:
        """Of all draws together. A mark on a benign lesion is not false where the malignant ones are asked for."""
        kept, lesions = [], []
        for one in found:
            for film, each in zip(self.films, one, strict=True):
                own = film.lesions
                wanted = own.malignant if malignant else np.ones(len(own.radii), dtype=bool)
                elsewhere = ~hits(each.places, own.centers[~wanted], own.reach[~wanted]).any(axis=1)
                elsewhere |= hits(each.places, own.centers[wanted], own.reach[wanted]).any(axis=1)
                kept.append(Marks(each.places[elsewhere], each.scores[elsewhere]))
                lesions.append((own.centers[wanted], own.reach[wanted]))
        return FreeResponse(kept, lesions)

    def _first_hits(self, found: Sequence[Sequence[Marks]]) -> Floats:
        """(films with a lesion,) whether the highest mark hits one, averaged over the draws."""
        drawn = []
        for one in found:
            chosen = [(film.lesions, each) for film, each, ill in zip(self.films, one, self.ill, strict=True) if ill]
            drawn.append([hits(each.places[:1], own.centers, own.reach).any() for own, each in chosen])
        return np.mean(np.array(drawn, dtype=np.float64), axis=0)

    def _share(self, values: Floats) -> Estimate:
        patients = self.patients[self.ill]
        if np.isin(values, (0, 1)).all():
            return proportion_of_patients(values, patients)
        return patient_interval(lambda weights: weighted_mean(values, weights), patients, RESAMPLES)

    def _of_lesions(self) -> NDArray[np.str_]:
        """(lesions,) the patient of each."""
        return np.repeat(self.patients, [len(film.lesions.radii) for film in self.films])

    def _at_thresholds(self, found: Sequence[Sequence[Marks]]) -> tuple[NDArray[np.bool_], float]:
        """(lesions of all draws,) which are hit, each fold's films at the threshold that the films of the other folds
        chose; and the false marks on a film."""
        films, flat, folds = list(self.films) * len(found), [each for one in found for each in one], self.folds
        folds = np.tile(folds, len(found))
        response = self._response(found)
        threshold = {
            fold: float(response.curve((folds != fold).astype(np.float64)).threshold_at(OPERATING))
            for fold in np.unique(folds)
        }
        hit, false = [], 0
        for film, each, fold in zip(films, flat, folds, strict=True):
            on = hits(each.places[each.scores >= threshold[fold]], film.lesions.centers, film.lesions.reach)
            hit.append(on.any(axis=0))
            false += int((~on.any(axis=1)).sum())
        return np.concatenate(hit), false / len(flat)

    def _patch_auc(self, maps: Sequence[Floats]) -> Estimate:
        labels, scores, whose = [], [], []
        for values, drawn, patient in zip(maps, self._drawn, self.patients, strict=True):
            for label, places in ((1, drawn.middle), (0, drawn.normal)):
                labels += [label] * len(places)
                scores += values[places].tolist()
                whose += [patient] * len(places)
        return _auc(np.array(labels), np.array(scores), np.array(whose))

    def _elsewhere(self, number: int) -> Floats:
        """How near a place is, by its share of the breast's height and depth, to lesions of patients of other folds."""
        others = [
            center / film.places.max(axis=0)
            for film, fold in zip(self.films, self.folds, strict=True)
            if fold != self.folds[number]
            for center in film.lesions.centers
        ]
        places = self.films[number].places / self.films[number].places.max(axis=0)
        away = np.linalg.norm(places[:, None] - np.array(others).reshape(1, -1, 2), axis=2)
        return np.asarray(np.exp(-((away / _NEAR) ** 2) / 2).sum(axis=1))


def _wide(share: Estimate, patients: NDArray[np.str_]) -> Estimate:
    """Where no lesion was found, or every one, all resamples agree: then the interval is that of a proportion."""
    ends = share.interval
    if share.value not in (0, 1) or (ends is not None and ends.low < ends.high):
        return share
    return replace(proportion_of_patients(np.full(len(patients), share.value), patients), n=share.n)


def _curve(localized: Sequence[Estimate]) -> Curve:
    """At `_DRAWN_AT`."""
    bounds = [each.interval or Interval(each.value, each.value) for each in localized]
    return Curve(
        _DRAWN_AT,
        tuple(each.value for each in localized),
        tuple(each.low for each in bounds),
        tuple(each.high for each in bounds),
    )


def _auc(labels: NDArray, scores: Floats, patients: NDArray[np.str_]) -> Estimate:
    ranking = Ranking(labels, scores)
    counts = [len(np.unique(patients[labels == label])) for label in (1, 0)]
    interval = functools.partial(auc_interval, positives=counts[0], negatives=counts[1])
    return patient_interval(lambda weights: ranking.curves(weights)[0].area, patients, RESAMPLES, interval=interval)
