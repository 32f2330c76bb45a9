"""Class activation maps in 2D and 3D: CAM, Grad-CAM, Grad-CAM++, LayerCAM, HiResCAM.

All weigh the channels ``A[k, x]`` of one feature map by how the class's logit depends on them (``G = d logit / d A``;
sums run over channels ``k``, means over positions ``x``):

- ``cam``: ``sum w[k] A[k, x]`` with the weights of the last linear layer, signed; its mean plus the bias is the logit
  (Zhou et al., CVPR 2016). Only for networks that end in average pooling and a linear layer, or several without an
  activation between them.
- ``grad-cam``: ``relu(sum mean(G[k]) A[k, x])`` (Selvaraju et al., ICCV 2017)
- ``grad-cam++``: ``relu(sum a[k] A[k, x])``, ``a[k] = sum_x relu(G) G^2 / (2 G^2 + sum(A[k]) G^3)``
  (Chattopadhyay et al., WACV 2018, eq. 19)
- ``layer-cam``: ``relu(sum relu(G[k, x]) A[k, x])`` (Jiang et al., TIP 2021)
- ``hires-cam``: ``relu(sum G[k, x] A[k, x])`` (Draelos and Carin, 2020)

In all of them hot means important. Maps are raw, at the resolution of the feature map; `normalize.heat_maps` makes them
pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from .forward import Forward, forward_from_last_map, forward_from_layer
from .linear_head import find_linear_head, head_weight

Method = Literal["cam", "grad-cam", "grad-cam++", "layer-cam", "hires-cam"]
Targets = int | Sequence[int] | Tensor | None


@dataclass(frozen=True)
class ActivationMaps:
    """Prediction and maps of one batch. Everything is detached and lies on the device of the inputs.

    Parameters
    ----------
    logits : (items, classes)
    maps : raw maps, (items, targets, \\*spatial of the feature map), float32 or float64
    targets : the class of each map, (items, targets)
    method : how the maps were made; with ``"auto"`` this says what was chosen
    layer : name of the module whose output was mapped
    embedding : what tells how far an item lies from those of training, (items, features), see `Forward`; or None
    linear : the network ends in average pooling and linear layers, and the maps took no backward pass
    """

    logits: Tensor
    maps: Tensor
    targets: Tensor
    method: Method
    layer: str
    embedding: Tensor | None
    linear: bool


def activation_maps(
    network: nn.Module,
    inputs: Tensor,
    layer: str | None = None,
    targets: Targets = None,
    method: Method | Literal["auto"] = "auto",
) -> ActivationMaps:
    """Predict a batch and say where each answer comes from.

    With ``layer=None`` the last feature map is mapped, as it enters the pooling. Where the network ends in average
    pooling and a linear layer (`linear_head`, verified on every call) that takes one forward pass without gradients,
    for every method and any number of targets. Other networks take a second forward pass, unless the layer is named,
    and a backward pass through the part after the layer only.

    Parameters
    ----------
    network : gives logits (items, classes); its modes, hooks, parameters and gradients are as before afterwards
    inputs : (items, channels, \\*spatial), preprocessed, on the network's device
    layer : name as in ``network.named_modules()``; None for the last feature map
    targets : None for each item's most likely class; one class for all; a sequence of classes for all;
        or (items, targets) for classes of each item
    method : ``"auto"`` takes ``cam`` where the network allows it and ``grad-cam`` elsewhere; the result says which

    Raises
    ------
    ValueError : no such layer or class, the layer has no influence on the answer, ``cam`` asked of a network that does
        not allow it, an empty batch, or an answer that is not finite

    Example
    -------
    >>> found = activation_maps(network, pixels, targets=[0, 1])  # doctest: +SKIP
    >>> found.logits.shape, found.maps.shape, found.method        # doctest: +SKIP
    (torch.Size([32, 2]), torch.Size([32, 2, 7, 7]), 'cam')
    """
    if method != "auto" and method != "cam" and method not in _FORMULAS:
        raise ValueError(f"There is no method '{method}'; there are cam, {', '.join(_FORMULAS)} and auto.")
    if len(inputs) == 0:
        raise ValueError("There is no item to map.")
    if layer is None:
        forward = forward_from_last_map(network, inputs)
        head = find_linear_head(forward)
        if head is None and method != "cam":
            forward = forward_from_layer(network, inputs, forward.layer)
    else:
        forward = forward_from_layer(network, inputs, layer)
        # A gradient method on a named layer maps that very output, not what a ReLU without a module makes of it.
        head = find_linear_head(forward) if method in ("auto", "cam") else None
    if head is None and method == "cam":
        raise ValueError(
            f"CAM needs average pooling and nothing but linear layers after the mapped layer ('{forward.layer}'); "
            "this network has something else there. Use 'grad-cam', or 'auto' to have it chosen."
        )
    if method == "auto":
        method = "cam" if head else "grad-cam"
    classes = _classes(targets, forward.logits)
    features = _real(forward.feature_map.detach())
    if head is None:
        gradients = _gradients_by_backward(forward, classes)
    else:
        features = features.relu() if head.rectified else features
        gradients = _gradients_of_head(forward, classes)
    if method == "cam":
        maps = _signed(features, gradients) * features.shape[2:].numel()  # gradients of the head are weight / positions
    else:
        maps = _FORMULAS[method](features, gradients)
    embedding = None if forward.embedding is None else forward.embedding.detach().clone()
    return ActivationMaps(
        forward.logits.detach().clone(), maps, classes, method, forward.layer, embedding, head is not None
    )


def _classes(targets: Targets, logits: Tensor) -> Tensor:
    """The class of each map, (items, targets)."""
    items, classes = logits.shape
    if targets is None:
        return logits.detach().argmax(1, keepdim=True)
    chosen = torch.as_tensor(targets, dtype=torch.long, device=logits.device)
    if chosen.ndim < 2:
        chosen = chosen.reshape(1, -1).expand(items, -1)
    if chosen.ndim != 2 or len(chosen) != items or chosen.numel() == 0:
        raise ValueError(f"Targets of shape {tuple(chosen.shape)} do not fit {items} items.")
    if chosen.min() < 0 or chosen.max() >= classes:
        raise ValueError(
            f"The network has classes 0 to {classes - 1}; asked for {sorted(set(chosen.flatten().tolist()))}."
        )
    return chosen


def _gradients_of_head(forward: Forward, classes: Tensor) -> Tensor:
    """d logit / d feature map, (items, targets, channels, 1 ...): the same at every position, hence one."""
    weights = head_weight(forward)[classes]
    spatial = forward.feature_map.shape[2:]
    return weights.reshape(*weights.shape, *[1] * len(spatial)) / spatial.numel()


def _gradients_by_backward(forward: Forward, classes: Tensor) -> Tensor:
    """d logit / d feature map, (items, targets, channels, *spatial), through the part after the layer."""
    gradients = []
    with torch.inference_mode(False), torch.enable_grad():  # the caller may be in inference_mode or no_grad
        for classes_of_items in classes.clone().unbind(1):
            score = forward.logits.gather(1, classes_of_items[:, None]).sum()
            # Items do not mix in evaluation mode, so the gradient of the sum holds each item's own.
            found = _gradient(score, forward.feature_map)
            if found is None:
                raise ValueError(f"Layer '{forward.layer}' has no influence on the answer.")
            gradients.append(_real(found))
    return torch.stack(gradients, dim=1)


def _gradient(score: Tensor, feature_map: Tensor) -> Tensor | None:
    if not score.requires_grad:
        return None
    return torch.autograd.grad(score, feature_map, retain_graph=True, allow_unused=True)[0]


def _real(values: Tensor) -> Tensor:
    """Sums over a thousand channels are not made in half precision."""
    return values if values.dtype == torch.float64 else values.float()


def _signed(features: Tensor, weights: Tensor) -> Tensor:
    """``sum_k weights A``; weights are (items, targets, channels, *spatial or 1)."""
    if weights.shape[3:].numel() == 1:
        return torch.einsum("nk...,ntk->nt...", features, weights.flatten(2))
    return torch.einsum("nk...,ntk...->nt...", features, weights)


def _grad_cam(features: Tensor, gradients: Tensor) -> Tensor:
    return _signed(features, _mean(gradients)).relu()


def _hires_cam(features: Tensor, gradients: Tensor) -> Tensor:
    return _signed(features, gradients).relu()


def _layer_cam(features: Tensor, gradients: Tensor) -> Tensor:
    return _signed(features, gradients.relu()).relu()


def _grad_cam_plus_plus(features: Tensor, gradients: Tensor) -> Tensor:
    total = features.unsqueeze(1).flatten(3).sum(3).reshape(*features[:, None].shape[:3], *[1] * (features.ndim - 2))
    denominator = 2 * gradients**2 + total * gradients**3 + 1e-6  # as pytorch-grad-cam keeps it from zero
    share = torch.where(gradients != 0, gradients**2 / denominator, 0)
    # The sum over positions; a gradient of one position stands for all of them.
    weights = _mean(gradients.relu() * share) * features.shape[2:].numel()
    return _signed(features, weights).relu()


def _mean(values: Tensor) -> Tensor:
    """Mean over positions, kept as axes of length 1."""
    return values.mean(dim=tuple(range(3, values.ndim)), keepdim=True)


_FORMULAS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "grad-cam": _grad_cam,
    "grad-cam++": _grad_cam_plus_plus,
    "layer-cam": _layer_cam,
    "hires-cam": _hires_cam,
}
