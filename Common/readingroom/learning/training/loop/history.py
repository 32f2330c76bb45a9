"""What happened in each epoch, and what follows from it: which was the best, and whether it is time to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ....csv_table import write_records


@dataclass(frozen=True)
class Epoch:
    """One row of the log. ``epoch`` counts from 0; losses are means over rows; ``rate`` is that of its last step."""

    epoch: int
    train_loss: float
    validation_loss: float
    rate: float


History = Sequence[Epoch]


def best(history: History) -> int:
    """Number of the epoch with the lowest validation loss; the first of equal ones."""
    return min(history, key=lambda epoch: (epoch.validation_loss, epoch.epoch)).epoch


def is_over(history: History, epochs: int, least_epochs: int, patience: int | None) -> bool:
    """True after the last epoch, or when ``patience`` epochs brought nothing better and ``least_epochs`` are done.

    A function of the history alone, so that a resumed training stops where the other would have. The comparison is
    ``>=``: a training whose patience ran out before ``least_epochs`` stops there (the code of Paper 001 tests ``==``,
    and then never stops).
    """
    if not history:
        return False
    done = history[-1].epoch + 1
    tired = patience is not None and history[-1].epoch - best(history) >= patience
    return done >= epochs or (tired and done >= least_epochs)


def write(history: History, path: Path) -> None:
    """As CSV, a line for each epoch.

    Raises
    ------
    OutputError : the file cannot be written
    """
    write_records(path, [field.name for field in fields(Epoch)], (asdict(epoch) for epoch in history))
