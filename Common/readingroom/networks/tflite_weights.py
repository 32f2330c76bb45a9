"""ImageNet weights of a TensorFlow Lite MobileNetV2, read into timm's network.

The file is an ``.npz`` with the 8-bit weights of ``mobilenet_v2_1.0_224_quant.tflite``: ``graph``, a JSON text with
the operations in order, and for operation k the weights ``w<k>`` (uint8) and biases ``b<k>`` (float32). The value of a
weight is ``(w - zero_point) * scale``. Batch normalization is already folded into them, so the network's own
normalization layers become "add the bias".

The network must pad as TensorFlow does (``tf_mobilenetv2_100``) and takes RGB pixels as ``(p - 128) / 128``.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import BundleError
from ..regular_file import open_regular

# What timm calls mean and std, for pixels from 0 to 1: (255 p - 128) / 128.
MEAN = STD = 128 / 255


def read_mobilenet_v2(network: nn.Module, path: Path) -> None:
    """Copy the weights in ``path`` into ``network``, in place.

    The classifier (1001 classes, 0 is background) is copied too where the network has as many outputs; otherwise the
    network keeps its own.

    Raises
    ------
    BundleError : the file is not such a file, or was made for another network
    """
    try:
        with open_regular(path) as file, np.load(file, allow_pickle=False) as arrays:
            operations = json.loads(arrays["graph"].tobytes())["ops"]
            layers = [_weights(arrays, o) for o in operations if o["op"] in ("conv", "dwconv")]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path} does not hold the weights of a TensorFlow Lite network: {error}.") from error
    *body, (head_weight, head_bias) = layers
    fill(network, body, str(path), "MobileNetV2 1.0")
    classifier = network.get_submodule("classifier")
    if isinstance(classifier, nn.Linear) and classifier.out_features == len(head_bias):
        with torch.no_grad():
            classifier.weight.copy_(head_weight.flatten(1))
            classifier.bias.copy_(head_bias)


def fill(network: nn.Module, layers: Sequence[tuple[Tensor, Tensor]], source: str, title: str) -> None:
    """Copy weights and biases of convolutions with their normalization folded in, in the order of computation.

    Raises
    ------
    BundleError : they are those of another network than ``title``; ``source`` says whose they are
    """
    pairs = _convolutions_with_normalization(network)
    if pairs[0][0].in_channels == 1:  # a gray image answers as it would three times over
        layers = [(layers[0][0].sum(1, keepdim=True), layers[0][1]), *layers[1:]]
    if [weight.shape for weight, _ in layers] != [convolution.weight.shape for convolution, _ in pairs]:
        raise BundleError(f"{source} was made for another network than {title}.")
    with torch.no_grad():
        for (weight, bias), (convolution, normalization) in zip(layers, pairs, strict=True):
            convolution.weight.copy_(weight)
            _become_bias(normalization, bias)


def _weights(arrays: Any, operation: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Weight (out, in, height, width) and bias of one convolution, as real numbers."""
    k = operation["index"]
    stored = arrays[f"w{k}"].astype(np.float32)
    value = (stored - operation["zero_point"]) * np.float32(operation["scale"])
    # conv is (out, height, width, in); dwconv is (1, height, width, channel), with one input for each output channel
    order = (0, 3, 1, 2) if operation["op"] == "conv" else (3, 0, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(value.transpose(order))), torch.from_numpy(arrays[f"b{k}"])


def _convolutions_with_normalization(network: nn.Module) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """The network's convolutions, each with the normalization that follows it, in the order of computation."""
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    normalizations = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    return list(zip(convolutions, normalizations, strict=True))


def _become_bias(normalization: nn.BatchNorm2d, bias: Tensor) -> None:
    """Set gamma, beta, mean and variance so that the layer, when evaluating, adds ``bias`` and nothing else."""
    assert normalization.running_mean is not None
    assert normalization.running_var is not None
    normalization.weight.fill_(1.0)
    normalization.bias.copy_(bias)
    normalization.running_mean.zero_()
    normalization.running_var.fill_(1.0 - normalization.eps)
