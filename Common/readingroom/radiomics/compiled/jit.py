"""Loops compiled by numba where it is installed; elsewhere they are plain Python, which is slow and gives the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

try:
    import numba
except ImportError:
    numba = None

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """The function in machine code, compiled at its first call and kept on disk from then on."""
    return _compiled(function, {"contract"})


def compiled_in_any_order(function: F) -> F:
    """As `compiled`, but sums may be added up in another order, several terms at once."""
    return _compiled(function, {"contract", "reassoc", "nsz"})


def compiled_to_the_letter(function: F) -> F:
    """As `compiled`, but with every operation rounded by itself, as processors of any age do it."""
    return _compiled(function, set())


def _compiled(function: F, freedoms: set[str]) -> F:
    if numba is None:
        return function
    options = {"nogil": True, "error_model": "numpy", "fastmath": freedoms}
    try:
        made: F = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder on this computer can be written into; then each process compiles for itself
        made = numba.njit(**options)(function)
    return made
