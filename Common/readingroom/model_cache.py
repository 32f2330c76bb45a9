"""What stays in memory from one call to the next: ready networks, statistics of training pictures.

The worker serves many calls in one process; the second read with a bundle must not load it again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Kept = TypeVar("Kept")

# Networks are large, and a reading session goes back and forth between few bundles: a network and statistics of two,
# and the network that finds the organ.
LIMIT = 5

_kept: OrderedDict[Hashable, Any] = OrderedDict()


def get_or_load(key: Hashable, make: Callable[[], Kept]) -> Kept:
    """What ``make()`` gave for this key, made at the first use; beyond `LIMIT` the one unused longest is forgotten.

    Put into ``key`` all that the thing depends on, such as a bundle's sha256: nothing is ever made anew otherwise.
    """
    if key not in _kept:
        _kept[key] = make()
        while len(_kept) > LIMIT:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return _kept[key]


def clear() -> None:
    """Drop everything kept."""
    _kept.clear()
