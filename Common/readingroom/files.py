"""Files that are there whole or not at all."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError, OutputError
from .plain_text import is_unicode
from .staging import Staging, sweep

PRIVATE = 0o600  # the mode of a file that names a patient: its owner alone reads it


def write_bytes(path: Path, data: bytes, private: bool = False) -> None:
    """Write ``data`` to ``path`` through a temporary file; an earlier file stays until the new one is complete.

    Parameters
    ----------
    private : its owner alone may read it

    Raises
    ------
    OutputError : the folder is missing or read-only, or the disk is full
    """
    with atomic_write(path) as temporary:
        temporary.touch(PRIVATE if private else 0o666)
        temporary.write_bytes(data)


def write_text(path: Path, text: str, private: bool = False) -> None:
    """`write_bytes` for UTF-8 text with LF line ends; what UTF-8 cannot write is written out, as ``\\udcff``."""
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"), private)


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path of the same name, for libraries that write files themselves.

    When the block ends well the temporary file takes the place of ``path``; when it fails nothing is left.

    Raises
    ------
    OutputError : the folder is missing or read-only, the disk is full, or ``path`` is a folder or a device
    """
    if path.exists() and not path.is_file():  # what takes its place would replace a device
        raise OutputError(f"Cannot write {path.name} in {path.parent}: it is no file. Choose another name.")
    staging = None
    try:
        _sweep_once(path.parent)
        staging = Staging(path.parent)
        temporary = staging.new / path.name
        yield temporary
        with temporary.open("r+b") as written:  # Windows syncs only what is open for writing
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if staging is not None:
            staging.remove()


def native_name(path: Path) -> str:
    """The path for libraries that are not Python, which end the whole process at a name that is no Unicode.

    Raises
    ------
    InputError : it is none, as in archives of old systems
    """
    if not is_unicode(str(path)):
        raise InputError(f"The name {path} is no Unicode, as names in old archives are; rename the file or folder.")
    return str(path)


def make_folder(folder: Path) -> Path:
    """The folder, made when missing.

    Raises
    ------
    OutputError : it cannot be made, or a file has its name
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return folder


def cannot_write(path: Path, error: OSError) -> OutputError:
    """The error as a sentence about the file or folder that could not be written."""
    reason = (error.strerror or str(error)).lower()
    return OutputError(
        f"Cannot write {path.name} in {path.parent}: {reason}. Choose another folder or free some space."
    )


@functools.cache
def _sweep_once(folder: Path) -> None:
    """Thousands of files may be written into one folder, and nobody is killed and goes on."""
    sweep(folder)
