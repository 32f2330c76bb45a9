"""Ties widgets to parameters in both directions; the widgets that Slicer's connectors know (slicer.md 5.5), no more."""

from __future__ import annotations

import enum
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ctk
import qt
import slicer
import vtk

from ..pythonqt import is_deleted
from .annotations import Choice, Decimals, Maximum, Minimum, SingleStep, WithinRange


class Connector:
    """One widget: how to read it, write it, and hear of its changes."""

    def __init__(self, widget: Any, signal: str, read: Callable[[], Any], write: Callable[[Any], None]) -> None:
        self.widget, self.signal, self.read, self.write = widget, signal, read, write

    def listen(self, function: Callable) -> None:
        getattr(self.widget, self.signal).connect(function)

    def ignore(self, function: Callable) -> None:
        if not is_deleted(self.widget):
            getattr(self.widget, self.signal).disconnect(function)


class Connection:
    """What one `connectGui` tied together."""

    def __init__(self, wrapper: Any, connectors: list[tuple[str, Connector]]) -> None:
        self._wrapper, self._connectors, self._busy = wrapper, connectors, False
        self._handlers = []
        for name, connector in connectors:
            handler = self._handler(name, connector)
            connector.listen(handler)
            self._handlers.append((connector, handler))
        self._tag = wrapper.parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, self._on_node)
        self._on_node()

    def _handler(self, name: str, connector: Connector) -> Callable:
        def changed(*_: Any) -> None:
            if not self._busy:
                self._wrapper.setValue(name, connector.read())

        return changed

    def _on_node(self, *_: Any) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            for name, connector in self._connectors:
                if not is_deleted(connector.widget):
                    connector.write(self._wrapper.getValue(name))
        finally:
            self._busy = False

    def disconnect(self) -> None:
        self._wrapper.parameterNode.RemoveObserver(self._tag)
        for connector, handler in self._handlers:
            connector.ignore(handler)


def _first(extras: tuple[Any, ...], kind: type) -> Any:
    return next((e for e in extras if isinstance(e, kind)), None)


def _limit(widget: Any, extras: tuple[Any, ...]) -> None:
    for kind, names in ((WithinRange, ("minimum", "maximum")), (Minimum, ("minimum",)), (Maximum, ("maximum",))):
        extra = _first(extras, kind)
        for name in names if extra is not None else ():
            setattr(widget, name, getattr(extra, name))
    for kind, name in ((Decimals, "decimals"), (SingleStep, "singleStep")):
        extra = _first(extras, kind)
        if extra is not None and hasattr(widget, name):
            setattr(widget, name, extra.value)


def _check_box(widget: Any, kind: type, extras: tuple[Any, ...]) -> Connector | None:
    if kind is not bool:
        return None
    return Connector(widget, "toggled", lambda: widget.checked, widget.setChecked)


def _push_button(widget: Any, kind: type, extras: tuple[Any, ...]) -> Connector | None:
    return _check_box(widget, kind, extras) if widget.checkable else None


def _whole_number(widget: Any, kind: type, extras: tuple[Any, ...]) -> Connector | None:
    if kind is not int:
        return None
    _limit(widget, extras)
    return Connector(widget, "valueChanged", lambda: widget.value, widget.setValue)


def _number(widget: Any, kind: type, extras: tuple[Any, ...]) -> Connector | None:
    if kind not in (int, float):
        return None
    _limit(widget, extras)
    return Connector(widget, "valueChanged", lambda: kind(widget.value), lambda v: widget.setValue(float(v)))


def _combo_box(widget: Any, kind: type, extras: tuple[Any, ...]) -> Connector | None:
    choice = _first(extras, Choice)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        values = list(kind)
        texts = [v.label() if hasattr(v, "label") else v.name for v in values]
    elif choice is not None and kind in (int, str):
        values, texts = choice.choices, [str(v) for v in choice.choices]
    else:
        return None
    widget.clear()
    widget.addItems(texts)
    return Connector(
        widget,
        "currentIndexChanged",
        lambda: values[widget.currentIndex],
        lambda v: widget.setCurrentIndex(values.index(v)),
    )


def _line(widget: Any, kind: type, extras: tuple[Any, ...]) -> Connector | None:
    def write(text: str) -> None:
        if widget.text != text:  # setting it again would move the cursor while a person types
            widget.setText(text)

    return Connector(widget, "textChanged", lambda: widget.text, write) if kind is str else None


def _text(widget: Any, kind: type, extras: tuple[Any, ...]) -> Connector | None:
    def write(text: str) -> None:
        if widget.plainText != text:
            widget.setPlainText(text)

    return Connector(widget, "textChanged", lambda: widget.plainText, write) if kind is str else None


class _Label(Connector):
    """A label shows a parameter and never changes it."""

    def listen(self, function: Callable) -> None:
        """Nobody types into a label."""

    ignore = listen


def _label(widget: Any, kind: type, extras: tuple[Any, ...]) -> Connector | None:
    return _Label(widget, "", lambda: None, lambda v: widget.setText(str(v)))


def _path_line(widget: Any, kind: type, extras: tuple[Any, ...]) -> Connector | None:
    if not issubclass(kind, Path):
        return None
    return Connector(
        widget, "currentPathChanged", lambda: Path(widget.currentPath), lambda v: widget.setCurrentPath(str(v))
    )


def _directory(widget: Any, kind: type, extras: tuple[Any, ...]) -> Connector | None:
    def write(value: Path) -> None:
        widget.directory = str(value)

    return (
        Connector(widget, "directoryChanged", lambda: Path(widget.directory), write) if issubclass(kind, Path) else None
    )


def _node(widget: Any, kind: Any, extras: tuple[Any, ...]) -> Connector | None:
    if not isinstance(kind, tuple):
        return None
    return Connector(widget, "currentNodeChanged", widget.currentNode, widget.setCurrentNode)


# Exact types, as in Slicer: a Python subclass of one of these finds no connector.
_MAKERS: dict[type, Callable] = {
    qt.QCheckBox: _check_box,
    qt.QPushButton: _push_button,
    qt.QSlider: _whole_number,
    qt.QSpinBox: _whole_number,
    qt.QDoubleSpinBox: _number,
    ctk.ctkSliderWidget: _number,
    ctk.ctkDoubleSlider: _number,
    qt.QComboBox: _combo_box,
    qt.QLineEdit: _line,
    qt.QTextEdit: _text,
    qt.QLabel: _label,
    ctk.ctkPathLineEdit: _path_line,
    ctk.ctkDirectoryButton: _directory,
    slicer.qMRMLNodeComboBox: _node,
}


def connector_for(widget: Any, serializer: Any, extras: tuple[Any, ...]) -> Connector:
    """The connector of a widget for a parameter of a type; RuntimeError where Slicer has none."""
    kind = getattr(serializer, "kind", None) or getattr(serializer, "kinds", None)
    maker = _MAKERS.get(type(widget))
    connector = maker(widget, kind, extras) if maker is not None else None
    if connector is None:
        msg = f"Unable to create a GUI connector from {type(widget).__name__} to {kind}"
        raise RuntimeError(msg)
    return connector
