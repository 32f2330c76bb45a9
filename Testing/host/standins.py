"""What the stand-ins for CTK and Slicer widgets share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Property

from .pythonqt import declared

_KINDS: dict[Any, Callable[[Any], Any]] = {bool: bool, int: int, float: float, list: list}


def checked(kind: Any, name: str, value: Any) -> Any:
    """`value` as a property of type `kind` takes it; PythonQt refuses a string for a number and the reverse."""
    if (kind is str) != isinstance(value, str) and kind in (str, int, float, bool):
        msg = f"Property '{name}' of type '{kind.__name__}' does not accept {value!r}"
        raise AttributeError(msg)
    return _KINDS.get(kind, lambda v: v)(value)


class State:
    """The values of the plain properties of one stand-in, by name."""

    @staticmethod
    def of(widget: Any) -> dict[str, Any]:
        return widget.__dict__.setdefault("_values", {})


def stored(kind: Any, name: str, default: Any = None, after: str = "") -> Property:
    """A property that keeps its value and then calls the widget's method `after`, if one is named."""

    def get(widget: Any) -> Any:
        return State.of(widget).get(name, default)

    def put(widget: Any, value: Any) -> None:
        State.of(widget)[name] = checked(kind, name, value)
        if after:
            getattr(widget, after)()

    return declared(kind if kind in _KINDS or kind is str else "QVariant", get, put)


def passed_on(kind: Any, name: str, part: str) -> Property:
    """A property that belongs to a part of the widget: `self.<part>` is the Qt widget that has it."""

    def get(widget: Any) -> Any:
        return getattr(getattr(widget, part), name)

    def put(widget: Any, value: Any) -> None:
        setattr(getattr(widget, part), name, checked(kind, name, value))

    return declared(kind if kind in _KINDS or kind is str else "QVariant", get, put)
