"""Training a generator: it can be canceled, goes on where it was, and ends with the same weights."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...device import Wanted, choose, is_out_of_memory
from ...errors import EngineError, InputError
from ...files import atomic_write, make_folder, write_bytes
from ...progress import Progress
from ..training.loop import seeds
from .generator import Generator, create
from .presets import TITLES, Kind, Preset

Pictures = NDArray[np.float32]

FEWEST = 4  # pictures to learn from
_LAST, _DONE = "last.ckpt", "generator.safetensors"
_EVERY = 30.0  # seconds until the next checkpoint, which takes half a second with a large preset
_MAKING = 0  # the step whose random numbers are those of what is made


def trained(
    kind: Kind,
    preset: Preset,
    pictures: Pictures,
    seed: int,
    folder: Path,
    device: Wanted = "auto",
    progress: Progress | None = None,
) -> Generator:
    """A generator that has learned from pictures.

    All randomness of a step follows from the seed and its number. A folder whose training was killed goes on after the
    last checkpoint; one that is finished gives its result at once. One of other pictures or another preset is begun
    anew.

    Parameters
    ----------
    pictures : (n, rows, columns) gray levels, 0 to 1, in the size of the preset
    folder : of this training alone

    Raises
    ------
    InputError : there are too few pictures, or the training diverged
    CancelledError : the user canceled; it goes on from the last checkpoint
    SetupError, EngineError : the device cannot be had, its memory is not enough
    OutputError : the folder cannot be written
    """
    if len(pictures) < FEWEST:
        raise InputError(f"A generator learns from {FEWEST} pictures or more; there are {len(pictures)}.")
    progress, make_ = progress or Progress(), choose(device)
    size = (pictures.shape[1], pictures.shape[2])
    generator = create(kind, preset, size, seed)
    place, key = _Place(make_folder(folder)), _key(kind, preset, pictures, seed)
    if place.finished(key, generator.module):
        generator.module.to(make_)
        return generator
    generator.module.to(make_)
    try:
        _train(generator, place, key, pictures, seed, f"Training a {TITLES[kind]}", make_, progress, preset.batch)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise EngineError(
            "The memory is not enough for this preset: choose a smaller one, or another device."
        ) from error
    place.finish(key, generator.module)
    return generator


def made(generator: Generator, count: int, seed: int) -> Pictures:
    """(count, rows, columns) gray levels, 0 to 1."""
    found = generator.sample(count, _random("change", seed, _MAKING))[:, 0]
    gray: Pictures = ((found.clamp(-1, 1) + 1) / 2).cpu().numpy()
    return gray


def _train(
    generator: Generator,
    place: _Place,
    key: str,
    pictures: Pictures,
    seed: int,
    what: str,
    device: torch.device,
    progress: Progress,
    batch: int,
) -> None:
    everything = torch.from_numpy(pictures)[:, None].to(device) * 2 - 1
    generator.module.train()
    kept = time.monotonic()
    for number in range(place.begin(key, generator), generator.steps):
        progress(number / generator.steps, f"{what}, step {number + 1} of {generator.steps}.")
        generator.begin_step(number, everything)
        drawn = torch.randint(0, len(everything), (batch,), generator=_random("order", seed, number))
        loss = generator.step(number, everything[drawn.to(device)], _random("step", seed, number))
        if not np.isfinite(loss):
            raise InputError(f"{what} diverged at step {number + 1}: try another seed or preset.")
        if time.monotonic() - kept >= _EVERY:
            place.keep(key, generator, number + 1)
            kept = time.monotonic()


class _Place:
    """The folder of a training."""

    def __init__(self, folder: Path):
        self._last, self._done = folder / _LAST, folder / _DONE

    def finished(self, key: str, module: nn.Module) -> bool:
        """Whether this very training is done; the module then has its weights."""
        if not self._done.is_file():
            return False
        with safetensors.safe_open(self._done, "pt") as kept:
            if kept.metadata() != {"of": key}:
                return False
            module.load_state_dict({name: kept.get_tensor(name) for name in kept.keys()})  # noqa: SIM118  # no mapping
        return True

    def begin(self, key: str, generator: Generator) -> int:
        """The next step."""
        if not self._last.is_file():
            return 0
        found: dict[str, Any] = torch.load(self._last, map_location="cpu", weights_only=True)
        if found["of"] != key:
            return 0
        generator.module.load_state_dict(found["weights"])
        for name, optimizer in generator.optimizers.items():
            optimizer.load_state_dict(found["optimizers"][name])
        return int(found["step"])

    def keep(self, key: str, generator: Generator, step: int) -> None:
        optimizers = {name: optimizer.state_dict() for name, optimizer in generator.optimizers.items()}
        with atomic_write(self._last) as temporary:
            weights = generator.module.state_dict()
            torch.save({"of": key, "step": step, "weights": weights, "optimizers": optimizers}, temporary)

    def finish(self, key: str, module: nn.Module) -> None:
        state: dict[str, Tensor] = {name: value.cpu().contiguous() for name, value in module.state_dict().items()}
        write_bytes(self._done, safetensors.torch.save(state, {"of": key}))
        self._last.unlink(missing_ok=True)


def _random(purpose: seeds.Purpose, seed: int, number: int) -> torch.Generator:
    return torch.Generator().manual_seed(seeds.number(purpose, seed, number))


def _key(kind: Kind, preset: Preset, pictures: Pictures, seed: int) -> str:
    found = hashlib.sha256(repr((kind, preset, pictures.shape, seed)).encode())
    found.update(np.ascontiguousarray(pictures).tobytes())
    return found.hexdigest()
