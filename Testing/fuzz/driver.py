"""What the drivers have in common: numbered inputs, each opened in a guarded child, and the tally of how that ended."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .guarded import BYTES, SECONDS, Outcome, guarded


@dataclass(frozen=True)
class Case:
    """One input: what was made of which seed, and how the product opens it."""

    name: str
    work: Callable[[], Any]


@dataclass(frozen=True)
class Driver:
    """A kind of input.

    Parameters
    ----------
    name : as a word of the command line
    title : as the table says it
    case : writes input ``number`` into an empty folder; the same number always gives the same input
    seconds, bytes : what one input may take
    """

    name: str
    title: str
    case: Callable[[random.Random, Path], Case]
    seconds: float = SECONDS
    bytes: int = BYTES


@dataclass
class Tally:
    """How the inputs of a driver ended; faults are printed as they come."""

    driver: str
    tried: int = 0
    read: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0  # the longest
    bytes: int = 0  # the most

    def count(self, number: int, name: str, outcome: Outcome) -> None:
        """Take in the outcome of an input."""
        self.tried += 1
        self.read += outcome.kind == "read"
        self.refused += outcome.kind == "refused"
        self.seconds, self.bytes = max(self.seconds, outcome.seconds), max(self.bytes, outcome.bytes)
        if not outcome.held:
            fault = f"FAULT {self.driver}, input {number} ({name}): {outcome.kind}: {outcome.said}"
            print(fault, file=sys.stderr, flush=True)  # at once: an hour is long
            self.faults.append(fault)


def numbers(first: int, count: int | None, minutes: float | None) -> Iterator[int]:
    """``first``, ``first + 1`` ... for so many inputs, or for so long."""
    end = None if minutes is None else time.monotonic() + 60 * minutes
    number = first
    while (count is None or number < first + count) and (end is None or time.monotonic() < end):
        yield number
        number += 1


def run(driver: Driver, first: int = 0, count: int | None = None, minutes: float | None = None) -> Tally:
    """Try the inputs from number ``first`` on."""
    tally = Tally(driver.name)
    for number in numbers(first, count, minutes):
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            case = driver.case(random.Random(f"{driver.name} {number}"), Path(folder))
            tally.count(number, case.name, guarded(case.work, driver.seconds, driver.bytes))
    return tally
