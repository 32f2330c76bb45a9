"""Checkpoints that are there whole or not at all, and are read without unpickling anything but tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import ModelCheckpoint

from ...files import written_whole


class WholeCheckpoints(TorchCheckpointIO):
    """Lightning's own form, through a neighbor of the file.

    Lightning moves it from the system's temporary folder. Where that is another disk this is a copy, and a kill in the
    middle leaves half a file.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        with written_whole(Path(path)) as temporary:
            torch.save(checkpoint, temporary)


class BestCheckpoint(ModelCheckpoint):
    """``best.ckpt``, of the lowest validation loss."""

    def __init__(self, folder: Path):
        super().__init__(
            folder, "best", monitor="validation_loss", save_on_train_epoch_end=True, enable_version_counter=False
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The folder may have been moved since: Lightning would then forget which was the best."""
        assert self.dirpath is not None
        best = str(Path(self.dirpath) / "best.ckpt")
        scores = {best: state_dict["best_model_score"]} if state_dict["best_k_models"] else {}
        moved = {"best_model_path": best, "kth_best_model_path": best, "best_k_models": scores, "dirpath": self.dirpath}
        super().load_state_dict({**state_dict, **moved})


def checkpoints(folder: Path) -> list[ModelCheckpoint]:
    """The best one, then ``last.ckpt``, after each epoch.

    A training killed between the two does its last epoch again, and writes the same best one again.
    """
    last = ModelCheckpoint(folder, "last", save_on_train_epoch_end=True, enable_version_counter=False)
    return [BestCheckpoint(folder), last]


def read_checkpoint(path: Path) -> Mapping[str, Any]:
    """A checkpoint of this loop, on the CPU."""
    found: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return found


def network_state(checkpoint: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """The state of the network alone: its moving average where there is one."""
    start = "network."
    return {name[len(start) :]: value for name, value in checkpoint["state_dict"].items() if name.startswith(start)}
