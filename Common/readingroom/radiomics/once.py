"""What is found out of an image once, while region after region of it is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import SimpleITK

T = TypeVar("T")

# Of the images that do not change for now: each with what was found, by the question and the object itself.
_found: ContextVar[dict[tuple[str, int], tuple[SimpleITK.Image, Any]] | None] = ContextVar("found", default=None)


@contextmanager
def images_unchanged() -> Iterator[None]:
    """Within this block no image changes, so that whatever is asked of one is found out once; within another such block
    that one's answers count."""
    found = _found.get()
    token = _found.set({} if found is None else found)
    try:
        yield
    finally:
        _found.reset(token)


def once(question: str, image: SimpleITK.Image, answer: Callable[[], T]) -> T:
    """The answer to a question about an image, from before where images are unchanged since."""
    found = _found.get()
    if found is None:
        return answer()
    key = question, id(image)
    if key not in found:
        found[key] = image, answer()  # the image is kept, and so its identity
    kept: T = found[key][1]
    return kept
