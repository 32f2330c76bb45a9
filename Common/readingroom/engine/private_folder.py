"""A temporary folder for one client, readable by its user alone, that never outlives its use.

A client that is killed cannot tidy up, so each new folder first sweeps away those whose owner is gone. Whether the
owner lives is told by a lock on the file ``owner`` inside, which the system releases with the process, however it ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
import time
import weakref
from pathlib import Path

from ..errors import OutputError

_PREFIX = "readingroom-"
_OWNER = "owner"
_UNFINISHED_SECONDS = 3600  # a folder without owner file is younger than this while it is being made


class PrivateFolder:
    """A private folder (mode 0700), made when it is first asked for; gone with `remove`, or when Python ends."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._remove: weakref.finalize | None = None

    @property
    def path(self) -> Path:
        """The folder. It is made anew when it was removed, by us or by a system that tidies up after some days.

        Raises
        ------
        OutputError : it cannot be made
        """
        if self._path is None or not self._path.exists():
            self.remove()
            try:
                root = Path(tempfile.gettempdir())
                sweep(root)
                self._path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))  # mkdtemp makes it 0700
                self._remove = weakref.finalize(self, _release, self._path, _own(self._path), os.getpid())
            except OSError as error:
                raise OutputError("No temporary folder could be made: the disk is full or read-only.") from error
        return self._path

    def new_subfolder(self, name: str) -> Path:
        """A new folder of that name inside.

        Raises
        ------
        OutputError : it cannot be made
        """
        subfolder = self.path / name
        try:
            subfolder.mkdir(mode=0o700)
        except OSError as error:
            raise OutputError("No temporary folder could be made: the disk is full or read-only.") from error
        return subfolder

    def remove(self) -> None:
        """Remove the folder and all in it. Doing it twice is no mistake."""
        if self._remove is not None:
            self._remove()
        self._path = self._remove = None


def sweep(root: Path) -> None:
    """Remove the private folders under ``root`` whose owner is gone; what cannot be removed stays."""
    with contextlib.suppress(OSError):
        for folder in root.glob(f"{_PREFIX}*"):
            remove_orphan(folder)


def remove_orphan(folder: Path) -> bool:
    """Remove ``folder`` if it is one of ours and its owner is gone; True when it was and is removed."""
    try:
        facts = folder.lstat()
        mine = sys.platform == "win32" or facts.st_uid == os.getuid()
        if not (folder.name.startswith(_PREFIX) and stat.S_ISDIR(facts.st_mode) and mine):
            return False
        if not (folder / _OWNER).exists():
            if time.time() - facts.st_mtime < _UNFINISHED_SECONDS:
                return False
        elif _owned(folder / _OWNER):
            return False
    except OSError:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _release(folder: Path, owner: int, process: int) -> None:
    if os.getpid() != process:  # a forked child of the owner ends: the folder is not its to remove
        return
    os.close(owner)
    shutil.rmtree(folder, ignore_errors=True)


if sys.platform == "win32":

    def _own(folder: Path) -> int:
        return os.open(folder / _OWNER, os.O_CREAT | os.O_RDWR)

    def _owned(owner: Path) -> bool:
        try:
            owner.unlink()  # Windows refuses while somebody has it open
        except PermissionError:
            return True
        return False

else:
    import fcntl

    def _own(folder: Path) -> int:
        unlocked = folder / f"{_OWNER}.new"
        descriptor = os.open(unlocked, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        unlocked.rename(folder / _OWNER)  # it appears locked, so nobody can sweep it in between
        return descriptor

    def _owned(owner: Path) -> bool:
        descriptor = os.open(owner, os.O_RDWR | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False
