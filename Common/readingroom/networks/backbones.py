"""The image classifiers that bundles name. Each ends in average pooling and one linear layer, so that its class
activation map comes out of the same forward pass as its prediction."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import safetensors
import safetensors.torch
from torch import nn

from ..errors import BundleError, DownloadError, SetupError
from . import tflite_weights
from .torchvision_schemas import make_torchvision_importable
from .two_branches import TwoBranches

# our name: timm's name and arguments
_BACKBONES: dict[str, tuple[str, dict[str, Any]]] = {
    "resnet34": ("resnet34", {}),
    "mobilenetv3_large_100": ("mobilenetv3_large_100", {}),
    "efficientnet_b1": ("efficientnet_b1", {}),
    "mobilenetv2_100": ("mobilenetv2_100", {}),
    # Weights that come from TensorFlow expect its padding: with stride 2 the odd pixel goes bottom and right.
    "tf_mobilenetv2_100": ("mobilenetv2_100", {"pad_type": "same"}),
}
# The same with its blocks from the fourth on there twice, see `two_branches`.
TWO_BRANCHES, _FIRST_OF_TWO = "tf_mobilenetv2_100_two_branches", 4
NAMES = (*_BACKBONES, TWO_BRANCHES)
_HEADS = ("classifier.", "fc.")  # timm's names of the linear layer of these networks


def create(name: str, outputs: int, weights: Literal["hub"] | Path | None = None) -> nn.Module:
    """A network for RGB images ``[n, 3, height, width]`` that returns raw logits ``[n, outputs]``.

    Parameters
    ----------
    name : one of `NAMES`
    outputs : number of logits; the linear layer is new and random unless ``weights`` holds one of that size
    weights : None for random values, "hub" for timm's ImageNet weights (fetched once, then kept by the hub's own
        store), a ``.safetensors`` file with the names of timm's layers, or the ``.npz`` that
        `tflite_weights.read_mobilenet_v2` takes

    Raises
    ------
    SetupError : timm or torchvision is not installed
    BundleError : no such backbone, or the file does not fit it
    DownloadError : the hub cannot be reached
    """
    if name == TWO_BRANCHES:
        return TwoBranches(create("tf_mobilenetv2_100", outputs, weights), _FIRST_OF_TWO, outputs).eval()
    timm = _timm()
    if name not in _BACKBONES:
        raise BundleError(f'There is no network named "{name}"; there are {", ".join(NAMES)}.')
    timm_name, arguments = _BACKBONES[name]
    if weights == "hub":
        return _from_hub(timm, timm_name, num_classes=outputs, **arguments)
    network: nn.Module = timm.create_model(timm_name, num_classes=outputs, **arguments)
    if weights is not None:
        _read(network, Path(weights))
    return network.eval()


def _timm() -> Any:
    try:
        make_torchvision_importable()
        import timm
    except ImportError as error:
        raise SetupError(
            "Reading needs the Python packages torch, torchvision and timm; install them first."
        ) from error
    return timm


def _from_hub(timm: Any, name: str, **arguments: Any) -> nn.Module:
    try:
        network: nn.Module = timm.create_model(name, pretrained=True, **arguments)
    except (OSError, RuntimeError) as error:  # the hub's and the HTTP client's errors are OSError or RuntimeError
        raise DownloadError(
            f"The ImageNet weights of {name} could not be fetched from the timm hub; check the network and the proxy, "
            "or give a weights file instead."
        ) from error
    return network.eval()


def _read(network: nn.Module, path: Path) -> None:
    if path.suffix == ".npz":
        tflite_weights.read_mobilenet_v2(network, path)
        return
    try:
        stored = safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise BundleError(f"{path} cannot be read as a safetensors file: {error}.") from error
    own = network.state_dict()
    # ImageNet's classifier is left out where this network asks another question.
    body = {n: t for n, t in stored.items() if not (n.startswith(_HEADS) and n in own and t.shape != own[n].shape)}
    wrong = sorted(n for n in own.keys() ^ body.keys() if not n.startswith(_HEADS))
    wrong += sorted(n for n in own.keys() & body.keys() if own[n].shape != body[n].shape)
    if wrong:
        raise BundleError(f"{path} does not fit this network: {len(wrong)} layers differ, the first is {wrong[0]}.")
    network.load_state_dict(body, strict=False)
