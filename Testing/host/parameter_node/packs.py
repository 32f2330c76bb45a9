"""Groups of parameters that travel together."""

from __future__ import annotations

import copy
import typing
from typing import Any

from .annotations import Default


def isParameterPack(obj: Any) -> bool:
    return hasattr(obj if isinstance(obj, type) else type(obj), "_is_parameterPack")


def members_of(cls: type) -> dict[str, tuple[Any, Default | None]]:
    """Name -> (annotation, default after `=`) of a class body."""
    found = {}
    for name, kind in typing.get_type_hints(cls, include_extras=True).items():
        value = vars(cls).get(name)
        given = name in vars(cls)
        found[name] = (kind, Default(generator=lambda v=value: copy.deepcopy(v)) if given else None)
    return found


def parameterPack(classtype: type | None = None) -> Any:
    """Class decorator: typed members, a constructor that takes them, and checks when one is set."""
    if classtype is None:
        return parameterPack
    return _make(classtype)


def _make(cls: Any) -> type:
    members = members_of(cls)
    cls._members, cls._is_parameterPack = members, True
    cls.allParameters = {name: kind for name, (kind, _) in members.items()}
    cls._onChange = None
    serializers: dict[str, Any] = {}

    def serializer(name: str) -> Any:
        from .serializers import serializer_for

        if name not in serializers:
            serializers[name] = serializer_for(*members[name])
        return serializers[name]

    def set_member(self: Any, name: str, value: Any) -> None:
        if name != "_onChange" and name not in members:
            msg = f"{cls.__name__} has no parameter {name}"
            raise AttributeError(msg)
        if name in members:
            serializer(name).check(value)
        self.__dict__[name] = value
        if name in members and self._onChange is not None:
            self._onChange()

    def make(self: Any, *values: Any, **named: Any) -> None:
        named = {**dict(zip(members, values, strict=False)), **named}
        for name in named:
            if name not in members:
                msg = f"{cls.__name__} has no parameter {name}"
                raise TypeError(msg)
        for name in members:
            set_member(self, name, named[name] if name in named else serializer(name).default())

    cls.__setattr__ = set_member
    if "__init__" not in vars(cls):
        cls.__init__ = make
    cls.__eq__ = lambda self, other: type(other) is cls and all(getattr(self, n) == getattr(other, n) for n in members)
    cls.__hash__ = None
    cls.getValue = lambda self, name: getattr(self, name)
    cls.setValue = set_member
    return cls


@parameterPack
class FloatRange:
    """Two numbers in order."""

    minimum: float
    maximum: float

    def __repr__(self) -> str:
        return f"FloatRange({self.minimum}, {self.maximum})"
