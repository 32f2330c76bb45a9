"""What docs/protocols.md says is what the protocols are."""

from __future__ import annotations

import update_protocol_docs
from readingroom.learning.protocols.training_protocol import READERS, load_protocol


def test_the_tables_are_those_of_the_protocols() -> None:
    text = update_protocol_docs.PATH.read_text("utf-8")
    assert update_protocol_docs.updated(text) == text, "run: python Testing/update_protocol_docs.py"


def test_every_flaw_stands_there_with_both_answers() -> None:
    tables = update_protocol_docs.tables().replace("&#124;", "|")
    for reader in READERS:
        for flaw in (*load_protocol(reader, "published").flaws, *load_protocol(reader, "rigorous").flaws):
            assert flaw.what in tables
            assert flaw.instead in tables


def test_numbers_that_are_ours_are_marked() -> None:
    (line,) = [
        line for line in update_protocol_docs.tables().splitlines() if line.startswith("| MixUp alpha | 0.2 \\*")
    ]
    assert line == "| MixUp alpha | 0.2 \\* | 0.2 |"


def test_what_stands_around_the_tables_stays() -> None:
    text = f"before\n{update_protocol_docs.START}old\n{update_protocol_docs.END}after\n"
    assert update_protocol_docs.updated(text).startswith("before\n")
    assert update_protocol_docs.updated(text).endswith("after\n")
    assert "\nold\n" not in update_protocol_docs.updated(text)
