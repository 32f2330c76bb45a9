"""The network that finds lungs, and where its weights come from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from readingroom.errors import BundleError, DownloadError
from readingroom.networks import lung_unet
from readingroom.networks.lung_unet import LungUNet, scaled


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as lungmask's authors give it, with the layers of a residual variant that their network does not use."""
    torch.manual_seed(0)
    state = {name: tensor.half() for name, tensor in LungUNet().state_dict().items()}
    state["down_path.0.residual_input_conv.weight"] = torch.zeros(64, 1, 1, 1)
    path = tmp_path_factory.mktemp("release") / "unet.pth"
    torch.save(state, path)
    return path


@pytest.fixture
def a_release(released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The file on a server, under a name that ends in its hash; returns that name."""
    name = f"unet-{hashlib.sha256(released.read_bytes()).hexdigest()[:8]}.pth"
    (tmp_path / name).symlink_to(released)
    monkeypatch.setattr(lung_unet, "_RELEASE", f"{tmp_path.as_uri()}/")
    monkeypatch.setattr(lung_unet, "_FILES", {"R231": name})
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    return name


def test_gives_three_classes_for_each_pixel() -> None:
    with torch.inference_mode():
        assert LungUNet(widths=(4, 8, 16)).eval()(torch.zeros(2, 1, 32, 48)).shape == (2, 3, 32, 48)


def test_has_the_layers_of_the_released_network() -> None:
    names = LungUNet().state_dict()
    assert names["down_path.4.block.3.weight"].shape == (1024, 1024, 3, 3)
    assert names["up_path.0.up.1.weight"].shape == (512, 1024, 1, 1)
    assert names["up_path.3.conv_block.block.0.weight"].shape == (64, 128, 3, 3)
    assert names["last.weight"].shape == (3, 64, 1, 1)


def test_hounsfield_units_are_scaled_as_the_network_learned() -> None:
    assert np.allclose(scaled(np.array([-2000.0, -1024.0, -212.0, 600.0, 3000.0])), [-976 / 1624, 0, 0.5, 1, 1])


def test_weights_come_from_a_file(released: Path) -> None:
    network = lung_unet.create(released)
    stored = torch.load(released, weights_only=True)
    assert torch.equal(network.last.weight, stored["last.weight"].float())


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save({"last.weight": torch.zeros(6, 64, 1, 1)}, tmp_path / "lobes.pth")
    with pytest.raises(BundleError, match="two lungs"):
        lung_unet.create(tmp_path / "lobes.pth")


def test_a_release_is_fetched_once_and_kept(a_release: str, tmp_path: Path) -> None:
    lung_unet.create("R231")
    (tmp_path / a_release).unlink()
    lung_unet.create("R231")


def test_a_release_with_another_hash_is_not_kept(
    a_release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "unet-00000000.pth").symlink_to((tmp_path / a_release).resolve())
    monkeypatch.setattr(lung_unet, "_FILES", {"R231": "unet-00000000.pth"})
    with pytest.raises(DownloadError, match="could not be fetched"):
        lung_unet.create("R231")
    assert not list((tmp_path / "home").rglob("*.pth"))


def test_a_kept_file_that_was_changed_since_is_refused(a_release: str, tmp_path: Path) -> None:
    kept = tmp_path / "home" / "hub" / "checkpoints" / a_release
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"something else")
    with pytest.raises(BundleError, match="not the file that its authors published"):
        lung_unet.create("R231")
