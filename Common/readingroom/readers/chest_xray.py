"""Findings on a frontal chest radiograph, after Paper 004 (reference: `readingroom.readers.chest_xray_tasks`).

One forward pass gives the answer, its map and the picture's distance from the training pictures.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .. import model_cache
from ..bundles.bundle import Bundle
from ..bundles.metadata import BundleMetadata, ClassifierMetadata
from ..device import is_all_on
from ..errors import BundleError
from ..reading import Check, HeatMap, KeyPicture, Reading
from .answer import Answer, Case, CorrectedMask, MapLayer, PictureLayer, Prediction, with_heat_maps
from .base import ReadContext, Reader
from .chest_xray_tasks import TASKS, require_task
from .description import ClinicalField, ImageRole
from .lung_masks import lung_mask_roles

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from ..explain.cam import ActivationMaps
    from ..imaging.preprocessing import Prepared
    from ..trust.distance import FeatureStatistics

_LEVELS = (0.5, 0.75)  # shares of the hottest point whose regions become segments; the box holds the last one
# Enough of the deletion curve to judge a map by, at 21 forward passes.
_REMOVED = (0.0, 0.05, 0.1, 0.2, 0.4)
_REPEATS = 4
# On a CPU a picture among sixteen takes more than twice as long as among four: larger batches leave the caches.
_BATCH = {"cpu": 4}
_BATCH_ON_CARD = 32
_FRONTAL = "frontal"


@dataclass(frozen=True, eq=False)
class Model:
    """A bundle's network on its device, and where its training pictures lie (None when the bundle does not say)."""

    bundle: Bundle
    network: nn.Module
    statistics: FeatureStatistics | None


@dataclass(frozen=True, eq=False)
class Details:
    """The maps of one case, (1, targets, rows, columns) in `found`, and the way back from the network's input."""

    found: ActivationMaps
    prepared: Prepared


