"""What the user can fix. Each error carries one sentence that a radiologist understands.

What *we* broke raises as it is (``ValueError``, ``KeyError`` ...) and is never dressed up as one of these.
"""

from .plain_text import one_line


class ReadingRoomError(Exception):
    """Base of every failure that the user can do something about. ``str(error)`` is the sentence to show.

    Parameters
    ----------
    sentence : what to tell the user
    detail : for a bug report, such as a traceback or the last lines that a process printed; empty when there is nothing
    """

    def __init__(self, sentence: str = "", detail: str = ""):
        super().__init__(one_line(sentence))  # it quotes names of files, headers and servers
        self.detail = detail


class InputError(ReadingRoomError):
    """The study cannot be read: damaged, empty, wrong kind of file, no pixels."""


class RefusedError(ReadingRoomError):
    """A ``stop`` check ended the read before any number was shown; ``checks`` says why.

    Parameters
    ----------
    sentence : what to tell the user
    checks : the `readingroom.reading.Check` results up to and including the one that stopped the read
    """

    def __init__(self, sentence: str, checks: tuple = ()):  # Check lives in reading.py, which imports this file
        super().__init__(sentence)
        self.checks = tuple(checks)


class BundleError(ReadingRoomError):
    """A bundle is damaged, unsafe, made for another reader, or not installed."""


class OutputError(ReadingRoomError):
    """The results cannot be written: folder missing or read-only, disk full."""


class SetupError(ReadingRoomError):
    """Something must be installed first (torch, MONAI, a DICOM decoder, ...)."""


class DownloadError(ReadingRoomError):
    """A bundle or weights could not be fetched: no network, proxy refused, wrong hash."""


class EngineError(ReadingRoomError):
    """The worker process died, hung or could not start, or a call failed unexpectedly."""


class CancelledError(ReadingRoomError):
    """The user canceled the work."""
