"""Risk of death over 24 months in non-small-cell lung cancer, after Paper 003, from the slices of a planning CT.

Each slice that holds lung passes a 2D network once; attention weighs the slices, and a head for survival gives the
cumulative incidence of death month by month. Beside it stand a Cox model on clinical facts and the cohort's own curve.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import codes, model_cache
from ..bundles.bundle import Bundle
from ..bundles.metadata import BundleMetadata, SurvivalMetadata
from ..device import is_all_on
from ..reading import Check, Reading
from ..study import Study
from .answer import Answer, Case, CorrectedMask, Prediction
from .base import ReadContext, Reader
from .description import ClinicalField, DisplayWindow, ImageRole, MaskRole, Task
from .lung_masks import LungMasks, lung_mask_roles
from .lung_priors import ct_checks

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from ..networks.slices import SliceNetwork
    from ..progress import Progress
    from ..trust.distance import FeatureStatistics
    from .survival_network import SurvivalAnswers

CT, PRIOR = "ct", "prior-ct"
TUMOUR, PRIOR_TUMOUR = "tumour", "prior-tumour"
_WINDOWS = (DisplayWindow("Lung", -600, 1500), DisplayWindow("Mediastinum", 40, 400))


@dataclass(frozen=True, eq=False)
class Model:
    """A bundle's network on its device, and where its training studies lie (None when the bundle does not say)."""

    bundle: Bundle
    network: SliceNetwork
    statistics: FeatureStatistics | None


@dataclass(frozen=True, eq=False)
class Details:
    """What one CT became on its way: lungs, slices, and what the network said of them."""

    lungs: LungMasks
    prepared: Any  # PreparedSlices, or PreparedVolume of a network that reads the CT as one volume
    answers: SurvivalAnswers


class LungSurvivalReader(Reader):
    """Reads a chest CT of a patient with lung cancer, with clinical facts, a mask of the tumor and a prior where there
    are."""

    name = "lung-survival"
    title = "Lung Survival"
    question = "How high is the risk of death within 24 months of this CT, in non-small-cell lung cancer?"
    images = (
        ImageRole(CT, "Chest CT", ("CT",), dimensions=3, windows=_WINDOWS),
        ImageRole(PRIOR, "Prior chest CT", ("CT",), dimensions=3, required=False, prior_of=CT, windows=_WINDOWS),
    )
    masks = (
        *lung_mask_roles(CT),
        MaskRole(TUMOUR, "Tumor", CT, codes.NEOPLASM, sources=("scene", "file")),
        MaskRole(PRIOR_TUMOUR, "Tumor on the prior", PRIOR, codes.NEOPLASM, sources=("scene", "file")),
    )
    masks_followed = (TUMOUR,)
    clinical = (
        ClinicalField("age", "Age", "number", unit="a", low=18, high=110, keyword="PatientAge"),
        ClinicalField(
            "sex", "Sex", "choice", choices=(("F", "Female"), ("M", "Male"), ("O", "Other")), keyword="PatientSex"
        ),
        ClinicalField(
            "stage", "Overall stage", "choice",
            choices=tuple((value, f"Stage {value}") for value in ("I", "II", "IIIA", "IIIB", "IV")),
        ),
        ClinicalField("t", "T", "choice", choices=tuple((value, f"T{value}") for value in "1234")),
        ClinicalField("n", "N", "choice", choices=tuple((value, f"N{value}") for value in "0123")),
        ClinicalField(
            "histology", "Histology", "choice",
            choices=(
                ("adenocarcinoma", "Adenocarcinoma"), ("large cell", "Large cell carcinoma"),
                ("squamous cell carcinoma", "Squamous cell carcinoma"),
                ("not otherwise specified", "Not otherwise specified"),
            ),
        ),
    )  # fmt: skip
    tasks = (Task("overall-survival", "Death from any cause"),)
    tests_of_answer = ("slices left out", "comparison with the prior")
    default_bundle = "lung-survival-phantom"

    def checks(self, case: Case, forced: bool = False) -> tuple[Check, ...]:
        return ct_checks(case, CT, PRIOR)

    def load_model(self, bundle: Bundle, device: torch.device) -> Model:
        from .network import feature_statistics, require_organ
        from .survival_network import load_survival_network

        metadata = bundle.of_kind(SurvivalMetadata)
        require_organ(metadata, "lungs")
        network = model_cache.get_or_load(
            ("survival network", bundle.sha256), functools.partial(load_survival_network, bundle)
        )
        if not is_all_on(network, device):
            network.to(device)
        return Model(bundle, network, feature_statistics(bundle))

    def predict(
        self, model: Model, cases: Sequence[Case], context: ReadContext, explainable: bool = False
    ) -> list[Prediction]:
        predictions = []
        for case in cases:
            progress = context.progress.part(0.25, 0.35) if explainable else None
            details = ask(model, case, CT, context, progress, explainable, checked=explainable)
            answers = details.answers
            predictions.append(Prediction(answers.logits, answers.embedding, details if explainable else None))
        return predictions

    def explain(self, case: Case, prediction: Prediction, context: ReadContext) -> Answer:
        from ..trust.checks import distance_check
        from .lung_survival_answer import answer_of

        statistics = context.model.statistics
        if statistics is not None and prediction.embedding is not None:
            distance = float(statistics.distance(prediction.embedding[None])[0])
            context.check(distance_check(distance, statistics, "CT"))
        return answer_of(case, prediction, context)

    def test(self, case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
        from .lung_survival_left_out import without_slices
        from .lung_survival_prior import compared

        whole = context.progress
        context.progress = whole.part(0.0, 0.5) if PRIOR in case.images else whole
        answer = without_slices(prediction, answer, context)
        if PRIOR in case.images:
            context.progress = whole.part(0.5, 1.0)
            answer = compared(case, prediction, answer, context)
        context.progress = whole
        return answer

    def with_clinical(self, reading: Reading, study: Study, metadata: BundleMetadata) -> Reading:
        from .lung_survival_baselines import clinical_risk, with_baseline

        assert isinstance(metadata, SurvivalMetadata)
        return with_baseline(super().with_clinical(reading, study, metadata), clinical_risk(metadata, study))

    def with_mask(self, reading: Reading, corrected: CorrectedMask, metadata: BundleMetadata) -> Reading:
        from .lung_survival_baselines import with_tumor

        assert isinstance(metadata, SurvivalMetadata)
        return with_tumor(reading, corrected, metadata)


def ask(
    model: Model,
    case: Case,
    image: str,
    context: ReadContext,
    progress: Progress | None,
    explainable: bool,
    checked: bool,
) -> Details:
    """Find the lungs of the CT in a role, and ask the network about its slices, or about all of it at once.

    Parameters
    ----------
    progress : told as it goes; None where only a cancel is asked for
    explainable : keep the maps of the risk
    checked : add the checks of the lungs to the reading

    Raises
    ------
    InputError : there are no lungs
    RefusedError : a check of the lungs says ``stop``
    """
    from .lung_slices import ask_about_lungs
    from .survival_network import ask_survival

    metadata = model.bundle.of_kind(SurvivalMetadata)

    def asked(pixels: NDArray[np.float32], each: Callable[[int], None]) -> SurvivalAnswers:
        return ask_survival(model.network, pixels, metadata, context.device, context.note, each, explainable)

    return Details(*ask_about_lungs(case, image, metadata.preprocessing, context, asked, progress, checked))


READER = LungSurvivalReader()
