"""Who may read what a read writes, and that an anonymous read names nobody in any of it."""

from __future__ import annotations

import json
import re
import stat
import sys
import zlib
from base64 import a85decode, b64decode
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.datadict import DicomDictionary

from readingroom import cli
from readingroom.examples import chest_radiograph

SECRET = "ZQXJVK"
_UID_ROOT = "1.2.826.0.1.987654"
_PLANTED = {
    **dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"), SECRET),
    "UI": f"{_UID_ROOT}.1",
    "DA": "19470713",
    "DT": "19470713101112",
    "AS": "077Y",
}
_NEEDED = {"SOPClassUID", "PhotometricInterpretation", "PatientSex", "VOILUTFunction", "PresentationLUTShape"}


def read(film: Path, out: Path, *more: str) -> int:
    return cli.main(["read", "chest-xray", str(film), "--out", str(out), "--device", "cpu", *more])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_what_names_the_patient_can_be_read_by_its_owner_alone(tmp_path):
    header = pydicom.dcmread(chest_radiograph())
    header.PatientName = "Alpha^Anna"
    header.save_as(tmp_path / "film.dcm")
    assert read(tmp_path / "film.dcm", tmp_path / "out") == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()}
    assert {name for name, mode in modes.items() if mode == 0o600} == {"reading.json", "report.html", "report.pdf"}


def planted(folder: Path) -> Path:
    """A film whose header holds the name in every element that holds text, and that lies in a path with it."""
    header = pydicom.dcmread(chest_radiograph())
    for tag, (representation, multiplicity, _, retired, keyword) in DicomDictionary.items():
        if tag >> 16 in (0, 2, 4, 6, 0x7FE0, 0xFFFE) or keyword in _NEEDED or retired or not keyword:
            continue
        if representation in _PLANTED and multiplicity[:1] == "1":
            setattr(header, keyword, _PLANTED[representation])
    header.PatientName = f"{SECRET}^{SECRET}="
    header.PatientAge = "077Y"
    header.add_new(0x00091001, "LO", SECRET)
    item = pydicom.Dataset()
    item.CodeMeaning = f"{SECRET} PA"
    header.ViewCodeSequence = [item]
    header.SpecificCharacterSet = "ISO_IR 100"
    folder.mkdir(parents=True)
    header.save_as(folder / f"{SECRET}.dcm")
    return folder / f"{SECRET}.dcm"


def decoded(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and what its compressed and encoded parts say."""
    data = path.read_bytes()
    yield data
    for match in re.finditer(rb"base64,([A-Za-z0-9+/=]+)", data):
        yield b64decode(match[1])
    for match in re.finditer(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
        for start in (match[1], match[1].strip()):
            try:
                raw = a85decode(start.removesuffix(b"~>"), adobe=False) if start.endswith(b"~>") else start
                yield zlib.decompress(raw)
            except (ValueError, zlib.error):
                continue
    for match in re.finditer(rb"\x1f\x8b\x08", data):
        try:
            yield zlib.decompressobj(31).decompress(data[match.start() :])
        except zlib.error:
            continue


@pytest.mark.parametrize("more", [(), ("--force",)], ids=["refused", "read"])
def test_an_anonymous_read_writes_and_says_nothing_of_the_header(tmp_path, capfd, more):
    film, out = planted(tmp_path / SECRET / "19470713"), tmp_path / "out"
    code = read(film, out, "--anonymous", *more)
    assert code == (0 if more else 3)
    said = capfd.readouterr()
    written = [part for path in sorted(out.rglob("*")) for part in decoded(path)] if more else []
    assert bool(written) == bool(more)
    for text in (SECRET, "19470713", "1947-07-13", _UID_ROOT):
        assert text.lower() not in (said.out + said.err).lower()
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            wanted = text.lower().encode(encoding)
            assert not any(wanted in part.lower() for part in written), text
    if more:
        reading = json.loads((out / "reading.json").read_text("utf-8"))
        assert any("[removed]" in check["sentence"] for check in reading["checks"])
