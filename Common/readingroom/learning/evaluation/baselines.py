"""What simpler models make of the same studies on the same splits, as predictions that can be compared.

A model of images is worth its training where it beats them. One that looks at no image and comes close says that the
class follows the hospital, the scanner or the patients.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..audit.covariates import clinical, metadata, sites, thumbnails
from ..cohorts.cohort import Cohort
from ..cohorts.fingerprint import Fingerprint
from ..cohorts.splits import Split
from .predictions import Floats, Predictions
from .simple_models import forest as random_forest
from .simple_models import regression

_LEAST_PROBABILITY = 1e-6
_LEAF, _LEAVES = 5, 10  # rows of a leaf at most, and leaves that a forest's training rows could fill


@dataclass(frozen=True)
class Baseline:
    """A simple model; ``title`` says what it looks at.

    Its ``predictions`` have the rows and repeats of the model's own, so that both can be compared and evaluated alike.
    """

    title: str
    predictions: Predictions


def train_baselines(
    predictions: Predictions,
    cohort: Cohort,
    prints: Sequence[Fingerprint | None],
    repeats: Sequence[Sequence[Split]],
    values: Sequence[str] = (),
    seed: int = 0,
) -> tuple[Baseline, ...]:
    """Train them on the training and validation rows of each split, and predict its test rows.

    Parameters
    ----------
    predictions : of the model that is evaluated: exclusive classes, each row a study of the cohort
    prints : fingerprint of each row of the cohort; rows without one train nothing
    repeats : splits of the cohort for each repeat of the predictions
    values : how the cohort's table writes each class; as the predictions do when left out

    The most frequent class always takes part; the site, the metadata, the clinical columns and the picture at 32 x 32
    where they are known for every study.

    Raises
    ------
    InputError : a study that was predicted is not in the cohort or in no test part
    ValueError : the classes do not exclude each other, or there are other repeats
    """
    trial = _Trial(predictions, cohort, repeats, tuple(values) or predictions.classes, seed)
    found = [Baseline("always the most frequent class", trial.constant())]
    known = [each for each in prints if each is not None]
    forest = functools.partial(random_forest, leaf=trial.leaf)
    if len(set(cohort.sites)) > 1:
        found.append(Baseline("the site alone", trial.predicted(sites(cohort), forest)))
    if len(known) == len(cohort) and (facts := metadata(cohort, known)):
        found.append(
            Baseline("site and metadata", trial.predicted(np.hstack([*facts.values(), sites(cohort)]), forest))
        )
    if columns := clinical(cohort):
        found.append(Baseline("clinical columns", trial.predicted(np.hstack(list(columns.values())), forest)))
    if len(known) == len(cohort):
        found.append(Baseline("the picture at 32 x 32 pixels", trial.predicted(thumbnails(known), regression)))
    return tuple(found)


class _Trial:
    """The rows and splits on which all baselines are tried."""

    def __init__(
        self,
        predictions: Predictions,
        cohort: Cohort,
        repeats: Sequence[Sequence[Split]],
        values: tuple[str, ...],
        seed: int,
    ):
        if predictions.multilabel or len(repeats) != predictions.repeats:
            raise ValueError("Baselines need exclusive classes, and splits for each repeat.")
        number = {value: place for place, value in enumerate(values)}
        self.truth = np.array([number.get(str(row.label), -1) for row in cohort.rows])
        place = {(row.patient_id, row.study_id): n for n, row in enumerate(cohort.rows)}
        keys = list(zip(predictions.patients.tolist(), predictions.study_ids.tolist(), strict=True))
        if missing := [key for key in keys if key not in place]:
            raise InputError(f"Study '{missing[0][1]}' of patient '{missing[0][0]}' is not in the cohort.")
        self.rows = np.array([place[key] for key in keys], dtype=np.intp)
        for splits in repeats:
            tested = np.concatenate([split.test for split in splits])
            if not np.isin(self.rows, tested).all():
                raise InputError("A study that was predicted is in the test part of no split.")
        self.predictions, self.repeats, self.seed = predictions, repeats, seed

    @property
    def leaf(self) -> int:
        """Fewest rows of a forest's leaf. Of ten training rows leaves of five could not be told apart, and what the
        class follows, be it the site, would not be seen."""
        fewest = min(len(split.train) + len(split.validation) for splits in self.repeats for split in splits)
        return min(max(fewest // _LEAVES, 1), _LEAF)

    def constant(self) -> Predictions:
        """The share of each class among what was evaluated: it orders nothing, and is right as often as one can be."""
        shares = np.bincount(self.predictions.truth, minlength=len(self.predictions.classes)) / len(self.predictions)
        return self._with(np.broadcast_to(shares, self.predictions.logits.shape))

    def predicted(self, columns: Floats, make: Callable[[int], Any]) -> Predictions:
        """Out-of-sample predictions from ``columns`` (cohort's rows, columns)."""
        probabilities = np.zeros(self.predictions.logits.shape)
        for repeat, splits in enumerate(self.repeats):
            for split in splits:
                train = np.concatenate([split.train, split.validation])
                train = train[self.truth[train] >= 0]
                inside = np.flatnonzero(np.isin(self.rows, split.test))
                with warnings.catch_warnings(action="ignore"):  # columns without a value in a fold
                    model = make(self.seed).fit(columns[train], self.truth[train])
                    calibrated = model.predict_proba(columns[self.rows[inside]])
                probabilities[repeat, inside[:, None], model.classes_[None]] = calibrated
        return self._with(probabilities)

    def _with(self, probabilities: NDArray[np.float64]) -> Predictions:
        return replace(self.predictions, logits=np.log(np.maximum(probabilities, _LEAST_PROBABILITY)))
