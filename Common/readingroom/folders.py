"""Folders, and files that belong together, that are there whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import OutputError
from .files import cannot_write
from .staging import Staging, sweep


@contextmanager
def atomic_files(folder: Path, earlier: Callable[[], Collection[str]] | None = None, last: str = "") -> Iterator[Path]:
    """A new empty folder for the files of one result; they lie in ``folder`` together or not at all.

    When the block ends well, what it wrote takes the place of the ``earlier`` files, which are gone before the first
    new one is there; other files stay. When it fails, everything stays as it was. After a kill some of the earlier or
    some of the new files may be there, never both; whoever writes there next completes what was begun.

    Parameters
    ----------
    folder : made when missing
    earlier : tells, when the time has come, the names of files that leave beside those that are replaced
    last : the name of the file that tells people and programs that the result is there

    Raises
    ------
    OutputError : the folder is no folder or read-only, the disk is full, or an earlier file is in use
    """
    with _staged(folder, folder) as staged:
        yield staged.new
        staged.take_place(earlier, last)


@contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
    """A new empty folder of the same name, hidden beside ``target``, that takes the place of ``target``.

    Raises
    ------
    OutputError : the parent is no folder or read-only, the disk is full, or an earlier ``target`` is in use
    """
    with _staged(target.parent, target) as staged:
        folder = staged.new / target.name
        folder.mkdir()
        yield folder
        staged.take_place()


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A new empty hidden folder in ``parent``, gone when the block ends.

    Raises
    ------
    OutputError : the parent is no folder or read-only, or the disk is full
    """
    with _staged(parent, parent) as staged:
        yield staged.new


def remove(target: Path) -> None:
    """Remove a folder in one step: it first leaves its place, so that nobody finds half of it.

    Raises
    ------
    OutputError : it is in use or read-only
    """
    try:
        staged = Staging(target.parent)
        try:
            target.rename(staged.new / target.name)
        finally:
            staged.remove()
    except OSError as error:
        raise OutputError(f"Cannot remove {target}: {(error.strerror or str(error)).lower()}.") from error


@contextmanager
def _staged(parent: Path, what: Path) -> Iterator[Staging]:
    staged = None
    try:
        parent.mkdir(parents=True, exist_ok=True)
        sweep(parent)
        staged = Staging(parent)
        yield staged
    except OSError as error:
        raise cannot_write(what, error) from error
    finally:
        if staged is not None:
            staged.remove()


@contextmanager
def no_empty_folder_stays(*folders: Path) -> Iterator[None]:
    """When the block fails, those of the folders that it made and left empty are removed, the first one first."""
    new = [folder for folder in folders if not folder.exists()]
    try:
        yield
    except BaseException:
        for folder in new:
            with suppress(OSError):  # it was never made, or holds what is kept for the next run
                folder.rmdir()
        raise
