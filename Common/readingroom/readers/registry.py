"""The one list of readers: every file of this package that has a ``READER``. Importing it loads no torch."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from ..errors import InputError
from .base import Reader


def readers() -> Mapping[str, Reader]:
    """All readers by name, in the order of their names."""
    package = importlib.import_module(__package__)
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
