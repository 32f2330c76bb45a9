"""Findings on a frontal chest radiograph, after Paper 004 (reference: `readingroom.readers.chest_xray_tasks`).

One forward pass gives the answer, its map and the picture's distance from the training pictures.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .. import model_cache
from ..bundles.bundle import Bundle
from ..device import is_out_of_memory, run_in_batches
from ..errors import BundleError, InputError
from ..explain.box import strongest_region
from ..explain.cam import ActivationMaps, activation_maps
from ..explain.faithfulness import deletion_curve
from ..explain.normalize import normalize
from ..imaging.preprocessing import Prepared, prepare
from ..imaging.radiograph_loading import Radiograph, load_radiograph
from ..networks import registry
from ..reading import HeatMap
from ..study import StudyImage
from ..trust.body import map_outside_body_check
from ..trust.checks import distance_check, faithfulness_check
from ..trust.distance import FeatureStatistics
from ..trust.radiograph_checks import checks_before
from .base import Answer, Layer, Reader, ReadSession, heat_map_path
from .chest_xray_tasks import require_task
from .network import load_network
from .probabilities import calibrate, findings, main_finding, prediction_sets

_LEVELS = (0.5, 0.75)  # shares of the hottest point whose regions become segments; the box holds the last one
# Enough of the deletion curve to judge a map by, at 21 forward passes.
_REMOVED = (0.0, 0.05, 0.1, 0.2, 0.4)
_REPEATS = 4
# On a CPU a picture among sixteen takes more than twice as long as among four: larger batches leave the caches.
_BATCH = 4


class ChestXRayReader(Reader):
    """Reads the study's one radiograph with a bundle of any of the chest radiograph tasks."""

    name = "chest-xray"

    def warm(self, bundle: Bundle, device: torch.device) -> None:
        require_task(bundle.metadata.task, bundle.metadata.labels, bundle.metadata.multilabel)
        _network(bundle, device)
        _statistics(bundle)

    def answer(self, session: ReadSession) -> Answer:
        metadata = session.bundle.metadata
        require_task(metadata.task, metadata.labels, metadata.multilabel)
        image = _only_image(session)
        session.progress(0.05, "Opening the radiograph.")
        radiograph = load_radiograph(image)
        session.notes += radiograph.notes
        session.progress(0.15, "Checking the radiograph.")
        session.check(*checks_before(image, radiograph.gray, color_fraction=radiograph.color_fraction))

        session.progress(0.25, "Loading the bundle.")
        network = _network(session.bundle, session.device)
        prepared = prepare(radiograph.gray, metadata.pixels)
        session.progress(0.4, "Asking the network.")
        targets = [main_finding(metadata)] if not metadata.multilabel else list(range(len(metadata.labels)))
        found = _ask(session, network, prepared.pixels, targets)
        statistics = _statistics(session.bundle)
        if statistics is not None and found.embedding is not None:
            embedding = found.embedding.float().cpu().numpy()
            session.check(distance_check(float(statistics.distance(embedding)[0]), statistics))

        calibrated = calibrate(metadata, found.logits[0].double().cpu().numpy())
        answers = findings(metadata, calibrated)
        shown = _shown(targets, [finding.positive for finding in answers], calibrated.probabilities)
        layers = []
        for number, target in enumerate(shown):
            session.progress(0.5 + 0.4 * number / len(shown), f"Explaining “{answers[target].title}”.")
            layers.append(self._layer(session, network, radiograph, prepared, found, targets.index(target), number))
            if answers[target].positive and (curve := layers[-1].heat_map.faithfulness):
                session.check(faithfulness_check(curve, answers[target].title))
        session.check(map_outside_body_check(_flat(layers[0].heat), radiograph.gray))
        return Answer(
            findings=answers,
            prediction_sets=prediction_sets(metadata, calibrated.probabilities),
            layers=tuple(layers),
            settings={"preprocessing": metadata.pixels.preset, "map": found.method, "map_layer": found.layer},
        )

    def _layer(
        self,
        session: ReadSession,
        network: nn.Module,
        radiograph: Radiograph,
        prepared: Prepared,
        found: ActivationMaps,
        column: int,
        number: int,
    ) -> Layer:
        """Heat map ``number`` of the reading, from column ``column`` of the raw maps."""
        metadata = session.bundle.metadata
        target = int(found.targets[0, column])
        cells = normalize(found.maps[:, column : column + 1].float().cpu())[0, 0].numpy()
        heat = np.clip(prepared.to_input(cells), 0, 1).astype(np.float32)

        def probability(batch: Tensor) -> Tensor:
            logits = run_in_batches(network, batch, len(batch), session.device, session.note, network)
            rows = logits.double().numpy()
            return torch.tensor([calibrate(metadata, row).probabilities[target] for row in rows])

        faithfulness = deletion_curve(
            probability,
            torch.from_numpy(prepared.pixels),
            found.maps[0, column],
            fractions=_REMOVED,
            repeats=_REPEATS,
            batch_size=_BATCH,
        )
        finding = metadata.labels[target].name
        heat_map = HeatMap(
            finding=finding,
            image=session.study.images[0].name,
            method=found.method,
            path=heat_map_path(number, finding),
            levels=_LEVELS,
            box=strongest_region(heat, fraction=_LEVELS[-1]),
            faithfulness=faithfulness,
        )
        shape = tuple(reversed(radiograph.image.GetSize()))
        return Layer(heat_map, heat.reshape(shape), radiograph.image, radiograph.gray)


