"""One forward pass that remembers the feature map behind the answer.

Hooks are there for the length of one call and are removed whatever happens; the network's training mode is put back
module by module, and its parameters and their gradients are never touched.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..networks.heads import Embedding

# Where each network made its last map, for one shape of input. To watch every module for it costs a tenth of the pass.
_LAST_MAPS: weakref.WeakKeyDictionary[nn.Module, dict[tuple[object, ...], str]] = weakref.WeakKeyDictionary()


@dataclass(frozen=True)
class Forward:
    """What one forward pass left behind.

    Parameters
    ----------
    logits : the network's answer, (items, classes)
    layer : name of the module whose output is ``feature_map``
    feature_map : (items, channels, \\*spatial)
    classifier_name, classifier : the linear layer that ran last, if there was one
    classifier_input, classifier_output : what that linear layer was given, (items, features), and what it gave back
    before : linear layers that ran right before it, the first one first: each was given what the one before it gave
    pooled : what the first of them, or the classifier itself, was given, (items, channels)
    embedding : what tells how far an item lies from those of training, (items, features): ``classifier_input``, or what
        the network names as its `Embedding`
    places : what an `Embedding` is the mean of, (items, features, \\*spatial); None without one
    """

    logits: Tensor
    layer: str
    feature_map: Tensor
    classifier_name: str = ""
    classifier: nn.Linear | None = None
    classifier_input: Tensor | None = None
    classifier_output: Tensor | None = None
    before: tuple[nn.Linear, ...] = ()
    pooled: Tensor | None = None
    embedding: Tensor | None = None
    places: Tensor | None = None


def forward_from_last_map(network: nn.Module, inputs: Tensor) -> Forward:
    """Run the network without any gradient and keep the last feature map, wherever the network makes it.

    The last feature map is the output of the module that ran last among those that give
    (items, channels, \\*spatial) with more than one position: what comes after it sees no places any more.

    Raises
    ------
    ValueError : no module gives a feature map, it is not channels-first, or the answer is not (items, classes)
    """
    last: dict[str, Tensor] = {}

    def keep(name: str, output: object) -> None:
        if isinstance(output, Tensor) and _is_map(output, inputs):
            last.clear()
            last[name] = output

    # The same modules and the same shape of input: then the last map is where it was.
    build = (tuple(inputs.shape[1:]), *map(id, network.modules()))
    known = _LAST_MAPS.setdefault(network, {}).get(build)
    every = [name for name, _ in network.named_modules() if name]
    for names in ([known], every) if known else (every,):
        with _hooked(network, dict.fromkeys(names, keep)) as linear, evaluating(network), torch.inference_mode():
            logits = network(inputs)
        if last:
            break
    if not last:
        raise ValueError("No layer of the network gives a feature map with more than one position.")
    ((layer, feature_map),) = last.items()
    _LAST_MAPS[network] = {build: layer}
    if any(size > whole for size, whole in zip(feature_map.shape[2:], inputs.shape[2:], strict=True)):
        raise ValueError(
            f"The last map of the network (layer '{layer}', {tuple(feature_map.shape)}) is larger than its input; "
            "it is not (items, channels, *spatial). Name a layer that is."
        )
    return _forward(inputs, logits, layer, feature_map, linear)


def forward_from_layer(network: nn.Module, inputs: Tensor, layer: str) -> Forward:
    """Run the network and keep the output of one named layer, ready for gradients of the answer by that output.

    Everything up to the layer runs without a graph, so that a gradient costs no more than the part after the layer.
    A layer that runs several times counts with its last run.

    Raises
    ------
    ValueError : there is no such layer, it did not run, or it gives no (items, channels, \\*spatial) map
    """
    if layer not in dict(network.named_modules()):
        raise ValueError(f"The network has no layer named '{layer}'.")
    kept: list[Tensor] = []

    def start_graph(name: str, output: object) -> Tensor:
        if not isinstance(output, Tensor) or output.ndim != inputs.ndim or len(output) != len(inputs):
            raise ValueError(f"Layer '{name}' gives no feature map of shape (items, channels, *spatial).")
        kept[:] = [output.detach().requires_grad_()]
        torch.set_grad_enabled(True)  # until the surrounding no_grad ends
        return kept[0].clone()  # a layer that works in place may follow

    with (
        _hooked(network, {layer: start_graph}) as linear,
        evaluating(network),
        torch.inference_mode(False),
        torch.no_grad(),
    ):
        logits = network(inputs)
    if not kept:
        raise ValueError(f"Layer '{layer}' did not run.")
    return _forward(inputs, logits, layer, kept[0], linear)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """The network in evaluation mode; afterwards every module is in the mode that it was in, frozen parts included."""
    training = [module for module in network.modules() if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True


@dataclass
class _LastLinear:
    name: str = ""
    module: nn.Linear | None = None
    given: Tensor | None = None
    output: Tensor | None = None
    before: tuple[nn.Linear, ...] = ()
    pooled: Tensor | None = None
    embedding: Tensor | None = None  # that the network names
    places: Tensor | None = None


@contextmanager
def _hooked(network: nn.Module, watched: Mapping[str, Callable[[str, object], Tensor | None]]) -> Iterator[_LastLinear]:
    """Call ``watched[name](name, output)`` when that module has run; note the last linear layer, and the embedding."""
    linear = _LastLinear()

    def note_linear(name: str, module: nn.Linear, given: Tensor, output: Tensor) -> None:
        follows = linear.module is not None and given is linear.output
        linear.before = (*linear.before, linear.module) if follows else ()  # type: ignore[arg-type]
        linear.pooled = linear.pooled if follows else given
        linear.name, linear.module, linear.given, linear.output = name, module, given, output

    def note_embedding(_: nn.Module, given: tuple[Tensor], output: Tensor) -> None:
        linear.places, linear.embedding = given[0], output

    handles = []
    try:
        for name, module in network.named_modules():
            if name in watched:
                handles.append(module.register_forward_hook(lambda _, __, out, name=name: watched[name](name, out)))
            if isinstance(module, nn.Linear):
                handles.append(
                    module.register_forward_hook(lambda m, given, out, name=name: note_linear(name, m, given[0], out))
                )
            if isinstance(module, Embedding):
                handles.append(module.register_forward_hook(note_embedding))
        yield linear
    finally:
        for handle in handles:
            handle.remove()


def _is_map(output: Tensor, inputs: Tensor) -> bool:
    return output.ndim == inputs.ndim and len(output) == len(inputs) and output.shape[2:].numel() > 1


def _forward(inputs: Tensor, logits: object, layer: str, feature_map: Tensor, linear: _LastLinear) -> Forward:
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != len(inputs):
        raise ValueError("The network does not answer with logits of shape (items, classes).")
    if not torch.isfinite(logits).all():
        raise ValueError("The network's answer is not finite (NaN or infinity).")
    embedding = linear.given if linear.embedding is None else linear.embedding
    return Forward(
        logits, layer, feature_map, linear.name, linear.module, linear.given, linear.output, linear.before,
        linear.pooled, embedding, linear.places,
    )  # fmt: skip
