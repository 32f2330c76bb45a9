"""Which protocol a bundle says that it followed."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest

from readingroom.learning.protocols.identity import identify
from readingroom.learning.protocols.training_protocol import (
    READERS,
    Kind,
    TrainingProtocol,
    load_protocol,
    read_protocol,
)
from readingroom.records import to_json


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", ["published", "rigorous"])
def test_a_protocol_and_its_variants_are_what_they_are_called(reader: str, kind: Kind) -> None:
    protocol = load_protocol(reader, kind)
    assert (identify(protocol).kind, identify(protocol).name) == (kind, protocol.name)
    for variant in protocol.variants:
        found = identify(protocol.with_variants(variant))
        assert found.kind == kind
        assert found.name in (protocol.name, f"{protocol.name}, variant {variant}")


def test_a_changed_copy_is_somebody_s_own_and_says_in_what(tmp_path: Path) -> None:
    original = load_protocol("chest-xray", "published")
    data = to_json(original)
    data["optimizer"]["rate"] *= 2
    data["validation"]["folds"] = 7
    (tmp_path / "mine.json").write_text(json.dumps(data))
    found = identify(read_protocol(tmp_path / "mine.json"))
    assert found.kind == "own"
    assert found.name == "own protocol, like chest-xray-published but for optimizer.rate, validation.folds"
    assert found.sha256 != identify(original).sha256


def test_a_choice_among_the_networks_of_the_protocol_and_a_seed_do_not_change_it() -> None:
    original = load_protocol("chest-xray", "rigorous")
    assert identify(replace(original, networks=original.networks[::-1], seed=7)).kind == "rigorous"
    assert identify(replace(original, networks=("resnet18", *original.networks))).kind == "own"


@dataclass(frozen=True)
class Later(TrainingProtocol):
    """As a later version may have it."""

    added: int = 0


def test_a_field_that_a_later_version_adds_does_not_make_it_another_protocol() -> None:
    now = load_protocol("lung-survival")
    said = {field.name: getattr(now, field.name) for field in fields(now)}
    assert identify(Later(**said)).sha256 == identify(now).sha256
    assert identify(Later(**said, added=1)).sha256 != identify(now).sha256
