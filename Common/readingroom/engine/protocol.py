"""What the client and its worker say to each other: one ASCII JSON object per line.

To the worker:    ``{"id": 3, "call": "read", "arguments": {...}}``
From the worker:  ``{"heartbeat": true}`` while it lives;
                  ``{"id": 3, "acknowledged": true}`` when a request has arrived (a launcher may not pass it on);
                  ``{"id": 3, "fraction": 0.4, "sentence": "..."}`` as it goes on;
                  ``{"id": 3, "partial": ...}`` when there is a first value and the work goes on;
                  ``{"id": 3, "value": ...}`` or ``{"id": 3, "error": {...}}`` at the end, the latter with
                  ``"hung": true`` when the worker cannot go on after it.

Pixels never go through the pipe: they go by files in the client's private folder.
"""

from __future__ import annotations

import json
from typing import Any

from .. import errors, records, strict_json
from ..errors import EngineError, ReadingRoomError, RefusedError

_LONGEST_SENTENCE, _LONGEST_DETAIL = 4_000, 100_000  # letters; an exception may quote what it choked on

LINE_LIMIT = 16 * 1024 * 1024  # bytes; a Reading has some ten thousand


class ProtocolError(ValueError):
    """A line that is not a message: broken, too long, or no JSON object."""


def encode(message: dict[str, Any]) -> bytes:
    """The message as one line.

    Raises
    ------
    TypeError, ValueError : something in it is no JSON value (an array, NaN, a path), or it is larger than `LINE_LIMIT`
    """
    # ASCII: no code page between the two processes can change it.
    line = json.dumps(message, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"
    if len(line) > LINE_LIMIT:
        raise ValueError(f"A message of {len(line)} bytes is too large for the pipe; large data go by files.")
    return line


def decode(line: bytes) -> dict[str, Any]:
    """The message on a line that was read with at most ``LINE_LIMIT + 1`` bytes.

    Raises
    ------
    ProtocolError : it is none
    """
    if len(line) > LINE_LIMIT:
        raise ProtocolError(f"A line is longer than {LINE_LIMIT} bytes.")
    try:
        message = strict_json.loads(line, file_names=True)
    except ValueError as problem:
        raise ProtocolError(f"A line of {len(line)} bytes is no JSON.") from problem
    if not isinstance(message, dict):
        raise ProtocolError("A line is JSON, but no object.")
    return message


def error_to_json(error: ReadingRoomError) -> dict[str, Any]:
    """Kind and sentence, with the checks of a `RefusedError` and the detail of an `EngineError`; none is endless."""
    data: dict[str, Any] = {"kind": _kind(error), "sentence": str(error)[:_LONGEST_SENTENCE]}
    if isinstance(error, RefusedError):
        data["checks"] = records.to_json(error.checks)
    if isinstance(error, EngineError):
        data["detail"] = error.detail[-_LONGEST_DETAIL:]
    return data


def error_from_json(data: Any) -> ReadingRoomError:
    """Rebuild what `error_to_json` wrote.

    Raises
    ------
    ProtocolError : it is not such a description
    """
    try:
        kind, sentence = data["kind"], data["sentence"]
        error_class = _classes()[kind]
        if not isinstance(sentence, str):
            raise TypeError("The sentence is no text.")
        if error_class is RefusedError:
            from ..reading import Check

            return RefusedError(sentence, tuple(records.from_json(Check, check) for check in data["checks"]))
        if error_class is EngineError:
            return EngineError(sentence, str(data["detail"]))
        return error_class(sentence)
    except (KeyError, TypeError, ValueError) as problem:
        raise ProtocolError("An error arrived that cannot be understood.") from problem


def _classes() -> dict[str, type[ReadingRoomError]]:
    return {
        name: item
        for name, item in vars(errors).items()
        if isinstance(item, type) and issubclass(item, ReadingRoomError)
    }


def _kind(error: ReadingRoomError) -> str:
    """The nearest class that the other side has too: a subclass made elsewhere travels as its base."""
    known = _classes()
    return next(kind.__name__ for kind in type(error).__mro__ if known.get(kind.__name__) is kind)
