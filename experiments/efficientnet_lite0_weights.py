"""ImageNet weights of EfficientNet-Lite0 from an ONNX file, as safetensors to begin a training with.

    python -m experiments.efficientnet_lite0_weights FILE.onnx --out FILE.safetensors [--normalized imagenet]

Needs `pip install onnx`. The file is one whose convolutions have their normalization folded in and stand in the order
of computation, with one linear layer at the end; their values may be halves. As with all weights from TensorFlow it
takes RGB pixels as ``(p - 127) / 128``; with ``--normalized imagenet`` the first kernel is changed to take them as the
protocols give them, by mean and deviation of ImageNet.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from readingroom.errors import BundleError, ReadingRoomError
from readingroom.files import write_bytes
from readingroom.learning.training.normalization import IMAGENET_MEAN, IMAGENET_STD
from readingroom.networks import backbones, tflite_weights

NETWORK = "tf_efficientnet_lite0"
_CLASSES = 1000


def from_onnx(path: Path) -> nn.Module:
    """The network with its 1000 classes.

    Raises
    ------
    BundleError : the file cannot be read, or is that of another network
    """
    *body, (weight, bias) = _layers(path)
    network = backbones.create(NETWORK, _CLASSES)
    tflite_weights.fill(network, body, str(path), "EfficientNet-Lite0")
    network.get_submodule("classifier").load_state_dict({"weight": weight.T, "bias": bias})
    return network


def take_imagenet_normalized(network: nn.Module) -> None:
    """Change the first convolution so that ImageNet's mean and deviation are those of its pixels.

    It answers as before but for the border, where what is padded is the mean in place of the middle gray.
    """
    stem, normalization = network.get_submodule("conv_stem"), network.get_submodule("bn1")
    assert isinstance(stem, nn.Conv2d)
    assert isinstance(normalization, nn.BatchNorm2d)
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    with torch.no_grad():
        normalization.bias.add_(torch.einsum("ocij,c->o", stem.weight, (255 * mean - 127) / 128))
        stem.weight *= (255 * std / 128)[None, :, None, None]


def _layers(path: Path) -> list[tuple[Tensor, Tensor]]:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load(path).graph
    except (OSError, DecodeError) as error:
        raise BundleError(f"{path} is no ONNX file that can be read: {error}.") from error
    # A weight that is kept as a half passes through a cast, whose output has another name.
    kept = {cast.output[0]: cast.input[0] for cast in graph.node if cast.op_type == "Cast"}
    values = {
        value.name: torch.from_numpy(onnx.numpy_helper.to_array(value).copy()).float() for value in graph.initializer
    }
    layers = [node.input for node in graph.node if node.op_type in ("Conv", "Gemm")]
    try:
        found = [(values[kept.get(weight, weight)], values[bias]) for _, weight, bias in layers]
    except (KeyError, ValueError) as error:  # weights that are computed, or layers without a bias
        raise BundleError(f"{path} was made for another network than EfficientNet-Lite0.") from error
    if not found:
        raise BundleError(f"{path} has no layers.")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.efficientnet_lite0_weights")
    parser.add_argument("onnx", type=Path, metavar="FILE.onnx")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    parser.add_argument("--normalized", choices=("imagenet",), help="how the pixels come, in place of (p - 127) / 128")
    options = parser.parse_args(arguments)
    try:
        network = from_onnx(options.onnx)
        if options.normalized:
            take_imagenet_normalized(network)
        write_bytes(options.out, safetensors.torch.save(network.state_dict()))
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
