"""Checkpoints that are there whole or not at all, and are read without unpickling anything but tensors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import ModelCheckpoint

from ....files import written_whole

BEST, LAST = "best.ckpt", "last.ckpt"


class WholeCheckpoints(TorchCheckpointIO):
    """Lightning's own form, through a neighbor of the file.

    Lightning moves it from the system's temporary folder. Where that is another disk this is a copy, and a kill in the
    middle leaves half a file.
    """

    def __init__(self) -> None:
        self._best: tuple[Path, int] | None = None  # the best checkpoint of this process, and after how many steps

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        target, step = Path(path), int(checkpoint["global_step"])
        with written_whole(target) as temporary:
            # Where the epoch is the best so far, both files are the same.
            same = target.name == LAST and self._best == (target.with_name(BEST), step)
            if not (same and _linked(target.with_name(BEST), temporary)):
                torch.save(checkpoint, temporary)
        if target.name == BEST:
            self._best = target, step


def _linked(existing: Path, other: Path) -> bool:
    """Give a file a second name; False where the disk knows no such thing."""
    second = other.with_suffix(".link")
    try:
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
    """The best one, then ``last.ckpt``, after each epoch.

    A training killed between the two does its last epoch again, and writes the same best one again.
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
