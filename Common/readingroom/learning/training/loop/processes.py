"""The processes that train together, and which of them this one is when a launcher such as torchrun started them."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from torch import distributed

from ....errors import InputError


@dataclass(frozen=True)
class Processes:
    """On what a training runs.

    Parameters
    ----------
    device : of each process
    devices, nodes : processes on each computer, and computers
    workers : processes that load images, for each training process; None: as many as help
    """

    device: torch.device
    devices: int = 1
    nodes: int = 1
    workers: int | None = None

    @property
    def count(self) -> int:
        """How many train together."""
        return self.devices * self.nodes

    @property
    def spawned(self) -> bool:
        """They are started for the training alone."""
        return self.count > 1 and not launched()

    def refuse(self, batch: int) -> None:
        """Stop before anything is prepared.

        Raises
        ------
        InputError : a batch cannot be shared out evenly, or several computers without a launcher
        """
        if batch % self.count:
            raise InputError(
                f"A batch of {batch} cannot be shared out among {self.count} processes; take a number that divides it."
            )
        if self.nodes > 1 and not launched():
            raise InputError("Training on several computers needs a launcher: start the command with torchrun on each.")
        if launched() and _started() != self.count:
            raise InputError(
                f"The launcher started {_started()} processes, but {self.devices} devices on {self.nodes} computers "
                f"need {self.count}; say the same to both."
            )

    @property
    def loaders(self) -> int:
        """A processor that computes has no time to spare for loading; a graphics card has to be kept busy."""
        if self.workers is not None:
            return self.workers
        return 0 if self.device.type == "cpu" else min(8, max((os.cpu_count() or 1) // self.devices - 1, 1))


def launched() -> bool:
    """True when a launcher (torchrun, SLURM's srun) has started this process as one of several."""
    return "TORCHELASTIC_RUN_ID" in os.environ or int(os.environ.get("SLURM_NTASKS", "1")) > 1


def _started() -> int:
    """How many processes the launcher started, on all computers."""
    return int(os.environ.get("WORLD_SIZE", os.environ.get("SLURM_NTASKS", "1")))


def is_main() -> bool:
    """True for the one process that writes what all of them worked for."""
    return int(os.environ.get("RANK", os.environ.get("SLURM_PROCID", "0"))) == 0 if launched() else True


def wait_for_others() -> None:
    """Go on when all processes are here."""
    if not launched():
        return
    if distributed.is_initialized():
        distributed.barrier()
        return
    distributed.init_process_group("gloo")  # nothing was left to train: Lightning has not brought them together
    distributed.barrier()
    distributed.destroy_process_group()
