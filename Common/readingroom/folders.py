"""Folders that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import OutputError
from .files import cannot_write


@contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
    """A new empty folder of the same name, hidden beside ``target``.

    When the block ends well it takes the place of ``target``; when it fails, ``target`` stays as it was and nothing
    else is left.

    Raises
    ------
    OutputError : the parent is no folder or read-only, the disk is full, or an earlier ``target`` is in use
    """
    hidden = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=".writing-", dir=target.parent))
        folder = hidden / target.name
        folder.mkdir()
        yield folder
        _sync(folder)
        _take_place(folder, target, hidden / "earlier")
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        if hidden is not None:
            shutil.rmtree(hidden, ignore_errors=True)


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A new empty hidden folder in ``parent``, gone when the block ends.

    Raises
    ------
    OutputError : the parent is no folder or read-only, or the disk is full
    """
    hidden = None
    try:
        parent.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=".scratch-", dir=parent))
        yield hidden
    except OSError as error:
        raise cannot_write(parent, error) from error
    finally:
        if hidden is not None:
            shutil.rmtree(hidden, ignore_errors=True)


def remove(target: Path) -> None:
    """Remove a folder in one step: it first leaves its place, so that nobody finds half of it.

    Raises
    ------
    OutputError : it is in use or read-only
    """
    hidden = None
    try:
        hidden = Path(tempfile.mkdtemp(prefix=".removing-", dir=target.parent))
        target.rename(hidden / target.name)
    except OSError as error:
        raise OutputError(f"Cannot remove {target}: {(error.strerror or str(error)).lower()}.") from error
    finally:
        if hidden is not None:
            shutil.rmtree(hidden, ignore_errors=True)


def _take_place(folder: Path, target: Path, earlier: Path) -> None:
    had_earlier = target.exists()
    if had_earlier:
        target.rename(earlier)
    try:
        folder.rename(target)
    except OSError:
        if had_earlier:
            earlier.rename(target)
        raise
    _sync_folder(target.parent)


def _sync(folder: Path) -> None:
    for root, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(root, name), "r+b") as file:  # Windows syncs only what is open for writing
                os.fsync(file.fileno())
        _sync_folder(Path(root))


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":  # has no such thing
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
