"""Temporary folders that are proven ours, so that the next of us can remove what a killed process left.

A name proves nothing: people call folders ``readingroom-export``. What counts is a small file inside that is written by
nobody else: it holds the folder's random name, its inode and the computer's name, so neither a copy nor a renamed
folder passes. Whether the owner lives is told by a lock on that file, which the system releases with the process,
however it ends. Nothing is removed without both.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import secrets
import shutil
import stat
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

_MARK = ".readingroom-owner"
_TOKEN = re.compile(r"[0-9a-f]{16}\Z")
_LONGEST = 1000  # bytes of the file
_ATTEMPTS = 20
# Regular files alone: no link is followed, no pipe waits for its other end. Windows has none of the first three.
_FLAGS = os.O_RDWR | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


class OwnedFolder:
    """A new folder (mode 0700) of a random name in ``parent``; gone with `remove`, or when Python ends.

    Parameters
    ----------
    prefix : what its name begins with

    Raises
    ------
    OSError : it cannot be made
    """

    def __init__(self, parent: Path, prefix: str) -> None:
        self.path, mark = _new(parent, prefix)
        self._remove = weakref.finalize(self, _release, self.path, mark, os.getpid())

    def remove(self) -> None:
        """Remove the folder and all in it. Doing it twice is no mistake."""
        self._remove()


def orphans(parent: Path, prefix: str) -> Iterator[Path]:
    """The folders of killed owners in ``parent``, one after the other; each is removed when the next is asked for."""
    try:
        names = sorted(os.listdir(parent))
    except OSError:
        return
    for name in names:
        with orphan(parent / name, prefix) as found:
            if found:
                yield parent / name


@contextlib.contextmanager
def orphan(folder: Path, prefix: str) -> Iterator[bool]:
    """True while a folder is held that is ours, and whose owner is gone; it is removed afterwards."""
    ours = folder.name.startswith(prefix) and _TOKEN.match(folder.name.removeprefix(prefix))
    mark = _mark_of_orphan(folder) if ours else None
    try:
        yield mark is not None
    finally:
        if mark is not None:
            _clear(folder, mark)


def _new(parent: Path, prefix: str) -> tuple[Path, int]:
    for _ in range(_ATTEMPTS):
        path = parent / f"{prefix}{secrets.token_hex(8)}"
        os.mkdir(path, 0o700)
        try:
            return path, _claim(path)
        except (FileNotFoundError, BlockingIOError):  # it was swept in the moment before it was claimed
            continue
        except OSError:  # a full disk
            with contextlib.suppress(OSError):
                os.unlink(path / _MARK)
            with contextlib.suppress(OSError):
                os.rmdir(path)
            raise
    raise OSError(f"no temporary folder could be made in {parent}")


def _claim(folder: Path) -> int:
    """Write the mark, and hold it open and locked."""
    mark = os.open(folder / _MARK, os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)
    try:
        try:
            _lock(mark)
        except BlockingIOError:
            raise
        except OSError:  # a file system without locks: nobody will take this folder for an orphan's
            pass
        text = _text(folder)
        if os.write(mark, text) < len(text):  # what a full disk had room for
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.stat(folder / _MARK)
    except OSError:
        os.close(mark)
        raise
    return mark


def _text(folder: Path) -> bytes:
    inode = os.lstat(folder).st_ino
    return (
        "A temporary folder of ReadingRoom, removed when the process that made it has ended.\n"
        f"{folder.name}\n{inode}\n{platform.node()}\n"
    ).encode(errors="surrogateescape")


def _mark_of_orphan(folder: Path) -> int | None:
    """The mark of a folder that is ours and whose owner is gone, open and locked; else None."""
    try:
        facts = os.lstat(folder)
        if not (stat.S_ISDIR(facts.st_mode) and _is_mine(facts, 0o700)):
            return None
        if not os.listdir(folder):  # its owner was killed before the mark was made: there is nothing to lose
            os.rmdir(folder)
            return None
        mark = os.open(folder / _MARK, _FLAGS)
    except OSError:
        return None
    try:
        facts = os.fstat(mark)
        if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1 and _is_mine(facts, 0o600):
            content = os.read(mark, _LONGEST)
            unfinished = content == b"" and os.listdir(folder) == [_MARK]
            if unfinished or content == _text(folder):
                _lock(mark)
                return mark
    except OSError:
        pass
    os.close(mark)
    return None


def _release(folder: Path, mark: int, process: int) -> None:
    if os.getpid() == process:  # where a forked child of the owner ends, the folder is not its to remove
        _clear(folder, mark)


def _clear(folder: Path, mark: int) -> None:
    """Remove all in the folder, the mark last: what is left of a removal that is cut short still has its proof."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.name != _MARK:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
    os.close(mark)  # Windows removes nothing that is open
    with contextlib.suppress(OSError):
        if set(os.listdir(folder)) <= {_MARK}:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(folder / _MARK)
            os.rmdir(folder)


if sys.platform == "win32":
    import msvcrt

    _BEHIND = 2**30  # what is locked cannot be read, so a byte behind the text is

    def _is_mine(facts: os.stat_result, mode: int) -> bool:
        return True  # folders for temporary files are each user's own, and there are no such modes

    def _lock(mark: int) -> None:
        here = os.lseek(mark, 0, os.SEEK_CUR)
        os.lseek(mark, _BEHIND, os.SEEK_SET)
        try:
            msvcrt.locking(mark, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(mark, here, os.SEEK_SET)

else:
    import fcntl

    def _is_mine(facts: os.stat_result, mode: int) -> bool:
        return facts.st_uid == os.getuid() and stat.S_IMODE(facts.st_mode) & 0o777 == mode

    def _lock(mark: int) -> None:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
