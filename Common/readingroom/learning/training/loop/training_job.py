"""The work of one training process: everything is prepared, Lightning begins."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import Callback
from torch import nn

from ....records import from_json, to_json
from ...protocols.training_protocol import TrainingProtocol
from ..losses.loss import Loss
from .data import InputTransform, SplitDataModule, SplitPart
from .epoch_sampler import class_sampling_weights
from .module import LoopSettings, TrainingModule
from .processes import Processes
from .run_folder import RunFolder
from .trainer import create_trainer, deterministic, keyboard


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """What a process needs to know; may be sent to another one, which then works on a copy of the network.

    Parameters
    ----------
    network : learns, in place
    loss : weighted for the training rows
    training, validation : prepared images and targets
    look : how they become inputs
    folder : where checkpoints and logs go, and where an earlier training may have left some
    precision : as Lightning calls it
    processes : all that work together
    """

    network: nn.Module
    loss: Loss
    training: SplitPart
    validation: SplitPart
    transform: InputTransform
    protocol: TrainingProtocol
    folder: Path
    precision: str
    processes: Processes

    def run(self, callback: Callback) -> None:
        """Train until it is over, from the last epoch that was written on."""
        protocol, run = self.protocol, RunFolder(self.folder)
        module = TrainingModule(self.network, self.loss, LoopSettings.of(protocol), run.log)
        module.train()
        sampled = protocol.balance == "sampler"
        rows = SplitDataModule(
            self.training,
            self.validation,
            self.transform,
            protocol.augment,
            protocol.batch,
            protocol.seed,
            sampling_weights=class_sampling_weights(self.training.targets, protocol.oversampling) if sampled else None,
            workers=self.processes.loaders,
            pin=self.processes.device.type == "cuda",
        )
        with deterministic(self.processes.device), keyboard():
            trainer = create_trainer(protocol, run, self.processes, self.precision, [callback])
            trainer.fit(module, rows, ckpt_path=run.last if run.last.is_file() else None, weights_only=True)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "protocol": to_json(self.protocol)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # What torch sends to another process stays in memory that both share; each has to learn on its own.
        own = {"network": copy.deepcopy(state["network"]), "protocol": from_json(TrainingProtocol, state["protocol"])}
        for name, value in {**state, **own}.items():
            object.__setattr__(self, name, value)
