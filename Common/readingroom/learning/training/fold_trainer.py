"""What trains the network of a split, frozen or fine-tuned, as the run sees it."""

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
from ..cohorts.splits import Split
from .loop.history import Epoch

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FoldResult:
    """Predictions of a network for the test rows of its split, which it had not seen.

    Parameters
    ----------
    logits : (test rows, classes)
    distances : (test rows,) from its training rows in its own features, see `readingroom.trust.distance`
    history : of its epochs, where it had some
    notes : sentences on what was done otherwise than the protocol says
    """

    logits: Floats
    distances: Floats
    history: tuple[Epoch, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class FinalModel:
    """The final model.

    Parameters
    ----------
    network : on the CPU, in evaluation mode
    embeddings : (train and validation rows, features) what its last linear layer was given
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
