"""PySide6 with the manners of PythonQt: what a script inside Slicer sees of Qt.

`install()` changes PySide6's classes in place, so that `type(box) == qt.QCheckBox` goes on holding for widgets that a
`.ui` file creates, and `module()` gathers them into the flat module `qt`. The manners were observed in Slicer 5.12.3:

- every Qt property is an attribute, and hides a getter of the same name: `label.text`, not `label.text()`;
- a C++ object takes no new attributes, an instance of a Python subclass does;
- a signal has `connect`, `disconnect` and `emit`, no overload choice in brackets; `connect("clicked(bool)", f)` returns
  False and prints when there is no such signal;
- what a slot raises is printed and goes nowhere;
- `isinstance(button, qt.QWidget)` is False for a `QPushButton`: wrapped classes know nothing of each other.
"""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import shiboken6
from PySide6 import QtCore, QtGui, QtNetwork, QtPrintSupport, QtSvg, QtUiTools, QtWidgets, QtXml

from . import qt5
from .signals import SignalAttribute, connect, disconnect, signatures

_LIBRARIES = (QtCore, QtGui, QtWidgets, QtPrintSupport, QtNetwork, QtXml, QtSvg, QtUiTools)
# PySide6's own vocabulary, which PythonQt does not have.
_NOT_IN_PYTHONQT = {"SIGNAL", "SLOT", "ClassInfo", "QEnum", "QFlag", "SignalInstance", "Signal", "Slot", "Property"}
_STANDINS: set[type] = set()
_DECLARED: dict[int, tuple[Callable, Callable | None, Any]] = {}
_REFUSED = {member for members in qt5.ABSENT.values() for member in members}
_loading: list[bool] = []
_watcher: list[Callable[[Any, str], None]] = []
_CONNECT = {"connect": connect, "disconnect": disconnect}


def standin(cls: type) -> type:
    """Class decorator: the Python class `cls` plays a C++ class, so PythonQt's manners hold for its instances too."""
    _STANDINS.add(cls)
    _give_manners(cls)
    return cls


def declared(kind: Any, get: Callable, put: Callable | None = None) -> QtCore.Property:
    """A Qt property of a stand-in; `.ui` files and `setProperty` see it too."""
    entry = QtCore.Property(kind, get, put)
    _DECLARED[id(entry)] = (get, put, entry)
    return entry


def plays_cpp(cls: type) -> bool:
    """Whether scripts take `cls` for a C++ class: PySide6's own, and the stand-ins."""
    return cls in _STANDINS or cls.__module__.startswith("PySide6.")


