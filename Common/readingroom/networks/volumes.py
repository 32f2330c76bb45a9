"""The networks that read volumes: one or three channels in, raw logits out."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from torch import Tensor, nn

from ..errors import BundleError, DownloadError, InputError, SetupError
from . import astra_weights, registry
from . import weights as weight_files
from .heads import linear_layer
from .places import PlacesNetwork
from .registry import Architecture
from .torchvision_schemas import make_torchvision_importable

NAMES = tuple(architecture.name for architecture in registry.ARCHITECTURES.values() if architecture.axes == 3)
PLACES = "narrow_resnet14_3d_places"
Weights = Literal["hub"] | Path | None

_MEDICALNET = "TencentMedicalNet/MedicalNet-Resnet50", "resnet_50_23dataset.pth"


def create(
    name: str,
    outputs: int,
    weights: Weights = None,
    channels: int | None = None,
    classifier: Callable[[int], nn.Module] | None = None,
) -> nn.Module:
    """A network for volumes ``[n, channels, k, j, i]`` that returns raw logits ``[n, outputs]``.

    The two 3D ResNet-50 and the narrow ResNet-14 have a layer of 128 features before their linear layer, without an
    activation between (Paper 001). MedicalNet's weights fit the former two, but only ``medicalnet_resnet50`` computes
    what they were trained for.

    Parameters
    ----------
    name : one of `NAMES`
    outputs : number of logits; the linear layer is new and random unless ``weights`` holds one of that size
    weights : None for random values, "hub" for the weights of MedicalNet's 23 data sets (ResNet-50), of Kinetics
        (``r3d_18``) or of Astra (from the Python packages that bring them), or a file, see
        `readingroom.networks.weights.read`
    channels : 1 or 3; None for what the network was made for
    classifier : makes what answers in the place of the linear layer, for so many features

    Raises
    ------
    SetupError : MONAI is not installed, or the packages with the weights are not
    InputError : nobody publishes weights for this network
    BundleError : no such network, or the file does not fit it
    DownloadError : the hub cannot be reached
    """
    architecture = registry.find(name, axes=3)
    if architecture.library == "readingroom":
        if classifier is not None:
            raise BundleError(f"{architecture.title} answers with a linear layer alone; choose another network.")
        whole = create(architecture.made_by, outputs, weights, channels)
        return _by_place(whole, registry.find(architecture.made_by), **architecture.arguments)
    network = _MAKERS[architecture.made_by](architecture, outputs, channels or architecture.channels)
    if weights == "hub":
        stored = _from_hub(architecture)
        weight_files.load(network, architecture, stored, "The hub's file")
    elif weights is not None:
        stored = as_monai_names(weight_files.read_tensors(weights))
        weight_files.load(network, architecture, stored, str(weights))
    if classifier is not None:
        network.set_submodule(architecture.head, classifier(architecture.features))
    return network.eval()


def as_monai_names(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of torchvision's ``r3d_18`` under the names of MONAI's ResNet; any others as they are."""
    if "stem.0.weight" not in stored:
        return dict(stored)
    names = (
        (r"^stem\.0\.", "conv1."),
        (r"^stem\.1\.", "bn1."),
        (r"\.conv([12])\.0\.", r".conv\1."),
        (r"\.conv([12])\.1\.", r".bn\1."),
    )
    renamed = {}
    for name, tensor in stored.items():
        for theirs, ours in names:
            name = re.sub(theirs, ours, name)
        renamed[name] = tensor
    return renamed


def _monai() -> Any:
    try:
        make_torchvision_importable()  # MONAI imports it where it is installed
        from monai.networks import nets
    except ImportError as error:
        raise SetupError("Reading volumes needs the Python package monai; install it first.") from error
    return nets


def _resnet(architecture: Architecture, outputs: int, channels: int) -> nn.Module:
    arguments = dict(architecture.arguments)
    unstrided, turned = arguments.pop("unstrided", {}), arguments.pop("turned", False)
    bottleneck = arguments.pop("bottleneck", None)
    make = getattr(_monai(), architecture.made_by)
    network: nn.Module = make(spatial_dims=3, n_input_channels=channels, num_classes=outputs, **arguments)
    for stage, dilation in unstrided.items():
        _without_stride(network.get_submodule(stage), dilation)
    if turned:
        _turn(network)
    if bottleneck is not None:
        given = network.get_submodule("fc").in_features
        network.fc = nn.Sequential(nn.Linear(given, bottleneck), nn.Linear(bottleneck, outputs))  # type: ignore[arg-type]
    return network


