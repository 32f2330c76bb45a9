"""Networks that read volumes, and the weights that others published for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from readingroom.errors import BundleError, InputError
from readingroom.networks import volumes
from readingroom.networks.heads import freeze
from readingroom.networks.registry import ARCHITECTURES
from readingroom.networks.torchvision_schemas import make_torchvision_importable


def layer4_of(network: nn.Module, inputs: torch.Tensor) -> list[int]:
    shapes: list[list[int]] = []
    handle = network.get_submodule("layer4").register_forward_hook(lambda _, __, maps: shapes.append(list(maps.shape)))
    with torch.inference_mode():
        network(inputs)
    handle.remove()
    return shapes[0]


@pytest.fixture(scope="module")
def medicalnet() -> nn.Module:
    torch.manual_seed(0)
    return volumes.create("medicalnet_resnet50", 2)


@pytest.fixture(scope="module")
def published(medicalnet: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as MedicalNet's authors give it: a pickle, names of a parallel network, and a head for another task."""
    path = tmp_path_factory.mktemp("weights") / "resnet_50_23dataset.pth"
    state = {f"module.{n}": t.half() for n, t in medicalnet.state_dict().items() if not n.startswith("fc.")}
    state = {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    decoder = {"0.weight": torch.zeros(8, 4, 2, 2, 2), "1.running_mean": torch.zeros(4), "6.weight": torch.zeros(2, 4)}
    state |= {f"module.conv_seg.{name}": tensor for name, tensor in decoder.items()}
    stored = {
        "epoch": 20,
        "batch_id": 0,
        "state_dict": state,
        "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]},
    }
    torch.save(stored, path, _use_new_zipfile_serialization=False)
    return path


def test_each_3d_resnet_has_the_grid_of_those_who_made_it(medicalnet: nn.Module, shared: Path) -> None:
    oracle = json.loads((shared / "oracles" / "arch" / "param_counts.json").read_text())["paper001"]
    inputs = torch.zeros(1, 1, 64, 64, 32)
    assert layer4_of(medicalnet, inputs) == oracle["medicalnet_original_layer4_out_for_64x64x32"]
    assert layer4_of(volumes.create("monai_resnet50", 2), inputs) == oracle["monai_layer4_out_for_64x64x32"]


def test_dilated_stages_see_as_far_as_strided_ones(medicalnet: nn.Module) -> None:
    kernels = {
        stage: {m.dilation for m in medicalnet.get_submodule(stage).modules() if isinstance(m, nn.Conv3d)
                if m.kernel_size == (3, 3, 3)}
        for stage in ("layer2", "layer3", "layer4")
    }  # fmt: skip
    assert kernels == {"layer2": {(1, 1, 1)}, "layer3": {(2, 2, 2)}, "layer4": {(4, 4, 4)}}


def test_medicalnet_s_file_fills_all_but_what_is_new(medicalnet: nn.Module, published: Path) -> None:
    network = volumes.create("monai_resnet50", 2, published)
    theirs, ours = medicalnet.state_dict(), network.state_dict()
    body = [name for name in ours if not name.startswith("fc.") and not name.endswith("num_batches_tracked")]
    assert all(torch.equal(ours[name], theirs[name].half().float()) for name in body)
    assert not torch.equal(ours["fc.0.weight"], theirs["fc.0.weight"])


def test_three_channels_begin_with_what_one_channel_learned(published: Path) -> None:
    torch.manual_seed(0)
    gray = volumes.create("monai_resnet50", 2, published)
    torch.manual_seed(0)
    three = volumes.create("monai_resnet50", 2, published, channels=3)
    inputs = torch.rand(1, 1, 16, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        maps = gray.get_submodule("conv1")(inputs)
        assert torch.allclose(three.get_submodule("conv1")(inputs.expand(-1, 3, -1, -1, -1)), maps, atol=1e-5)


def test_the_narrow_resnet_answers_from_128_features_on_every_fourth_voxel_and_is_small_to_ship() -> None:
    network = volumes.create("narrow_resnet14_3d", 2)
    shape = layer4_of(network, torch.zeros(1, 1, 32, 64, 48))
    assert shape == [1, 256, 8, 16, 12]
    head = network.get_submodule("fc")
    assert [(layer.in_features, layer.out_features) for layer in head.children()] == [(256, 128), (128, 2)]
    assert sum(value.numel() for value in network.state_dict().values()) * 2 < 3e6  # bytes, in half precision


def test_a_place_of_the_one_of_stride_2_stands_for_every_second_voxel_and_sees_19() -> None:
    network = volumes.create("narrow_resnet14_3d_stride_2", 2)
    maps: list[torch.Tensor] = []
    network.get_submodule("layer4").register_forward_hook(lambda _, __, found: maps.append(found[0]))
    inputs = torch.rand(1, 1, 8, 8, 48, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        network(inputs)
        inputs[..., 24] += 1
        network(inputs)
    assert maps[0].shape == (128, 4, 4, 24)
    changed = (maps[0] != maps[1]).any(dim=0).any(dim=0).any(dim=0).nonzero().flatten().tolist()
    assert changed == list(range(8, 17))  # those whose middle, voxel 16 to 32, is no more than 9 voxels away
    assert sum(value.numel() for value in network.state_dict().values()) * 2 < 1e6  # bytes, in half precision


def test_the_answer_is_linear_in_the_mean_of_the_last_maps() -> None:
    torch.manual_seed(0)
    network = volumes.create("narrow_resnet14_3d", 2)
    maps: list[torch.Tensor] = []
    handle = network.get_submodule("layer4").register_forward_hook(lambda _, __, found: maps.append(found))
    with torch.inference_mode():
        logits = network(torch.rand(2, 1, 16, 32, 32, generator=torch.Generator().manual_seed(0)))
        handle.remove()
        assert torch.allclose(network.get_submodule("fc")(maps[0].mean(dim=(2, 3, 4))), logits, atol=1e-5)


@pytest.mark.parametrize("name", ["medicalnet_resnet50", "monai_resnet50"])
def test_medicalnet_s_file_fills_either_resnet_50_before_its_last_stage_learns(
    name: str, medicalnet: nn.Module, published: Path
) -> None:
    network = volumes.create(name, 2, published)
    freeze(network, ARCHITECTURES[name], "last-block")
    theirs = {n: t.half().float() for n, t in medicalnet.state_dict().items()}
    frozen = [n for n, value in network.named_parameters() if not value.requires_grad]
    assert {n.split(".")[0] for n in frozen} == {"conv1", "bn1", "layer1", "layer2", "layer3"}
    assert all(torch.equal(network.get_parameter(n), theirs[n]) for n in frozen)


def test_weights_of_another_network_are_refused(published: Path) -> None:
    with pytest.raises(BundleError, match="does not fit this network"):
        volumes.create("densenet121_3d", 2, published)


def test_r3d_18_with_torchvision_s_weights_computes_what_torchvision_s_does(tmp_path: Path) -> None:
    make_torchvision_importable()
    from torchvision.models.video import r3d_18

    torch.manual_seed(0)
    theirs = r3d_18(weights=None, num_classes=5).eval()
    path = tmp_path / "r3d_18.pth"
    torch.save(theirs.state_dict(), path)
    ours = volumes.create("r3d_18", 5, path)
    inputs = torch.rand(1, 3, 8, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.allclose(ours(inputs), theirs(inputs), atol=1e-5)


def test_that_nobody_publishes_weights_is_said() -> None:
    with pytest.raises(InputError, match="Nobody publishes weights for 3D DenseNet-121"):
        volumes.create("densenet121_3d", 2, "hub")
