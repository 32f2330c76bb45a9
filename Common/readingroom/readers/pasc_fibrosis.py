"""Lasting fibrotic change on a chest CT, after Paper 000, by a network that reads its slices.

The lungs are found first; slices that hold enough of them, evenly spaced, pass the network once, which gives the answer
of each slice, their answer together and the map. Tests of the answer and the comparison with a prior follow.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import model_cache
from ..bundles.bundle import Bundle
from ..bundles.metadata import ClassifierMetadata, Label
from ..codes import Code
from ..device import is_all_on
from ..reading import Check
from .answer import Answer, Case, Prediction, with_heat_maps
from .base import ReadContext, Reader
from .description import DisplayWindow, ImageRole, Task
from .lung_masks import LungMasks, LungsByRole, lung_mask_roles
from .lung_priors import ct_checks

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from ..imaging.preprocessing import PreparedSlices
    from ..networks.slices import SliceNetwork
    from ..progress import Progress
    from ..reading import Faithfulness
    from ..trust.distance import FeatureStatistics
    from .slice_network import SliceAnswers

CT, PRIOR = "ct", "prior-ct"
FIBROSIS = Label("fibrosis", "Lasting fibrotic change", Code("51615001", "SCT", "Fibrosis of lung"))
TASK = Task("fibrosis", "Lasting fibrotic change or none", (FIBROSIS, Label("none", "No lasting fibrotic change")))
_WINDOWS = (DisplayWindow("Lung", -600, 1500), DisplayWindow("Mediastinum", 40, 400))
_REMOVED, _REPEATS = (0.0, 0.1, 0.2, 0.4), 3  # of the deletion curve; each step asks about all slices anew


@dataclass(frozen=True, eq=False)
class Model:
    """A bundle's network on its device, and where its training studies lie (None when the bundle does not say)."""

    bundle: Bundle
    network: SliceNetwork
    statistics: FeatureStatistics | None


@dataclass(eq=False)
class Details:
    """What one CT became on its way: lungs, slices, what the network said of them, and the zones of the lungs on the
    network's input, which are known when it is answered."""

    lungs: LungMasks
    prepared: PreparedSlices
    answers: SliceAnswers
    zones: NDArray[np.uint8] | None = None


