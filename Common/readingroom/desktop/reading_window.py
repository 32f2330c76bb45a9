"""The window that images are shown in while a module is open, and the person's own window after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import slicer

from ..readers.base import Reader
from ..readers.description import DisplayWindow, PercentileWindow

_SAMPLES = 500_000  # voxels that percentiles are taken from, on an even grid
_LEAST_WIDTH = 1e-6  # of an image with one value


@dataclass
class _Earlier:
    """How an image was displayed, and how it has been since."""

    display: Any
    automatic: bool
    width: float
    level: float
    shown: tuple[float, float]


class ReadingWindow:
    """Shows the images of a reader in one of the windows that it names, and undoes that.

    A window that a person sets by hand meanwhile is left as it is.

    Parameters
    ----------
    reader : its image roles say which windows there are
    """

    def __init__(self, reader: Reader) -> None:
        self._windows = {role.name: {one.title: one for one in role.windows} for role in reader.images}
        self.titles = list(dict.fromkeys(title for windows in self._windows.values() for title in windows))
        self.chosen = self.titles[0] if self.titles else ""  # empty: as the person displays it
        self._in_use = False
        self._earlier: dict[str, _Earlier] = {}  # by ID of the volume node

    def use(self, images: Mapping[str, Any]) -> None:
        """Begin to show images, volume nodes by role, in the chosen window."""
        self._in_use = True
        self.show(images)

    def show(self, images: Mapping[str, Any]) -> None:
        """Show other images so, and give those that are no longer among them their own window back, while in use."""
        if not self._in_use:
            return
        kept = {volume.GetID() for volume in images.values()}
        for key in [key for key in self._earlier if key not in kept]:
            self._give_back(key)
        for role, volume in images.items():
            window = self._windows[role].get(self.chosen)
            display = volume.GetScalarVolumeDisplayNode()
            if window is not None and display is not None and volume.GetID() not in self._earlier:
                self._apply(volume.GetID(), display, *_width_and_level(window, volume))

    def choose(self, title: str, images: Mapping[str, Any]) -> None:
        """Use another window from now on; an empty title shows everything as the person displays it."""
        self.chosen = title
        for key in list(self._earlier):
            self._give_back(key, always=True)
        self.show(images)

    def leave(self) -> None:
        """Give every image its own window back."""
        self._in_use = False
        for key in list(self._earlier):
            self._give_back(key)

    def _apply(self, key: str, display: Any, width: float, level: float) -> None:
        automatic = bool(display.GetAutoWindowLevel())
        self._earlier[key] = _Earlier(display, automatic, display.GetWindow(), display.GetLevel(), (width, level))
        display.AutoWindowLevelOff()
        display.SetWindowLevel(width, level)

    def _give_back(self, key: str, always: bool = False) -> None:
        earlier = self._earlier.pop(key)
        display = earlier.display
        if display.GetScene() is None:
            return
        if always or (display.GetWindow(), display.GetLevel()) == earlier.shown:
            display.SetWindowLevel(earlier.width, earlier.level)
            display.SetAutoWindowLevel(earlier.automatic)


def _width_and_level(window: DisplayWindow | PercentileWindow, volume: Any) -> tuple[float, float]:
    if isinstance(window, DisplayWindow):
        return window.width, window.level
    import numpy as np

    values = slicer.util.arrayFromVolume(volume)
    step = max(round((values.size / _SAMPLES) ** (1 / 3)), 1)
    low, high = np.percentile(values[::step, ::step, ::step], (window.low, window.high))
    return max(float(high - low), _LEAST_WIDTH), float(low + high) / 2
