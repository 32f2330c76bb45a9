"""Gzip streams, one after the other, at a cost that the bytes asked for set."""

from __future__ import annotations

import gzip
import io

from readingroom.imaging.inflated import Inflated


def test_streams_that_follow_one_another_are_one():
    packed = b"".join(gzip.compress(part) for part in (b"", b"one ", b"", b"two")) + b"and what is none"
    assert Inflated(io.BytesIO(packed)).readall() == b"one two"


def test_small_streams_are_not_gathered():
    """What is gathered is copied at the end of each of them: 20 MB of empty streams would take minutes."""
    file = io.BytesIO(gzip.compress(b"a") * 100_000)
    unpacked = Inflated(file)
    assert unpacked.read(1) == b"a"
    read_ahead = file.tell()
    for _ in range(50):
        assert unpacked.read(1) == b"a"
    assert file.tell() == read_ahead
