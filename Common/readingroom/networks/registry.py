"""Every network that a bundle or a protocol may name, as data. Importing this file loads neither torch nor timm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import BundleError
from ..records import frozen


@dataclass(frozen=True)
class Architecture:
    """What has to be known of a network before it is made.

    Parameters
    ----------
    name : how bundles and protocols call it
    title : how people call it
    library, made_by, arguments : who makes it, and how
    head : dotted name of the linear layer that gives the logits
    features : what that layer is given
    blocks : its parts from the input on, without the head, each the dotted names of what is frozen together
    added : parts before the linear layer that we put there, so that no published weights have them
    early : parts of the last block that come before its last residual unit
    weights : what its published weights learned from; empty where there are none
    channels : of the input that it was made for
    side : edge of that input in pixels
    axes : 2 for pictures, 3 for volumes
    fixed : it takes inputs of that very size only
    smallest : the smallest edge it takes
    cam : it ends in average pooling and nothing but linear layers, so that a class activation map costs one forward
        pass
    maps : it has maps of features, so that Grad-CAM can say where; a vision transformer has none
    """

    name: str
    title: str
    library: Literal["timm", "torchvision", "monai", "readingroom"]
    made_by: str
    head: str
    features: int
    blocks: tuple[str, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    early: tuple[str, ...] = ()
    weights: Literal["imagenet", "medicalnet", "kinetics", "astra", ""] = "imagenet"
    channels: Literal[1, 3] = 3
    side: int = 224
    axes: Literal[2, 3] = 2
    fixed: bool = False
    smallest: int = 16
    cam: bool = True
    maps: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", frozen(self.arguments))

    def require_size(self, sides: Sequence[int]) -> None:
        """See that the network takes inputs of these (slices,) rows and columns.

        Raises
        ------
        BundleError : it does not
        """
        if self.fixed and set(sides) != {self.side}:
            raise BundleError(
                f"{self.title} reads {self.side} x {self.side} pixels, not {' x '.join(map(str, sides))}."
            )
        if min(sides) < self.smallest:
            raise BundleError(f"{self.title} needs inputs of {self.smallest} pixels or more, not {min(sides)}.")


_RESNET = ("conv1 bn1", "layer1", "layer2", "layer3", "layer4")
_MOBILE = ("conv_stem bn1", *(f"blocks.{k}" for k in range(7)))
_EFFICIENT = (*_MOBILE, "conv_head bn2")
_DENSE = (
    "features.conv0 features.norm0",
    *(f"features.denseblock{k} features.transition{k}" for k in (1, 2, 3)),
    "features.denseblock4 features.norm5",
)
_MAXVIT = ("stem", *(f"stages.{k}" for k in range(3)), "stages.3 norm")
_VGG = (*(f"features.{k}" for k in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)), "pre_logits")
_ALEXNET = (*(f"features.{k}" for k in (0, 3, 6, 8, 10)), "classifier.1", "classifier.4")
_VIT = ("patch_embed pos_embed cls_token", *(f"blocks.{k}" for k in range(11)), "blocks.11 norm")


def _resnet(name: str, title: str, features: int) -> Architecture:
    return Architecture(name, title, "timm", name, "fc", features, _RESNET)


def _mobilenet_v2(name: str, **arguments: Any) -> Architecture:
    title = "MobileNetV2" + (" padded as in TensorFlow" if arguments else "")
    title += ", stride 16" if "output_stride" in arguments else ""
    return Architecture(name, title, "timm", "mobilenetv2_100", "classifier", 1280, _EFFICIENT, arguments)


def _maxvit(side: int) -> Architecture:
    # Its attention is over a grid of fixed size, so each input size is a network of its own.
    arguments = {} if side == 256 else {"img_size": side}
    return Architecture(
        f"maxvit_nano_rw_{side}",
        f"MaxViT-nano ({side} pixels)",
        "timm",
        "maxvit_nano_rw_256",
        "head.fc",
        512,
        _MAXVIT,
        arguments,
        side=side,
        fixed=True,
    )


def _resnet_3d(name: str, title: str, made_by: str = "resnet50", **arguments: Any) -> Architecture:
    """3D ResNet of bottlenecks with a layer of 128 features before the linear one (Paper 001, "intermediate layer")."""
    published = made_by == "resnet50"
    arguments = {"shortcut_type": "B", "bias_downsample": False, "bottleneck": 128} | arguments
    return Architecture(
        name, title, "monai", made_by, "fc.1", 128, _RESNET, arguments,
        added=("fc.0",), early=("layer4.0", "layer4.1") if published else (), weights="medicalnet" if published else "",
        channels=1, side=128, axes=3,
    )  # fmt: skip


ARCHITECTURES: Mapping[str, Architecture] = {
    architecture.name: architecture
    for architecture in (
        _resnet("resnet34", "ResNet-34", 512),
        Architecture(
            "mobilenetv3_large_100", "MobileNetV3-Large", "timm", "mobilenetv3_large_100", "classifier", 1280,
            (*_MOBILE, "conv_head"), cam=False,
        ),  # it works on after pooling
        Architecture(
            "efficientnet_b1", "EfficientNet-B1", "timm", "efficientnet_b1", "classifier", 1280, _EFFICIENT, side=240
        ),
        _mobilenet_v2("mobilenetv2_100"),
        # Weights that come from TensorFlow expect its padding: with stride 2 the odd pixel goes bottom and right.
        _mobilenet_v2("tf_mobilenetv2_100", pad_type="same"),
        # EfficientNet-B0 without squeeze and excitation, as light as MobileNetV2; TensorFlow's padding as well.
        Architecture(
            "tf_efficientnet_lite0", "EfficientNet-Lite0", "timm", "tf_efficientnet_lite0", "classifier", 1280,
            _EFFICIENT,
        ),
        # Its last blocks are dilated in place of their stride: a map of four times as many places.
        _mobilenet_v2("tf_mobilenetv2_100_stride_16", pad_type="same", output_stride=16),
        # Its blocks from the fourth on are there twice, see `two_branches`.
        Architecture(
            "tf_mobilenetv2_100_two_branches", "MobileNetV2 in two branches", "readingroom", "tf_mobilenetv2_100",
            "classifier", 3200, ("shared", "general tuned"), {"first_block": 4},
        ),
        # The one of stride 16, each of whose places counts as much as the finding that it shows, see `places`.
        Architecture(
            "tf_mobilenetv2_100_places", "MobileNetV2, stride 16, with linear softmax pooling", "readingroom",
            "tf_mobilenetv2_100_stride_16", "classifier", 1280,
            tuple(" ".join(f"backbone.{part}" for part in block.split()) for block in _EFFICIENT),
        ),
        Architecture("densenet121", "DenseNet-121", "timm", "densenet121", "classifier", 1024, _DENSE, smallest=32),
        _resnet("resnet18", "ResNet-18", 512),
        _resnet("resnet50", "ResNet-50", 2048),
        _resnet("resnet152", "ResNet-152", 2048),
        _resnet("resnext50_32x4d", "ResNeXt-50 32x4d", 2048),
        Architecture("efficientnet_b0", "EfficientNet-B0", "timm", "efficientnet_b0", "classifier", 1280, _EFFICIENT),
        _maxvit(256),
        _maxvit(512),
        # Two layers of 4096 lie between VGG's and AlexNet's maps and their linear layer.
        Architecture("vgg16", "VGG-16", "timm", "vgg16", "head.fc", 4096, _VGG, smallest=32, cam=False),
        Architecture(
            "vit_base_patch16_224", "ViT-B/16", "timm", "vit_base_patch16_224", "head", 768, _VIT,
            fixed=True, cam=False, maps=False,
        ),
        Architecture(
            "alexnet", "AlexNet", "torchvision", "alexnet", "classifier.6", 4096, _ALEXNET, smallest=63, cam=False
        ),
        # MedicalNet's own function: stride 2 at the input, dilated late stages of stride 1. MONAI's class with the
        # same weights computes something else, on a grid of another fineness; Paper 001 used it so.
        _resnet_3d(
            "medicalnet_resnet50", "3D ResNet-50 as MedicalNet computes it", conv1_t_stride=2,
            unstrided={"layer3": 2, "layer4": 4},
        ),
        _resnet_3d("monai_resnet50", "3D ResNet-50 as MONAI computes it"),
        # MedicalNet's layout with one narrow bottleneck a stage, for small inputs: a megabyte, and every 4th voxel.
        _resnet_3d(
            "narrow_resnet14_3d", "3D ResNet-14 with narrow stages", "ResNet", block="bottleneck", layers=(1, 1, 1, 1),
            block_inplanes=(8, 16, 32, 64), conv1_t_stride=2, no_max_pool=True, unstrided={"layer3": 2, "layer4": 4},
        ),
        # For a lesion of a few voxels: a map of every second one, a place of which sees 19 voxels along each axis.
        _resnet_3d(
            "narrow_resnet14_3d_stride_2", "3D ResNet-14 with narrow stages, stride 2", "ResNet", block="bottleneck",
            layers=(1, 1, 1, 1), block_inplanes=(8, 8, 16, 32), conv1_t_size=3, conv1_t_stride=2, no_max_pool=True,
            unstrided={"layer2": 1, "layer3": 1, "layer4": 1},
        ),
        # The one of stride 2, each of whose places counts as much as the finding that it shows, see `places`; of some
        # thousand places a small lesion fills a few.
        Architecture(
            "narrow_resnet14_3d_places", "3D ResNet-14 with narrow stages and linear softmax pooling", "readingroom",
            "narrow_resnet14_3d_stride_2", "classifier", 128,
            (*(" ".join(f"backbone.{part}" for part in block.split()) for block in _RESNET), "backbone.features"),
            {"power": 4.0}, weights="", channels=1, side=128, axes=3,
        ),
        Architecture(
            "densenet121_3d", "3D DenseNet-121", "monai", "densenet121", "class_layers.out", 1024, _DENSE,
            weights="", channels=1, side=128, axes=3, smallest=32,
        ),
        # The layers of torchvision's r3d_18: a stem of 3 x 7 x 7, no pooling after it.
        Architecture(
            "r3d_18", "18-layer 3D ResNet", "monai", "resnet18", "fc", 512, _RESNET,
            {
                "conv1_t_size": (3, 7, 7), "conv1_t_stride": (1, 2, 2), "no_max_pool": True,
                "shortcut_type": "B", "bias_downsample": False,
            },
            weights="kinetics", side=112, axes=3,
        ),
        # ImageNet's ResNet-152 with a depth given to its kernels, then trained on CTs and reports (Merlin, Astra).
        # The gray level three times is the same as once with the kernels' sum, so it begins with one channel.
        Architecture(
            "astra_resnet152_3d", "3D ResNet-152 of Astra, for chest CT", "monai", "resnet152", "fc", 2048, _RESNET,
            {
                "conv1_t_size": (3, 7, 7), "conv1_t_stride": (1, 2, 2), "shortcut_type": "B", "bias_downsample": False,
                "turned": True,
            },
            weights="astra", channels=1, side=224, axes=3, smallest=32,
        ),
    )
}  # fmt: skip


def find(name: str, axes: Literal[2, 3] | None = None) -> Architecture:
    """The network of that name, of pictures (2) or volumes (3).

    Raises
    ------
    BundleError : there is none
    """
    known = [a.name for a in ARCHITECTURES.values() if axes in (None, a.axes)]
    if name not in known:
        raise BundleError(f'There is no network named "{name}"; there are {", ".join(known)}.')
    return ARCHITECTURES[name]
