"""Several training processes on one computer, started for the training alone.

They are started here and not by Lightning: its own processes import it before anything of ours can make torchvision
importable, and with `readingroom` as the program they would have to run the whole command again.
"""

from __future__ import annotations

import os
import socket
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

import torch
from torch.multiprocessing.spawn import spawn

from ....progress import Progress
from .progress_callback import RemoteProgressCallback, relayed
from .quiet import silence
from .training_job import TrainingJob


def train_in_processes(job: TrainingJob, progress: Progress) -> None:
    """Do the work in as many processes as it says; its network stays as it is.

    Raises
    ------
    CancelledError : ``progress`` was canceled
    ReadingRoomError : what a process failed with
    """
    with relayed(progress) as (sender, canceled):
        spawn(_one, (_free_port(), job, sender, canceled), nprocs=job.processes.devices)


def _one(rank: int, port: int, job: TrainingJob, sender: Connection, canceled: Event) -> None:
    """One of the processes, told who it is in the words that Lightning looks for."""
    silence()
    os.environ.update(LOCAL_RANK=str(rank), NODE_RANK="0", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(max((os.cpu_count() or 1) // job.processes.devices, 1))
    job.run(RemoteProgressCallback(sender, canceled))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
