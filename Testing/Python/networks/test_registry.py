"""What is known of each network before it is made, held against the networks and against published counts."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from readingroom.errors import BundleError
from readingroom.explain.linear_head import linear_head
from readingroom.networks import backbones, registry, volumes
from readingroom.networks.registry import ARCHITECTURES, Architecture

# (network, outputs): parameters, as counted with the papers' own libraries
COUNTS = {
    ("densenet121", 2): 6_955_906,
    ("resnet18", 2): 11_177_538,
    ("resnet34", 2): 21_285_698,
    ("resnext50_32x4d", 2): 22_984_002,
    ("mobilenetv2_100", 2): 2_226_434,
    ("resnet152", 2): 58_147_906,
    ("efficientnet_b0", 2): 4_010_110,
    ("efficientnet_b0", 1000): 5_288_548,
    ("maxvit_nano_rw_256", 2): 14_939_174,
    ("maxvit_nano_rw_512", 2): 15_012_774,
    ("resnet50", 1000): 25_557_032,
    ("vgg16", 1000): 138_357_544,
    ("alexnet", 1000): 61_100_840,
    ("vit_base_patch16_224", 1000): 86_567_656,
    ("r3d_18", 400): 33_371_472,
    ("densenet121_3d", 2): 11_244_674,
    ("monai_resnet50", 2): 46_155_072 + 262_272 + 258,
    ("medicalnet_resnet50", 2): 46_155_072 + 262_272 + 258,
    ("resnet34", 7): 21_288_263,
    ("mobilenetv3_large_100", 7): 4_210_999,
    ("efficientnet_b1", 7): 6_522_151,
}
# Those of no paper: counted in the file of their weights, of Astra's less running means, with one channel and a linear
# layer.
COUNTED_IN_FILES = {
    ("astra_resnet152_3d", 2): 117_517_632 - 2 * 75_712 - 2 * 64 * 147 + 2 * 2048 + 2,
    ("tf_efficientnet_lite0", 1000): 4_652_008,
}


@functools.cache
def outline(name: str, outputs: int) -> nn.Module:
    """The network without any values: made at once, whatever its size."""
    with torch.device("meta"):
        return (backbones if ARCHITECTURES[name].axes == 2 else volumes).create(name, outputs)


@pytest.mark.parametrize(("name", "outputs"), COUNTS | COUNTED_IN_FILES)
def test_has_as_many_parameters_as_published(name: str, outputs: int) -> None:
    counted = sum(parameter.numel() for parameter in outline(name, outputs).parameters())
    assert counted == (COUNTS | COUNTED_IN_FILES)[name, outputs]


def test_the_counts_are_those_of_the_reference_libraries(shared: Path) -> None:
    oracle = json.loads((shared / "oracles" / "arch" / "param_counts.json").read_text())
    fibrosis, mammograms = oracle["paper000_2class_3ch_torchvision"], oracle["paper002_2class_timm"]
    survival, liver = oracle["paper003"], oracle["paper001"]
    expected = {("mobilenetv2_100" if name == "mobilenet_v2" else name, 2): n for name, n in fibrosis.items()}
    expected |= {(n, 2): mammograms[n]["params"] for n in ("resnet18", "resnet34", "resnet152", "efficientnet_b0")}
    expected |= {
        ("maxvit_nano_rw_256", 2): mammograms["maxvit_nano_rw_256"]["params"],
        ("maxvit_nano_rw_512", 2): mammograms["maxvit_nano_rw_256@512"],
        ("efficientnet_b0", 1000): survival["efficientnet_b0_total_1000cls"],
        ("r3d_18", 400): survival["r3d_18_400cls"],
        ("densenet121_3d", 2): survival["monai_densenet121_3d_1ch_2cls"],
        ("resnet50", 1000): survival["resnet50_1000cls"],
        ("vgg16", 1000): survival["vgg16_1000cls"],
        ("alexnet", 1000): survival["alexnet_1000cls"],
        ("vit_base_patch16_224", 1000): survival["vit_b_16_1000cls"],
    }
    counts = liver["monai_resnet50_3d_featuresonly_bias_downsample_False"], liver["fc_2048_128"], liver["fc_128_2"]
    expected |= {(name, 2): sum(counts) for name in ("monai_resnet50", "medicalnet_resnet50")}
    theirs = {
        "resnet34": "resnet34",
        "mobilenetv3_large_100": "mobilenet_v3_large",
        "efficientnet_b1": "efficientnet_b1",
    }
    expected |= {(ours, 7): oracle["paper004_torchvision"][name]["params_7cls"] for ours, name in theirs.items()}
    assert expected == COUNTS


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_linear_layer_is_where_it_is_said_to_be(name: str) -> None:
    architecture = ARCHITECTURES[name]
    layer = outline(name, 2).get_submodule(architecture.head)
    assert isinstance(layer, nn.Linear)
    assert (layer.in_features, layer.out_features) == (architecture.features, 2)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_blocks_and_the_head_are_the_whole_network(name: str) -> None:
    architecture = ARCHITECTURES[name]
    parts = [part for block in architecture.blocks for part in block.split()] + [architecture.head, *architecture.added]
    network = outline(name, 2)
    names = [parameter for parameter, _ in network.named_parameters()]
    owners = [[part for part in parts if n == part or n.startswith(f"{part}.")] for n in names]
    assert all(len(found) == 1 for found in owners)
    assert {found[0] for found in owners} | {"features.transition3"} >= set(parts)


def inputs_of(architecture: Architecture, side: int) -> torch.Tensor:
    side = architecture.side if architecture.fixed else side
    shape = (2, architecture.channels, *([side] * architecture.axes))
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


# One of each kind; all of them are timm's, torchvision's or MONAI's own and behave alike.
@pytest.mark.parametrize(
    "name", ["resnet18", "densenet121", "efficientnet_b0", "maxvit_nano_rw_256", "mobilenetv3_large_100", "alexnet",
             "r3d_18", "densenet121_3d", "medicalnet_resnet50", "tf_mobilenetv2_100_two_branches",
             "tf_mobilenetv2_100_places"],
)  # fmt: skip
def test_says_truly_whether_it_ends_in_pooling_and_a_linear_layer(name: str) -> None:
    torch.manual_seed(0)
    network = (backbones if ARCHITECTURES[name].axes == 2 else volumes).create(name, 2)
    found = linear_head(network, inputs_of(ARCHITECTURES[name], 64))
    assert (found is not None) == ARCHITECTURES[name].cam
    assert found is None or found.classifier == ARCHITECTURES[name].head


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "alexnet", "mobilenetv3_large_100", "densenet121_3d"])
def test_takes_the_smallest_input_that_it_says(name: str) -> None:
    architecture = ARCHITECTURES[name]
    network = (backbones if architecture.axes == 2 else volumes).create(name, 2)
    with torch.inference_mode():
        assert network(inputs_of(architecture, architecture.smallest)).shape == (2, 2)


def test_an_input_of_a_size_that_a_network_does_not_take_is_refused() -> None:
    with pytest.raises(BundleError, match="ViT-B/16 reads 224 x 224 pixels, not 320 x 320"):
        registry.find("vit_base_patch16_224").require_size((320, 320))
    with pytest.raises(BundleError, match="AlexNet needs inputs of 63 pixels or more, not 32"):
        registry.find("alexnet").require_size((320, 32))


def test_a_network_of_volumes_is_none_of_pictures() -> None:
    with pytest.raises(BundleError, match=r'no network named "r3d_18"; there are resnet34'):
        registry.find("r3d_18", axes=2)


def test_the_registry_is_read_without_torch() -> None:
    code = "import sys, readingroom.networks.registry; print({'torch', 'timm', 'monai'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
