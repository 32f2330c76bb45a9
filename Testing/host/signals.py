"""Signals as PythonQt has them: by attribute without overload choice, or by their signature as a string."""

from __future__ import annotations

import inspect
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from typing import Any

import shiboken6
from PySide6 import QtCore

_connect = QtCore.QObject.connect
_disconnect = QtCore.QObject.disconnect

# Where the first overload of Qt 5, which PythonQt takes, carries fewer arguments than that of Qt 6.
_FIRST_OVERLOAD_ARGUMENTS = {("QProcess", "finished"): 1, ("QTimer", "timeout"): 0}

errors: list[BaseException] = []
"""What slots raised since the list was last cleared. Slicer prints them and goes on; a test may look here."""


def signatures(meta: QtCore.QMetaObject, own: bool = False) -> Iterator[str]:
    """Signatures of the signals of a class, in the order of declaration; with `own` without those of its bases."""
    for i in range(meta.methodOffset() if own else 0, meta.methodCount()):
        method = meta.method(i)
        if method.methodType() == QtCore.QMetaMethod.MethodType.Signal:
            yield bytes(method.methodSignature().data()).decode()


def _declared(instance: Any, text: str) -> str | None:
    """The signature in the meta object that the string `text` stands for, or None."""
    wanted = bytes(QtCore.QMetaObject.normalizedSignature(text).data()).decode()
    known = list(signatures(instance.metaObject()))
    if wanted in known:
        return wanted
    # A stand-in declares VTK arguments as Python objects; scripts write the C++ type.
    aliases = {alias: name for k in type(instance).__mro__ for alias, name in vars(k).get("cpp_signals", {}).items()}
    name = aliases.get(wanted)
    return next((s for s in known if s.split("(")[0] == name), None)


def _positional_limit(function: Callable) -> int | None:
    """How many arguments PythonQt hands to `function`; None where it hands over all of them."""
    plain = function.__func__ if isinstance(function, types.MethodType) else function
    if not isinstance(plain, types.FunctionType):
        return None
    code = plain.__code__
    if code.co_flags & inspect.CO_VARARGS:
        return None
    return code.co_argcount - isinstance(function, types.MethodType)


class Slot:
    """A connected callable: trims arguments as PythonQt does, prints what the callable raises."""

    def __init__(self, function: Callable, most: int | None = None) -> None:
        self.function, self.most = function, most

    def call(self, *args: Any) -> None:
        limits = [n for n in (self.most, _positional_limit(self.function)) if n is not None]
        try:
            self.function(*args[: min(limits)] if limits else args)
        except Exception as error:
            errors.append(error)
            traceback.print_exc()


_connected: dict[int, list[tuple[str, Callable, Callable]]] = {}


def _address(instance: Any) -> int:
    """Where the C++ object lies: its Python wrapper may be made anew."""
    return shiboken6.getCppPointer(instance)[0]


def _remember(instance: Any, signature: str, function: Callable, slot: Callable) -> None:
    key = _address(instance)
    if key not in _connected:
        _connected[key] = []
        _connect(instance, QtCore.SIGNAL("destroyed()"), lambda: _connected.pop(key, None))
    _connected[key].append((signature, function, slot))


def _attach(instance: Any, signature: str, function: Callable, most: int | None = None) -> bool:
    if not callable(function):
        msg = f"{function!r} is not callable"
        raise TypeError(msg)
    if isinstance(function, Signal):
        function = function.emit
    slot = Slot(function, most)

    # PySide6 looks at the slot's code to choose the arguments; one with *args gets them all.
    def receive(*args: Any) -> None:
        slot.call(*args)

    _connect(instance, QtCore.SIGNAL(signature), receive)
    _remember(instance, signature, function, receive)
    return True


def _detach(instance: Any, signature: str, function: Callable | None) -> bool:
    entries = _connected.get(_address(instance), [])
    found = [e for e in entries if e[0] == signature and (function is None or e[1] == function)]
    for entry in found:
        entries.remove(entry)
        _disconnect(instance, QtCore.SIGNAL(signature), entry[2])
    return bool(found)


class Signal:
    """One signal of one object."""

    def __init__(self, instance: Any, name: str, raw: Any) -> None:
        self._instance, self._name, self._raw = instance, name, raw

    def _signature(self) -> str:
        return next(s for s in signatures(self._instance.metaObject()) if s.split("(")[0] == self._name)

    def _most(self) -> int | None:
        for k in type(self._instance).__mro__:
            if (k.__name__, self._name) in _FIRST_OVERLOAD_ARGUMENTS:
                return _FIRST_OVERLOAD_ARGUMENTS[k.__name__, self._name]
        return None

    def connect(self, *args: Any) -> bool:
        if len(args) != 1:
            msg = "Called connect with wrong number of arguments"
            raise ValueError(msg)
        return _attach(self._instance, self._signature(), args[0], self._most())

    def disconnect(self, *args: Any) -> bool:
        if len(args) > 1:
            msg = "Called disconnect with wrong number of arguments"
            raise ValueError(msg)
        return _detach(self._instance, self._signature(), args[0] if args else None)

    def emit(self, *args: Any) -> None:
        self._raw.emit(*args)

    __call__ = emit

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Signal) and (self._instance, self._name) == (other._instance, other._name)

    def __hash__(self) -> int:
        return hash((_address(self._instance), self._name))

    def __repr__(self) -> str:
        return f"<qt signal {self._name} of {type(self._instance).__name__} instance>"


class SignalAttribute:
    """The descriptor that shows a signal as PythonQt does."""

    def __init__(self, name: str, raw: Any) -> None:
        self.name, self.raw = name, raw

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        return Signal(instance, self.name, self.raw.__get__(instance, owner))

    def __set__(self, instance: Any, value: Any) -> None:
        if type(value) is not QtCore.SignalInstance:
            msg = f"'{self.name}' is a signal of {type(instance).__name__}"
            raise AttributeError(msg)
        # PySide6 would keep what it bound in the instance, where it would hide this descriptor.


def _no_such_signal(instance: Any, text: str) -> bool:
    sys.stderr.write(f"QObject::connect: No such signal {instance.metaObject().className()}::{text}\n")
    return False


def connect(self: Any, text: str, *target: Any) -> bool:
    """`sender.connect("signal(int)", callable)` or `sender.connect("signal(int)", receiver, "slot(int)")`."""
    signature = _declared(self, text)
    if signature is None:
        return _no_such_signal(self, text)
    if len(target) == 2:
        slot = str(target[1]).split("(")[0]
        return _attach(self, signature, getattr(target[0], slot))
    return _attach(self, signature, target[0], _argument_count(text))


def disconnect(self: Any, text: str, *target: Any) -> bool:
    """The reverse of `connect` with the same words."""
    signature = _declared(self, text)
    if signature is None:
        return _no_such_signal(self, text)
    return _detach(self, signature, target[0] if target else None)


def _argument_count(text: str) -> int:
    inside = text[text.index("(") + 1 : text.rindex(")")].strip()
    return inside.count(",") + 1 if inside else 0
