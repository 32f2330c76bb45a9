"""A temporary folder for one client, readable by its user alone, that never outlives its use.

A client that is killed cannot tidy up, so each new folder first sweeps away those whose owner is gone.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..errors import OutputError
from ..owned_folder import OwnedFolder, orphan, orphans

_PREFIX = "readingroom-"


class PrivateFolder:
    """A private folder (mode 0700), made when it is first asked for; gone with `remove`, or when Python ends."""

    def __init__(self) -> None:
        self._folder: OwnedFolder | None = None

    @property
    def path(self) -> Path:
        """The folder. It is made anew when it was removed, by us or by a system that tidies up after some days.

        Raises
        ------
        OutputError : it cannot be made
        """
        if self._folder is None or not self._folder.path.exists():
            self.remove()
            try:
                root = Path(tempfile.gettempdir())
                sweep(root)
                self._folder = OwnedFolder(root, _PREFIX)
            except OSError as error:
                raise OutputError("No temporary folder could be made: the disk is full or read-only.") from error
        return self._folder.path

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
        if self._folder is not None:
            self._folder.remove()
        self._folder = None


def sweep(root: Path) -> None:
    """Remove the private folders under ``root`` whose owner is gone; what cannot be removed stays."""
    for _ in orphans(root, _PREFIX):
        pass


def remove_orphan(folder: Path) -> None:
    """Remove a private folder if its owner is gone."""
    with orphan(folder, _PREFIX):
        pass
