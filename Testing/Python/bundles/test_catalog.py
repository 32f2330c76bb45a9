"""The catalog of downloadable bundles: ours is in order, damaged ones are refused."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import readingroom
from readingroom.bundles import catalog
from readingroom.errors import BundleError

ENTRY = {
    "name": "cxr-test",
    "version": "1.2.0",
    "title": "Test",
    "reader": "chest-xray",
    "license": "Apache-2.0",
    "size": 1000,
    "sha256": "0" * 64,
    "url": "https://example.org/cxr-test.zip",
}


@pytest.fixture
def write_catalog(tmp_path):
    """A catalog file with these entries."""

    def write(*entries: dict) -> Path:
        path = tmp_path / "catalog.json"
        path.write_text(json.dumps({"format": 1, "bundles": entries}))
        return path

    return write


@pytest.fixture
def schema() -> dict:
    """The schema of catalogs."""
    return json.loads((Path(readingroom.__file__).parent / "schemas" / "catalog.schema.json").read_text())


def test_our_own_catalog_is_in_order(schema):
    path = Path(catalog.__file__).with_name("catalog.json")
    jsonschema.Draft202012Validator(schema).validate(json.loads(path.read_text()))
    assert isinstance(catalog.entries(), tuple)


def test_entries_are_read_and_found_by_name(write_catalog, schema):
    path = write_catalog(ENTRY, {**ENTRY, "name": "other"})
    jsonschema.Draft202012Validator(schema).validate(json.loads(path.read_text()))
    assert [entry.name for entry in catalog.entries(path)] == ["cxr-test", "other"]
    assert catalog.find("other", path).size == 1000
    with pytest.raises(BundleError, match="offers no bundle named 'third'"):
        catalog.find("third", path)


def test_schema_and_record_list_the_same_fields(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(schema["$defs"]["entry"]["properties"]) == set(ENTRY) == set(schema["$defs"]["entry"]["required"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sha256": "abc"}, "not a SHA-256"),
        ({"size": 0}, "0 bytes"),
        ({"size": 2**60}, "bytes"),
        ({"size": "1"}, "size"),
        ({"name": "../x"}, "not a plain name"),
        ({"name": "con"}, "Windows keeps this name"),
        ({"url": "http://example.org/x.zip"}, "not https"),
        ({"url": "file:///etc/passwd"}, "not https"),
        ({"url": "https://user:secret@example.org/x.zip"}, "not https"),
        ({"url": "http://127.0.0.1.example.org/x.zip"}, "not https"),
        ({"url": "https://[broken/x.zip"}, "not https"),
        ({"color": "blue"}, "no field named color"),
    ],
)
def test_entries_that_cannot_be_trusted_are_refused(write_catalog, change, sentence):
    with pytest.raises(BundleError, match=sentence):
        catalog.entries(write_catalog({**ENTRY, **change}))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/x.zip", "http://localhost/x", "http://[::1]/x", "https://a/x"])
def test_https_and_this_machine_are_trusted(url):
    assert catalog.is_trustworthy(url)


def test_a_bundle_named_twice_is_refused(write_catalog):
    with pytest.raises(BundleError, match="twice"):
        catalog.entries(write_catalog(ENTRY, ENTRY))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "bundles": []}', '{"format": 1}'])
def test_what_is_no_catalog_is_refused(tmp_path, text):
    path = tmp_path / "catalog.json"
    path.write_text(text)
    with pytest.raises(BundleError, match=r"catalog\.json cannot be used"):
        catalog.entries(path)
    with pytest.raises(BundleError, match=r"missing\.json cannot be used"):
        catalog.entries(tmp_path / "missing.json")
