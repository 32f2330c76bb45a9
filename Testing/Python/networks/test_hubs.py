"""Published weights through the hubs' own stores: what was fetched once is used without a network."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from readingroom.errors import BundleError, DownloadError
from readingroom.networks import backbones, volumes
from readingroom.networks.torchvision_schemas import make_torchvision_importable


@pytest.fixture
def hugging_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty store of the Hugging Face hub, which cannot be reached."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def torch_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty store of torch's hub, which cannot be reached."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", _unreachable)
    make_torchvision_importable()
    store = tmp_path / "hub" / "checkpoints"
    store.mkdir(parents=True)
    return store


def _unreachable(*_: object, **__: object) -> None:
    raise OSError("no network")


def publish(monkeypatch: pytest.MonkeyPatch, published: Any, state: object, store: Path) -> None:
    """Have torchvision name a file of ours, and the store hold it."""
    torch.save(state, store / "new.pth")
    name = f"weights-{hashlib.sha256((store / 'new.pth').read_bytes()).hexdigest()[:8]}.pth"
    (store / "new.pth").rename(store / name)
    monkeypatch.setattr(published.value, "url", f"https://download.pytorch.org/models/{name}")


def kept(store: Path, repository: str, file: str) -> Path:
    """Where the store keeps a file of a repository."""
    folder = store / f"models--{repository.replace('/', '--')}"
    revision = "0" * 40
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(revision)
    (folder / "snapshots" / revision).mkdir(parents=True)
    return folder / "snapshots" / revision / file


def test_imagenet_weights_of_timm(hugging_face: Path) -> None:
    trained = backbones.create("mobilenetv2_100", 1000)
    path = kept(hugging_face, "timm/mobilenetv2_100.ra_in1k", "model.safetensors")
    safetensors.torch.save_file(trained.state_dict(), path)
    network = backbones.create("mobilenetv2_100", 2, "hub", channels=1)
    expected = trained.get_submodule("conv_stem").weight.sum(1, keepdim=True)
    assert torch.allclose(network.get_submodule("conv_stem").weight, expected, atol=1e-6)
    assert network.get_submodule("classifier").out_features == 2


def test_imagenet_weights_of_torchvision(torch_hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.models import AlexNet_Weights

    trained = backbones.create("alexnet", 1000).half()
    publish(monkeypatch, AlexNet_Weights.DEFAULT, trained.state_dict(), torch_hub)
    network = backbones.create("alexnet", 2, "hub")
    deep = trained.get_submodule("classifier.4").weight
    assert torch.equal(network.get_submodule("classifier.4").weight, deep.float())
    assert network.get_submodule("classifier.6").out_features == 2


def test_weights_of_kinetics(torch_hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.models.video import R3D_18_Weights, r3d_18

    trained = r3d_18(weights=None).half().state_dict()
    publish(monkeypatch, R3D_18_Weights.KINETICS400_V1, trained, torch_hub)
    network = volumes.create("r3d_18", 2, "hub")
    assert torch.equal(network.get_submodule("layer4.1.conv2").weight, trained["layer4.1.conv2.0.weight"].float())


def test_weights_of_medicalnet(hugging_face: Path) -> None:
    trained = {n: t.half() for n, t in volumes.create("monai_resnet50", 2).state_dict().items() if "fc." not in n}
    path = kept(hugging_face, "TencentMedicalNet/MedicalNet-Resnet50", "resnet_50_23dataset.pth")
    torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in trained.items()}}, path)
    network = volumes.create("medicalnet_resnet50", 2, "hub")
    assert torch.equal(network.get_submodule("layer4.2.conv3").weight, trained["layer4.2.conv3.weight"].float())


@pytest.mark.parametrize("name", ["mobilenetv2_100", "medicalnet_resnet50"])
def test_without_a_network_the_hub_is_out_of_reach(hugging_face: Path, name: str) -> None:
    with pytest.raises(DownloadError, match=f"weights of {name} could not be fetched"):
        (volumes if name in volumes.NAMES else backbones).create(name, 2, "hub")


@pytest.mark.parametrize(("name", "file"), [("alexnet", "alexnet-owt-7be5be79"), ("r3d_18", "r3d_18-b3b3357e")])
def test_without_a_network_torch_s_hub_is_out_of_reach(torch_hub: Path, name: str, file: str) -> None:
    with pytest.raises(DownloadError, match=rf"weights {file}\.pth could not be fetched from download.pytorch.org"):
        (volumes if name in volumes.NAMES else backbones).create(name, 2, "hub")


def test_a_file_of_the_store_that_is_not_the_published_one_is_refused(torch_hub: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(1)}, torch_hub / "alexnet-owt-7be5be79.pth")
    with pytest.raises(BundleError, match="not the file that its authors published"):
        backbones.create("alexnet", 2, "hub")
