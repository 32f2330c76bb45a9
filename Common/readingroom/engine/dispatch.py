"""From the name of a call to its answer; the same for the worker and for work in this process.

A registry of calls is a mapping of name to ``function(arguments, progress) -> JSON value``.
"""

from __future__ import annotations

import errno
import importlib
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import EngineError, OutputError, ReadingRoomError, SetupError
from ..progress import Progress
from . import protocol

Calls = Mapping[str, Callable[[dict[str, Any], Progress], Any]]

OUR_CALLS = "readingroom.calls:CALLS"

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def load_calls(where: str) -> Calls:
    """The registry at ``package.module:NAME``. Given on a command line or in code, never by a bundle or over a pipe."""
    module, _, name = where.partition(":")
    return getattr(importlib.import_module(module), name)


def perform(where: str, name: str, arguments: dict[str, Any], progress: Progress) -> Any:
    """Do the call and give its value, a plain JSON value.

    Raises
    ------
    ReadingRoomError : whatever went wrong, in a sentence
    """
    try:
        calls = load_calls(where)
        if name not in calls:
            raise EngineError(f"The reading process knows no work named '{name}'.")
        value = calls[name](arguments, progress)
    except (Exception, SystemExit) as error:  # SystemExit: a library must not end the worker
        raise understood(error) from error
    try:
        return protocol.decode(protocol.encode({"value": value}))["value"]
    except (TypeError, ValueError, RecursionError) as error:
        raise EngineError(
            f"The work '{name}' was done, but its answer could not be handed over.", _trace(error)
        ) from error


def understood(error: BaseException) -> ReadingRoomError:
    """The error in a sentence: itself when it has one, else one for its kind, with the traceback as detail."""
    if isinstance(error, ReadingRoomError):
        return error
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return OutputError("The disk is full, so the work could not be finished: free some space and try again.")
    if isinstance(error, MemoryError):
        return EngineError("The computer ran out of memory during this work: close other programs.", _trace(error))
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("readingroom"):
        return SetupError(f"The package '{error.name}' is missing: set up Reading Room first.")
    return EngineError("Something unforeseen went wrong during this work; the details tell what.", _trace(error))


def _trace(error: BaseException) -> str:
    """The traceback, without the values of any variable."""
    return "".join(traceback.format_exception(error))
