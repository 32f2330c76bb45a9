"""The network that a protocol asks for, ready to be trained."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from torch import nn

from ...errors import InputError
from ...networks import astra_weights, backbones, registry, slices, volumes
from ...networks.heads import freeze
from ...networks.registry import Architecture
from ..protocols.training_protocol import JOINS_ANSWERS, TrainingProtocol
from .first_bundle import begin_with, first_bundle
from .heads import head_of, outcome_of


def make_network(
    protocol: TrainingProtocol,
    outputs: int,
    name: str | None = None,
    weights: Path | None = None,
    *,
    empty: bool = False,
) -> nn.Module:
    """The network of a protocol, with frozen what does not learn.

    It takes pictures ``[n, c, j, i]``, volumes ``[n, c, k, j, i]``, or, where its aggregation is a part of it, stacks
    ``[n, slices, c, j, i]``. With an aggregation that joins answers it is the 2D network, for each slice on its own.

    Parameters
    ----------
    name : one of the protocol's networks; None for the first
    weights : a file to begin with, or the folder of a bundle, instead of fetching what the protocol names
    empty : begin with random values whatever the protocol says (to count, or because a state will be loaded)

    Raises
    ------
    InputError : the protocol has no such network, it reads another kind of image, its weights have learned from
        something else, or the bundle has another network
    BundleError : there is no such network, or it does not take inputs of that size
    SetupError, BundleError, DownloadError : as `readingroom.networks.backbones.create`
    """
    name = name or protocol.networks[0]
    if name not in protocol.networks:
        raise InputError(
            f"The protocol {protocol.name} has no network '{name}'; it has {', '.join(protocol.networks)}."
        )
    architecture = registry.find(name)
    if architecture.axes != (3 if protocol.input.kind == "volume" else 2):
        raise InputError(f"The network '{name}' does not read {protocol.input.kind}s; choose another.")
    architecture.require_size(protocol.input.size)
    bundle = None if empty else first_bundle(weights)
    begin = None if empty or bundle is not None else weights or _published(protocol, architecture)
    channels = protocol.input.channels
    if protocol.input.kind == "volume":
        network: nn.Module = volumes.create(name, outputs, begin, channels, _classifier(protocol, outputs))
    elif protocol.aggregation in JOINS_ANSWERS:
        network = backbones.create(name, outputs, begin, channels)
    else:
        classifier = _classifier(protocol, outputs)
        network = slices.create(name, outputs, protocol.aggregation, begin, channels, classifier)
    if bundle is not None:
        begin_with(network, name, bundle)
    prefix = "backbone." if isinstance(network, slices.SliceNetwork) else ""
    freeze(network, architecture, protocol.trained, prefix)
    return network


def write_installed_weights(path: Path) -> None:
    """Write Astra's weights as safetensors, for a training on a computer without the packages that bring them.

    Raises
    ------
    SetupError, BundleError, OutputError : as `readingroom.networks.astra_weights.write_safetensors`
    """
    astra_weights.write_safetensors(path)


def _classifier(protocol: TrainingProtocol, outputs: int) -> Callable[[int], nn.Module] | None:
    """What answers in the place of the linear layer, where the protocol learns times."""
    if outcome_of(protocol) != "time":
        return None
    return functools.partial(head_of(protocol).classifier, outputs=outputs)


def _published(protocol: TrainingProtocol, architecture: Architecture) -> Literal["hub"] | None:
    """What the protocol wants the network to begin with, as `backbones.create` is told."""
    if protocol.weights == "none":
        return None
    if architecture.weights != protocol.weights:
        known = f"those of '{architecture.weights}'" if architecture.weights else "none"
        raise InputError(
            f"For the network '{architecture.name}' there are no published weights of '{protocol.weights}'; there are "
            f"{known}. Give a file, or another protocol."
        )
    return "hub"
