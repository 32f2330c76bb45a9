"""A classifier that reads a volume as one: in one pass its answer, its features, and the map of each of them.

Where the network ends in average pooling and linear layers, a logit is the mean of what every place of its last feature
map says for itself, and so is each of its features; no backward pass is needed. The same holds where places are pooled
by what they show (`readingroom.networks.places`), with a weighted mean. Other networks are mapped by Grad-CAM.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ..bundles.bundle import Bundle
from ..bundles.metadata import ClassifierMetadata
from ..errors import BundleError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor, nn

_FEW = 1  # volumes at once: one fills the memory of many a card


@dataclass(frozen=True, eq=False)
class VolumeAnswers:
    """What the network said of one volume.

    Parameters
    ----------
    logits : (labels,)
    embedding : (features,) that its last linear layer was given, or what the network names as its `Embedding`; of the
        3D ResNet-50 and the narrow ResNet-14 these are 128
    maps : (labels, k, j, i) raw, as ``method`` says; None where they were not asked for
    method : ``cam``: what each place says by itself, whose mean is the logit (weighted where the
        network pools places by what they show); ``grad-cam``: 0 and above
    feature_maps : (features, k, j, i), whose means over places are the embedding; None as ``maps``, and of networks
        that are mapped by Grad-CAM
    """

    logits: NDArray[np.float64]
    embedding: NDArray[np.float64]
    maps: NDArray[np.float32] | None = None
    method: Literal["cam", "grad-cam"] = "cam"
    feature_maps: NDArray[np.float32] | None = None


def load_volume_network(bundle: Bundle) -> nn.Module:
    """Built by our own registry, on the CPU, for evaluation.

    Raises
    ------
    BundleError : the bundle does not read volumes, or its weights do not fit the network
    """
    from ..networks import volumes

    metadata = bundle.of_kind(ClassifierMetadata)
    if metadata.preprocessing.kind != "volume":
        raise BundleError(f"The bundle '{metadata.name}' does not read volumes.")
    network = volumes.create(metadata.backbone, metadata.outputs, channels=metadata.preprocessing.channels)
    try:
        network.load_state_dict(bundle.weights())  # half precision is widened to the network's own
    except RuntimeError as error:
        raise BundleError(f"The weights of '{metadata.name}' do not fit the network '{metadata.backbone}'.") from error
    return network.eval()


def ask_volume(
    network: nn.Module,
    pixels: NDArray[np.float32],
    metadata: ClassifierMetadata,
    device: torch.device,
    note: Callable[[str], None],
    explainable: bool = False,
) -> VolumeAnswers:
    """Ask about one volume.

    Parameters
    ----------
    pixels : (channels, k, j, i), normalized
    note : told when the memory of the graphics card is not enough and the processor takes over
    explainable : keep the maps
    """
    import torch

    from ..device import run_in_batches
    from ..explain.cam import activation_maps
    from ..explain.forward import forward_from_last_map
    from ..explain.linear_head import find_linear_head, local_answers

    def ask(batch: Tensor) -> tuple[Tensor, ...]:
        forward = forward_from_last_map(network, batch)
        assert forward.embedding is not None  # every network for volumes ends in a linear layer
        found = (forward.logits, forward.embedding)
        if not explainable:
            return found
        head = find_linear_head(forward)
        if head is not None:
            own = forward if forward.places is None else replace(forward, feature_map=forward.places)  # not yet weighed
            local = local_answers(own, head)
            return (*found, local.logits, local.features)
        targets = list(range(metadata.outputs))
        return (*found, activation_maps(network, batch, targets=targets, method="grad-cam").maps)

    logits, embedding, *maps = run_in_batches(ask, torch.from_numpy(pixels[None]), _FEW, device, note, network)
    by_label, by_feature = ([one[0].float().numpy() for one in maps] + [None, None])[:2]
    return VolumeAnswers(
        logits[0].double().numpy(),
        embedding[0].double().numpy(),
        by_label,
        "grad-cam" if by_label is not None and by_feature is None else "cam",
        by_feature,
    )
