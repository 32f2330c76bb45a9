"""Device choice, and batches that meet the end of the memory."""

import os
import sys

import pytest
import torch

from readingroom import device
from readingroom.errors import EngineError, SetupError

CPU = torch.device("cpu")
META = torch.device("meta")  # stands for a card: tensors there have no memory, so all that computes fails


def double_up_to(limit: int, seen: list[int], error: Exception | None = None):
    """Doubles batches of at most ``limit``; larger ones meet the end of the memory."""

    def function(batch: torch.Tensor) -> torch.Tensor:
        seen.append(len(batch))
        if len(batch) > limit:
            raise error or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return batch * 2

    return function


def an_nvidia_smi(folder, script: str, monkeypatch) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_inputs_come_back_in_order_and_nothing_is_said_when_memory_suffices():
    notes: list[str] = []
    seen: list[int] = []
    result = device.run_in_batches(double_up_to(4, seen), torch.arange(10.0), 4, CPU, notes.append)
    assert torch.equal(result, torch.arange(10.0) * 2)
    assert seen == [4, 4, 2]
    assert notes == []


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        MemoryError(),
    ],
)
def test_out_of_memory_leads_to_smaller_batches_and_says_so(error):
    notes: list[str] = []
    seen: list[int] = []
    result = device.run_in_batches(double_up_to(3, seen, error), torch.arange(8.0), 8, CPU, notes.append)
    assert torch.equal(result, torch.arange(8.0) * 2)
    assert seen == [8, 4, 2, 2, 2, 2]
    assert notes == [
        "Memory was not enough for 8 images at a time; trying 4.",
        "Memory was not enough for 4 images at a time; trying 2.",
    ]


def test_a_card_too_small_for_one_image_hands_over_to_the_processor_with_the_network():
    notes: list[str] = []
    network = torch.nn.Linear(3, 2).eval()
    places: list[str] = []

    def function(batch: torch.Tensor) -> torch.Tensor:
        places.append(f"{batch.device.type} {next(network.parameters()).device.type} {len(batch)}")
        if batch.device.type == "meta":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        with torch.inference_mode():
            return network(batch)

    inputs = torch.randn(3, 3, generator=torch.Generator().manual_seed(1))
    expected = network(inputs).detach()
    weights = {name: value.clone() for name, value in network.state_dict().items()}

    def to(place: torch.device) -> None:
        """Move as to a card, which, other than the stand-in, keeps the weights."""
        network.to_empty(device=place)
        if torch.device(place).type == "cpu":
            network.load_state_dict(weights)

    network.to = to
    result = device.run_in_batches(function, inputs, 2, META, notes.append, network)
    assert torch.allclose(result, expected)
    assert places == ["meta meta 2", "meta meta 1", "cpu cpu 2", "cpu cpu 1"]
    assert "trying 1" in notes[0]
    assert "the processor computes instead" in notes[1]
    assert next(network.parameters()).device.type == "cpu"


def test_a_single_image_too_large_for_the_processor_is_a_sentence():
    with pytest.raises(EngineError, match="memory is not enough for this image"):
        device.run_in_batches(double_up_to(0, []), torch.arange(2.0), 2, CPU, lambda sentence: None)


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    with pytest.raises(RuntimeError, match="shape"):
        device.run_in_batches(
            double_up_to(1, [], RuntimeError("wrong shape")), torch.arange(2.0), 2, CPU, lambda sentence: None
        )


def test_several_outputs_stay_apart():
    first, second = device.run_in_batches(lambda x: (x + 1, x[:, None]), torch.arange(5.0), 2, CPU, print)
    assert torch.equal(first, torch.arange(5.0) + 1)
    assert second.shape == (5, 1)


def test_the_network_returns_to_where_it_was_and_the_inputs_are_unchanged():
    network = torch.nn.Linear(1, 1)
    inputs = torch.ones(3, 1)
    device.run_in_batches(lambda x: network(x).detach(), inputs, 2, CPU, print, network)
    assert next(network.parameters()).device == CPU
    assert torch.equal(inputs, torch.ones(3, 1))


@pytest.mark.parametrize(("count", "size"), [(0, 2), (2, 0)])
def test_no_inputs_or_no_batch_is_refused(count, size):
    with pytest.raises(ValueError, match="cannot be computed"):
        device.run_in_batches(lambda x: x, torch.ones(count), size, CPU, print)


def test_the_processor_can_always_be_chosen():
    assert device.choose("cpu") == CPU


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA card is here")
def test_asking_for_a_card_that_is_not_there_is_a_sentence():
    with pytest.raises(SetupError, match=r"NVIDIA graphics card cannot be used here .* choose the device 'auto'"):
        device.choose("cuda")


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA card is here")
def test_auto_passes_over_a_card_that_does_not_work_and_says_so(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    notes: list[str] = []
    assert device.choose("auto", notes.append) == CPU
    assert "does not work" in notes[0]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA card is here")
def test_auto_takes_the_card():
    assert device.choose("auto").type == "cuda"


def test_an_unknown_device_is_refused():
    with pytest.raises(ValueError, match="no device named 'abacus'"):
        device.choose("abacus")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
@pytest.mark.parametrize(("answer", "memory"), [("NVIDIA RTX A2000, 6138", 6138 * 2**20), ("NVIDIA GB10, [N/A]", None)])
def test_probe_reads_what_the_driver_says(tmp_path, monkeypatch, answer, memory):
    an_nvidia_smi(tmp_path, f"echo '{answer}'; echo 'second card, 1'", monkeypatch)
    assert device.probe() == device.DeviceFacts("cuda", answer.split(",")[0], memory)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
@pytest.mark.parametrize("script", ["echo 'No devices were found'; exit 6", "exit 0", "printf '\\377'", "sleep 60"])
def test_probe_takes_a_driver_that_does_not_work_for_none(tmp_path, monkeypatch, script):
    monkeypatch.setattr(device, "_PROBE_SECONDS", 0.3)
    an_nvidia_smi(tmp_path, script, monkeypatch)
    assert device.probe().kind != "cuda"
