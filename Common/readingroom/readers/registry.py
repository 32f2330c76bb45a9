"""The one list of readers: every file of this package that has a ``READER``, and of the folders in the environment's
READINGROOM_READERS, with which other extensions bring their own. Importing it loads no torch."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Mapping
from pathlib import Path

from ..errors import InputError
from .base import Reader

FOLDERS = "READINGROOM_READERS"  # a worker process inherits it


def readers() -> Mapping[str, Reader]:
    """All readers by name, in the order of their names."""
    package = importlib.import_module(__package__)
    for folder in os.environ.get(FOLDERS, "").split(os.pathsep):
        if Path(folder).is_absolute() and folder not in package.__path__:
            package.__path__.append(folder)
    modules = [
        importlib.import_module(f"{__package__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)
    ]
    found: list[Reader] = [module.READER for module in modules if hasattr(module, "READER")]
    return {reader.name: reader for reader in sorted(found, key=lambda reader: reader.name)}


def find_reader(name: str) -> Reader:
    """The reader of that name.

    Raises
    ------
    InputError : there is none
    """
    known = readers()
    if name not in known:
        raise InputError(f"There is no reader named '{name}'; there are {', '.join(known)}.")
    return known[name]
