"""Lightning speaks of its banners, tips and guesses; this product speaks for itself, in its own errors."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGERS = ("lightning", "lightning.pytorch", "lightning.fabric", "torch.distributed", "torch.multiprocessing.spawn")


def silence() -> None:
    """For a process that does nothing but train."""
    warnings.simplefilter("ignore")
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)


@contextmanager
def quiet() -> Iterator[None]:
    """For a part of a process that goes on with other things."""
    before = {name: logging.getLogger(name).level for name in _LOGGERS}
    try:
        with warnings.catch_warnings():
            silence()
            yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
