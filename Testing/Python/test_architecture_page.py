"""The page on adding a reader is right: its reader and its bundle are taken from the page and read with."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import SimpleITK

import readingroom.readers
from readingroom import cli
from readingroom.phantoms.chest_ct import chest_ct
from readingroom.reading import Reading

PAGE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"


@pytest.fixture
def blocks() -> list[str]:
    """The pieces of Python on the page."""
    return re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_the_reader_and_the_bundle_of_the_page_read_a_ct(blocks, tmp_path, monkeypatch, capsys):
    reader, bundle = blocks
    (tmp_path / "readers").mkdir()
    (tmp_path / "readers" / "density.py").write_text(reader)
    monkeypatch.setattr(readingroom.readers, "__path__", list(readingroom.readers.__path__))
    monkeypatch.setenv("READINGROOM_READERS", str(tmp_path / "readers"))
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    try:
        exec(compile(bundle, str(PAGE), "exec"), {})
        assert cli.main(["bundles", "install", "density-demo"]) == 0
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(chest_ct((16, 24, 30), (12.0, 12.0, 12.0)).pixels), "ct.nrrd")
        assert cli.main(["read", "density", "ct.nrrd", "--age", "61", "--out", "out", "--device", "cpu"]) == 0
    finally:
        sys.modules.pop("readingroom.readers.density", None)
    reading = Reading.from_json(json.loads(Path("out/reading.json").read_text("utf-8")))
    assert [finding.name for finding in reading.findings] == ["dense"]
    assert [region.name for region in reading.regions] == ["lungs"]
    assert [curve.name for curve in reading.curves] == ["profile"]
    assert reading.study.age_years == 61
    assert reading.bundle.demonstration
    assert readingroom.DEMONSTRATION in capsys.readouterr().out
    assert {str(path) for path in reading.files} <= {path.name for path in Path("out").iterdir()}