class ChestXRayReader(Reader):
    """Reads the study's one radiograph with a bundle of any of the chest radiograph tasks."""

    name = "chest-xray"
    title = "Chest X-Ray"
    question = "What does this frontal chest radiograph show?"
    default_bundle = "cxr-nih-pneumonia"
    images = (ImageRole(_FRONTAL, "Radiograph", ("CR", "DX", "DR", "RG"), dimensions=2),)
    clinical = (
        ClinicalField("age", "Age", "number", unit="a", low=0, high=130, keyword="PatientAge"),
        ClinicalField(
            "sex", "Sex", "choice", choices=(("F", "Female"), ("M", "Male"), ("O", "Other")), keyword="PatientSex"
        ),
    )
    tasks = tuple(TASKS.values())
    masks = lung_mask_roles(_FRONTAL)
    masks_followed = ("right-lung", "left-lung")
    tests_of_answer = ("lungs", "place of the map", "deletion curve")

    def checks(self, case: Case, forced: bool = False) -> tuple[Check, ...]:
        from ..trust.radiograph_checks import checks_before

        image, radiograph = case.study.image(_FRONTAL), case.images[_FRONTAL]
        return checks_before(image, radiograph.gray, color_fraction=radiograph.color_fraction)

    def load_model(self, bundle: Bundle, device: torch.device) -> Model:
        from .network import feature_statistics

        metadata = bundle.of_kind(ClassifierMetadata)
        require_task(metadata.task, metadata.labels, metadata.multilabel)
        network: nn.Module = model_cache.get_or_load(
            ("network", bundle.sha256), functools.partial(_load_network, bundle)
        )
        if not is_all_on(network, device):  # a read that ran out of memory may have left it elsewhere
            network.to(device)
        return Model(bundle, network, feature_statistics(bundle))

    def predict(
        self, model: Model, cases: Sequence[Case], context: ReadContext, explainable: bool = False
    ) -> list[Prediction]:
        from ..imaging.preprocessing import prepare

        pixels = model.bundle.of_kind(ClassifierMetadata).preprocessing
        prepared = [prepare(case.images[_FRONTAL].gray, pixels) for case in cases]
        if not explainable:
            return _predictions(model, prepared, context)
        return [_prediction(model, one, context) for one in prepared]

    def explain(self, case: Case, prediction: Prediction, context: ReadContext) -> Answer:
        from ..trust.checks import distance_check
        from .probabilities import calibrate, findings, prediction_sets

        metadata, details = context.bundle.of_kind(ClassifierMetadata), prediction.details
        statistics = context.model.statistics
        if statistics is not None and prediction.embedding is not None:
            context.check(distance_check(float(statistics.distance(prediction.embedding[None])[0]), statistics))
        calibrated = calibrate(metadata, prediction.logits)
        answers = findings(metadata, calibrated)
        targets = details.found.targets[0].tolist()
        shown = _shown(targets, [finding.positive for finding in answers], calibrated.probabilities)
        maps = tuple(_layer(case, details, targets.index(target), metadata.labels[target].name) for target in shown)
        gray = case.images[_FRONTAL].gray
        titles = {finding.name: finding.title for finding in answers}
        return Answer(
            findings=answers,
            prediction_sets=prediction_sets(metadata, calibrated.probabilities),
            maps=maps,
            pictures=(_plain_picture(gray), *(_map_picture(layer, gray, titles) for layer in maps)),
            settings={
                "preprocessing": metadata.preprocessing.preset,
                "map": details.found.method,
                "map_layer": details.found.layer,
            },
        )

    def test(self, case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
        """The lungs, where the main map lies in them, and each map with its deletion curve."""
        from ..trust.checks import faithfulness_check
        from .chest_xray_lungs import with_lungs

        context.progress(0.0, "Looking for the lungs.")
        answer = with_lungs(case, answer, context)
        tested: list[HeatMap] = []
        names = [label.name for label in context.bundle.metadata.labels]
        findings = {finding.name: finding for finding in answer.findings}
        for number, layer in enumerate(answer.maps):
            finding = findings[layer.heat_map.finding]
            context.progress(number / len(answer.maps), f"Testing the map of “{finding.title}”.")
            curve = _deletion_curve(prediction.details, names.index(finding.name), context)
            tested.append(replace(layer.heat_map, faithfulness=curve))
            if finding.positive:
                context.check(faithfulness_check(curve, finding.title))
        return with_heat_maps(answer, tested)

    def with_mask(self, reading: Reading, corrected: CorrectedMask, metadata: BundleMetadata) -> Reading:
        from .chest_xray_lungs import with_corrected_lungs

        return with_corrected_lungs(reading, corrected)


def _prediction(model: Model, prepared: Prepared, context: ReadContext) -> Prediction:
    """Logits, maps and embedding of one picture in one pass."""
    from .probabilities import main_finding

    metadata = model.bundle.of_kind(ClassifierMetadata)
    targets = list(range(len(metadata.labels))) if metadata.multilabel else [main_finding(metadata)]
    found = _map_with_fallback(model, prepared, targets, context)
    embedding = None if found.embedding is None else found.embedding[0].double().flatten().cpu().numpy()
    return Prediction(found.logits[0].double().cpu().numpy(), embedding, Details(found, prepared))


def _predictions(model: Model, prepared: Sequence[Prepared], context: ReadContext) -> list[Prediction]:
    """Logits and embeddings of many pictures, a batch at a time."""
    import numpy as np
    import torch

    from ..device import run_in_batches
    from ..explain.forward import forward_from_last_map

    def ask(batch: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        forward = forward_from_last_map(model.network, batch)
        return forward.logits if forward.embedding is None else (forward.logits, forward.embedding.flatten(1))

    pixels = torch.from_numpy(np.stack([one.pixels for one in prepared]))
    batch = _BATCH.get(context.device.type, _BATCH_ON_CARD)
    found = run_in_batches(ask, pixels, batch, context.device, context.note, model.network)
    logits, embeddings = found if isinstance(found, tuple) else (found, None)
    return [
        Prediction(logits[row].double().numpy(), None if embeddings is None else embeddings[row].double().numpy())
        for row in range(len(prepared))
    ]


def _map_with_fallback(model: Model, prepared: Prepared, targets: list[int], context: ReadContext) -> ActivationMaps:
    """The maps of one picture; on the CPU when the device's memory does not suffice."""
    import torch

    from ..device import is_out_of_memory
    from ..explain.cam import activation_maps

    explanation = model.bundle.of_kind(ClassifierMetadata).explanation
    layer = (explanation.layer if explanation else "") or None
    method: Any = explanation.method if explanation else "auto"
    inputs = torch.from_numpy(prepared.pixels[None]).to(context.device)
    try:
        return activation_maps(model.network, inputs, layer=layer, targets=targets, method=method)
    except (RuntimeError, MemoryError) as error:
        if context.device == torch.device("cpu") or not is_out_of_memory(error):
            raise
        context.note("The graphics card has too little free memory; the CPU took over.")
        context.device = torch.device("cpu")
        return activation_maps(model.network.to("cpu"), inputs.cpu(), layer=layer, targets=targets, method=method)


def _layer(case: Case, details: Details, column: int, finding: str) -> MapLayer:
    """The heat map of a finding, from column ``column`` of the raw maps."""
    import numpy as np

    from ..explain.box import strongest_region
    from ..explain.normalize import normalize
    from .results import heat_map_path

    cells = normalize(details.found.maps[:, column : column + 1].float().cpu())[0, 0].numpy()
    heat = np.clip(details.prepared.to_input(cells), 0, 1).astype(np.float32)
    heat_map = HeatMap(
        finding=finding,
        image=_FRONTAL,
        method=details.found.method,
        path=heat_map_path(_FRONTAL, finding),
        levels=_LEVELS,
        box=strongest_region(heat, fraction=_LEVELS[-1]),
    )
    return MapLayer(heat_map, heat.reshape(tuple(reversed(case.images[_FRONTAL].image.GetSize()))))


def _plain_picture(gray: Any) -> PictureLayer:
    from .results import picture_path

    return PictureLayer(KeyPicture(picture_path(_FRONTAL), "The image as read.", _FRONTAL), gray)


def _map_picture(layer: MapLayer, gray: Any, titles: dict[str, str]) -> PictureLayer:
    import numpy as np

    from ..formatting import percent
    from .results import picture_path

    heat_map = layer.heat_map
    level = percent(heat_map.levels[-1])
    box = f" The box holds the hottest region (map at least {level}); it is no outline of a lesion."
    caption = f"Where “{titles[heat_map.finding]}” comes from ({heat_map.method}).{box if heat_map.box else ''}"
    picture = KeyPicture(picture_path(_FRONTAL, heat_map.finding), caption, _FRONTAL, finding=heat_map.finding)
    return PictureLayer(picture, gray, np.asarray(layer.heat).reshape(gray.shape))


def _deletion_curve(details: Details, target: int, context: ReadContext) -> Any:
    """How the calibrated probability of label ``target`` falls as the hottest parts of its map are removed."""
    import torch

    from ..device import run_in_batches
    from ..explain.faithfulness import deletion_curve
    from .probabilities import calibrate

    network, metadata = context.model.network, context.bundle.of_kind(ClassifierMetadata)

    def probability(batch: Tensor) -> Tensor:
        logits = run_in_batches(network, batch, len(batch), context.device, context.note, network)
        rows = logits.double().numpy()
        return torch.tensor([calibrate(metadata, row).probabilities[target] for row in rows])

    return deletion_curve(
        probability,
        torch.from_numpy(details.prepared.pixels),
        details.found.maps[0, details.found.targets[0].tolist().index(target)],
        fractions=_REMOVED,
        repeats=_REPEATS,
        batch_size=_BATCH["cpu"],
    )


def _shown(targets: list[int], positive: list[bool | None], probabilities: Any) -> list[int]:
    """The labels whose maps are kept: the positive ones, most probable first, or else the most probable one."""
    by_probability = sorted(targets, key=lambda target: -probabilities[target])
    return [target for target in by_probability if positive[target]] or by_probability[:1]


def _load_network(bundle: Bundle) -> nn.Module:
    from ..networks import registry
    from .network import load_network

    metadata = bundle.of_kind(ClassifierMetadata)
    architecture = registry.find(metadata.backbone, axes=2)
    architecture.require_size(metadata.preprocessing.size)
    if not architecture.maps:
        raise BundleError(
            f"The bundle '{metadata.name}' was made with {architecture.title}, which has no map of features: nothing "
            "could show where its answer comes from."
        )
    return load_network(bundle)


READER = ChestXRayReader()
