"""The catalogue of downloadable bundles: ours is in order, damaged ones are refused."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import readingroom
from readingroom.bundles import catalogue
from readingroom.errors import BundleError

ENTRY = {
    "name": "cxr-test",
    "version": "1.2.0",
    "title": "Test",
    "reader": "chest-xray",
    "licence": "Apache-2.0",
    "size": 1000,
    "sha256": "0" * 64,
    "url": "https://example.org/cxr-test.zip",
}


@pytest.fixture
def write_catalogue(tmp_path):
    """A catalogue file with these entries."""

    def write(*entries: dict) -> Path:
        path = tmp_path / "catalogue.json"
        path.write_text(json.dumps({"format": 1, "bundles": entries}))
        return path

    return write


@pytest.fixture
def schema() -> dict:
    """The schema of catalogues."""
    return json.loads((Path(readingroom.__file__).parent / "schemas" / "catalogue.schema.json").read_text())


def test_our_own_catalogue_is_in_order(schema):
    path = Path(catalogue.__file__).with_name("catalogue.json")
    jsonschema.Draft202012Validator(schema).validate(json.loads(path.read_text()))
    assert isinstance(catalogue.entries(), tuple)


def test_entries_are_read_and_found_by_name(write_catalogue, schema):
    path = write_catalogue(ENTRY, {**ENTRY, "name": "other"})
    jsonschema.Draft202012Validator(schema).validate(json.loads(path.read_text()))
    assert [entry.name for entry in catalogue.entries(path)] == ["cxr-test", "other"]
    assert catalogue.find("other", path).size == 1000
    with pytest.raises(BundleError, match="offers no bundle named 'third'"):
        catalogue.find("third", path)


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
        ({"colour": "blue"}, "no field named colour"),
    ],
)
def test_entries_that_cannot_be_trusted_are_refused(write_catalogue, change, sentence):
    with pytest.raises(BundleError, match=sentence):
        catalogue.entries(write_catalogue({**ENTRY, **change}))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/x.zip", "http://localhost/x", "http://[::1]/x", "https://a/x"])
def test_https_and_this_machine_are_trusted(url):
    assert catalogue.is_trustworthy(url)


def test_a_bundle_named_twice_is_refused(write_catalogue):
    with pytest.raises(BundleError, match="twice"):
        catalogue.entries(write_catalogue(ENTRY, ENTRY))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "bundles": []}', '{"format": 1}'])
def test_what_is_no_catalogue_is_refused(tmp_path, text):
    path = tmp_path / "catalogue.json"
    path.write_text(text)
    with pytest.raises(BundleError, match=r"catalogue\.json cannot be used"):
        catalogue.entries(path)
    with pytest.raises(BundleError, match=r"missing\.json cannot be used"):
        catalogue.entries(tmp_path / "missing.json")
