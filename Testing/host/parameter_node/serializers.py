"""How a typed value is kept in a parameter node: as text, or as a node reference."""

from __future__ import annotations

import copy
import enum
import json
import types
import typing
from pathlib import Path, PosixPath, WindowsPath
from typing import Any, Protocol

import slicer

from .annotations import Default, Validator


class Serializer(Protocol):
    """Reads and writes one type under a name."""

    def default(self) -> Any: ...
    def check(self, value: Any) -> None: ...
    def isIn(self, node: Any, name: str) -> bool: ...
    def write(self, node: Any, name: str, value: Any) -> None: ...
    def read(self, node: Any, name: str) -> Any: ...


def _require(value: Any, kinds: tuple[type, ...]) -> None:
    if value is None:
        raise ValueError("Value must not be None")
    if not isinstance(value, kinds):
        wanted = " or ".join(k.__name__ for k in kinds)
        msg = f"Value of type {type(value).__name__} is not of type {wanted}: {value!r}"
        raise TypeError(msg)


class AsText:
    """Types that have one text each: number, string, bool, path, enum."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def default(self) -> Any:
        return next(iter(self.kind)) if issubclass(self.kind, enum.Enum) else self.kind()

    def check(self, value: Any) -> None:
        accepted: tuple[type, ...] = (float, int) if self.kind is float else (self.kind,)
        _require(value, accepted)

    def isIn(self, node: Any, name: str) -> bool:
        return node.HasParameter(name)

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, value.name if issubclass(self.kind, enum.Enum) else str(value))

    def read(self, node: Any, name: str) -> Any:
        text = node.GetParameter(name)
        if self.kind is bool:
            return text == "True"
        return self.kind[text] if issubclass(self.kind, enum.Enum) else self.kind(text)  # type: ignore[index]


class AsReference:
    """Nodes."""

    def __init__(self, kinds: tuple[type, ...]) -> None:
        self.kinds = kinds

    def default(self) -> None:
        return None

    def check(self, value: Any) -> None:
        if value is not None:
            _require(value, self.kinds)

    def isIn(self, node: Any, name: str) -> bool:
        return node.GetNodeReferenceID(name) is not None

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetNodeReferenceID(name, value.GetID() if value is not None else None)

    def read(self, node: Any, name: str) -> Any:
        return node.GetNodeReference(name)


class AsJson:
    """Lists, tuples and dictionaries of plain values."""

    def __init__(self, kind: type, arguments: tuple[Any, ...]) -> None:
        self.kind = kind
        for argument in arguments:
            if argument not in (int, float, str, bool, ...):
                msg = f"The host keeps only plain values in a {kind.__name__}, not {argument}"
                raise NotImplementedError(msg)

    def default(self) -> Any:
        return self.kind()

    def check(self, value: Any) -> None:
        _require(value, (self.kind,))

    def isIn(self, node: Any, name: str) -> bool:
        return node.HasParameter(name)

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, json.dumps(value))

    def read(self, node: Any, name: str) -> Any:
        return self.kind(json.loads(node.GetParameter(name)))


class OrNone:
    """`Optional[...]` of a type that is kept as text."""

    def __init__(self, inner: Serializer) -> None:
        self.inner = inner

    def default(self) -> None:
        return None

    def check(self, value: Any) -> None:
        if value is not None:
            self.inner.check(value)

    def isIn(self, node: Any, name: str) -> bool:
        return node.HasParameter(name + ".isNone")

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name + ".isNone", str(value is None))
        if value is not None:
            self.inner.write(node, name, value)

    def read(self, node: Any, name: str) -> Any:
        return None if node.GetParameter(name + ".isNone") == "True" else self.inner.read(node, name)


class Validated:
    """A type with its checks and its default."""

    def __init__(self, inner: Serializer, extras: tuple[Any, ...], default: Default | None) -> None:
        self.inner, self.extras = inner, extras
        self.validators = [e for e in extras if isinstance(e, Validator)]
        self._default = default
        self.check(self.default())

    def default(self) -> Any:
        return self._default.value if self._default is not None else self.inner.default()

    def check(self, value: Any) -> None:
        self.inner.check(value)
        for validator in self.validators:
            validator.validate(value)

    def isIn(self, node: Any, name: str) -> bool:
        return self.inner.isIn(node, name)

    def write(self, node: Any, name: str, value: Any) -> None:
        self.check(value)
        self.inner.write(node, name, value)

    def read(self, node: Any, name: str) -> Any:
        return self.inner.read(node, name)


def _plain(kind: Any) -> Serializer:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        inner = tuple(a for a in arguments if a is not type(None))
        if all(isinstance(a, type) and issubclass(a, slicer.vtkMRMLNode) for a in inner):
            return AsReference(inner)
        if len(inner) == 1:
            return OrNone(_plain(inner[0]))
    if origin in (list, tuple, dict):
        return AsJson(origin, arguments)
    if isinstance(kind, type):
        if issubclass(kind, slicer.vtkMRMLNode):
            return AsReference((kind,))
        if kind in (int, float, str, bool, Path, PosixPath, WindowsPath) or issubclass(kind, enum.Enum):
            return AsText(kind)
    msg = f"Unsupported parameter node type: {kind}"
    raise TypeError(msg)


def members_of(cls: type) -> dict[str, tuple[Any, Default | None]]:
    """Name -> (annotation, default after `=`) of a class body."""
    found = {}
    for name, kind in typing.get_type_hints(cls, include_extras=True).items():
        value = vars(cls).get(name)
        given = name in vars(cls)
        found[name] = (kind, Default(generator=lambda v=value: copy.deepcopy(v)) if given else None)
    return found


def serializer_for(kind: Any, default: Default | None = None) -> Validated:
    """The serializer of an annotation such as `Annotated[float, WithinRange(0, 1), Default(0.5)]`."""
    extras: tuple[Any, ...] = ()
    if typing.get_origin(kind) is typing.Annotated:
        kind, *rest = typing.get_args(kind)
        extras = tuple(rest)
    defaults = [e for e in extras if isinstance(e, Default)]
    if default is not None and defaults:
        raise ValueError("A default is given twice")
    return Validated(_plain(kind), extras, default or (defaults[0] if defaults else None))
