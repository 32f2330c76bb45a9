"""The network of a bundle that reads pictures, with its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bundles.bundle import Bundle
from ..bundles.metadata import ClassifierMetadata
from ..errors import BundleError

if TYPE_CHECKING:
    from torch import nn


def load_network(bundle: Bundle) -> nn.Module:
    """Built by our own registry, on the CPU, for evaluation.

    Raises
    ------
    BundleError : the weights do not fit the network, or the network is not known
    """
    from ..networks import backbones

    metadata = bundle.of_kind(ClassifierMetadata)
    network: nn.Module = backbones.create(metadata.backbone, metadata.outputs, channels=metadata.preprocessing.channels)
    try:
        network.load_state_dict(bundle.weights())  # half precision is widened to the network's own
    except RuntimeError as error:
        raise BundleError(f"The weights of '{metadata.name}' do not fit the network '{metadata.backbone}'.") from error
    return network.eval()
