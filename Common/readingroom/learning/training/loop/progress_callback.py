"""Progress and cancel for a training, in this process or in others."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from ....errors import CancelledError, ReadingRoomError
from ....progress import Progress
from . import history


class ProgressCallback(Callback):
    """Says before each batch how far the training is, and ends it when somebody canceled.

    What was learned since the last written epoch is then lost; the training can be resumed from there.
    """

    def __init__(self, progress: Progress):
        self._progress = progress

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if trainer.is_global_zero:
            self._progress(*_how_far(trainer, pl_module, batch_idx))


class RemoteProgressCallback(Callback):
    """A `ProgressCallback` in a process started for the training: it reports to, and asks, the one that started it."""

    def __init__(self, sender: Connection, canceled: Event):
        self._sender, self._canceled = sender, canceled

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if self._canceled.is_set():
            raise CancelledError("The work was canceled.")
        if trainer.is_global_zero:
            self._sender.send(_how_far(trainer, pl_module, batch_idx))

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        if trainer.is_global_zero and isinstance(exception, ReadingRoomError):
            self._sender.send(exception)


@contextmanager
def relayed(progress: Progress) -> Iterator[tuple[Connection, Event]]:
    """What a `RemoteProgressCallback` in another process needs, so that its words reach ``progress`` in this one.

    ``progress`` is called in a thread. What it raises, and the sentence that a process failed with, is raised here.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    canceled = context.Event()
    errors: list[BaseException] = []

    def listen() -> None:
        while True:
            try:
                said = receiver.recv()
            except EOFError:
                return
            if isinstance(said, BaseException):
                errors.append(said)
                continue
            try:
                progress(*said)
            except BaseException as error:  # it is raised below, where somebody waits for it
                errors.append(error)
                canceled.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield sender, canceled
    except Exception as error:
        sender.close()
        listener.join()
        if errors:
            raise errors[0] from error
        raise
    finally:
        sender.close()
        listener.join()
        receiver.close()


def _how_far(trainer: Trainer, module: Any, batch: int) -> tuple[float, str]:
    epochs = int(trainer.max_epochs or 1)
    done = (trainer.current_epoch + batch / max(int(trainer.num_training_batches), 1)) / epochs
    sentence = f"Training, epoch {trainer.current_epoch + 1} of {epochs}."
    if module.history:
        best = module.history[history.best(module.history)]
        sentence += f" Best validation loss so far: {best.validation_loss:.4f} (epoch {best.epoch + 1})."
    return done, sentence
