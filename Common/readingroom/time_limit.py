"""A limit of time for what native libraries do with a stranger's file: they may hang, and no Python can stop them.

Only a process of its own can be ended in the midst of that: the worker, and those of `readingroom.guarded_processes`.
They say by `enforce` how; in any other process, such as a script's, nothing limits the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

OPENING_SECONDS = 60.0  # a chest CT from a slow network drive takes ten
TOOK_TOO_LONG = (
    f"The file could not be opened within {OPENING_SECONDS:.0f} seconds: it is damaged, or lies on a drive that does "
    "not answer."
)

_enforced: Callable[[float | None], None] | None = None


def enforce(limit: Callable[[float | None], None]) -> None:
    """Have ``limit`` called with the seconds that this process may go on with what it does now, and with None when that
    is done."""
    global _enforced
    _enforced = limit


@contextmanager
def time_limit(seconds: float = OPENING_SECONDS) -> Iterator[None]:
    """What is done in the block may take so long. One block does not lie in another."""
    enforced = _enforced
    if enforced is None:
        yield
        return
    enforced(seconds)
    try:
        yield
    finally:
        enforced(None)
