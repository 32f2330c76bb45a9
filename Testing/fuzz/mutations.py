"""Small and large damage to bytes and texts, the same for the same random numbers."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
TEXTS = (
    "", " ", "-1", "0", "1e308", "1e999", "nan", "NaN", "inf", "-Infinity", "1" * 5000, "9" * 400, "0.0", "1,5", "null",
    "[]", "{}", '"', "'", ",", ";", "\t", "\n", "\r\n", "\x00", "\x1b[31m", "\ud800", "\ufeff", "é", "ﬁ", "１２", "́",
    "=1+1", "@x", "../../x", "/dev/zero", "CON", "a" * 70000, "\\", "%s", "${x}", "🩻", "‮",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 10**400, 0.0, -0.0, 1e308, float("nan"), float("inf"), "", "x", "\ud800",
    "a" * 10000, [], {}, [[]], [0] * 1000, {"a": {}}, [None], "2020-13-45", "../x", "=1",
)  # fmt: skip

Bytes = Callable[[bytearray, random.Random, Sequence[bytes]], bytearray]


def mutated(seed: bytes, source: random.Random, others: Sequence[bytes] = (b"",)) -> bytes:
    """The seed with one to four changes; ``others`` are seeds to take pieces of."""
    data = bytearray(seed)
    for _ in range(source.randint(1, 4)):
        data = source.choice(_BYTES)(data, source, others)
    return bytes(data[:8_000_000])


def mutated_text(seed: str, source: random.Random) -> str:
    """A text such as a table or a parameter file, with fields, lines and characters changed."""
    text = seed
    for _ in range(source.randint(1, 5)):
        pieces = re.split(r"([,;:\s\[\]{}\"'])", text)
        lines = text.splitlines(keepends=True) or [""]
        at, line = source.randrange(len(pieces)), source.randrange(len(lines))
        change = source.randrange(7)
        if change <= 2:
            pieces[at] = source.choice(TEXTS)
            text = "".join(pieces)
        elif change == 3:
            del lines[line]
            text = "".join(lines)
        elif change == 4:
            text = "".join([*lines[:line], lines[line] * source.choice((2, 3, 50)), *lines[line:]])
        elif change == 5:
            text = text[: source.randrange(len(text) + 1)]
        else:
            place = source.randrange(len(text) + 1)
            text = text[:place] + source.choice(TEXTS) + text[place:]
    return text[:4_000_000]


def mutated_json(seed: Any, source: random.Random) -> Any:
    """A JSON value with one to four of its parts replaced, removed, doubled or put elsewhere."""
    result = json.loads(json.dumps(seed))
    for _ in range(source.randint(1, 4)):
        places = list(_places(result))
        if not places:
            return value(source)
        holder, key = source.choice(places)
        change = source.randrange(5)
        if change <= 1:
            holder[key] = value(source)
        elif change == 2:
            del holder[key]
        elif change == 3:
            other, there = source.choice(places)
            holder[key] = json.loads(json.dumps(other[there])) if _has(other, there) else None
        elif isinstance(holder, dict):
            holder[source.choice(TEXTS)] = value(source)
        else:
            holder.extend([value(source)] * source.choice((1, 500)))
    return result


def value(source: random.Random) -> Any:
    """A value that somebody may have put into a JSON file."""
    return copy.deepcopy(source.choice(VALUES))


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
    for key in keys:
        yield holder, key
        yield from _places(holder[key])


def _has(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)


def _bits(data: bytearray, source: random.Random, others: Sequence[bytes]) -> bytearray:
    for _ in range(source.choice((1, 1, 4, 32))):
        if data:
            data[_place(data, source)] ^= 1 << source.randrange(8)
    return data


def _number(data: bytearray, source: random.Random, others: Sequence[bytes]) -> bytearray:
    size, order = source.choice((1, 2, 2, 4, 4, 8)), source.choice(("little", "big"))
    place = _place(data, source)
    value = source.choice(NUMBERS) if source.random() < 0.7 else source.getrandbits(64)
    data[place : place + size] = (value % (1 << 8 * size)).to_bytes(size, order)  # type: ignore[arg-type]
    return data


def _cut(data: bytearray, source: random.Random, others: Sequence[bytes]) -> bytearray:
    return data[: _place(data, source)]


def _without(data: bytearray, source: random.Random, others: Sequence[bytes]) -> bytearray:
    place = _place(data, source)
    del data[place : place + source.choice((1, 2, 4, 16, 256))]
    return data


def _repeated(data: bytearray, source: random.Random, others: Sequence[bytes]) -> bytearray:
    place, length = _place(data, source), source.choice((1, 8, 64, 1024))
    data[place:place] = data[place : place + length] * source.choice((1, 2, 200))
    return data


def _filled(data: bytearray, source: random.Random, others: Sequence[bytes]) -> bytearray:
    place, length = _place(data, source), source.choice((2, 16, 300))
    data[place : place + length] = bytes([source.choice((0, 255, 32, 65))]) * length
    return data


def _grafted(data: bytearray, source: random.Random, others: Sequence[bytes]) -> bytearray:
    other, place = source.choice(others), _place(data, source)
    start = source.randrange(len(other) + 1)
    data[place : place + source.choice((0, 16))] = other[start : start + source.choice((4, 64, 4096))]
    return data


def _place(data: bytearray, source: random.Random) -> int:
    """Anywhere, and half of the time in the first kilobyte, where headers are."""
    if not data:
        return 0
    return source.randrange(min(len(data), 1024) if source.random() < 0.5 else len(data))


_BYTES: tuple[Bytes, ...] = (_bits, _bits, _number, _number, _number, _cut, _without, _repeated, _filled, _grafted)
