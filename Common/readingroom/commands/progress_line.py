"""Progress on a terminal, and a line now and then where standard error is a file or a pipe."""

from __future__ import annotations

import shutil
import sys
import time

from .terminal import complain, over_write

_SECONDS = 15.0  # between two lines of a file


class ProgressLine:
    """One line on a terminal that is written over; in a file a new line after each quarter of a minute.

    What takes less than that leaves no line in a file.
    """

    def __enter__(self) -> ProgressLine:
        self._terminal = sys.stderr.isatty()
        self._said = time.monotonic()
        return self

    def show(self, fraction: float, sentence: str) -> None:
        if self._terminal:
            filled = round(20 * fraction)
            self._write(f"[{'#' * filled}{'.' * (20 - filled)}] {sentence}")
        elif time.monotonic() - self._said >= _SECONDS:
            self._said = time.monotonic()
            complain(f"{fraction:4.0%} {sentence}")

    def __exit__(self, *_: object) -> None:
        if self._terminal:
            self._write("")

    def _write(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1  # a longer line would wrap and stay
        over_write(text, width)
