"""A network that reads a CT slice by slice: in one pass of each slice its answer, its map and the study's answer.

The network ends in pooling and one linear layer, so a slice's logit is the mean of what every place of its last feature
map says for itself, weighted where the bundle says so. That local logit, not a share of the hottest place, is the map:
it has the same meaning in each slice and each patient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..bundles.bundle import Bundle
from ..bundles.metadata import ClassifierMetadata
from ..errors import BundleError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from ..networks.slices import SliceNetwork

_BATCH = {"cpu": 4}
_BATCH_ON_CARD = 32
_CLOSE = 1e-3  # relative, of features to the means of the map


@dataclass(frozen=True, eq=False)
class SliceAnswers:
    """What the network said of the slices of one study.

    Parameters
    ----------
    logits : (outputs,) of the study
    slice_logits : (slices, outputs), of each slice by itself
    weights : (slices,) of each slice in the study's answer; they sum to 1
    maps : (slices, outputs, rows, columns), local logits; their mean over places is the slice's logit, under
        ``linear-softmax`` the mean weighted by the probabilities that they give
    embedding : (features,) of the study, which the last layer was given
    """

    logits: NDArray[np.float64]
    slice_logits: NDArray[np.float64]
    weights: NDArray[np.float64]
    maps: NDArray[np.float32]
    embedding: NDArray[np.float64]


def load_slice_network(bundle: Bundle) -> SliceNetwork:
    """Built by our own registry, on the CPU, for evaluation.

    Raises
    ------
    BundleError : the bundle does not read slices, or its weights do not fit the network
    """
    from ..networks import slices

    metadata = bundle.of_kind(ClassifierMetadata)
    if metadata.preprocessing.kind != "slices" or metadata.aggregation == "none":
        raise BundleError(f"The bundle '{metadata.name}' does not read the slices of a CT.")
    joins_answers = metadata.aggregation in ("mean", "vote", "max")
    aggregation = "average-pooling" if joins_answers else metadata.aggregation
    network = slices.create(metadata.backbone, metadata.outputs, aggregation, channels=metadata.preprocessing.channels)
    try:
        network.load_state_dict(bundle.weights())
    except RuntimeError as error:
        raise BundleError(f"The weights of '{metadata.name}' do not fit the network '{metadata.backbone}'.") from error
    return network


def ask_slices(
    network: SliceNetwork,
    pixels: NDArray[np.float32],
    aggregation: str,
    device: torch.device,
    note: Callable[[str], None],
    each: Callable[[int], None] = lambda done: None,
) -> SliceAnswers:
    """Ask about all slices of a study, a batch at a time, in one pass.

    Parameters
    ----------
    pixels : (slices, channels, rows, columns), normalized
    aggregation : of the bundle; ``mean``, ``vote`` and ``max`` join answers, others features of slices or of places
    each : told after each batch how many slices were asked; may raise to stop

    Raises
    ------
    BundleError : the network does not end in average pooling, so that no map says what it used
    """
    import torch
    from torch import nn

    from ..networks.linear_softmax import LinearSoftmax

    layer, pooling = network.classifier, network.aggregation
    assert isinstance(layer, nn.Linear)
    with torch.inference_mode():
        features, local = in_batches(network, pixels, network.local_logits, device, note, each)
        bias = layer.bias.detach().float().cpu()
        head = layer.weight.detach().float().cpu()
        if isinstance(pooling, LinearSoftmax):
            found = pooling(features[None], pooling.probability(local).mean((1, 2))[None])
        else:
            found = aggregated(network, features)
        slice_logits = (features @ head.T + bias).double().numpy()
        joined = (found.features @ head.T + bias)[0].double().numpy()
    weights = found.weights[0].double().numpy()
    maps = local.numpy()
    if aggregation in ("vote", "max"):
        joined = joined_answers(slice_logits, aggregation)
    return SliceAnswers(joined, slice_logits, weights, maps, found.features[0].double().numpy())


def in_batches(
    network: SliceNetwork,
    pixels: NDArray[np.float32],
    of_maps: Callable[[Tensor], Tensor] | None,
    device: torch.device,
    note: Callable[[str], None],
    each: Callable[[int], None] = lambda done: None,
    attended: bool = False,
) -> tuple[Tensor, Tensor]:
    """Features (slices, features) of all slices, float32, and what ``of_maps`` makes of their last maps, on the CPU.

    Where the network pools places by what they show, the features of a slice are pooled so.

    Parameters
    ----------
    of_maps : given (n, features, rows, columns), whose means or sums the features are; without it no maps are kept
    attended : keep where a vision transformer looks (slices, rows, columns), in place of maps

    Raises
    ------
    BundleError : maps are wanted and the network does not end in average pooling
    """
    import torch

    from ..device import run_in_batches
    from ..networks.linear_softmax import LinearSoftmax
    from ..networks.patch_attention import features_and_attention

    done, pooling = 0, network.aggregation

    def ask(batch: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal done
        if attended:
            features, made = features_and_attention(network.backbone, batch)
        elif of_maps is None:
            features, made = network.backbone(batch), batch.new_zeros(len(batch))
        else:
            features, maps = _features_and_maps(network.backbone, batch)
            made = of_maps(maps)
            if isinstance(pooling, LinearSoftmax):
                features = pooling.within(maps, pooling.probability(network.local_logits(maps)))
        done += len(batch)
        each(min(done, len(pixels)))
        return features, made

    size = _BATCH.get(device.type, _BATCH_ON_CARD)
    features, made = run_in_batches(ask, torch.from_numpy(pixels), size, device, note, network)
    return features.float(), made


def aggregated(network: SliceNetwork, features: Tensor) -> Any:
    """The features (1, features) and weights (1, slices) of a study, on the CPU, from those of its slices."""
    return _on_cpu(network.aggregation, features[None])


def joined_answers(slice_logits: NDArray[np.float64], aggregation: str) -> NDArray[np.float64]:
    """The study's logits from those of its slices, joined as answers.

    ``vote``: each slice has one vote for its most likely label; the logits are those of the votes' shares, with half a
    vote added to each label, so that no share is 0. A tie goes to the first label, which is the finding.
    ``max``: the slice that is surest of the first label. ``mean``: of the logits.
    """
    import numpy as np

    if aggregation == "vote":
        votes = _votes(slice_logits) + 0.5
        votes[0] += 0.25 if is_tied(slice_logits) else 0.0
        return np.asarray(np.log(votes / votes.sum()))
    if aggregation == "max":
        margin = slice_logits[:, 0] - np.delete(slice_logits, 0, axis=1).max(1)
        return np.asarray(slice_logits[int(margin.argmax())])
    return np.asarray(slice_logits.mean(0))


def margins(maps: NDArray[Any]) -> NDArray[np.float32]:
    """How much more each place says the first label than any other: (slices, outputs, ...) to (slices, ...)."""
    import numpy as np

    return np.asarray(maps[:, 0] - np.delete(maps, 0, axis=1).max(1), dtype=np.float32)


def is_tied(slice_logits: NDArray[np.float64]) -> bool:
    """Whether the first label has as many votes of the slices as another one, and none has more."""
    votes = _votes(slice_logits)
    return bool(votes[0] == votes[1:].max())


def _votes(slice_logits: NDArray[np.float64]) -> NDArray[np.intp]:
    import numpy as np

    return np.bincount(slice_logits.argmax(1), minlength=slice_logits.shape[1])


def _features_and_maps(backbone: nn.Module, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Features (n, features), and the map (n, features, ...), of places in a slice or a volume, of which they are the
    means."""
    from ..explain.forward import forward_from_last_map
    from ..explain.linear_head import find_linear_head, local_answers

    forward = forward_from_last_map(backbone, batch)
    head = find_linear_head(forward)
    if head is not None:  # a linear layer of features comes after pooling
        return forward.logits, local_answers(forward, head).logits
    features, maps = forward.logits, forward.feature_map
    for candidate in (maps, maps.relu()):
        means = candidate.flatten(2).mean(2)
        if means.shape == features.shape and _alike(means, features):
            return features, candidate
    raise BundleError("The network does not end in average pooling: nothing could show where its answer comes from.")


def _alike(means: Tensor, features: Tensor) -> bool:
    scale = float(features.abs().max()) or 1.0
    return float((means - features).abs().max()) <= _CLOSE * scale


def _on_cpu(aggregation: nn.Module, features: Tensor) -> Any:
    home = next((parameter.device for parameter in aggregation.parameters()), None)
    found = aggregation(features if home is None else features.to(home))
    return type(found)(found.features.cpu(), found.weights.cpu())
