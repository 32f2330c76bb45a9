"""Everything that a training was asked for and found, as the bundle's metadata and card tell it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...reading import Estimate
from ...trust.distance import FeatureStatistics
from ..cohorts.cohort import Cohort
from ..cohorts.question import Question
from ..judging.judgement import Judgement
from ..protocols.protocol import Protocol
from .rounds import Rounds
from .way import Shipped


@dataclass(frozen=True)
class About:
    """What only people know of a bundle.

    Parameters
    ----------
    title : what people call it; made of the labels when left out
    sources : data sets, as a reader would look for them
    licence, licence_text : of the weights
    demonstration : trained on phantoms; a banner says so everywhere
    """

    title: str = ""
    version: str = "1.0.0"
    sources: tuple[str, ...] = ()
    licence: str = "not stated"
    licence_text: str = (
        "The licence of these weights was not stated: ask those who trained them before passing them on."
    )
    intended_use: str = "Research and teaching. Not a medical device, not for diagnosis."
    demonstration: bool = False


@dataclass(frozen=True)
class Beaten:
    """A simpler model on the same rows and folds; ``advantage`` is the network's AUC minus its own."""

    title: str
    auc: Estimate
    advantage: Estimate


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """One training from the table to the numbers.

    Parameters
    ----------
    name : of the bundle
    network : in the registry
    begins_with : of the network, in words
    rivals : simpler models; AUCs are means over classes
    audit : sentences of the audit's severe findings
    notes : sentences on what was done otherwise than asked
    """

    name: str
    about: About
    cohort: Cohort
    question: Question
    protocol: Protocol
    network: str
    begins_with: str
    rounds: Rounds
    judgement: Judgement
    shipped: Shipped
    statistics: FeatureStatistics
    rivals: tuple[Beaten, ...]
    audit: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def learned(self) -> NDArray[np.intp]:
        """Rows that the network that ships has seen."""
        return np.sort(np.concatenate([self.rounds.ships.train, self.rounds.ships.validation]))
