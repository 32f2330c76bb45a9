"""The networks that read pictures: RGB or gray in, raw logits out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from torch import nn

from ..errors import DownloadError, SetupError
from . import registry
from . import weights as weight_files
from .heads import linear_layer, without_head
from .places import PlacesNetwork
from .registry import Architecture
from .torchvision_schemas import make_torchvision_importable
from .two_branches import TwoBranches

NAMES = tuple(architecture.name for architecture in registry.ARCHITECTURES.values() if architecture.axes == 2)
TWO_BRANCHES = "tf_mobilenetv2_100_two_branches"
PLACES = "tf_mobilenetv2_100_places"
Weights = Literal["hub"] | Path | None
_PUBLISHED_CLASSES = 1000


def create(name: str, outputs: int, weights: Weights = None, channels: int = 3) -> nn.Module:
    """A network for images ``[n, channels, height, width]`` that returns raw logits ``[n, outputs]``.

    Parameters
    ----------
    name : one of `NAMES`
    outputs : number of logits; the linear layer is new unless ``weights`` holds one of that size: 0 on a network that
        has learned, else random
    weights : None for random values, "hub" for the ImageNet weights of timm or torchvision (fetched once, then kept by
        the hub's own store), or a file, see `readingroom.networks.weights.read`
    channels : 3, or 1 for gray images; ImageNet weights then answer as they would to the gray level three times

    Raises
    ------
    SetupError : timm or torchvision is not installed
    BundleError : no such network, or the file does not fit it
    DownloadError : the hub cannot be reached
    """
    architecture = registry.find(name, axes=2)
    if architecture.library == "readingroom":
        whole = create(architecture.made_by, outputs, weights, channels)
        if name == PLACES:
            plain = registry.find(architecture.made_by)
            return PlacesNetwork(linear_layer(whole, plain), without_head(whole, plain)).eval()
        return TwoBranches(whole, outputs=outputs, **architecture.arguments).eval()
    from_hub = weights == "hub"
    make = _MAKERS[architecture.library]
    try:
        with weight_files.quiet_hub():
            network = make(architecture, outputs, channels, from_hub)
    except (OSError, RuntimeError) as error:
        if not from_hub:
            raise
        # The errors of the hubs and of the HTTP client are OSError or RuntimeError.
        raise DownloadError(
            f"The ImageNet weights of {name} could not be fetched from the {architecture.library} hub; check the "
            "network and the proxy, or give a weights file instead."
        ) from error
    if weights is not None and (outputs != _PUBLISHED_CLASSES or not from_hub):
        _silence(network.get_submodule(architecture.head))
    if weights is not None and not from_hub:
        weight_files.read(network, architecture, Path(weights))
    return network.eval()


def _from_timm(architecture: Architecture, outputs: int, channels: int, from_hub: bool) -> nn.Module:
    try:
        make_torchvision_importable()
        import timm
    except ImportError as error:
        raise _not_installed() from error
    network: nn.Module = timm.create_model(
        architecture.made_by, pretrained=from_hub, num_classes=outputs, in_chans=channels, **architecture.arguments
    )
    return network


def _from_torchvision(architecture: Architecture, outputs: int, channels: int, from_hub: bool) -> nn.Module:
    try:
        make_torchvision_importable()
        from torchvision import models
    except ImportError as error:
        raise _not_installed() from error
    network: nn.Module = models.get_model(architecture.made_by, weights=None, num_classes=outputs)
    if channels != 3:
        name = architecture.blocks[0]
        first = network.get_submodule(name)
        assert isinstance(first, nn.Conv2d)
        kernel, stride, padding = first.kernel_size, first.stride, first.padding
        network.set_submodule(name, nn.Conv2d(channels, first.out_channels, kernel, stride, padding))  # type: ignore[arg-type]
    if from_hub:
        published = models.get_model_weights(architecture.made_by)["DEFAULT"]
        weight_files.load(network, architecture, weight_files.released(published.url), published.url)
    return network


_MAKERS: dict[str, Callable[[Architecture, int, int, bool], nn.Module]] = {
    "timm": _from_timm,
    "torchvision": _from_torchvision,
}


def _silence(layer: nn.Module) -> None:
    """A new last layer that says nothing yet: timm's random one is so loud that its first steps undo what the network
    had learned."""
    assert isinstance(layer, nn.Linear)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)


def _not_installed() -> SetupError:
    return SetupError("Reading needs the Python packages torch, torchvision and timm; install them first.")
