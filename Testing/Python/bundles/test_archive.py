"""Zips from strangers: what climbs out, explodes or pretends is refused before it is written."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from readingroom.bundles import archive
from readingroom.errors import BundleError


@pytest.fixture
def into(tmp_path) -> Path:
    """Where archives are unpacked, with a neighbor that must stay alone."""
    return tmp_path / "store" / "into"


def _zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED, mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", method) as opened:
        for name, data in members.items():
            member = zipfile.ZipInfo("placeholder")
            member.filename = member.orig_filename = name  # as it is: ZipInfo would tidy it
            member.compress_type = method
            member.external_attr = mode << 16
            opened.writestr(member, data)
    return path


def _refusal(path: Path, into: Path) -> str:
    with pytest.raises(BundleError) as refused:
        archive.unpack(path, into)
    assert not [p for p in into.parent.rglob("*") if p.is_file()]
    return str(refused.value)


@pytest.mark.parametrize(
    "name",
    [
        "../x.md",
        "a/../../x.md",
        "/x.md",
        "C:/x.md",
        "C:x.md",
        "..\\x.md",
        "a\\x.md",
        "//server/x.md",
        "a//x.md",
        "./x.md",
        "CON.md",
        "a/nul.tar.md",
        "a/COM¹.md",
        "aux /x.md",
        "a./x.md",
        " a/x.md",
        "a\u200b/x.md",
        "a\x7f.md",
        f"{'a' * 161}.md",
    ],
)
def test_a_member_that_climbs_out_is_refused(tmp_path, into, name):
    assert "leaves the folder" in _refusal(_zip(tmp_path / "evil.zip", {"SHA256SUMS": b"", name: b"x"}), into)
    assert not (tmp_path / "x.md").exists()


def test_a_symbolic_link_is_refused(tmp_path, into):
    path = _zip(tmp_path / "evil.zip", {"link.md": b"/etc/passwd"}, mode=stat.S_IFLNK | 0o777)
    assert "is a link" in _refusal(path, into)


def test_a_bomb_is_refused_by_its_ratio(tmp_path, into):
    path = _zip(tmp_path / "bomb.zip", {"bomb.txt": bytes(5 * 2**20)}, zipfile.ZIP_DEFLATED)
    assert "more than 100 times" in _refusal(path, into)


def test_a_member_that_is_larger_than_it_says_is_refused(tmp_path, into):
    path = _zip(tmp_path / "lie.zip", {"a.txt": bytes(5000)}, zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[central + 24 : central + 28] = (10).to_bytes(4, "little")  # uncompressed size in the central directory
    path.write_bytes(data)
    with pytest.raises(BundleError):
        archive.unpack(path, into)
    assert sum(p.stat().st_size for p in into.rglob("*") if p.is_file()) <= 10


def test_sizes_that_together_pass_the_limit_are_refused_before_unpacking(tmp_path, into):
    path = _zip(tmp_path / "huge.zip", {f"a/{i}.txt": bytes(2**16) for i in range(4)})
    data = bytearray(path.read_bytes())
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        for offset in (20, 24):  # compressed and uncompressed size
            data[at + offset : at + offset + 4] = (2**31).to_bytes(4, "little")
    path.write_bytes(data)
    assert "more than 4 GB" in _refusal(path, into)


def test_many_small_bombs_are_refused_together(tmp_path, into):
    path = _zip(tmp_path / "bombs.zip", {f"a/{i}.txt": bytes(2**19) for i in range(64)}, zipfile.ZIP_DEFLATED)
    assert "it unpacks to more than 100 times its size" in _refusal(path, into)


def test_a_list_of_members_that_lies_about_their_number_is_refused_unread(tmp_path, into):
    path = _zip(tmp_path / "list.zip", {f"{'a' * 100}{i}.txt": b"" for i in range(8000)})
    data = bytearray(path.read_bytes())
    data[-14:-10] = b"\1\0\1\0"
    path.write_bytes(data)
    assert "the list of its members is longer than 1 MB" in _refusal(path, into)


def test_too_many_members_are_refused(tmp_path, into):
    path = _zip(tmp_path / "many.zip", {f"{i}.txt": b"" for i in range(600)})
    assert "600 members" in _refusal(path, into)


@pytest.mark.parametrize(
    "names",
    [
        ["a.md", "A.md"],
        ["a/x.md", "b/x.md"],
        ["x.md", "a/x.md"],
        ["ä.md", "a\u0308.md"],
        ["fi.md", "\ufb01.md"],
        ["ß.md", "SS.md"],
        ["a/k.md", "a/\u212a.md"],
        ["a/b.md", "a/b.md/c.md"],
        ["a/b.md/c.md", "a/B.md"],
    ],
)
def test_two_tops_or_two_members_of_one_name_are_refused(tmp_path, into, names):
    sentence = _refusal(_zip(tmp_path / "x.zip", dict.fromkeys(names, b"")), into)
    assert "more than one folder at its top" in sentence or "same name" in sentence


@pytest.mark.parametrize("name", ["model.pt", "run.py", "lib.dll"])
def test_kinds_that_could_run_code_are_refused_before_unpacking(tmp_path, into, name):
    assert "no place in a bundle" in _refusal(_zip(tmp_path / "x.zip", {name: b""}), into)


def test_an_unusual_compression_is_refused(tmp_path, into):
    path = _zip(tmp_path / "x.zip", {"a.md": b"a"}, zipfile.ZIP_LZMA)
    assert "unusual" in _refusal(path, into)


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip at all" * 100])
def test_a_file_that_is_no_zip_is_refused(tmp_path, into, data):
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    assert "not a zip file" in _refusal(path, into)


def test_an_empty_zip_is_refused(tmp_path, into):
    assert "it is empty" in _refusal(_zip(tmp_path / "x.zip", {}), into)


def test_a_member_with_a_wrong_checksum_is_refused(tmp_path, into):
    path = _zip(tmp_path / "x.zip", {"a.md": b"hello hello"})
    data = path.read_bytes()
    path.write_bytes(data.replace(b"hello hello", b"hello jello", 1))
    with pytest.raises(BundleError, match="damaged"):
        archive.unpack(path, into)


def test_an_encrypted_member_is_refused(tmp_path, into):
    path = _zip(tmp_path / "x.zip", {"a.md": b"hello"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[data.index(b"PK\x03\x04") + 6] |= 1
    path.write_bytes(data)
    assert "not a zip file that can be read" in _refusal(path, into)


def test_a_member_without_a_name_is_refused(tmp_path, into):
    path = _zip(tmp_path / "x.zip", {"a/b.md": b"", "q": b""})
    data = path.read_bytes()
    for signature, length, name in ((b"PK\3\4", 26, 30), (b"PK\1\2", 28, 46)):
        at = data.rindex(signature)  # the last member: "q"
        data = data[: at + length] + b"\0\0" + data[at + length + 2 : at + name] + data[at + name + 1 :]
    path.write_bytes(data)
    assert _refusal(path, into)
