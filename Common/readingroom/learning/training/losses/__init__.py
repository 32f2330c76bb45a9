"""What training makes small. Each loss is one file of this folder; a protocol names it with dashes for underscores."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ....errors import InputError

if TYPE_CHECKING:
    from ...cohorts.cohort import Cohort
    from ...protocols.training_protocol import TrainingProtocol
    from .loss import Loss

_NO_LOSSES = ("__init__", "loss", "times")


def names() -> tuple[str, ...]:
    """The losses that there are."""
    files = Path(__file__).parent.glob("*.py")
    return tuple(sorted(file.stem.replace("_", "-") for file in files if file.stem not in _NO_LOSSES))


def outputs(protocol: TrainingProtocol, cohort: Cohort) -> tuple[str, ...]:
    """What the outputs of a network stand for that is trained with this protocol on this cohort.

    Raises
    ------
    InputError : there is no such loss, or the outcomes of the rows do not fit it
    """
    found: tuple[str, ...] = _module(protocol).outputs(protocol, cohort)
    return found


def create(protocol: TrainingProtocol, training: Cohort, classes: tuple[str, ...]) -> Loss:
    """The loss that a protocol names, weighted as it says for these training rows.

    Raises
    ------
    InputError : as `outputs`
    """
    made: Loss = _module(protocol).create(protocol, training, classes)
    return made


def _module(protocol: TrainingProtocol) -> ModuleType:
    if protocol.loss not in names():
        raise InputError(f"There is no loss named '{protocol.loss}'; there are {', '.join(names())}.")
    return importlib.import_module(f".{protocol.loss.replace('-', '_')}", __name__)
