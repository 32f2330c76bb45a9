"""What the records of a bundle's metadata have in common: a refusal is a ``ValueError`` with one sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")


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
