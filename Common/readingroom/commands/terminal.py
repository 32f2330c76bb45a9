"""What the commands say on a terminal. Nothing of it is a command to the terminal, wherever the text came from."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any, TextIO

from ..plain_text import one_line, plain

_standing = 0  # characters of the line that is to be written over


class PlainStream:
    """A text stream that writes harmful characters out; all else is that of the stream behind it."""

    def __init__(self, stream: TextIO):
        self.behind = stream

    def write(self, text: str) -> int:
        self.behind.write(plain(text.replace("\r\n", "\n")))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)


def guard() -> None:
    """From now on whatever this process prints is plain text: our lines, argparse's, tracebacks, those of libraries."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or isinstance(stream, PlainStream):
            continue
        if isinstance(stream, io.TextIOWrapper):  # a pipe may know fewer letters than the names of files have
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, PlainStream(stream))


def say(text: object) -> None:
    """One line on standard output."""
    _wipe()
    print(one_line(str(text)))


def complain(text: object) -> None:
    """One line on standard error."""
    _wipe()
    print(one_line(str(text)), file=sys.stderr)


def over_write(text: str, width: int) -> None:
    """A line on standard error in place of the last one that was written so; what is said next takes its place."""
    global _standing
    shown = one_line(text)[:width]
    behind: Callable[[str], Any] = getattr(sys.stderr, "behind", sys.stderr).write
    behind(f"\r{shown:<{width}}\r")
    sys.stderr.flush()
    _standing = len(shown)


def _wipe() -> None:
    if _standing and sys.stderr.isatty():
        over_write("", _standing)
