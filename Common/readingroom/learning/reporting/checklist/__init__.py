"""Reporting checklists, filled with what a run can know; the rest is for the authors.

``tripod_ai.json`` and ``claim.json`` list the items with titles in our own words; ``fact`` names what of a run answers
an item, see `facts.facts_of`. Empty: no run can know it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources

from ..evaluated import EvaluationRecord
from .facts import facts_of

NAMES = ("tripod_ai", "claim")
FOR_THE_AUTHORS = "For the authors."


@dataclass(frozen=True)
class Answer:
    """One item: its number and title, and what the run says of it (`FOR_THE_AUTHORS` where it cannot know)."""

    item: str
    title: str
    answer: str


@dataclass(frozen=True)
class Checklist:
    """A filled checklist; ``source`` is where its items come from."""

    title: str
    source: str
    calibrated: tuple[Answer, ...]

    @property
    def filled(self) -> int:
        """How many items the run could answer."""
        return sum(answer.answer != FOR_THE_AUTHORS for answer in self.calibrated)


def fill(name: str, record: EvaluationRecord) -> Checklist:
    """The checklist of that name (one of `NAMES`) for an evaluation."""
    data = json.loads(resources.files(__package__).joinpath(f"{name}.json").read_text("utf-8"))
    facts = {"": "", **facts_of(record)}
    calibrated = [Answer(row["item"], row["title"], facts[row["fact"]] or FOR_THE_AUTHORS) for row in data["items"]]
    return Checklist(data["title"], data["source"], tuple(calibrated))
