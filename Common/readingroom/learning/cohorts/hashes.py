"""Fingerprints of the images of a cohort, kept so that a second run is quick; and pictures that are alike."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...bundles import store
from ...errors import InputError, ReadingRoomError
from ...files import make_folder, write_bytes
from ...formatting import counted
from ...parallel import map_parallel
from ...progress import Progress
from ...time_limit import time_limit
from .cohort import Row
from .fingerprint import FORMAT, Fingerprint, content_key, fingerprint
from .perceptual_hash import Hashes, none

# Correlation of two 24 x 24 prints from which pictures count as nearly the same. Of 245,000 pairs of NIH chest
# radiographs one reaches it, a true copy; of 19,000 pairs of mini-MIAS mammograms one, which is none.
NEARLY_IDENTICAL = 0.985
_BLOCK = 1024  # prints compared at once: a block against all of 100,000 needs 400 MB


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """One entry for each path asked for: its fingerprint, or None and a sentence in ``problems`` by row number."""

    prints: tuple[Fingerprint | None, ...]
    problems: dict[int, str]

    def without(self, rows: Container[int]) -> Fingerprints:
        """Of the other rows, numbered anew."""
        kept = [row for row in range(len(self.prints)) if row not in rows]
        problems = {new: self.problems[row] for new, row in enumerate(kept) if row in self.problems}
        return Fingerprints(tuple(self.prints[row] for row in kept), problems)

    @property
    def pixel_hashes(self) -> tuple[str, ...]:
        """Empty where an image cannot be read: it has no pixels to share."""
        return tuple("" if found is None else found.pixel_hash for found in self.prints)

    @property
    def looks(self) -> tuple[Hashes, ...]:
        """Perceptual hashes; empty where an image cannot be read, or is a volume."""
        return tuple(none() if found is None else found.looks for found in self.prints)


@dataclass(frozen=True)
class Pair:
    """Two rows whose pictures are alike; ``first`` < ``second``."""

    first: int
    second: int
    correlation: float


def cache_folder() -> Path:
    """Where fingerprints are kept: beside the bundles of this user."""
    return store.user_folder().parent / f"fingerprints-{FORMAT}"


def fingerprints(
    paths: Sequence[Path],
    cache: Path | None = None,
    processes: int | None = 1,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Fingerprints:
    """Fingerprints of images, from ``cache`` where their bytes are known.

    An image that cannot be read does not stop the others.

    Parameters
    ----------
    cache : a folder; `cache_folder` when left out
    processes : that read, at most this many at once; None for as many as processors
    executor : reads in place of processes that are started here, see `map_parallel`; it must see ``cache`` too

    Raises
    ------
    OutputError : the cache cannot be written
    CancelledError : the user canceled; what is done is kept
    """
    progress, cache = progress or Progress(), make_folder(cache or cache_folder())
    unique = list(dict.fromkeys(paths))
    done = 0

    def say(index: int, result: Fingerprint | str) -> None:
        nonlocal done
        done += 1
        progress(done / len(unique), f"Read: {done} of {counted(len(unique), 'image')}.")

    examined = map_parallel(
        partial(_examine, cache=cache),
        unique,
        executor,
        progress,
        processes=processes,
        on_result=say,
        if_ended=lambda _, sentence: sentence,
    )
    found = dict(zip(unique, examined, strict=True))
    results = [found[path] for path in paths]
    problems = {row: result for row, result in enumerate(results) if isinstance(result, str)}
    return Fingerprints(tuple(None if isinstance(result, str) else result for result in results), problems)


def content_hash(row: Row) -> str:
    """SHA-256 of what a study's images and masks hold, by their roles; file names and dates do not matter.

    Raises
    ------
    InputError : a file is missing or cannot be read; the sentence names the study
    """
    found = hashlib.sha256()
    try:
        for kind, files in (("image", row.images), ("mask", row.masks)):
            for role, path in sorted(files.items()):
                found.update(f"{kind} {role} {content_key(path)}\n".encode())
    except InputError as error:
        raise InputError(f"Study '{row.study_id}' of patient '{row.patient_id}': {error}") from error
    return found.hexdigest()


def near_duplicates(prints: Sequence[Fingerprint | None], least: float = NEARLY_IDENTICAL) -> tuple[Pair, ...]:
    """Pairs of pictures whose prints correlate at least so, the most alike first."""
    rows, vectors = standardized_prints(prints)
    pairs = []
    for start in range(0, len(vectors), _BLOCK):
        similarity = vectors[start : start + _BLOCK] @ vectors[start:].T
        for i, j in zip(*np.nonzero(np.triu(similarity, 1) >= least), strict=True):
            pairs.append(Pair(int(rows[start + i]), int(rows[start + j]), float(similarity[i, j])))
    return tuple(sorted(pairs, key=lambda pair: (-pair.correlation, pair.first, pair.second)))


def standardized_prints(prints: Sequence[Fingerprint | None]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Row numbers (n,) of the pictures that were read, and their prints (n, 576) so that a product is a correlation.

    Prints without any contrast are left out: they are like nothing.
    """
    read = [(row, found.print.ravel()) for row, found in enumerate(prints) if found is not None and np.ptp(found.print)]
    rows = np.array([row for row, _ in read], dtype=np.intp)
    if not read:
        return rows, np.empty((0, 0), np.float32)
    vectors = np.stack([vector for _, vector in read]).astype(np.float64)
    vectors -= vectors.mean(axis=1, keepdims=True)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return rows, vectors.astype(np.float32)


def _examine(path: Path, cache: Path) -> Fingerprint | str:
    """The fingerprint, or why there is none. Runs in a child process too."""
    try:
        stored = cache / f"{content_key(path)}.npz"
        try:
            return Fingerprint.from_bytes(stored.read_bytes())
        except (OSError, ValueError):  # not there yet, or damaged: it is made anew
            with time_limit():
                found = fingerprint(path)
    except ReadingRoomError as error:
        return str(error)
    except Exception as error:  # one image must not stop the rest; what we broke is named as such
        return f"Unforeseen: {type(error).__name__}: {error}"
    write_bytes(stored, found.to_bytes())
    return found