class PASCFibrosisReader(Reader):
    """Reads a chest CT, beside a prior of the same patient where there is one."""

    name = "pasc-fibrosis"
    title = "PASC Fibrosis"
    question = "Does this chest CT show lasting fibrotic change?"
    default_bundle = "pasc-fibrosis-phantom"
    images = (
        ImageRole(CT, "Chest CT", ("CT",), dimensions=3, windows=_WINDOWS),
        ImageRole(PRIOR, "Prior chest CT", ("CT",), dimensions=3, required=False, prior_of=CT, windows=_WINDOWS),
    )
    masks = lung_mask_roles(CT)
    tasks = (TASK,)
    tests_of_answer = (
        "deletion curve", "parts of the lungs taken away", "signatures beside the network", "comparison with the prior",
    )  # fmt: skip

    def checks(self, case: Case, forced: bool = False) -> tuple[Check, ...]:
        return ct_checks(case, CT, PRIOR)

    def load_model(self, bundle: Bundle, device: torch.device) -> Model:
        from .network import feature_statistics, require_task
        from .slice_network import load_slice_network

        metadata = bundle.of_kind(ClassifierMetadata)
        require_task(metadata, TASK, "lungs")
        network = model_cache.get_or_load(
            ("slice network", bundle.sha256), functools.partial(load_slice_network, bundle)
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
            details = ask(model, case, CT, context, progress, checked=explainable)
            answers = details.answers
            predictions.append(Prediction(answers.logits, answers.embedding, details if explainable else None))
        return predictions

    def explain(self, case: Case, prediction: Prediction, context: ReadContext) -> Answer:
        from ..trust.checks import distance_check
        from .pasc_fibrosis_answer import answer_of

        statistics = context.model.statistics
        if statistics is not None and prediction.embedding is not None:
            distance = float(statistics.distance(prediction.embedding[None])[0])
            context.check(distance_check(distance, statistics, "CT"))
        return answer_of(case, prediction, context)

    def test(self, case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
        from ..trust.checks import faithfulness_check
        from .pasc_fibrosis_answer import without_each_zone
        from .pasc_fibrosis_prior import compared
        from .signatures import with_signatures

        whole = context.progress
        context.progress = whole.part(0.0, 0.4)
        curve = _deletion_curve(prediction.details, context)
        if curve is not None:
            maps = [replace(layer.heat_map, faithfulness=curve) for layer in answer.maps]
            answer = with_heat_maps(answer, maps)
            if any(finding.positive for finding in answer.findings if finding.name != "none"):
                context.check(faithfulness_check(curve, answer.findings[0].title))
        context.progress = whole.part(0.4, 0.65)
        answer = without_each_zone(case, prediction, answer, context)
        context.progress = whole.part(0.65, 0.7)
        regions = LungsByRole(prediction.details.lungs.lungs)
        answer = with_signatures(answer, FIBROSIS.name, CT, case.images[CT], regions, context)
        if PRIOR in case.images:
            context.progress = whole.part(0.7, 1.0)
            answer = compared(case, prediction, answer, context)
        context.progress = whole
        return answer


def ask(
    model: Model, case: Case, image: str, context: ReadContext, progress: Progress | None, checked: bool = True
) -> Details:
    """Find the lungs of the CT in a role, and ask the network about its slices.

    Parameters
    ----------
    progress : told as it goes; None where only a cancel is asked for
    checked : add the checks of the lungs to the reading

    Raises
    ------
    InputError : there are no lungs
    RefusedError : a check of the lungs says ``stop``
    """
    from .lung_slices import ask_about_lungs
    from .slice_network import ask_slices

    metadata = model.bundle.of_kind(ClassifierMetadata)

    def asked(pixels: NDArray[np.float32], each: Callable[[int], None]) -> SliceAnswers:
        return ask_slices(model.network, pixels, metadata.aggregation, context.device, context.note, each)

    return Details(*ask_about_lungs(case, image, metadata.preprocessing, context, asked, progress, checked))


def probability_of(logits: np.ndarray, metadata: ClassifierMetadata) -> float:
    """The calibrated probability of the finding."""
    from .probabilities import calibrate

    return float(calibrate(metadata, logits).probabilities[0])


def ask_changed(details: Details, pixels: np.ndarray, context: ReadContext) -> float:
    """The probability of the finding for other pixels of the same slices."""
    from .slice_network import ask_slices

    metadata = context.bundle.of_kind(ClassifierMetadata)
    answers = ask_slices(
        context.model.network, pixels, metadata.aggregation, context.device, context.note,
        lambda done: context.progress.raise_if_canceled(),
    )  # fmt: skip
    return probability_of(answers.logits, metadata)


def _deletion_curve(details: Details, context: ReadContext) -> Faithfulness | None:
    """How the probability falls as the hottest parts of all slices are filled in; slices are its third axis."""
    import torch

    from ..explain.faithfulness import deletion_curve
    from .slice_network import margins

    asked = 0

    def probabilities(batch: Tensor) -> Tensor:
        nonlocal asked
        found = []
        for stack in batch:  # (channels, slices, rows, columns)
            found.append(ask_changed(details, stack.transpose(0, 1).contiguous().numpy(), context))
            asked += 1
            context.progress(min(asked / (1 + (len(_REMOVED) - 1) * (1 + _REPEATS)), 1.0), "Testing the map.")
        return torch.tensor(found)

    stack = torch.from_numpy(details.prepared.pixels).transpose(0, 1).contiguous()
    heat: Any = margins(details.answers.maps)
    return deletion_curve(probabilities, stack, heat, fractions=_REMOVED, repeats=_REPEATS, batch_size=1)


READER = PASCFibrosisReader()
