"""Which protocol a training followed: one that comes with ReadingRoom, word for word, or somebody's own."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ... import records
from ...bundles.metadata import ProtocolName
from ...errors import InputError
from .training_protocol import TrainingProtocol, load_protocol

_TEXTS = ("title", "source", "flaws", "facts", "assumptions", "variants")  # they train nothing


@dataclass(frozen=True)
class ProtocolIdentity:
    """What a bundle records of its protocol.

    Parameters
    ----------
    kind : ``published`` or ``rigorous`` where it is the one that comes with ReadingRoom, or a named variant of it; else
        ``own``
    name : with the variant, or with what is changed
    sha256 : of everything that the protocol says, without fields at their default: one that a later version of
        ReadingRoom adds does not make it another protocol
    """

    kind: ProtocolName
    name: str
    sha256: str


def identify(protocol: TrainingProtocol) -> ProtocolIdentity:
    """Compare a protocol with the one that comes with ReadingRoom under its name, field by field."""
    data = records.to_json(protocol)
    sha256 = hashlib.sha256(json.dumps(_stated(protocol), sort_keys=True).encode()).hexdigest()
    try:
        original = load_protocol(protocol.reader, protocol.kind)
    except InputError:
        return ProtocolIdentity("own", f"own protocol for {protocol.reader}", sha256)
    closest: tuple[str, ...] = ()
    for number, variant in enumerate(("", *original.variants)):
        known = original.with_variants(variant) if variant else original
        differs = tuple(
            _differences(_compared(data, known.networks), _compared(records.to_json(known), known.networks))
        )
        if not differs:
            name = f"{original.name}, variant {variant}" if variant else original.name
            return ProtocolIdentity(protocol.kind, name, sha256)
        closest = differs if not number else closest
    return ProtocolIdentity("own", f"own protocol, like {original.name} but for {', '.join(closest)}", sha256)


def _stated(value: Any) -> Any:
    """As JSON, without the fields of records that are at their default."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        stated = {
            field.name: getattr(value, field.name) for field in dataclasses.fields(value) if _is_set(value, field)
        }
        return {name: _stated(item) for name, item in stated.items()}
    if isinstance(value, tuple):
        return [_stated(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _stated(item) for name, item in value.items()}
    return records.to_json(value)


def _is_set(record: Any, field: dataclasses.Field[Any]) -> bool:
    made = field.default_factory
    default = field.default if made is dataclasses.MISSING else made()
    return bool(getattr(record, field.name) != default)


def _compared(data: dict[str, Any], offered: tuple[str, ...]) -> dict[str, Any]:
    """Without sentences; that one of the offered networks was chosen, or a seed, is said elsewhere."""
    kept = {name: value for name, value in data.items() if name not in (*_TEXTS, "seed")}
    return {**kept, "networks": sorted(set(data["networks"]) - set(offered))}


def _differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Dotted fields that differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            yield from _differences(one.get(name), other.get(name), f"{path}.{name}" if path else name)
    elif one != other:
        yield path
