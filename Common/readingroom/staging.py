"""Files and folders that wait in a hidden folder until all of them can take their place together.

What is to happen is written down before the first file is moved. Then what they replace leaves, all of it, before the
first new one arrives: whatever ends the process, files of two patients never lie side by side. `sweep`, which everybody
calls who writes into the folder next, completes what was written down and removes what was left behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import json
import os
import stat
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .owned_folder import OwnedFolder, orphans
from .regular_file import read_regular

_PREFIX = ".scratch-"
_PLAN = "plan.json"
_TURN_SECONDS = 60.0  # a move takes milliseconds; who holds its turn longer hangs


class Staging(OwnedFolder):
    """A hidden folder in ``parent`` with a folder ``new`` for what is to lie in ``parent``.

    Raises
    ------
    OSError : it cannot be made
    """

    def __init__(self, parent: Path) -> None:
        super().__init__(parent, _PREFIX)
        self.new = self.path / "new"
        self.earlier = self.path / "earlier"
        self.new.mkdir()

    def take_place(self, earlier: Callable[[], Collection[str]] | None = None, last: str = "") -> None:
        """Move everything in ``new`` into the parent folder.

        Parameters
        ----------
        earlier : the names of files that leave, asked for when nobody else moves files there, beside those that are
            replaced; others stay
        last : the name of the file that arrives after all others, and leaves after them

        Raises
        ------
        OSError : it cannot be done; everything is as it was
        """
        _sync(self.new)
        parent = self.path.parent
        with _turn(parent):
            plan = _plan(self.new, parent, earlier() if earlier is not None else (), last)
            waiting = self.path / f"{_PLAN}.new"
            waiting.write_text(json.dumps(plan.to_json()), encoding="utf-8")
            _sync(self.path)
            waiting.replace(self.path / _PLAN)
            _follow(plan, self.path)


def sweep(parent: Path) -> None:
    """Complete what killed processes had begun to move in ``parent``, and remove their hidden folders."""
    for folder in orphans(parent, _PREFIX):
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):  # without a plan nothing was moved
            plan = _Plan.from_json(json.loads(read_regular(folder / _PLAN)))
            with _turn(parent):
                _follow(plan, folder)


@dataclass(frozen=True)
class _Plan:
    """What leaves, in this order, and what arrives, in this order, each with its inode: by it one sees what is done."""

    leaving: tuple[str, ...]
    arriving: tuple[tuple[str, int], ...]

    def to_json(self) -> dict[str, object]:
        return {"leaving": self.leaving, "arriving": self.arriving}

    @classmethod
    def from_json(cls, data: Any) -> _Plan:
        plan = cls(tuple(map(str, data["leaving"])), tuple((str(name), int(inode)) for name, inode in data["arriving"]))
        for name in (*plan.leaving, *dict(plan.arriving)):
            if name in ("", ".", "..") or Path(name).name != name:
                raise ValueError(f"{name} is no plain name.")
        return plan


def _plan(new: Path, parent: Path, earlier: Collection[str], last: str) -> _Plan:
    """Folders arrive first: they are exchanged in one step where the system can do that.

    Raises
    ------
    OSError : something of another kind has the name of what arrives
    """
    kinds = {path.name: _kind(path) for path in new.iterdir()}
    for name, kind in kinds.items():
        if _kind(parent / name) not in ("", kind) and not (parent / name).is_symlink():
            raise OSError(errno.EEXIST, f"{name} there is no {kind}")
    arriving = sorted(kinds, key=lambda name: (name == last, kinds[name] != "folder", name))
    leaving = [name for name in sorted({*kinds, *earlier}) if _kind(parent / name) == "file"]
    leaving.sort(key=lambda name: name == last)
    return _Plan(tuple(leaving), tuple((name, _inode(new / name)) for name in arriving))


def _follow(plan: _Plan, folder: Path) -> None:
    """Do what is not done yet of a plan. On an error everything goes back.

    Raises
    ------
    OSError : it cannot be done
    """
    parent, new, earlier = folder.parent, folder / "new", folder / "earlier"
    earlier.mkdir(exist_ok=True)
    back: list[Callable[[], object]] = []

    def move(source: Path, target: Path) -> None:
        source.rename(target)
        back.append(lambda: target.rename(source))

    try:
        if not any(_inode(parent / name) == inode for name, inode in plan.arriving):
            for name in plan.leaving:
                if _kind(parent / name) == "file":
                    move(parent / name, earlier / name)
            sync_folder(parent)
        for name, inode in plan.arriving:
            if _inode(parent / name) == inode:
                continue
            if _kind(parent / name):  # a folder
                if _exchange(new / name, parent / name):
                    back.append(functools.partial(_exchange, new / name, parent / name))
                    continue
                move(parent / name, earlier / name)
            move(new / name, parent / name)
        sync_folder(parent)
    except OSError:
        for undo in reversed(back):
            with contextlib.suppress(OSError):
                undo()
        raise


def _kind(path: Path) -> str:
    """``file`` (a link is one: what it points at is never touched), ``folder``, or another; empty where nothing is."""
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) or stat.S_ISLNK(mode) else "device"


def _inode(path: Path) -> int:
    """0 where nothing is."""
    try:
        return os.lstat(path).st_ino
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where the system or the file system cannot."""
    swap = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return bool(library.renamex_np(os.fsencode(one), os.fsencode(other), swap) == 0)
        here = -100  # AT_FDCWD: the paths count from the current folder
        return bool(library.renameat2(here, os.fsencode(one), here, os.fsencode(other), swap) == 0)
    except (AttributeError, OSError, TypeError):  # Windows, or a C library from before 2018
        return False


def _sync(folder: Path) -> None:
    for root, _, names in os.walk(folder):
        for name in names:
            sync_file(Path(root, name))
        sync_folder(Path(root))


def sync_file(path: Path) -> None:
    """Make sure that what a file holds survives a power cut."""
    with path.open("r+b") as file:  # Windows syncs only what is open for writing
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder survive a power cut."""
    if sys.platform == "win32":  # has no such thing
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Nobody else moves files in ``folder`` meanwhile.

    Raises
    ------
    OSError : somebody does, and does not end
    """
    end = time.monotonic() + _TURN_SECONDS
    with contextlib.ExitStack() as held:
        while not _locked(folder, held):
            if time.monotonic() > end:
                raise OSError(errno.EBUSY, "another program writes there and does not end")
            time.sleep(0.01)
        yield


if sys.platform == "win32":
    import msvcrt

    def _locked(folder: Path, held: contextlib.ExitStack) -> bool:
        try:
            handle = os.open(folder / f"{_PREFIX}lock", os.O_CREAT | os.O_RDWR | os.O_TEMPORARY)
        except PermissionError:  # the one who had it is just leaving
            return False
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            os.close(handle)
            return False
        held.callback(os.close, handle)
        return True

else:
    import fcntl

    def _locked(folder: Path, held: contextlib.ExitStack) -> bool:
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        except OSError:  # a file system without locks
            pass
        held.callback(os.close, handle)
        return True
