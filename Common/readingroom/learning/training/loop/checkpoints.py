"""Checkpoints that are there whole or not at all, and are read without unpickling anything but tensors.

They are written as often as costs little: since all that is random follows from the seed, the epoch and the step, a
training that goes on after an earlier epoch ends with the same weights.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import ModelCheckpoint

from ....files import atomic_write

BEST, LAST = "best.ckpt", "last.ckpt"


OVER = "over"  # in a checkpoint: whether its epoch was the last one
_WORTH = 50  # times as long as writing took, until it is worth it again: 2 % of the time
_LONGEST = 300.0  # seconds of work that a kill may cost, or an epoch if that is longer


class WholeCheckpoints(TorchCheckpointIO):
    """Lightning's own form, through a neighbor of the file.

    Lightning moves it from the system's temporary folder. Where that is another disk this is a copy, and a kill in the
    middle leaves half a file.

    Lightning saves after each epoch. What is not due yet is not written; of the best epoch the weights stay in memory
    until they are.
    """

    def __init__(self) -> None:
        self._best = -1  # steps after which ``best.ckpt`` was written
        self._waits: dict[str, Any] | None = None  # the best one while it is not written yet
        self._ended = self._took = 0.0  # of the last time that ``last.ckpt`` was written, seconds

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """``best.ckpt``, then ``last.ckpt``, of the same epoch or, where it was not the best, the latter alone."""
        target, step = Path(path), int(checkpoint["global_step"])
        if target.name == BEST:
            self._waits = checkpoint
            if not self.is_due(checkpoint):
                self._waits = {"global_step": step, "state_dict": _copied(checkpoint["state_dict"])}
            return
        if not self.is_due(checkpoint):
            return
        begun = time.monotonic()
        best = target.with_name(BEST)
        if self._waits is not None:
            waits = self._waits
            self._best, self._waits = int(waits["global_step"]), None
            _write(checkpoint if self._best == step else waits, best)
        # Where the epoch is the best so far, both files are the same.
        if self._best != step or not _linked(best, target):
            _write(checkpoint, target)
        self._ended = time.monotonic()
        self._took = self._ended - begun

    def is_due(self, checkpoint: Mapping[str, Any]) -> bool:
        """Whether this epoch is written: the first, the last, and between them as the time that it takes allows."""
        wait = min(_WORTH * self._took, _LONGEST)
        return bool(checkpoint[OVER]) or not self._ended or time.monotonic() - self._ended >= wait


def _write(checkpoint: Mapping[str, Any], path: Path) -> None:
    with atomic_write(path) as temporary:
        torch.save(checkpoint, temporary)


def _copied(state: Mapping[str, Any]) -> dict[str, Any]:
    """The weights learn on; these stay."""
    return {name: value.detach().to("cpu", copy=True) for name, value in state.items()}


def _linked(existing: Path, other: Path) -> bool:
    """Give a file a second name; False where the disk knows no such thing."""
    second = other.with_name(f".writing-{other.name}")
    try:
        second.unlink(missing_ok=True)
        os.link(existing, second)
    except OSError:
        return False
    second.replace(other)
    return True


class BestCheckpoint(ModelCheckpoint):
    """``best.ckpt``, of the lowest validation loss."""

    def __init__(self, folder: Path):
        super().__init__(
            folder,
            Path(BEST).stem,
            monitor="validation_loss",
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The folder may have been moved since: Lightning would then forget which was the best."""
        assert self.dirpath is not None
        best = str(Path(self.dirpath) / BEST)
        scores = {best: state_dict["best_model_score"]} if state_dict["best_k_models"] else {}
        moved = {"best_model_path": best, "kth_best_model_path": best, "best_k_models": scores, "dirpath": self.dirpath}
        super().load_state_dict({**state_dict, **moved})


def checkpoints(folder: Path) -> list[ModelCheckpoint]:
    """The best one, then ``last.ckpt``.

    A training killed between the two does the epochs since the last one again, and writes the same best one again.
    """
    last = ModelCheckpoint(folder, Path(LAST).stem, save_on_train_epoch_end=True, enable_version_counter=False)
    return [BestCheckpoint(folder), last]


def read_checkpoint(path: Path) -> Mapping[str, Any]:
    """A checkpoint of this loop, on the CPU."""
    found: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return found


def network_state(checkpoint: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """The state of the network alone: its moving average where there is one."""
    start = "network."
    return {name[len(start) :]: value for name, value in checkpoint["state_dict"].items() if name.startswith(start)}
