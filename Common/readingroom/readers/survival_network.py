"""A network that reads the slices of a study, or its volume, and gives the risk of each cause over time."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..bundles.bundle import Bundle
from ..bundles.metadata import SurvivalMetadata
from ..errors import BundleError
from .slice_network import aggregated, in_batches

if TYPE_CHECKING:
    import torch

    from ..networks.slices import SliceNetwork

Floats = NDArray[np.float64]
_HALF = 0.5  # of the weight
_BATCH = 4  # slices with their gradients


@dataclass(frozen=True, eq=False)
class SurvivalAnswers:
    """What the network said of one study.

    Parameters
    ----------
    logits : (causes * months,) of its head
    weights : (slices,) of each slice in the study's features; they sum to 1. A volume counts as one slice
    features : (slices, features)
    maps : (slices, rows, columns), of a volume (1, k, j, i): what each place adds to the risk at the last month where
        all else stays (the derivative of the cloglog of the risk by the study's features, times the place's features
        and the slice's weight times the number of slices), made as ``method`` says; None where they were not asked
        for or the network has none
    method : ``cam`` in one pass, where the network ends in average pooling; else ``grad-cam`` of the heaviest slices,
        the others are 0
    embedding : (features,) of the study
    attended : (slices, rows, columns), where a vision transformer looks: the weight of each slice, shared out over its
        places; None as ``maps``
    """

    logits: Floats
    weights: Floats
    features: NDArray[np.float32]
    maps: NDArray[np.float32] | None
    embedding: Floats
    method: Literal["cam", "grad-cam"] = "cam"
    attended: NDArray[np.float32] | None = None


def load_survival_network(bundle: Bundle) -> SliceNetwork:
    """Built by our own registry, on the CPU, for evaluation.

    Raises
    ------
    BundleError : the bundle reads neither slices nor volumes, or its weights do not fit the network
    """
    from ..networks import registry, slices, survival_heads, volumes
    from ..networks.aggregation import AveragePooling
    from ..networks.heads import without_head

    metadata = bundle.of_kind(SurvivalMetadata)
    kind, joins_answers = metadata.preprocessing.kind, metadata.aggregation in ("none", "mean", "vote", "max")
    if kind == "picture" or (kind == "slices" and joins_answers):
        raise BundleError(f"The bundle '{metadata.name}' does not weigh the slices of a CT.")
    head = functools.partial(
        survival_heads.create,
        head=metadata.head,
        causes=len(metadata.labels),
        months=len(metadata.months),
        layers=metadata.layers,
        width=metadata.width,
    )
    channels = metadata.preprocessing.channels
    if kind == "volume":
        network = volumes.create(metadata.backbone, metadata.outputs, channels=channels, classifier=head)
    else:
        network = slices.create(metadata.backbone, 0, metadata.aggregation, channels=channels, classifier=head)
    try:
        network.load_state_dict(bundle.weights())
    except RuntimeError as error:
        raise BundleError(f"The weights of '{metadata.name}' do not fit the network '{metadata.backbone}'.") from error
    if isinstance(network, slices.SliceNetwork):
        return network
    architecture = registry.find(metadata.backbone)
    answers = network.get_submodule(architecture.head)
    one = AveragePooling(architecture.features)  # the volume is the only one there is
    return slices.SliceNetwork(without_head(network, architecture), one, answers).eval()


def ask_survival(
    network: SliceNetwork,
    pixels: NDArray[np.float32],
    metadata: SurvivalMetadata,
    device: torch.device,
    note: Callable[[str], None],
    each: Callable[[int], None] = lambda done: None,
    explainable: bool = False,
) -> SurvivalAnswers:
    """Ask about all slices of a study, a batch at a time, in one pass.

    Parameters
    ----------
    pixels : (slices, channels, rows, columns), of a volume (1, channels, slices, rows, columns), normalized
    each : told after each batch how many slices were asked; may raise to stop
    explainable : keep the maps, where the network has any
    """
    import torch

    from ..networks import registry
    from ..networks.patch_attention import of_study

    architecture = registry.find(metadata.backbone)
    mapped, attends = explainable and architecture.cam, explainable and not architecture.maps
    of_maps = (lambda found: found) if mapped else None
    with torch.inference_mode():
        features, maps = in_batches(network, pixels, of_maps, device, note, each, attends)
        joined = aggregated(network, features)
    study, slopes, logits = _head_with_slopes(network, joined.features, metadata)
    weights = joined.weights[0].double().numpy()
    local = None
    if mapped:
        with torch.inference_mode():
            local = torch.einsum("nf...,f->n...", maps.float(), slopes).numpy()
    elif explainable and architecture.maps:
        local = _grad_cam(network, pixels, slopes, heaviest_slices(weights), device, note)
    if local is not None:
        local = local * (weights * len(weights)).reshape(-1, *[1] * (local.ndim - 1)).astype(np.float32)
    method: Literal["cam", "grad-cam"] = "cam" if architecture.cam else "grad-cam"
    attended = of_study(joined.weights[0], maps).numpy() if attends else None
    return SurvivalAnswers(logits, weights, features.numpy(), local, study, method, attended)


def heaviest_slices(weights: Floats) -> NDArray[np.bool_]:
    """The fewest slices (of ``weights`` (slices,)) that together carry half of the weight."""
    order = np.argsort(-weights, kind="stable")
    count = int(np.searchsorted(np.cumsum(weights[order]), _HALF * weights.sum())) + 1
    chosen = np.zeros(len(weights), dtype=bool)
    chosen[order[:count]] = True
    return chosen


def ask_without(
    network: SliceNetwork, features: NDArray[np.float32], kept: Sequence[NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """Logits (times, causes * months) of a study with only these slices (slices,) kept, for each of several times."""
    import torch

    slices = torch.from_numpy(features)
    home = next(network.classifier.parameters()).device
    with torch.inference_mode():
        found = torch.cat([aggregated(network, slices[torch.from_numpy(keep)]).features for keep in kept])
        return np.asarray(network.classifier(found.to(home)).double().cpu().numpy())


def incidence_of(metadata: SurvivalMetadata, logits: Floats) -> Floats:
    """Cumulative incidence (..., causes, months) as the network gives it, of logits (..., causes * months)."""
    import torch

    from ..networks.survival_heads import incidence

    flat = torch.from_numpy(np.atleast_2d(logits).reshape(-1, logits.shape[-1]))
    found = incidence(flat, metadata.head, len(metadata.labels)).numpy()
    return np.asarray(np.clip(found, 0, 1).reshape(*logits.shape[:-1], *found.shape[1:]))


def _grad_cam(
    network: SliceNetwork,
    pixels: NDArray[np.float32],
    slopes: torch.Tensor,
    heaviest: NDArray[np.bool_],
    device: torch.device,
    note: Callable[[str], None],
) -> NDArray[np.float32]:
    """Maps (slices, rows, columns) of ``features · slopes`` on the heaviest slices; 0 on the others."""
    import torch
    from torch import nn

    from ..device import run_in_batches
    from ..explain.cam import activation_maps

    class Raised(nn.Module):
        """How far the features of a slice raise the risk, as one logit."""

        def __init__(self) -> None:
            super().__init__()
            self.backbone = network.backbone

        def forward(self, slices: torch.Tensor) -> torch.Tensor:
            features: torch.Tensor = self.backbone(slices)
            return features @ slopes.to(features)[:, None]

    raised = Raised()
    found = run_in_batches(
        lambda batch: activation_maps(raised, batch, targets=0, method="grad-cam").maps[:, 0],
        torch.from_numpy(pixels[heaviest]), _BATCH, device, note, network,
    )  # fmt: skip
    maps = np.zeros((len(pixels), *found.shape[1:]), dtype=np.float32)
    maps[heaviest] = found.float().numpy()
    return maps


def _head_with_slopes(
    network: SliceNetwork, features: torch.Tensor, metadata: SurvivalMetadata
) -> tuple[Floats, torch.Tensor, Floats]:
    """The study's features, the slope (features,) of the cloglog of its risk by them, and its logits."""
    import torch

    from ..networks.survival_heads import log_hazard

    home = next(network.classifier.parameters()).device
    with torch.inference_mode(False), torch.enable_grad():
        given = features.clone().to(home).requires_grad_()
        logits = network.classifier(given)
        (slopes,) = torch.autograd.grad(log_hazard(logits, metadata.head, len(metadata.labels)).sum(), given)
    return (
        features[0].double().numpy(),
        slopes[0].float().cpu(),
        logits[0].detach().double().cpu().numpy(),
    )
