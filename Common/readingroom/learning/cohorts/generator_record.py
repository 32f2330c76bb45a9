"""What a generator of synthetic pictures learned from, so that none of them trains where that is tested.

A record keeps no identifiers, only digests of a patient together with the pixels of the study: of use to nobody who
does not have the picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ... import strict_json
from ...errors import InputError
from ...records import from_json
from ...regular_file import cannot_read, read_regular
from .cohort import Cohort, Row


@dataclass(frozen=True)
class GeneratorRecord:
    """``generator.json``, beside the pictures that the generator made.

    Parameters
    ----------
    generator : which kind, see `readingroom.learning.synthesis.presets`
    preset : its size and how long it learned
    finding : label of the studies that it learned from, as their table writes it
    split : name of the split whose training rows they are
    learned_from : digests of these studies, see `row_digest`
    made : pixel hashes of the pictures
    size : (rows, columns) of the pictures, without the strip that says what they are
    input : the preprocessing whose gray levels they show, as JSON values
    seed : of everything random

    Raises
    ------
    ValueError : it learned from nothing, or made nothing
    """

    generator: Literal["diffusion", "gan"]
    preset: str
    finding: str
    split: str
    learned_from: tuple[str, ...]
    made: tuple[str, ...]
    size: tuple[int, int]
    input: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        if not all(self.learned_from) or not all(self.made) or not self.learned_from or not self.made:
            raise ValueError("a generator learned from something, and made something")


def row_digest(row: Row, pixel_hash: str) -> str:
    """A study by its patient and its pixels."""
    return hashlib.sha256(f"{row.patient_id.strip()}\0{pixel_hash}".encode()).hexdigest()


def read_record(path: Path) -> GeneratorRecord:
    """The record that a table names.

    Raises
    ------
    InputError : it is missing, or no such record
    """
    try:
        return from_json(GeneratorRecord, strict_json.loads(read_regular(path)))
    except OSError as error:
        raise cannot_read(path, error) from error
    except ValueError as error:
        raise InputError(f"{path} does not say what a generator learned from: {error}.") from error


def may_train(
    cohort: Cohort, trains: NDArray[np.bool_], hashes: Sequence[str], *, only_best: bool = False
) -> NDArray[np.bool_]:
    """(rows,) whether each row may train beside those that ``trains`` marks.

    A synthetic one that names its generator may where everything that the generator learned from is a real study among
    them, and the generator made this very picture.

    Parameters
    ----------
    hashes : pixel hash of each row (empty: not known)
    only_best : of several generators whose pictures may train, those that learned from the most studies

    Raises
    ------
    InputError : a record cannot be read
    """
    learning = {
        row_digest(row, value)
        for row, value, inside in zip(cohort.rows, hashes, trains, strict=True)
        if inside and not row.synthetic
    }
    records = {path: read_record(path) for path in {row.generator for row in cohort.rows} if path is not None}
    made = {path: frozenset(record.made) for path, record in records.items() if learning >= set(record.learned_from)}
    if only_best and made:
        most = max(len(records[path].learned_from) for path in made)
        made = {path: pictures for path, pictures in made.items() if len(records[path].learned_from) == most}
    return np.array(
        [
            row.generator is None or value in made.get(row.generator, ())
            for row, value in zip(cohort.rows, hashes, strict=True)
        ],
        dtype=bool,
    )
