"""What holds for all studies on this computer, kept in Slicer's own settings."""

from __future__ import annotations

import os

import slicer

from .parameters import DEVICES, PAGE_SIZES

_DEVICE = "ReadingRoom/Device"
_PAGE_SIZE = "ReadingRoom/PageSize"
_BUNDLE_FOLDER = "ReadingRoom/BundleFolder"
_READING_LAYOUT = "ReadingRoom/ReadingLayout"
_IMAGE_TYPES = "ReadingRoom/ImageTypes"


def device() -> str:
    """Where a new scene's reads run: one of `parameters.DEVICES`."""
    return _one_of(DEVICES, _DEVICE)


def set_device(name: str) -> None:
    """Let new scenes read on this device."""
    slicer.app.userSettings().setValue(_DEVICE, name)


def page_size() -> str:
    """The page size of reports in a new scene: one of `parameters.PAGE_SIZES`."""
    return _one_of(PAGE_SIZES, _PAGE_SIZE)


def set_page_size(name: str) -> None:
    """Let new scenes write reports of this page size."""
    slicer.app.userSettings().setValue(_PAGE_SIZE, name)


def reading_layout() -> bool:
    """Whether modules arrange the views for reading while they are open."""
    return bool(slicer.util.settingsValue(_READING_LAYOUT, True, converter=slicer.util.toBool))


def set_reading_layout(used: bool) -> None:
    """Let modules arrange the views for reading, or not."""
    slicer.app.userSettings().setValue(_READING_LAYOUT, used)


def image_types() -> str:
    """The image types that are measured, as `features.image_types` writes them; empty for the default."""
    return str(slicer.app.userSettings().value(_IMAGE_TYPES, "") or "")


def set_image_types(text: str) -> None:
    """Measure these image types from now on."""
    slicer.app.userSettings().setValue(_IMAGE_TYPES, text)


def bundle_folder() -> str:
    """The folder that installed bundles go to; empty for the platform's own place."""
    return str(slicer.app.userSettings().value(_BUNDLE_FOLDER, "") or "")


def set_bundle_folder(folder: str) -> None:
    """Keep bundles in this folder from now on; empty returns to the platform's own place. What is there stays there."""
    slicer.app.userSettings().setValue(_BUNDLE_FOLDER, folder)
    if folder:
        os.environ["READINGROOM_HOME"] = folder
    else:
        os.environ.pop("READINGROOM_HOME", None)


def apply() -> None:
    """Make the store and the worker process see the chosen bundle folder. An environment variable set outside wins."""
    if bundle_folder():
        os.environ.setdefault("READINGROOM_HOME", bundle_folder())


def _one_of(names: list[str], key: str) -> str:
    value = str(slicer.app.userSettings().value(key, names[0]))
    return value if value in names else names[0]
