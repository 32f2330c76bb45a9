"""JSON from strangers."""

import json

import pytest

from readingroom import strict_json


@pytest.mark.parametrize(
    "text", ['{"a": [1, -2.5e3, null, true, "ä\\u00e4\\ud83d\\ude00"]}', "9223372036854775807", "[]"]
)
def test_plain_json_is_read_as_json_reads_it(text):
    assert strict_json.loads(text.encode()) == strict_json.loads(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "no JSON number"),
        ("[-Infinity]", "no JSON number"),
        ("1e999", "too large"),
        ("9223372036854775808", "too large"),
        ("9" * 100_000, "too large"),
        ('{"a": 1, "a": 1}', "same name twice"),
        ("[" * 65 + "]" * 65, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ('["\\ud800"]', "surrogates"),
        ("{", "."),
    ],
)
def test_what_a_careless_parser_would_take_is_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        strict_json.loads(text)


@pytest.mark.parametrize("data", [b"\xff", "[]".encode("utf-16"), b'"\xed\xa0\x80"'])
def test_what_is_not_utf_8_is_refused(data):
    with pytest.raises(ValueError, match="codec can't decode"):
        strict_json.loads(data)
