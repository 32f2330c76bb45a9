"""Where bundles live: those that ship with ReadingRoom and those that the user installed."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from .. import folders
from ..errors import BundleError, ReadingRoomError
from ..staging import sweep
from . import archive, bundle, paths, verification
from .metadata import BundleMetadata
from .write import refuse_occupied


@dataclass(frozen=True)
class Installed:
    """One folder of the stores: its bundle, or the sentence that says why it cannot be used."""

    name: str
    folder: Path
    shipped: bool
    bundle: bundle.Bundle | None
    problem: str = ""

    @property
    def metadata(self) -> BundleMetadata | None:
        """What the bundle says of itself; None when it is damaged."""
        return self.bundle.metadata if self.bundle else None


def shipped_folder() -> Path:
    """The bundles inside this package."""
    return Path(__file__).parent / "shipped"


def user_folder() -> Path:
    """The bundles of this user: ``bundles`` in $READINGROOM_HOME, else in the platform's folder for user data."""
    if home := os.environ.get("READINGROOM_HOME"):
        return Path(home).expanduser() / "bundles"
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = Path.home() / "Library" / "Application Support"
    else:  # XDG base directories; relative paths are to be ignored
        named = Path(os.environ.get("XDG_DATA_HOME", ""))
        data = named if named.is_absolute() else Path.home() / ".local" / "share"
    return data / "ReadingRoom" / "bundles"


def installed() -> list[Installed]:
    """Every bundle, shipped ones first, then by name. A damaged one is listed with its problem.

    A user's bundle of the same name as a shipped one is the one that `find` gives; both are listed.
    """
    return [_examine(folder, shipped) for store, shipped in _stores() for folder in _folders(store)]


def find(name_or_path: str | Path) -> bundle.Bundle:
    """The verified bundle of this name, or in this folder: whatever is no plain name, such as ``./mine``, is a path.

    Raises
    ------
    BundleError : there is none, or it is damaged
    """
    wanted = str(name_or_path)
    if is_path(wanted):
        return bundle.load(Path(wanted))
    for store, _ in reversed(_stores()):
        if wanted and (store / wanted).is_dir():
            return bundle.load(store / wanted)
    names = sorted({entry.name for entry in installed()})
    known = f"Installed are: {', '.join(names)}." if names else "No bundle is installed."
    raise BundleError(f"There is no bundle named '{name_or_path}'. {known}")


def is_path(name_or_path: str) -> bool:
    """Whether this names a folder, not an installed bundle."""
    return any(separator in name_or_path for separator in "/\\:") or name_or_path in (".", "..")


def install(source: Path | str, *, replace: bool = False) -> bundle.Bundle:
    """Verify a bundle folder or its zip and put it into the user's store, under the name in its metadata.

    Installing what is there already changes nothing.

    Raises
    ------
    BundleError : the source is missing, damaged or unsafe, or another version is installed and ``replace`` is False
    OutputError : the store is read-only or the disk is full, or something else has the bundle's name there; nothing is
        half-installed
    """
    source = Path(source)
    if source.is_dir():
        return _install_folder(bundle.load(source), replace)
    if not source.exists():
        raise BundleError(f"There is no file or folder {source}.")
    with folders.scratch(user_folder()) as scratch:
        return _install_folder(bundle.load(archive.unpack(source, scratch / source.stem)), replace)


def remove(name: str) -> None:
    """Remove a bundle, damaged or not, from the user's store.

    Raises
    ------
    BundleError : there is none of this name, it ships with ReadingRoom, or the folder was never a bundle
    OutputError : the store is read-only, or the bundle is in use
    """
    folder = next((f for f in _folders(user_folder()) if f.name == name), None)
    if folder is not None:
        if not any((folder / known).is_file() for known in (paths.SUMS, paths.METADATA)):
            raise BundleError(f"{folder} is no bundle and is not removed.")
        folders.remove(folder)
    elif any(f.name == name for f in _folders(shipped_folder())):
        raise BundleError(f"The bundle '{name}' ships with ReadingRoom and cannot be removed.")
    else:
        raise BundleError(f"There is no installed bundle named '{name}'.")


def _stores() -> list[tuple[Path, bool]]:
    sweep(user_folder())  # an installation that was killed is completed
    return [(shipped_folder(), True), (user_folder(), False)]


def _folders(store: Path) -> list[Path]:
    try:
        return sorted(f for f in store.iterdir() if f.is_dir() and not f.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _examine(folder: Path, shipped: bool) -> Installed:
    try:
        found = bundle.load(folder)
        _require_own_name(found)
        return Installed(folder.name, folder, shipped, found)
    except ReadingRoomError as error:
        return Installed(folder.name, folder, shipped, None, str(error))


def _require_own_name(found: bundle.Bundle) -> None:
    if found.folder.name != found.metadata.name:
        raise BundleError(
            f"The folder '{found.folder.name}' holds the bundle '{found.metadata.name}'; give it the bundle's name."
        )


def _install_folder(source: bundle.Bundle, replace: bool) -> bundle.Bundle:
    name = source.metadata.name
    target = user_folder() / name
    for store, _ in _stores():
        if (there := _if_whole(store / name)) and there.sha256 == source.sha256:
            return there
    if target.exists() and not replace:
        there = _if_whole(target)
        version = f"version {there.metadata.version}" if there else "a damaged copy"
        raise BundleError(
            f"The bundle '{name}' is already installed as {version}, with other content than this version "
            f"{source.metadata.version}; confirm that it is to be replaced."
        )
    refuse_occupied(target)
    with folders.atomic_directory(target) as staging:
        for path in (*source.files, paths.SUMS):
            (staging / path).parent.mkdir(parents=True, exist_ok=True)
            with verification.open_file(source.folder, path) as (file, _), (staging / path).open("xb") as copy:
                shutil.copyfileobj(file, copy)
        if bundle.load(staging).sha256 != source.sha256:
            raise BundleError(f"The bundle '{name}' changed while it was being installed.")
    return bundle.load(target)


def _if_whole(folder: Path) -> bundle.Bundle | None:
    try:
        return bundle.load(folder)
    except BundleError:
        return None