def _without_stride(stage: nn.Module, dilation: int) -> None:
    """Give a stage stride 1 and its 3 x 3 x 3 convolutions that dilation (MedicalNet, ``models/resnet.py``)."""
    for module in stage.modules():
        if isinstance(module, nn.Conv3d):
            module.stride = (1, 1, 1)
            if module.kernel_size == (3, 3, 3):
                module.dilation = module.padding = (dilation,) * 3


class _TurnedConvolution(nn.Conv3d):
    """A first convolution that learned from volumes ``[k, i, j]`` whose rows run to the right and columns to the front.

    It is given ``[k, j, i]`` as all networks here: rows run to the back, columns to the left.
    """

    def forward(self, volumes: Tensor) -> Tensor:
        return super().forward(volumes.flip(3, 4).transpose(3, 4))


class _TurnedBack(nn.Module):
    """Maps of such a network as ``[k, j, i]`` again."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.transpose(3, 4).flip(3, 4)


def _turn(network: nn.Module) -> None:
    """Let a ResNet see volumes as `_TurnedConvolution` says; no weight changes its name."""
    first = network.get_submodule("conv1")
    assert isinstance(first, nn.Conv3d)
    sizes = first.kernel_size, first.stride, first.padding
    network.set_submodule("conv1", _TurnedConvolution(first.in_channels, first.out_channels, *sizes, bias=False))  # type: ignore[arg-type]
    last = network.get_submodule("layer4")
    assert isinstance(last, nn.Sequential)
    last.append(_TurnedBack())


class _Places(nn.Sequential):
    """The parts of a network that give the last map."""

    def forward_features(self, volumes: Tensor) -> Tensor:
        maps: Tensor = self(volumes)
        return maps


def _by_place(network: nn.Module, architecture: Architecture, power: float) -> nn.Module:
    """A ResNet with a layer of features before its linear one, which asks each place for them before it pools."""
    (layer,) = (network.get_submodule(name) for name in architecture.added)
    assert isinstance(layer, nn.Linear)
    features = nn.Conv3d(layer.in_features, layer.out_features, 1)
    stored = layer.state_dict()
    features.load_state_dict({name: value.view_as(features.get_parameter(name)) for name, value in stored.items()})
    names = " ".join(architecture.blocks).split()
    names.insert(names.index("bn1") + 1, "act")
    parts = OrderedDict((name, network.get_submodule(name)) for name in names)
    backbone = _Places(OrderedDict(parts, features=features))
    return PlacesNetwork(linear_layer(network, architecture), backbone, power).eval()


def _densenet(architecture: Architecture, outputs: int, channels: int) -> nn.Module:
    network: nn.Module = _monai().DenseNet121(spatial_dims=3, in_channels=channels, out_channels=outputs)
    return network


_MAKERS: dict[str, Callable[[Architecture, int, int], nn.Module]] = {
    "ResNet": _resnet,
    "resnet50": _resnet,
    "resnet18": _resnet,
    "resnet152": _resnet,
    "densenet121": _densenet,
}


def _from_hub(architecture: Architecture) -> dict[str, Tensor]:
    if not architecture.weights:
        raise InputError(f"Nobody publishes weights for {architecture.title}; begin without, or give a file.")
    try:
        return as_monai_names(_HUBS[architecture.weights]())
    except (OSError, RuntimeError) as error:
        raise DownloadError(
            f"The weights of {architecture.name} could not be fetched from the hub; check the network and the proxy, "
            "or give a weights file instead."
        ) from error


def _from_medicalnet() -> dict[str, Tensor]:
    from huggingface_hub import hf_hub_download

    repository, file = _MEDICALNET
    with weight_files.quiet_hub():
        path = hf_hub_download(repository, file)
    return weight_files.read_tensors(Path(path))


def _from_kinetics() -> dict[str, Tensor]:
    from torchvision.models.video import R3D_18_Weights

    return weight_files.released(R3D_18_Weights.KINETICS400_V1.url)


_HUBS: dict[str, Callable[[], dict[str, Tensor]]] = {
    "medicalnet": _from_medicalnet,
    "kinetics": _from_kinetics,
    "astra": astra_weights.from_packages,
}
