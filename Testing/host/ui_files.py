"""`.ui` files with CTK and MRML widgets: a `QUiLoader` that knows the stand-ins.

Qt builds the plain widgets. What belongs to a stand-in's own Python properties, and every signal connection of the
file, is taken out of the XML first and applied here: Qt does not know the C++ types that Slicer's plugins declare.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtUiTools import QUiLoader as PlainLoader
from PySide6.QtWidgets import QWidget

from . import ctk_widgets, mrml_widgets
from .pythonqt import PropertyAttribute, loading, standin

WIDGETS: dict[str, type] = {
    name: value
    for library in (ctk_widgets, mrml_widgets)
    for name, value in vars(library).items()
    if isinstance(value, type) and name.startswith(("ctk", "qMRML", "qSlicer"))
}


def _own_property(cls: type, name: str) -> bool:
    """Whether `name` is a property that a stand-in declares in Python."""
    for k in cls.__mro__:
        if k.__module__.startswith("PySide6."):
            return False
        if isinstance(vars(k).get(name), PropertyAttribute):
            return True
    return False


def _value(element: ET.Element) -> Any:
    kind, text = element.tag, element.text or ""
    if kind == "stringlist":
        return [item.text or "" for item in element.findall("string")]
    readers = {"bool": lambda t: t.strip() == "true", "number": int, "double": float}
    return readers.get(kind, lambda t: t)(text)


def _take_own_properties(root: ET.Element) -> dict[str, list[tuple[str, Any]]]:
    """Remove the properties of stand-ins from the XML; return them by the name of the widget."""
    taken: dict[str, list[tuple[str, Any]]] = {}
    for widget in root.iter("widget"):
        cls = WIDGETS.get(widget.get("class", ""))
        for entry in widget.findall("property"):
            name = entry.get("name", "")
            if cls is not None and entry.get("stdset") != "0" and _own_property(cls, name):
                taken.setdefault(widget.get("name", ""), []).append((name, _value(entry[0])))
                widget.remove(entry)
    return taken


def _take_connections(root: ET.Element) -> list[tuple[str, str, str, str]]:
    found = []
    for group in root.findall("connections"):
        for entry in group.findall("connection"):
            sender, signal, receiver, slot = (entry.findtext(k, "") for k in ("sender", "signal", "receiver", "slot"))
            found.append((sender, signal, receiver, slot))
        root.remove(group)
    return found


@standin
class QUiLoader(PlainLoader):
    """Slicer's loader: its designer plugins are the stand-ins."""

    def createWidget(self, class_name: str, parent: QWidget | None = None, name: str = "") -> QWidget:
        if class_name not in WIDGETS:
            if class_name.startswith(("ctk", "qMRML", "qSlicer")):
                msg = f"The host has no {class_name}: add it to Testing/host or leave it out of the .ui file"
                raise NotImplementedError(msg)
            return super().createWidget(class_name, parent, name)
        widget = WIDGETS[class_name](parent)
        widget.setObjectName(name)
        return widget

    def load(self, device: QIODevice, parent: QWidget | None = None) -> QWidget:
        root = ET.fromstring(bytes(device.readAll().data()))
        own, connections = _take_own_properties(root), _take_connections(root)
        buffer = QBuffer()
        buffer.setData(QByteArray(ET.tostring(root)))
        buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        with loading():
            top = super().load(buffer, parent)
        named = {w.property("objectName"): w for w in [top, *top.findChildren(QWidget)]}
        for name, entries in own.items():
            for key, value in entries:
                setattr(named[name], key, value)
        for sender, signal, receiver, slot in connections:
            self._connect(named, sender, signal, receiver, slot)
        return top

    @staticmethod
    def _connect(named: dict[str, Any], sender: str, signal: str, receiver: str, slot: str) -> None:
        target = getattr(named.get(receiver), slot.split("(")[0], None)
        if sender not in named or target is None:
            sys.stderr.write(f"QObject::connect: No such slot {receiver}::{slot}\n")
        else:
            named[sender].connect(signal, target)
