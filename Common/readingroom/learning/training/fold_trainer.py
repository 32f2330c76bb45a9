"""What trains the network of a split, frozen or fine-tuned, as the run sees it, and all networks of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ...bundles.preprocessing import Preprocessing
from ...progress import Progress
from ..cohorts.splits import Rows, Split
from .cross_validation import CrossValidation
from .loop.history import Epoch

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FoldFeatures:
    """The features of a network that is left as it was trained, its embeddings.

    Parameters
    ----------
    rows : (training rows,) their numbers
    learned : (training rows, features)
    tested : (test rows, features)
    """

    rows: Rows
    learned: Floats
    tested: Floats


@dataclass(frozen=True, eq=False)
class FoldResult:
    """Predictions of a network for the test rows of its split, which it had not seen.

    Parameters
    ----------
    logits : (test rows, classes)
    distances : (test rows,) from its training rows in its own features, see `readingroom.trust.distance`
    history : of its epochs, where it had some
    notes : sentences on what was done otherwise than the protocol says
    features : where the protocol asks for them to be explained
    """

    logits: Floats
    distances: Floats
    history: tuple[Epoch, ...] = ()
    notes: tuple[str, ...] = ()
    features: FoldFeatures | None = None


@dataclass(frozen=True, eq=False)
class FinalModel:
    """The final model.

    Parameters
    ----------
    network : on the CPU, in evaluation mode
    embeddings : (real train and validation rows, features) what tells how far a study lies from these
    preprocessing : of the pixels, with the numbers that training measured
    settings : what was chosen on the way, for the bundle
    """

    network: nn.Module
    embeddings: Floats
    preprocessing: Preprocessing
    history: tuple[Epoch, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


class FoldTrainer(Protocol):
    """Trains the network of a split. A folder that is finished is not trained again."""

    def train_fold(self, split: Split, seed: int, folder: Path, progress: Progress) -> FoldResult:
        """Train on the split and predict its test rows."""

    def train_final(self, split: Split, seed: int, folder: Path, progress: Progress) -> FinalModel:
        """Train on the split; a folder in which `train_fold` trained the same split has that network."""


@dataclass(frozen=True, eq=False)
class CrossValidationResult:
    """What all networks said.

    Parameters
    ----------
    folds : of each repeat, for each split
    holdout : of the final model, on held-out patients; None where there are none, or where the folds' only network is
        the final model
    """

    folds: tuple[tuple[FoldResult, ...], ...]
    final_model: FinalModel
    holdout: FoldResult | None

    @property
    def all(self) -> tuple[FoldResult, ...]:
        return (*(part for repeat in self.folds for part in repeat), *([self.holdout] if self.holdout else []))


def train_all(
    trainer: FoldTrainer, planned: CrossValidation, seed: int, folder: Path, progress: Progress
) -> CrossValidationResult:
    """Train the network of each split, then the final model. What is finished in ``folder`` is not trained again."""
    count = sum(map(len, planned.repeats))
    repeats = train_folds(trainer, planned, seed, folder, progress.part(0.0, count / (count + 1)))
    last = progress.part(count / (count + 1), 1.0)
    if planned.single_network:
        only = _place(folder, 0, 0)
        return CrossValidationResult(
            repeats, trainer.train_final(planned.final, _seed(seed, planned, 0, 0), only, last), None
        )
    final_folder = folder / "final"
    holdout = trainer.train_fold(planned.final, seed, final_folder, last) if len(planned.final.test) else None
    return CrossValidationResult(repeats, trainer.train_final(planned.final, seed, final_folder, last), holdout)


def train_folds(
    trainer: FoldTrainer, planned: CrossValidation, seed: int, folder: Path, progress: Progress
) -> tuple[tuple[FoldResult, ...], ...]:
    """Train the network of each split of each repeat."""
    jobs = [(r, f, split) for r, repeat in enumerate(planned.repeats) for f, split in enumerate(repeat)]
    folds: list[list[FoldResult]] = [[] for _ in planned.repeats]
    for number, (repeat, fold, split) in enumerate(jobs):
        part = progress.part(number / len(jobs), (number + 1) / len(jobs))
        place = _place(folder, repeat, fold)
        folds[repeat].append(trainer.train_fold(split, _seed(seed, planned, repeat, fold), place, part))
    return tuple(map(tuple, folds))


def _place(folder: Path, repeat: int, fold: int) -> Path:
    return folder / f"repeat-{repeat}-fold-{fold}"


def _seed(seed: int, planned: CrossValidation, repeat: int, fold: int) -> int:
    """Of each network its own; that of the final model is ``seed`` itself."""
    return seed + 1 + repeat * len(planned.repeats[0]) + fold
