"""What a call tells while it runs and when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import ReadingRoomError


@dataclass(frozen=True)
class Advanced:
    """The work has come this far: a fraction from 0 to 1 and a sentence to show."""

    fraction: float
    sentence: str


@dataclass(frozen=True)
class Partial:
    """A first value, plain JSON values like that of `Finished`, while the work goes on to make it complete."""

    value: Any


@dataclass(frozen=True)
class Finished:
    """The work is done; ``value`` is what the call gave, plain JSON values."""

    value: Any


@dataclass(frozen=True)
class Failed:
    """The work ended without a value; ``str(error)`` is the sentence to show."""

    error: ReadingRoomError


Event = Advanced | Partial | Finished | Failed