def _only_image(session: ReadSession) -> StudyImage:
    if len(session.study.images) != 1:
        raise InputError(f"This reader takes one frontal radiograph; the study has {len(session.study.images)} images.")
    return session.study.images[0]


def _ask(session: ReadSession, network: nn.Module, pixels: NDArray[np.float32], targets: list[int]) -> ActivationMaps:
    """Logits, maps and embedding of one picture; on the CPU when the device's memory does not suffice."""
    explanation = session.bundle.metadata.explanation
    method = explanation.method if explanation else "auto"
    layer = (explanation.layer if explanation else "") or None
    inputs = torch.from_numpy(pixels[None]).to(session.device)
    try:
        return activation_maps(network, inputs, layer=layer, targets=targets, method=method)
    except (RuntimeError, MemoryError) as error:
        if session.device == torch.device("cpu") or not is_out_of_memory(error):
            raise
        session.note("The graphics card has too little free memory; the CPU took over.")
        session.device = torch.device("cpu")
        return activation_maps(network.to("cpu"), inputs.cpu(), layer=layer, targets=targets, method=method)


def _shown(targets: list[int], positive: list[bool | None], probabilities: NDArray[np.float64]) -> list[int]:
    """The labels whose maps are kept: the positive ones, most probable first, or else the most probable one."""
    by_probability = sorted(targets, key=lambda target: -probabilities[target])
    return [target for target in by_probability if positive[target]] or by_probability[:1]


def _flat(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    return heat.reshape(heat.shape[-2:])


def _network(bundle: Bundle, device: torch.device) -> nn.Module:
    """The bundle's network on the device; a read that ran out of memory may have left it on another."""
    network: nn.Module = model_cache.get_or_load(("network", bundle.sha256), functools.partial(_load_network, bundle))
    return network.to(device)


def _load_network(bundle: Bundle) -> nn.Module:
    metadata = bundle.metadata
    architecture = registry.find(metadata.backbone, axes=2)
    architecture.require_size(metadata.pixels.size)
    if not architecture.maps:
        raise BundleError(
            f"The bundle '{metadata.name}' was made with {architecture.title}, which has no map of features: nothing "
            "could show where its answer comes from."
        )
    return load_network(bundle)


def _statistics(bundle: Bundle) -> FeatureStatistics | None:
    """Where the training pictures lie, or None when the bundle does not say."""
    described = bundle.metadata.feature_statistics
    if described is None:
        return None

    def load() -> FeatureStatistics:
        try:
            found = FeatureStatistics.from_arrays(bundle.arrays(described.file))
        except ValueError as error:
            raise BundleError(f"The feature statistics of '{bundle.metadata.name}' are damaged: {error}") from error
        if (found.warn_above, found.stop_above) != (described.warn_above, described.stop_above):
            raise BundleError(f"The feature statistics of '{bundle.metadata.name}' are not those of its metadata.")
        return found

    return model_cache.get_or_load(("statistics", bundle.sha256), load)
