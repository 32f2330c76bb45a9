"""Hepatocellular carcinoma on liver MR, after Paper 001, by a network that reads the liver as one volume.

The liver is cut out by its mask; the volume passes a 3D network once, which gives the answer, its 128 features, and the
map of each of them. Tests of the answer follow: the deletion curve, parts of the liver taken away, signatures.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .. import model_cache
from ..bundles.bundle import Bundle
from ..bundles.metadata import ClassifierMetadata, Label
from ..bundles.network import ANY_WEIGHTING, WEIGHTINGS
from ..codes import Code
from ..device import is_all_on
from ..reading import Check, Reading, has_stop
from ..study import StudyImage
from .answer import Answer, Case, CorrectedMask, Prediction, with_heat_maps
from .base import ReadContext, Reader
from .bias_correction import CORRECT_BIAS_FIELD, bias_corrected, with_bias_field
from .description import ImageRole, PercentileWindow, Task
from .liver_masks import LIVER, MR, find_liver, given_liver_checks, grow, liver_role

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from ..bundles.metadata import BundleMetadata
    from ..imaging.volume_input import PreparedVolume
    from ..progress import Progress
    from ..reading import Faithfulness
    from ..trust.distance import FeatureStatistics
    from .volume_network import VolumeAnswers

HCC = Label("hcc", "Hepatocellular carcinoma", Code("109841003", "SCT", "Liver cell carcinoma"))
TASK = Task(HCC.name, "Hepatocellular carcinoma or none", (HCC, Label("none", "No hepatocellular carcinoma")))
_WEIGHTING = "T2"  # of bundles that do not say theirs
_WINDOWS = (PercentileWindow("Liver", 1.0, 97.0), PercentileWindow("Whole image", 0.5, 99.9))
_REMOVED, _REPEATS = (0.0, 0.1, 0.2, 0.4), 3  # of the deletion curve; each step asks about the whole volume anew


@dataclass(frozen=True, eq=False)
class Model:
    """A bundle's network on its device, and where its training studies lie (None when the bundle does not say)."""

    bundle: Bundle
    network: nn.Module
    statistics: FeatureStatistics | None


@dataclass(frozen=True, eq=False)
class Details:
    """What one MR became on its way: the liver, the network's input, and what the network said of it."""

    liver: NDArray[np.bool_]
    source: str  # of the mask
    prepared: PreparedVolume
    answers: VolumeAnswers


