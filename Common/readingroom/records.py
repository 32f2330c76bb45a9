"""Frozen dataclasses to and from plain JSON values.

``Study``, ``Reading`` and everything inside them are frozen dataclasses made of other such records, tuples, strings,
numbers, paths and string-keyed mappings; these two functions carry them across files and process pipes. A field may
be a tagged union of records that differ in their field ``kind``, a ``Literal``.
"""

from __future__ import annotations

import copyreg
import dataclasses
import functools
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

Record = TypeVar("Record")


def to_json(value: Any) -> Any:
    """The record as dicts, lists, strings, numbers, booleans and None.

    Fields marked ``metadata={"json": False}`` (pixels held in memory) are left out.

    Raises
    ------
    TypeError : the value holds something that JSON has no word for
    ValueError : a number is not finite
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in _json_fields(type(value))}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, Path):
        return value.as_posix()
    if type(value).__module__ == "numpy" and hasattr(value, "item"):  # a scalar of an array
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} cannot be written as JSON")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def from_json(record_type: type[Record], data: Any) -> Record:
    """Build a record from what `to_json` wrote; the record's own checks run.

    Parameters
    ----------
    record_type : a record, or a tagged union of records

    Raises
    ------
    ValueError : a field is missing, unknown, or of the wrong type (the message names it)
    """
    kind: Any = record_type
    if not dataclasses.is_dataclass(kind):
        kind = _tagged(typing.get_args(record_type), data, "The record")
    return typing.cast(Record, _read(kind, data, kind.__name__))


def frozen(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """A read-only copy, for fields of frozen records."""
    return types.MappingProxyType(dict(mapping))


def _frozen_again(mapping: types.MappingProxyType[str, Any]) -> Any:
    return frozen, (dict(mapping),)


copyreg.pickle(types.MappingProxyType, _frozen_again)  # for records that go to another process


def _json_fields(record_type: type) -> tuple[dataclasses.Field, ...]:
    return tuple(f for f in dataclasses.fields(record_type) if f.metadata.get("json", True))


@functools.cache
def _types(record_type: type) -> dict[str, Any]:
    return typing.get_type_hints(record_type)


def _read(kind: Any, data: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    if kind is Any:
        return data
    if dataclasses.is_dataclass(kind):
        return _read_record(typing.cast(type, kind), data, where)
    if origin in (types.UnionType, typing.Union):
        return _read_union(typing.get_args(kind), data, where)
    if origin is typing.Literal:
        if data not in typing.get_args(kind):
            raise ValueError(f"{where} is {data!r}, expected one of {typing.get_args(kind)}")
        return data
    if origin is tuple:
        return _read_tuple(typing.get_args(kind), data, where)
    if origin is not None and issubclass(origin, Mapping):
        _expect(isinstance(data, Mapping), where, "an object", data)
        return {str(k): _read(typing.get_args(kind)[1], v, f"{where}.{k}") for k, v in data.items()}
    if kind is Path:
        _expect(isinstance(data, str), where, "a path", data)
        return Path(data)
    if kind is float:
        return _read_number(data, where)
    _expect(type(data) is kind, where, kind.__name__, data)
    return data


def _read_union(options: tuple, data: Any, where: str) -> Any:
    """One of several types: None, the record whose ``kind`` the data name, or the plain type that they have."""
    if data is None and type(None) in options:
        return None
    options = tuple(option for option in options if option is not type(None))
    if len(options) == 1:
        return _read(options[0], data, where)
    if all(dataclasses.is_dataclass(option) for option in options):
        return _read(_tagged(options, data, where), data, where)
    for option in options:
        if type(data) is option or (option is float and type(data) is int):
            return _read(option, data, where)
    names = " or ".join(getattr(option, "__name__", str(option)) for option in options)
    raise ValueError(f"{where} is {data!r:.80}, expected {names}")


def _tagged(options: tuple, data: Any, where: str) -> Any:
    """The record of a tagged union: its field ``kind`` is a `typing.Literal` that names it."""
    _expect(isinstance(data, Mapping), where, "an object", data)
    by_kind = {kind: option for option in options for kind in typing.get_args(_types(option)["kind"])}
    found = data.get("kind")
    if not isinstance(found, str) or found not in by_kind:
        raise ValueError(f"{where}.kind is {found!r:.80}, expected one of {', '.join(by_kind)}")
    return by_kind[found]


def _read_number(data: Any, where: str) -> float:
    _expect(isinstance(data, int | float) and not isinstance(data, bool), where, "a number", data)
    try:
        number = float(data)
    except OverflowError:  # an integer of more than 308 digits
        number = math.inf
    _expect(math.isfinite(number), where, "a finite number", data)  # json.loads accepts NaN and Infinity
    return number


def _read_record(kind: type, data: Any, where: str) -> Any:
    _expect(isinstance(data, Mapping), where, "an object", data)
    fields = {f.name: f for f in _json_fields(kind)}
    if unknown := sorted(set(data) - set(fields)):
        raise ValueError(f"{where} has no field named {', '.join(unknown)}")
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in data:
            raise ValueError(f"{where}.{name} is missing")
    hints = _types(kind)
    return kind(**{name: _read(hints[name], value, f"{where}.{name}") for name, value in data.items()})


def _read_tuple(kinds: tuple, data: Any, where: str) -> tuple:
    _expect(isinstance(data, list | tuple), where, "a list", data)
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_read(kinds[0], item, f"{where}[{i}]") for i, item in enumerate(data))
    _expect(len(data) == len(kinds), where, f"a list of {len(kinds)}", data)
    return tuple(_read(k, item, f"{where}[{i}]") for i, (k, item) in enumerate(zip(kinds, data, strict=True)))


def _expect(right: bool, where: str, what: str, data: Any) -> None:
    if not right:
        raise ValueError(f"{where} is {data!r:.80}, expected {what}")
