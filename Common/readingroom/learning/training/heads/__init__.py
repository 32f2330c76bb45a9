"""What is trained on the features of a frozen network: one head a file, each with a class ``HEAD``.

A protocol names it with dashes for underscores, so a new head is one new file here. Its settings are the fields of its
class, a frozen dataclass, and come from the protocol's ``head_settings``.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, Literal

from ....errors import InputError
from ...protocols.training_protocol import JOINS_ANSWERS, TrainingProtocol
from .head import Head
from .mil_attention import ATTENTIONS

_NO_HEADS = ("head", "bag_head", "survival_head")
NAMES = tuple(sorted(m.name.replace("_", "-") for m in pkgutil.iter_modules(__path__) if m.name not in _NO_HEADS))


def outcome_of(protocol: TrainingProtocol) -> Literal["label", "time"]:
    """The column of a cohort that the protocol's head learns; a head that is none is refused when it is made."""
    if protocol.head not in NAMES:
        return "label"
    found: Literal["label", "time"] = _class_of(protocol.head).outcome
    return found


def head_of(protocol: TrainingProtocol) -> Head:
    """The protocol's head: attention over slices where the protocol joins them so, times with the protocol's numbers.

    Raises
    ------
    InputError : there is no such head, or it does not fit the input or the numbers
    """
    kind, name, settings = protocol.input.kind, protocol.head, dict[str, Any](protocol.head_settings)
    if name == "linear" and kind == "slices" and protocol.aggregation in ATTENTIONS:
        name = "mil-attention"
    timed = _class_of(name).outcome == "time"
    if name == "mil-attention" and kind != "slices":
        raise InputError(
            f"The head '{name}' weighs slices, and the protocol's input is a {kind}: use the head 'linear' for "
            "pictures and volumes."
        )
    if timed and kind == "picture":
        raise InputError("A bundle for survival reads slices or volumes, and the protocol's input is a picture.")
    if timed:
        # A volume is one in place of many slices.
        joined = "average-pooling" if kind == "volume" else protocol.aggregation
        settings = {**_numbers_of(protocol), "aggregation": joined, **settings}
    elif name == "mil-attention" and protocol.aggregation not in JOINS_ANSWERS:
        settings["aggregation"] = protocol.aggregation
    return load_head(name, settings)


def _numbers_of(protocol: TrainingProtocol) -> dict[str, Any]:
    """What a protocol says of the training of a head for times."""
    optimizer = protocol.optimizer
    if optimizer.name != "adamw" or protocol.schedule.name == "one-cycle":
        raise InputError("The head of times is trained by adamw, at a constant or a cosine rate; change the protocol.")
    return {
        "epochs": protocol.epochs,
        "patience": protocol.patience or protocol.epochs,
        "batch": protocol.batch * protocol.accumulate,
        "rate": optimizer.rate,
        "decay": optimizer.decay,
        "schedule": protocol.schedule.name,
        **(protocol.loss_settings if protocol.loss == protocol.head else {}),
    }


def load_head(name: str, settings: Mapping[str, Any] | None = None) -> Head:
    """The head of that name, with these settings and its own defaults for the others.

    Raises
    ------
    InputError : there is no such head or setting, or a number is not plausible
    """
    made = _class_of(name)
    known = [field.name for field in dataclasses.fields(made)]
    if unknown := sorted(set(settings or {}) - set(known)):
        raise InputError(f'The head "{name}" has no setting {", ".join(unknown)}; it has {", ".join(known) or "none"}.')
    try:
        head: Head = made(**(settings or {}))
    except ValueError as error:
        raise InputError(f'The head "{name}" cannot be made: {error}.') from error
    return head


def _class_of(name: str) -> Any:
    if name not in NAMES:
        raise InputError(f'There is no head named "{name}"; there are {", ".join(NAMES)}.')
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}").HEAD
