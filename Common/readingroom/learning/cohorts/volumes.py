"""Volumes that a table names, opened as a read opens them."""

from __future__ import annotations

from pathlib import Path

from ...imaging.volume import Volume, load_volume
from ...readers.registry import readers
from .cohort import Row


def first_volume(row: Row) -> Volume:
    """The volume of a study's first image, see `volume_of`.

    Raises
    ------
    InputError, SetupError : as `load_volume`
    """
    role, path = next(iter(row.images.items()))
    return volume_of(path, role)


def volume_of(path: Path, role: str) -> Volume:
    """The volume of an image; of a folder with several series the one that the reader with this role would read.

    Raises
    ------
    InputError, SetupError : as `load_volume`
    """
    for reader in readers().values():
        for known in reader.images:
            if known.name == role and known.dimensions == 3:
                return load_volume(path, modalities=known.modality, rank=reader.rank_of)
    return load_volume(path)
