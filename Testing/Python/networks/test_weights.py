"""Weights from files of several kinds."""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

from readingroom.errors import BundleError
from readingroom.networks import backbones, weights
from readingroom.networks.weights import quiet_hub, read_tensors


def state(name: str, outputs: int = 2) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return dict(backbones.create(name, outputs).state_dict())


class Trap:
    """What a pickle can do to whoever opens it carelessly."""

    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return exec, (f"open({str(self.target)!r}, 'w').close()", "")


def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    path, sprung = tmp_path / "trap.pth", tmp_path / "sprung"
    torch.save({"state_dict": Trap(sprung)}, path)
    with pytest.raises(BundleError, match="more than tensors"):
        read_tensors(path)
    assert not sprung.exists()


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04broken"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.pth"
    path.write_bytes(content)
    with pytest.raises(BundleError, match="damaged"):
        read_tensors(path)


@pytest.mark.parametrize("in_zip", [True, False], ids=["as torch writes now", "as MedicalNet's authors did"])
def test_a_file_that_was_cut_off_anywhere_is_refused(tmp_path: Path, in_zip: bool) -> None:
    path = tmp_path / "cut.pth"
    torch.save({"state_dict": {"a.weight": torch.zeros(2, 3)}}, path, _use_new_zipfile_serialization=in_zip)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(BundleError, match="damaged"):
            read_tensors(path)


def test_a_pickle_without_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.pth"
    torch.save([torch.zeros(2)], path)
    with pytest.raises(BundleError, match="does not hold tensors by name"):
        read_tensors(path)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path: Path, suffix: str, value: float) -> None:
    tensors = {"a.weight": torch.zeros(2), "b.bias": torch.tensor([0.0, value], dtype=torch.float16)}
    path = tmp_path / f"weights{suffix}"
    torch.save(tensors, path) if suffix == ".pth" else safetensors.torch.save_file(tensors, path)
    with pytest.raises(BundleError, match=r"not finite, in 'b\.bias'"):
        read_tensors(path)


def test_the_weights_are_those_of_the_bytes_that_were_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file({"a": torch.ones(2)}, path)
    digits, read = hashlib.sha256(path.read_bytes()).hexdigest()[:8], weights.read_regular

    def swap(path: Path, limit: int) -> bytes:
        data = read(path, limit)
        safetensors.torch.save_file({"a": torch.zeros(2)}, path)
        return data

    monkeypatch.setattr(weights, "read_regular", swap)
    assert torch.equal(read_tensors(path, digits)["a"], torch.ones(2))
    with pytest.raises(BundleError, match="not the file that its authors published"):
        read_tensors(path, digits)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"gone\.pth cannot be read: no such file"):
        read_tensors(tmp_path / "gone.pth")


@pytest.mark.parametrize("wrapped", [False, True])
def test_weights_of_torch_are_read_with_or_without_a_wrapping(tmp_path: Path, wrapped: bool) -> None:
    stored = {f"module.{name}": tensor for name, tensor in state("mobilenetv2_100").items()}
    torch.save({"state_dict": stored, "epoch": 3} if wrapped else stored, tmp_path / "weights.pth")
    network = backbones.create("mobilenetv2_100", 2, tmp_path / "weights.pth")
    assert torch.equal(network.get_submodule("conv_stem").weight, stored["module.conv_stem.weight"])


@pytest.mark.parametrize("name", ["mobilenetv2_100", "alexnet"])
def test_a_gray_network_answers_as_the_color_network_does_to_gray(tmp_path: Path, name: str) -> None:
    path = tmp_path / "color.safetensors"
    safetensors.torch.save_file(state(name), path)
    color, gray = backbones.create(name, 2, path), backbones.create(name, 2, path, channels=1)
    inputs = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.allclose(gray(inputs), color(inputs.expand(-1, 3, -1, -1)), atol=1e-5)


def test_the_linear_layer_deep_inside_a_part_stays_out_for_another_question(tmp_path: Path) -> None:
    path = tmp_path / "imagenet.safetensors"
    stored = state("maxvit_nano_rw_256", outputs=5)
    safetensors.torch.save_file(stored, path)
    network = backbones.create("maxvit_nano_rw_256", 2, path)
    assert network.get_submodule("head.fc").out_features == 2
    assert torch.equal(network.get_submodule("norm").weight, stored["norm.weight"])


def test_the_shipped_network_begins_both_branches_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "imagenet.safetensors"
    stored = state("tf_mobilenetv2_100", outputs=1000)
    safetensors.torch.save_file(stored, path)
    network = backbones.create(backbones.TWO_BRANCHES, 2, path)
    for branch in ("general", "tuned"):
        assert torch.equal(network.get_submodule(f"{branch}.3.0").weight, stored["conv_head.weight"])


def test_the_hub_does_not_tell_of_each_retry() -> None:
    log = logging.getLogger("huggingface_hub.utils._http")
    before = log.isEnabledFor(logging.WARNING)
    with quiet_hub():
        assert not log.isEnabledFor(logging.WARNING)
        assert log.isEnabledFor(logging.ERROR)
    assert log.isEnabledFor(logging.WARNING) == before


def test_the_hub_is_quiet_also_where_it_is_imported_for_the_first_time() -> None:
    tried = (
        "import logging\n"
        "from readingroom.networks.weights import quiet_hub\n"
        "with quiet_hub():\n"
        "    import huggingface_hub.utils._http as http\n"
        "    assert not http.logger.isEnabledFor(logging.WARNING)\n"
    )
    ended = subprocess.run([sys.executable, "-c", tried], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
