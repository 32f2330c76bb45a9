"""Which device computes, and what happens when its memory is not enough."""

from __future__ import annotations

import gc
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

from .errors import EngineError, SetupError

if TYPE_CHECKING:
    import torch

Wanted = Literal["auto", "cpu", "cuda", "mps"]
Note = Callable[[str], None]
Tensors = Any  # a tensor, or a tuple of tensors, whose first axis counts the inputs

_PROBE_SECONDS = 3.0
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed")


@dataclass(frozen=True)
class DeviceFacts:
    """The best device of this computer as far as it can be told without PyTorch.

    ``memory_bytes`` is the graphics card's own memory, or on Apple Silicon the memory that it shares; None: not known.
    """

    kind: Literal["cpu", "cuda", "mps"]
    name: str
    memory_bytes: int | None = None


def probe() -> DeviceFacts:
    """Look for an accelerator without loading PyTorch. Never raises; takes 3 s at the very worst."""
    if facts := _nvidia():
        return facts
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return DeviceFacts("mps", "Apple Silicon", os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return DeviceFacts("cpu", platform.processor() or platform.machine() or "processor")


def choose(wanted: Wanted = "auto", note: Note = lambda sentence: None) -> torch.device:
    """The device to compute on; ``auto`` is the best one that works.

    Parameters
    ----------
    note : told, in a sentence, when ``auto`` finds an accelerator that does not work and passes it over

    Raises
    ------
    SetupError : the device asked for cannot be used
    ValueError : there is no such device
    """
    import torch

    if wanted not in ("auto", "cpu", "cuda", "mps"):
        raise ValueError(f"There is no device named '{wanted}'.")
    if wanted == "auto":
        for kind, present in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())):
            if present and (problem := _problem(kind)):
                note(f"The graphics card was found but does not work ({problem}); the processor computes instead.")
            elif present:
                return torch.device(kind)
        return torch.device("cpu")
    if wanted != "cpu" and (problem := _problem(wanted)):
        device = "An NVIDIA graphics card" if wanted == "cuda" else "The Apple graphics processor"
        raise SetupError(f"{device} cannot be used here ({problem}): choose the device 'auto' or 'cpu'.")
    return torch.device(wanted)


def channels_last(inputs: torch.Tensor) -> torch.Tensor:
    """Pictures (n, channels, rows, columns) on a processor in the order of memory in which it convolves them nearly
    twice as fast; everything else as it is."""
    import torch

    if inputs.ndim != 4 or inputs.device.type != "cpu":
        return inputs
    return inputs.contiguous(memory_format=torch.channels_last)


def run_in_batches(
    function: Callable[[torch.Tensor], Tensors],
    inputs: torch.Tensor,
    batch_size: int,
    device: torch.device,
    note: Note,
    network: torch.nn.Module | None = None,
) -> Tensors:
    """Apply ``function`` to ``inputs`` a batch at a time. Out of memory leads to smaller batches, then to the CPU.

    Parameters
    ----------
    function : takes a batch ``(n, ...)`` on the device; gives a tensor or a tuple of tensors ``(n, ...)``.
        It may be called again with a part of the same batch
    inputs : ``(n, ...)``, n at least 1, on any device; not changed
    batch_size : how many to try first
    note : told each step back in a sentence
    network : what ``function`` computes with. It is moved to where the batches are, and in the end to where it was

    Returns
    -------
    What ``function`` gives for all inputs together, in their order, on the CPU.

    Raises
    ------
    EngineError : a single input is too much for the CPU's memory
    ValueError : there are no inputs, or the batch size is below 1
    """
    import torch

    if len(inputs) == 0 or batch_size < 1:
        raise ValueError(f"{len(inputs)} inputs in batches of {batch_size} cannot be computed.")
    home = next(network.parameters()).device if network is not None else device
    results: list[Tensors] = []
    start, size = 0, batch_size
    try:
        while start < len(inputs):
            result = _attempt(function, inputs[start : start + size], device, network)
            if result is not None:
                results.append(result)
                start += size
            elif min(size, len(inputs) - start) > 1:
                tried = min(size, len(inputs) - start)
                size = tried // 2
                note(f"Memory was not enough for {tried} images at a time; trying {size}.")
            elif device.type != "cpu":
                device, size = torch.device("cpu"), batch_size
                note(
                    "The memory of the graphics card is not enough even for one image; the processor computes instead."
                )
            else:
                raise EngineError("The computer's memory is not enough for this image: close other programs.")
    finally:
        _move_home(network, home, note)
    return _joined(results)


def _attempt(
    function: Callable[[torch.Tensor], Tensors],
    batch: torch.Tensor,
    device: torch.device,
    network: torch.nn.Module | None,
) -> Tensors | None:
    """The result on the CPU, or None when the memory was not enough (which is free again on return)."""
    try:
        if network is not None and not is_all_on(network, device):
            network.to(device)
        result = function(batch.to(device))
        return tuple(part.cpu() for part in result) if isinstance(result, tuple) else result.cpu()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    # Only out here is the traceback gone, which held every tensor of the failed attempt.
    _free(device)
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """True for what PyTorch raises on any device when memory runs out (only some of it is an OutOfMemoryError)."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in _OUT_OF_MEMORY) or _is_torch_oom(error)


def _is_torch_oom(error: BaseException) -> bool:
    import torch

    return isinstance(error, torch.OutOfMemoryError)


def _free(device: torch.device) -> None:
    import torch

    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def _move_home(network: torch.nn.Module | None, home: torch.device, note: Note) -> None:
    if network is None or is_all_on(network, home):
        return
    try:
        network.to(home)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        network.to("cpu")
        note("The memory of the graphics card is full; the network stays with the processor.")


def is_all_on(network: torch.nn.Module, device: torch.device) -> bool:
    """Asking is ten times as fast as moving what is there already; a part may be elsewhere when memory ran out."""
    return all(tensor.device == device for tensor in chain(network.parameters(), network.buffers()))


def _joined(results: list[Tensors]) -> Tensors:
    import torch

    if isinstance(results[0], tuple):
        return tuple(torch.cat(parts) for parts in zip(*results, strict=True))
    return torch.cat(results)


def _problem(kind: str) -> str:
    """Why a computation on the device does not work, empty when it does. A card may be too new for this PyTorch."""
    import torch

    try:
        torch.ones(1, device=kind).add(1).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # a CPU build raises AssertionError
        return str(error).strip().split("\n")[0].rstrip(".")
    return ""


def _nvidia() -> DeviceFacts | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PROBE_SECONDS,
            stdin=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows alone has it
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):  # no driver, no card, or a driver that does not answer
        return None
    name, _, mebibytes = answer.partition("\n")[0].rpartition(",")
    if not name.strip():
        return None
    memory = mebibytes.strip()
    return DeviceFacts("cuda", name.strip(), int(memory) * 2**20 if memory.isdecimal() else None)
