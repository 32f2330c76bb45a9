"""What the records of a bundle's metadata have in common: a refusal is a ``ValueError`` with one sentence."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable

from ..errors import InputError

PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_LONGEST = 64
_SIGNS = {"+": "-plus-", "<": "-lt-", ">": "-gt-", "≤": "-le-", "≥": "-ge-", "=": "-eq-", "±": "-plus-minus-"}
_ACCENTS = re.compile("[\u0300-\u036f]")


def plain_name(text: str) -> str:
    """A name for machines of what people write: ``No finding`` is ``no-finding``, ``Ödem`` is ``odem``.

    Letters that are not Latin are spelled by their code points, and signs that tell one name from another by a word
    (``TB+`` is ``tb-plus``), so that names that differ stay apart; people read the title.

    Raises
    ------
    InputError : nothing in it could name anything
    """
    name = re.sub(r"-\s*\Z", "-minus", text.strip())  # TB-
    name = "".join(map(_plain, _ACCENTS.sub("", unicodedata.normalize("NFKD", name.casefold()))))
    name = re.sub(r"-{2,}", "-", name).strip("-_")
    if not name:
        raise InputError(f"'{text}' has no letter or digit that could name it.")
    if len(name) > _LONGEST:  # two long names may begin alike
        name = f"{name[: _LONGEST - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return name


def _plain(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    if character.isascii():
        return character if character.isalnum() or character == "_" else "-"
    letter = character.isalnum() or unicodedata.category(character).startswith("M")  # vowel signs are marks
    return f"u{ord(character):04x}" if letter else "-"


def require(right: bool, sentence: str) -> None:
    """Raise ``ValueError(sentence)`` unless ``right``."""
    if not right:
        raise ValueError(sentence)


def require_finite(what: str, numbers: Iterable[float]) -> None:
    """Refuse NaN and infinity among ``numbers`` of ``what``."""
    require(all(math.isfinite(number) for number in numbers), f"A number in {what} is not finite.")


def require_unique(what: str, names: list[str]) -> None:
    """Refuse a name that occurs twice among ``what``."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    require(not repeated, f"Two {what} are named {', '.join(repeated)}.")