class PropertyAttribute:
    """A Qt property as a Python attribute; the getter that it hides still serves C++ and the host."""

    def __init__(self, name: str, getter: Any, setter: Any, writable: bool, static: Any) -> None:
        self.name, self.getter, self.setter, self.writable, self.static = name, getter, setter, writable, static

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self if self.static is None else self.static
        return instance.property(self.name) if self.getter is None else self.getter(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        if not self.writable:
            msg = f"Property '{self.name}' of type '{type(instance).__name__}' is not writable"
            raise AttributeError(msg)
        if self.setter is not None:
            self.setter(instance, value)
        elif not instance.setProperty(self.name, value):
            msg = f"Property '{self.name}' of {type(instance).__name__} does not accept {value!r}"
            raise AttributeError(msg)


class Refused:
    """A name that PySide6 has and Slicer's Qt does not."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        msg = f"{owner.__name__} has no attribute named '{self.name}' in Slicer"
        raise AttributeError(msg)

    def __set__(self, instance: Any, value: Any) -> None:
        self.__get__(instance, type(instance))


def _qobject_classes() -> Iterator[type]:
    for library in _LIBRARIES:
        for name in dir(library):  # dir, not vars: PySide6 makes its classes when they are first asked for
            value = getattr(library, name)
            if isinstance(value, type) and hasattr(value, "staticMetaObject"):
                yield value


def _properties(cls: type) -> Iterator[tuple[str, bool]]:
    meta = cls.staticMetaObject  # type: ignore[attr-defined]
    for i in range(meta.propertyCount()):
        entry = meta.property(i)
        yield entry.name(), entry.isWritable()


def _find(cls: type, name: str) -> Any:
    """The entry `name` of `cls` or a base, as it stands in the class dictionary."""
    return next((vars(k)[name] for k in cls.__mro__ if name in vars(k)), None)


def _give_properties(cls: type) -> None:
    not_properties = qt5.METHODS_NOT_PROPERTIES.get(cls.__name__, ())
    for name, writable in list(_properties(cls)):
        own = vars(cls).get(name)
        inherited = _find(cls, name)
        if name in not_properties or (own is None and isinstance(inherited, (PropertyAttribute, Refused))):
            continue
        if id(own) in _DECLARED:
            get, put, _ = _DECLARED[id(own)]
            setattr(cls, name, PropertyAttribute(name, get, put, put is not None, None))
            continue
        static = own if isinstance(own, (staticmethod, types.BuiltinFunctionType)) else None
        getter = own if callable(own) and static is None else None
        setter = getattr(cls, "set" + name[0].upper() + name[1:], None)
        setattr(cls, name, PropertyAttribute(name, getter, setter, writable, static))


def _give_signals(cls: type) -> None:
    for name in {signature.split("(")[0] for signature in signatures(cls.staticMetaObject, own=True)}:  # type: ignore[attr-defined]
        raw = vars(cls).get(name)
        if isinstance(raw, QtCore.Signal):
            setattr(cls, name, SignalAttribute(name, raw))


def watch(look: Callable[[Any, str], None]) -> None:
    """Call `look(object, name)` before each attribute of a Qt object is read or set; it may raise."""
    _watcher[:] = [look]


def stop_watching() -> None:
    """Look no more."""
    _watcher.clear()


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """While PySide6 loads a `.ui` file it may try to set attributes; they are not kept."""
    _loading.append(True)
    try:
        yield
    finally:
        _loading.pop()


def _set_attribute(self: Any, name: str, value: Any) -> None:
    for look in _watcher:
        look(self, name)
    cls = type(self)
    entry = _find(cls, name)
    if hasattr(type(entry), "__set__"):
        type(entry).__set__(entry, self, value)
    elif not plays_cpp(cls) or name in _private_names(cls):
        self.__dict__[name] = value
    elif entry is None and name.encode() in [bytes(n.data()) for n in self.dynamicPropertyNames()]:
        self.setProperty(name, value)
    elif not _loading:  # PySide6's loader hangs every child on its top widget, PythonQt's does not
        msg = f"Attribute '{name}' does not exist and creation of new attributes on C++ objects is not allowed"
        raise AttributeError(msg)


def _private_names(cls: type) -> set[str]:
    """Names that a stand-in declares for its own state: underscored annotations in the class body."""
    return {
        name for k in cls.__mro__ if k in _STANDINS for name in vars(k).get("__annotations__", {}) if name[0] == "_"
    }


def _get_attribute(self: Any, name: str) -> Any:
    """What PythonQt finds after the class: dynamic properties and children by their name."""
    if not name.startswith("__"):
        if name.encode() in [bytes(n.data()) for n in self.dynamicPropertyNames()]:
            return self.property(name)
        for child in self.children():
            if child.property("objectName") == name:
                return child
    msg = f"{type(self).__name__} has no attribute named '{name}'"
    raise AttributeError(msg)


def _is_instance(cls: type, instance: Any) -> bool:
    for k in type(instance).__mro__:
        if k is cls:
            return True
        if plays_cpp(k):
            return False
    return False


def _serve_connect(cls: type) -> None:
    """PySide6 answers `connect` and `disconnect` before any dictionary is asked; answer earlier."""
    usual = cls.__getattribute__

    def get(self: Any, name: str) -> Any:
        for look in _watcher:
            look(self, name)
        if name in _CONNECT:
            return types.MethodType(_CONNECT[name], self)
        if name in _REFUSED and isinstance(_find(type(self), name), Refused):  # signals it would find elsewhere
            _find(type(self), name).__get__(self, type(self))
        return usual(self, name)

    cls.__getattribute__ = get  # type: ignore[assignment]


def _class_name(self: Any) -> str:
    return self.metaObject().className()


def _give_manners(cls: type) -> None:
    _give_properties(cls)
    _give_signals(cls)
    cls.__setattr__ = _set_attribute  # type: ignore[assignment]


def _name_attribute() -> property:
    return property(lambda self: self.property("objectName"), lambda self, value: self.setObjectName(value))


def install() -> None:
    """Give every class of PySide6 the manners of PythonQt. For the whole process, once."""
    shiboken_meta = type(QtCore.QObject)
    if shiboken_meta.__instancecheck__ is _is_instance:
        return
    for cls in sorted(set(_qobject_classes()), key=lambda k: len(k.__mro__)):
        _give_manners(cls)
    for name, absent in qt5.ABSENT.items():
        cls = next(getattr(library, name) for library in _LIBRARIES if hasattr(library, name))
        for member in absent:
            setattr(cls, member, Refused(member))
    for cls in [QtCore.QObject, *_qobject_classes()]:
        if "__getattribute__" in vars(cls):
            _serve_connect(cls)
    QtCore.QObject.__getattr__ = _get_attribute  # type: ignore[attr-defined]
    QtCore.QObject.className = _class_name  # type: ignore[attr-defined]
    QtCore.QObject.name = _name_attribute()  # type: ignore[attr-defined]
    shiboken_meta.__instancecheck__ = _is_instance  # type: ignore[method-assign]


def module() -> types.ModuleType:
    """The flat module `qt`: everything of QtCore, QtGui, QtWidgets and their neighbors under one name."""
    qt = types.ModuleType("qt", "Qt as PythonQt shows it, played by PySide6")
    for library in _LIBRARIES:
        for name in dir(library):
            if not name.startswith("_") and name not in _NOT_IN_PYTHONQT and not hasattr(qt, name):
                setattr(qt, name, getattr(library, name))
    sys.modules["qt"] = qt
    return qt


def is_deleted(instance: Any) -> bool:
    """Whether the C++ side of a wrapped object is gone."""
    return not shiboken6.isValid(instance)
