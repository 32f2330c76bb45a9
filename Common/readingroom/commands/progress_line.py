"""Progress on a terminal."""

from __future__ import annotations

import shutil
import sys

from .terminal import over_write


class ProgressLine:
    """One line on a terminal that is written over; silent when standard error is a file."""

    def __enter__(self) -> ProgressLine:
        self._terminal = sys.stderr.isatty()
        return self

    def show(self, fraction: float, sentence: str) -> None:
        filled = round(20 * fraction)
        self._write(f"[{'#' * filled}{'.' * (20 - filled)}] {sentence}")

    def __exit__(self, *_: object) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1  # a longer line would wrap and stay
            over_write(text, width)
