"""Opening a file that came from somewhere else, which may be no file at all.

A named pipe waits for ever for its writer, a device never ends, and what a path leads to may change between a look at
it and the opening. So what was opened is looked at, and the opening never waits.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path

from .errors import InputError

_KINDS = (
    (stat.S_ISDIR, errno.EISDIR, "a folder"),
    (stat.S_ISFIFO, errno.EINVAL, "a named pipe"),
    (stat.S_ISSOCK, errno.EINVAL, "a socket"),
    (stat.S_ISLNK, errno.EINVAL, "a link"),
)
# Each exists on some systems only. O_NONBLOCK changes nothing for a regular file.
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT"):
    _FLAGS |= getattr(os, _name, 0)


def open_regular(path: str | os.PathLike[str], follow: bool = True) -> io.BufferedReader:
    """The file, opened for reading its bytes; with ``follow`` also one that a link leads to.

    Raises
    ------
    OSError : it cannot be opened, or is a folder, a named pipe, a socket or a device (``strerror`` says which)
    """
    try:
        _refuse_others(os.stat(path, follow_symlinks=follow), path)  # a device may act on being opened
        descriptor = os.open(path, _FLAGS if follow else _FLAGS | getattr(os, "O_NOFOLLOW", 0))
    except ValueError as error:  # a NUL in the name, or half a surrogate pair
        raise OSError(errno.EINVAL, "its path holds a character that no file name can have") from error
    try:
        _refuse_others(os.fstat(descriptor), path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | os.PathLike[str], limit: int = 2**26) -> bytes:
    """All bytes of a file that `open_regular` opens.

    Raises
    ------
    OSError : as `open_regular`; more than ``limit`` bytes
    """
    with open_regular(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is too large, with more than {limit / 2**20:.2g} MB")
    return data


def cannot_read(path: Path, error: OSError) -> InputError:
    """The error as a sentence about the file that could not be read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return InputError(f"'{path.name}' does not exist.")
    if isinstance(error, PermissionError):
        return InputError(f"'{path.name}' may not be read: your account has no permission.")
    if isinstance(error, IsADirectoryError):
        return InputError(f"'{path.name}' is a folder; a file was expected.")
    reason = error.strerror or "input error"
    return InputError(f"'{path.name}' cannot be read ({reason[:1].lower()}{reason[1:]}).")


def _refuse_others(facts: os.stat_result, path: str | os.PathLike[str]) -> None:
    if stat.S_ISREG(facts.st_mode):
        return
    kinds = ((number, words) for is_kind, number, words in _KINDS if is_kind(facts.st_mode))
    number, words = next(kinds, (errno.EINVAL, "a device"))
    raise OSError(number, f"it is {words}, not a file", os.fspath(path))
