"""Lightning's Trainer, with all its choices made."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback, WeightAveraging
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy, Strategy
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ....device import is_out_of_memory
from ....errors import EngineError
from ...protocols.training_protocol import TrainingProtocol
from .checkpoints import WholeCheckpoints, checkpoints
from .processes import Processes
from .run_folder import RunFolder


def create_trainer(
    protocol: TrainingProtocol,
    run: RunFolder,
    processes: Processes,
    precision: str,
    callbacks: list[Callback],
) -> Trainer:
    """A trainer that keeps its checkpoints in the folder of the run."""
    average = [MovingAverage(protocol.averaging)] if protocol.averaging else []
    return Trainer(
        accelerator="gpu" if processes.device.type == "cuda" else processes.device.type,
        devices=processes.devices,
        num_nodes=processes.nodes,
        strategy=_strategy(processes),
        precision=precision,  # type: ignore[arg-type]  # the protocol's words are Lightning's
        max_epochs=protocol.epochs,
        accumulate_grad_batches=protocol.accumulate,
        gradient_clip_val=protocol.steepest or None,
        callbacks=[*callbacks, *average, *checkpoints(run.path)],
        logger=TensorBoardLogger(run.path, name="", version="log"),
        plugins=[WholeCheckpoints()],
        log_every_n_steps=1_000_000_000,  # epochs are logged, not steps
        num_sanity_val_steps=0,
        use_distributed_sampler=False,  # the data share themselves out
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=run.path,
    )


def _strategy(processes: Processes) -> Strategy:
    if processes.count == 1:
        # Lightning makes the card current, which asks for its number.
        card = processes.device.type == "cuda" and processes.device.index is None
        return SingleDeviceStrategy(torch.device("cuda", 0) if card else processes.device)
    backend = "nccl" if processes.device.type == "cuda" else "gloo"
    return DDPStrategy(process_group_backend=backend)


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """Algorithms that give the same numbers each time, where there are such; and torch's own state as it was before."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    memory: Any = torch.utils.deterministic
    fill = memory.fill_uninitialized_memory
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if device.type == "cuda" else ()):
        try:
            torch.use_deterministic_algorithms(True, warn_only=True)
            memory.fill_uninitialized_memory = False  # costs time, hides nothing
            torch.backends.cudnn.benchmark = False
            yield
        finally:
            torch.use_deterministic_algorithms(before[0], warn_only=before[1])
            memory.fill_uninitialized_memory = fill
            torch.backends.cudnn.benchmark = benchmark


@contextmanager
def in_words(batch: int) -> Iterator[None]:
    """Too little memory as a sentence, wherever it was noticed."""
    try:
        yield
    except (RuntimeError, MemoryError, ProcessRaisedException, ProcessExitedException) as error:
        if not is_out_of_memory(error):
            raise
        raise EngineError(
            f"The memory is not enough for a batch of {batch}: choose a smaller batch in the protocol and accumulate "
            "as many more passes, a smaller input, or another device."
        ) from error


@contextmanager
def keyboard() -> Iterator[None]:
    """Ctrl+C stays KeyboardInterrupt: Lightning makes it an exit of the program and ignores the next one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as leaving:
        if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
            raise KeyboardInterrupt from leaving
        raise
    finally:
        signal.signal(signal.SIGINT, before)


class MovingAverage(WeightAveraging):
    """Lightning's exponential moving average over parameters and buffers, with a start that is not stuck to the first
    weights: after ``n`` steps they keep ``min(decay, (1 + n) / (10 + n))`` (as in TensorFlow's `num_updates`)."""

    def __init__(self, decay: float):
        super().__init__(multi_avg_fn=_average_with(decay))


def _average_with(decay: float) -> Callable[[Any, Any, Any], None]:
    def average(means: Any, current: Any, steps: Any) -> None:
        done = int(steps)
        get_ema_multi_avg_fn(min(decay, (1 + done) / (10 + done)))(means, current, steps)

    return average
