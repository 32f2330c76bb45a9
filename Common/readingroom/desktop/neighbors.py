"""Calls into other extensions, which raise whatever they like: it becomes one sentence, with their words as detail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import EngineError, ReadingRoomError, SetupError


@contextmanager
def explained(sentence: str, kind: type[SetupError | EngineError] = SetupError) -> Iterator[None]:
    """Let what a neighbor raises inside be the error ``kind`` with this sentence. Our own errors pass as they are.

    Example
    -------
    >>> with explained("SlicerRadiomics could not be started.", EngineError):
    ...     raise SystemExit(3)
    Traceback (most recent call last):
    ...
    readingroom.errors.EngineError: SlicerRadiomics could not be started.
    """
    try:
        yield
    except ReadingRoomError:
        raise
    except (Exception, SystemExit) as error:  # a script that a neighbor runs may also exit
        raise kind(sentence, words_of(error)) from error


def words_of(error: BaseException) -> str:
    """Kind and text of an error, and what its process printed where it carries that."""
    printed = [getattr(error, name, None) for name in ("stdout", "stderr")]
    texts = [text.decode(errors="replace") if isinstance(text, bytes) else text for text in printed]
    lines = [f"{type(error).__name__}: {error}", *(text.strip() for text in texts if isinstance(text, str))]
    return "\n".join(line for line in lines if line)
