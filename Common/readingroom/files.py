"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import OutputError


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` through a temporary neighbor; an earlier file stays until the new one is complete.

    Raises
    ------
    OutputError : the folder is missing or read-only, or the disk is full
    """
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """`write_bytes` for UTF-8 text with LF line ends."""
    write_bytes(path, text.encode("utf-8"))


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``, with the same suffixes, for libraries that write files themselves.

    When the block ends well the temporary file takes the place of ``path``; when it fails nothing is left.

    Raises
    ------
    OutputError : the folder is missing or read-only, the disk is full, or ``path`` is a folder or a device
    """
    if path.exists() and not path.is_file():  # what takes its place would replace a device
        raise OutputError(f"Cannot write {path.name} in {path.parent}: it is no file. Choose another name.")
    try:
        handle, name = tempfile.mkstemp(prefix=".writing-", suffix="".join(path.suffixes), dir=path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("r+b") as written:  # Windows syncs only what is open for writing
            os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes private files
        temporary.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
