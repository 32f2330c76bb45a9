"""Lines between client and worker."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.engine import protocol
from readingroom.errors import EngineError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES)
def test_every_message_is_one_ascii_line_and_comes_back(value):
    line = protocol.encode({"value": value})
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert protocol.decode(line) == {"value": value}


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_a_protocol_error(line):
    with contextlib.suppress(protocol.ProtocolError):
        assert isinstance(protocol.decode(line), dict)


@pytest.mark.parametrize("line", [b"", b"[" * 100_000, b'{"a": 1', b'"text"', b"x" * (protocol.LINE_LIMIT + 1)])
def test_what_is_no_message_is_told(line):
    with pytest.raises(protocol.ProtocolError):
        protocol.decode(line)


def message_of(size):
    """A message whose line, with its end, has so many bytes."""
    return {"a": "x" * (size - len(b'{"a":""}\n'))}


def test_the_longest_line_goes_through_the_pipe_and_one_byte_more_does_not():
    longest = message_of(protocol.LINE_LIMIT)
    line = protocol.encode(longest)
    assert len(line) == protocol.LINE_LIMIT
    assert protocol.decode(line) == longest
    with pytest.raises(ValueError, match="too large for the pipe"):
        protocol.encode(message_of(protocol.LINE_LIMIT + 1))


def test_a_good_message_on_too_long_a_line_is_refused():
    line = b'{"a":1}'.ljust(protocol.LINE_LIMIT) + b"\n"  # JSON may end in blanks
    with pytest.raises(protocol.ProtocolError, match="longer than"):
        protocol.decode(line)


def test_an_engine_error_keeps_its_detail():
    error = protocol.error_from_json(protocol.error_to_json(EngineError("It broke.", "line 3")))
    assert (type(error), str(error), error.detail) == (EngineError, "It broke.", "line 3")


@pytest.mark.parametrize(
    "data",
    [None, "x", {}, {"kind": "OSError", "sentence": "x"}, {"kind": "RefusedError", "sentence": "x", "checks": [{}]}],
)
def test_an_error_that_cannot_be_understood_is_told(data):
    with pytest.raises(protocol.ProtocolError):
        protocol.error_from_json(data)
