"""Everything that a training was asked for and found, as the bundle's metadata and card tell it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...trust.distance import FeatureStatistics
from ..cohorts.cohort import Cohort
from ..evaluation.outcomes import AnyResult
from ..protocols.training_protocol import TrainingProtocol
from .baseline_comparison import BaselineComparison
from .cross_validation import CrossValidation
from .explained_run import ExplainedRun
from .fold_trainer import FinalModel
from .question import Question


@dataclass(frozen=True)
class BundleDescription:
    """What only people know of a bundle.

    Parameters
    ----------
    title : what people call it; made of the labels when left out
    sources : data sets, as a reader would look for them
    license, license_text : of the weights
    time_zero : what times count from
    demonstration : trained on phantoms; a banner says so everywhere
    ages : lowest and highest of the patients in completed years, where the table does not tell them
    weighting : of MR whose files have no header that tells it
    """

    title: str = ""
    version: str = "1.0.0"
    sources: tuple[str, ...] = ()
    license: str = "not stated"
    license_text: str = (
        "The license of these weights was not stated: ask those who trained them before passing them on."
    )
    intended_use: str = "Research and teaching. Not a medical device, not for diagnosis."
    time_zero: str = "the CT"
    demonstration: bool = False
    ages: tuple[float, float] | None = None
    weighting: str = ""


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """One training from the table to the numbers.

    Parameters
    ----------
    name : of the bundle
    network : in the registry
    begins_with : of the network, in words
    baselines : simpler models; AUCs are means over classes
    audit : sentences of the audit's severe issues
    notes : sentences on what was done otherwise than asked
    on_real_studies : the same network trained without synthetic studies; None where there are none
    tumor_volumes : (rows,) of the cohort in mL, NaN where not known; None where nothing is known of them
    explained : features of the networks in handcrafted ones; None where they were not explained
    """

    name: str
    description: BundleDescription
    cohort: Cohort
    question: Question
    protocol: TrainingProtocol
    network: str
    initial_weights: str
    cross_validation: CrossValidation
    evaluation: AnyResult
    final_model: FinalModel
    statistics: FeatureStatistics
    baselines: tuple[BaselineComparison, ...]
    audit: tuple[str, ...]
    notes: tuple[str, ...]
    on_real_studies: BaselineComparison | None = None
    tumor_volumes: NDArray[np.float64] | None = None
    explained: ExplainedRun | None = None

    @property
    def learned(self) -> NDArray[np.intp]:
        """Rows that the final model has seen."""
        return np.sort(np.concatenate([self.cross_validation.final.train, self.cross_validation.final.validation]))
