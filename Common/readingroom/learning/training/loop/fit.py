"""Training one network on one split of a cohort."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ....bundles.preprocessing import Preprocessing
from ....device import Wanted, choose
from ....errors import InputError
from ....progress import Progress
from ...cohorts.cohort import Cohort
from ...cohorts.splits import Split, checked
from ...protocols.training_protocol import TrainingProtocol
from .. import losses
from ..losses.loss import Loss
from ..normalization import measured
from ..picture_store import PictureStore, read
from . import history
from .checkpoints import network_state, read_checkpoint
from .data import InputTransform, SplitPart
from .history import Epoch
from .module import read_history
from .processes import Processes, is_main, wait_for_others
from .progress_callback import ProgressCallback
from .quiet import quiet
from .run_folder import RunFolder, facts_of
from .spawn import train_in_processes
from .trainer import in_words
from .training_job import TrainingJob

_PREPARING = 0.1  # part of the progress


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained network.

    Parameters
    ----------
    state_dict : of the epoch with the lowest validation loss, on the CPU; the moving average where there is one
    history : what happened in each epoch
    preprocessing : the protocol's, with the numbers that the training rows gave; every later input needs the same
    notes : sentences on what was done otherwise than the protocol says
    """

    state_dict: dict[str, Tensor]
    history: tuple[Epoch, ...]
    preprocessing: Preprocessing
    notes: tuple[str, ...] = ()

    @property
    def best_epoch(self) -> int:
        """Counted from 0."""
        return history.best(self.history)


def fit(
    network: nn.Module,
    cohort: Cohort,
    split: Split,
    protocol: TrainingProtocol,
    folder: Path,
    device: Wanted = "auto",
    devices: int = 1,
    nodes: int = 1,
    progress: Progress | None = None,
    *,
    pictures: Path | None = None,
    workers: int | None = None,
    hashes: Sequence[str] | None = None,
) -> Fitted:
    """Train on ``split.train``, choose the epoch on ``split.validation``.

    A folder with a finished training gives its result at once; one with a training that was killed goes on after the
    last epoch that was written, and ends with the same weights as if nothing had happened (on the same kind of device).
    The same seed gives the same weights whatever the number of loading processes.

    Parameters
    ----------
    network : raw logits (n, outputs) of its inputs; outputs in the order of `losses.outputs`. What is
        frozen (``requires_grad``) does not learn, and its normalization layers stay as they are. It is changed
    folder : of this training alone
    devices, nodes : processes on each computer, and computers; ``protocol.batch`` is shared out among all of them
    pictures : folder of prepared pictures, which several trainings may share; ``folder / "pictures"`` when left out
    workers : processes that load images; as many as help on this device when left out
    hashes : pixel hash of each row of the cohort (empty: not known); read from the images when left out

    Raises
    ------
    LeakageError : a patient, an image or a synthetic study is in a wrong part of the split
    InputError : an image or an outcome cannot be used, the folder holds another training, the training diverged
    CancelledError : ``progress`` was canceled
    SetupError : there is no such device
    EngineError : the memory is not enough for a batch
    """
    progress = progress or Progress()
    _refuse(split, protocol)
    checked(cohort, split, hashes)
    processes = Processes(choose(device), devices, nodes, workers)
    processes.refuse(protocol.batch)
    run = RunFolder(folder)
    store = PictureStore(pictures or folder / "pictures", protocol.input)
    rows = np.concatenate([split.train, split.validation])
    files = store.fill(cohort, rows, progress.part(0, _PREPARING), os.cpu_count() or 1)
    by_row = dict(zip(rows.tolist(), files, strict=True))
    run.begin(facts_of(network, cohort, split, protocol, by_row), network)
    if not run.finished:
        loss = losses.create(protocol, cohort.take(split.train), losses.outputs(protocol, cohort))
        parts = _split_part(cohort, split.train, by_row, loss), _split_part(cohort, split.validation, by_row, loss)
        _train(network, loss, *parts, protocol, run, processes, progress.part(_PREPARING, 1))
    return Fitted(*run.result())


def _refuse(split: Split, protocol: TrainingProtocol) -> None:
    """Stop at what cannot be trained, before anything is prepared."""
    if len(split.train) == 0 or len(split.validation) == 0:
        raise InputError(f"The split '{split.name}' needs rows to train on and rows that choose the epoch.")
    if protocol.mixup and protocol.input.kind == "slices" and protocol.input.slices is None:
        raise InputError(
            "MixUp needs as many slices of each study; the protocol does not say how many (input, slices)."
        )


def _split_part(cohort: Cohort, rows: np.ndarray, files: dict[int, Path], loss: Loss) -> SplitPart:
    return SplitPart(tuple(files[int(number)] for number in rows), loss.targets(cohort.take(rows)))


def _train(
    network: nn.Module,
    loss: Loss,
    training: SplitPart,
    validation: SplitPart,
    protocol: TrainingProtocol,
    run: RunFolder,
    processes: Processes,
    progress: Progress,
) -> None:
    precision, notes = _precision(protocol, processes.device)
    transform = InputTransform(measured(protocol.input, (read(path) for path in training.paths)))
    if not _is_over(run, protocol):
        job = TrainingJob(network, loss, training, validation, transform, protocol, run.path, precision, processes)
        with quiet(), in_words(protocol.batch):
            if processes.spawned:
                train_in_processes(job, progress)
            else:
                job.run(ProgressCallback(progress))
    if is_main():
        done = read_history(read_checkpoint(run.last))
        run.finish(network_state(read_checkpoint(run.best)), done, transform.preprocessing, notes)
    wait_for_others()


def _is_over(run: RunFolder, protocol: TrainingProtocol) -> bool:
    """True when a training was killed after its last epoch."""
    if not run.last.is_file():
        return False
    done = read_history(read_checkpoint(run.last))
    return history.is_over(done, protocol.epochs, protocol.least_epochs, protocol.patience)


def _precision(protocol: TrainingProtocol, device: torch.device) -> tuple[str, list[str]]:
    if protocol.precision == "16-mixed" and device.type == "cpu":
        return "32", ["Half precision needs a graphics card; the processor trained in single precision."]
    return protocol.precision, []
