"""JSON from strangers: what a careless parser would let through is a ``ValueError``."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

_DEEPEST = 64  # lists and objects in one another; our own files need ten


def loads(data: bytes | str, *, file_names: bool = False) -> Any:
    """The value that the text holds.

    Parameters
    ----------
    file_names : text may be what UTF-8 cannot write (half a surrogate pair): a file of an old system is named so

    Raises
    ------
    ValueError : no JSON, no UTF-8, a name twice in one object, a number that is not finite or beyond 64 bits, half a
        surrogate pair, or nested more than `_DEEPEST` deep
    """
    text = data.decode("utf-8") if isinstance(data, bytes) else data
    try:
        value = json.loads(
            text,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_within_64_bits,
            object_pairs_hook=_without_twins,
        )
    except RecursionError as error:
        raise ValueError("It is nested too deep.") from error
    _refuse_depth(value)
    if "\\u" in text and not file_names:
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # a UnicodeEncodeError is a ValueError
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("It holds a number that is too large.")
    return number


def _within_64_bits(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        raise ValueError("It holds a whole number that is too large.")
    return int(text)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("It holds an object with the same name twice.")
    return found


def _refuse_depth(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise ValueError("It is nested too deep.")
