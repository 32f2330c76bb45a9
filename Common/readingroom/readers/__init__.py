"""The readers: each answers one clinical question about a study. Importing this package loads no torch."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    from .base import Reader


@dataclass(frozen=True)
class ReaderFacts:
    """What a panel or the shell shows of a reader before it is loaded."""

    name: str
    title: str
    question: str
    default_bundle: str
    where: str  # "module:class" below this package


READERS = {
    facts.name: facts
    for facts in (
        ReaderFacts(
            name="chest-xray",
            title="Chest X-ray",
            question="Is there pneumonia on this frontal chest radiograph?",
            default_bundle="cxr-nih-pneumonia",
            where="chest_xray:ChestXRayReader",
        ),
    )
}


def make_reader(name: str) -> Reader:
    """The reader of that name, ready to read.

    Raises
    ------
    InputError : there is none
    """
    if name not in READERS:
        raise InputError(f"There is no reader named '{name}'; there are {', '.join(READERS)}.")
    module, made = READERS[name].where.split(":")
    reader: Reader = getattr(importlib.import_module(f"{__name__}.{module}"), made)()
    return reader
