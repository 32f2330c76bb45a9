"""What a bundle's file of weights becomes: its network, and where its training cases lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import model_cache
from ..bundles.bundle import Bundle
from ..bundles.metadata import ClassifierMetadata, SignatureMetadata
from ..bundles.network import NetworkMetadata
from ..errors import BundleError
from .description import Task

if TYPE_CHECKING:
    from torch import nn

    from ..trust.distance import FeatureStatistics


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


def require_task(metadata: ClassifierMetadata, task: Task, organ: str) -> None:
    """See that a bundle answers a question with its exclusive labels, and looks at that organ if at any.

    Raises
    ------
    BundleError : it does not
    """
    names, wanted = ([label.name for label in labels] for labels in (metadata.labels, task.labels))
    if names != wanted or metadata.multilabel:
        found, expected = ", ".join(names), ", ".join(wanted)
        raise BundleError(f"The bundle's labels ({found}) are not those of this reader ({expected}).")
    require_organ(metadata, organ)


def require_organ(metadata: NetworkMetadata, organ: str) -> None:
    """See that a bundle looks at that organ, or at no certain one.

    Raises
    ------
    BundleError : it looks at another
    """
    found = metadata.preprocessing.organ
    if found not in ("", organ):
        raise BundleError(f"The bundle '{metadata.name}' looks at the {found}, not at the {organ}.")


def feature_statistics(bundle: Bundle) -> FeatureStatistics | None:
    """Where the training cases lie, or None when the bundle does not say."""
    metadata = bundle.metadata
    described = None if isinstance(metadata, SignatureMetadata) else metadata.feature_statistics
    if described is None:
        return None

    def load() -> FeatureStatistics:
        from ..trust.distance import FeatureStatistics

        try:
            found = FeatureStatistics.from_arrays(bundle.arrays(described.file))
        except ValueError as error:
            raise BundleError(f"The feature statistics of '{bundle.metadata.name}' are damaged: {error}") from error
        if (found.warn_above, found.stop_above) != (described.warn_above, described.stop_above):
            raise BundleError(f"The feature statistics of '{bundle.metadata.name}' are not those of its metadata.")
        return found

    return model_cache.get_or_load(("statistics", bundle.sha256), load)