class LiverHCCReader(Reader):
    """Reads an MR of the liver inside its mask."""

    name = "liver-hcc"
    title = "Liver HCC"
    question = "Does this MR of the liver show a hepatocellular carcinoma?"
    default_bundle = "liver-hcc-phantom"
    images = (ImageRole(MR, "Liver MR", ("MR",), dimensions=3, windows=_WINDOWS),)
    masks = (liver_role(MR),)
    tasks = (TASK,)
    options = (CORRECT_BIAS_FIELD,)
    masks_followed = (LIVER,)
    masks_checked = (LIVER,)
    tests_of_answer = (
        "deletion curve",
        "explained features",
        "parts of the liver taken away",
        "signatures beside the network",
    )

    def rank_of(self, image: StudyImage, metadata: BundleMetadata | None = None) -> Any:
        from ..imaging.mr_facts import mr_rank

        return mr_rank(image, WEIGHTINGS if _weighting(metadata) == ANY_WEIGHTING else (_weighting(metadata),))

    def prepared(self, case: Case, context: ReadContext) -> Case:
        return bias_corrected(case, MR, context)

    def checks(self, case: Case, forced: bool = False) -> tuple[Check, ...]:
        from ..trust.mr_checks import mr_checks

        found = mr_checks(case, MR, weighting="")  # which is the bundle's to say
        if has_stop(found) and not forced:  # what is no liver MR has no liver to be judged
            return found
        return (*found, *given_liver_checks(case))

    def bundle_checks(self, case: Case, metadata: BundleMetadata) -> tuple[Check, ...]:
        from ..imaging.mr_facts import mr_series
        from ..trust.mr_checks import weighting_check

        assert isinstance(metadata, ClassifierMetadata)
        image = case.study.image(MR)
        series = mr_series(image)
        if image.modality.strip().upper() not in ("MR", "") or series.kind:
            return ()
        check = weighting_check(series, _weighting(metadata))
        if not metadata.weighting and check.status != "pass":
            said = f"{check.sentence} The bundle does not say which weighting it learned from: {_WEIGHTING} is assumed."
            check = replace(check, sentence=said)
        return (check,)

    def mask_checks(self, case: Case) -> tuple[Check, ...]:
        return given_liver_checks(case)

    def grow_mask(self, role: str, image: Any, point: Sequence[float], progress: Progress) -> NDArray[np.bool_]:
        return grow(image, point, progress)

    def load_model(self, bundle: Bundle, device: torch.device) -> Model:
        from .network import feature_statistics, require_task
        from .volume_network import load_volume_network

        metadata = bundle.of_kind(ClassifierMetadata)
        require_task(metadata, TASK, LIVER)
        network = model_cache.get_or_load(
            ("volume network", bundle.sha256), functools.partial(load_volume_network, bundle)
        )
        if not is_all_on(network, device):
            network.to(device)
        return Model(bundle, network, feature_statistics(bundle))

    def predict(
        self, model: Model, cases: Sequence[Case], context: ReadContext, explainable: bool = False
    ) -> list[Prediction]:
        predictions = []
        for case in cases:
            details = ask(model, case, context, explainable)
            answers = details.answers
            predictions.append(Prediction(answers.logits, answers.embedding, details if explainable else None))
        return predictions

    def explain(self, case: Case, prediction: Prediction, context: ReadContext) -> Answer:
        from ..trust.checks import distance_check
        from .liver_hcc_answer import answer_of

        statistics = context.model.statistics
        if statistics is not None and prediction.embedding is not None:
            distance = float(statistics.distance(prediction.embedding[None])[0])
            context.check(distance_check(distance, statistics, "MR"))
        return answer_of(case, prediction, context)

    def test(self, case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
        from ..trust.checks import faithfulness_check
        from .explained_features import with_explained
        from .liver_hcc_sectors import without_each_sector
        from .signatures import with_signatures

        whole = context.progress
        context.progress = whole.part(0.0, 0.55)
        curve = _deletion_curve(prediction.details, context)
        if curve is not None:
            maps = [replace(layer.heat_map, faithfulness=curve) for layer in answer.maps]
            answer = with_heat_maps(answer, maps)
            if any(finding.positive for finding in answer.findings if finding.name == HCC.name):
                context.check(faithfulness_check(curve, HCC.title))
        context.progress = whole.part(0.55, 0.6)
        context.progress(0.0, "Explaining the features of the network.")
        details, mr = prediction.details, case.images[MR].image
        answer = with_explained(
            answer, MR, mr, {LIVER: details.liver}, prediction.embedding, details.answers.feature_maps,
            details.prepared.to_volume, context,
        )  # fmt: skip
        context.progress = whole.part(0.6, 0.95)
        answer = without_each_sector(case, prediction, answer, context)
        context.progress = whole.part(0.95, 0.97)
        answer = with_bias_field(case, answer, MR, HCC.name, context)
        context.progress = whole.part(0.97, 1.0)
        answer = with_signatures(answer, HCC.name, MR, case.images[MR], {LIVER: details.liver}, context)
        context.progress = whole
        return answer

    def with_mask(self, reading: Reading, corrected: CorrectedMask, metadata: BundleMetadata) -> Reading:
        from .liver_hcc_corrected import with_liver

        assert isinstance(metadata, ClassifierMetadata)
        return with_liver(reading, corrected, metadata)

    def regions_in(self, reading: Reading, corrected: CorrectedMask) -> Mapping[str, NDArray[np.bool_]]:
        from .liver_hcc_corrected import suspicious_regions

        return suspicious_regions(reading, corrected)


def _weighting(metadata: BundleMetadata | None) -> str:
    """Of the MR that a bundle is for."""
    return (metadata.weighting if isinstance(metadata, ClassifierMetadata) else "") or _WEIGHTING


def ask(model: Model, case: Case, context: ReadContext, explainable: bool) -> Details:
    """Cut the liver out of the MR, and ask the network about it.

    Parameters
    ----------
    explainable : keep the maps, and tell how it goes

    Raises
    ------
    InputError : there is no mask of the liver
    RefusedError : a check says that the mask is of no liver
    """
    from ..imaging.volume_input import prepare_volume
    from .volume_network import ask_volume

    metadata = model.bundle.of_kind(ClassifierMetadata)
    liver = find_liver(case, context, explainable)
    context.progress.raise_if_canceled()
    prepared = prepare_volume(case.images[MR].image, metadata.preprocessing, liver.mask)
    if explainable:
        context.progress(0.27, "Asking about the liver as one volume.")
    answers = ask_volume(model.network, prepared.pixels, metadata, context.device, context.note, explainable)
    return Details(liver.mask, liver.source, prepared, answers)


def ask_changed(pixels: np.ndarray, context: ReadContext) -> float:
    """The calibrated probability of the finding for other pixels (channels, k, j, i) of the network's input."""
    from .probabilities import calibrate
    from .volume_network import ask_volume

    context.progress.raise_if_canceled()
    metadata = context.bundle.of_kind(ClassifierMetadata)
    answers = ask_volume(context.model.network, pixels, metadata, context.device, context.note)
    return float(calibrate(metadata, answers.logits).probabilities[0])


def _deletion_curve(details: Details, context: ReadContext) -> Faithfulness | None:
    """How the probability falls as the hottest parts of the volume are filled in."""
    import torch

    from ..explain.faithfulness import deletion_curve
    from .liver_hcc_answer import evidence

    asked, total = 0, 1 + (len(_REMOVED) - 1) * (1 + _REPEATS)

    def probabilities(batch: Tensor) -> Tensor:
        nonlocal asked
        found = []
        for volume in batch:
            context.progress(min(asked / total, 1.0), "Testing the map.")
            found.append(ask_changed(volume.numpy(), context))
            asked += 1
        return torch.tensor(found)

    pixels = torch.from_numpy(details.prepared.pixels)
    raw = evidence(details.answers)
    return deletion_curve(probabilities, pixels, raw, fractions=_REMOVED, repeats=_REPEATS, batch_size=1)


READER = LiverHCCReader()
