"""Loading a bundle: what is in order loads, everything else is refused with one sentence."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys

import pytest

from readingroom.bundles import bundle, paths, tensor_file, verification
from readingroom.errors import BundleError


def _refusal(folder) -> str:
    with pytest.raises(BundleError) as refused:
        bundle.load(folder)
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_loading_imports_neither_torch_nor_monai_nor_safetensors(a_bundle):
    script = (
        "import sys; from readingroom.bundles import bundle, store, write, catalog, download;"
        f"bundle.load({str(a_bundle.folder)!r});"
        "print(sorted({'torch', 'monai', 'timm', 'safetensors'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_a_missing_folder_is_refused(tmp_path):
    assert "no bundle folder" in _refusal(tmp_path / "nothing")


def test_a_folder_without_sums_is_refused_without_walking_through_it(tmp_path, monkeypatch):
    (tmp_path / "photo.png").write_bytes(b"")
    assert "no SHA256SUMS" in _refusal(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert f"'{tmp_path.name}'" in _refusal(".")


@pytest.mark.parametrize("path", [paths.WEIGHTS, paths.METADATA, paths.CARD, paths.LICENSE])
def test_one_changed_byte_in_any_file_is_found(a_bundle, path):
    file = a_bundle.folder / path
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert f"{path} does not have the content that SHA256SUMS promises" in _refusal(a_bundle.folder)


def test_weights_changed_after_loading_are_not_handed_out(a_bundle):
    file = a_bundle.folder / paths.WEIGHTS
    facts = file.stat()
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    pytest.importorskip("safetensors")
    pytest.importorskip("torch")
    with pytest.raises(BundleError, match="was changed"):
        a_bundle.weights()


def test_a_file_changed_long_after_a_first_load_is_found(a_bundle):
    file = a_bundle.folder / paths.CARD
    os.utime(file, (1e9, 1e9))
    bundle.load(a_bundle.folder)
    file.write_text("# B card\n")
    os.utime(file, (1.1e9, 1.1e9))
    assert "docs/README.md" in _refusal(a_bundle.folder)


def test_a_file_changed_with_its_date_put_back_is_found(a_bundle):
    for path in (paths.METADATA, paths.WEIGHTS):
        file = a_bundle.folder / path
        os.utime(file, (1e9, 1e9))
        before = file.read_bytes()
        bundle.load(a_bundle.folder)
        with file.open("r+b") as opened:  # in place: the same inode
            opened.seek(-3, os.SEEK_END)
            opened.write(b"   " if path == paths.METADATA else b"\0\0\1")
        os.utime(file, (1e9, 1e9))
        assert f"{path} does not have the content" in _refusal(a_bundle.folder)
        file.write_bytes(before)


def test_an_unchanged_tensor_file_is_examined_once(a_bundle, monkeypatch):
    monkeypatch.setattr(verification, "_SETTLED_NS", -(10**18))  # as if it had been written long ago
    bundle.load(a_bundle.folder)
    monkeypatch.setattr(tensor_file, "examine", None)
    assert bundle.load(a_bundle.folder) == a_bundle
    file = a_bundle.folder / paths.WEIGHTS
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(0, 0))
    with pytest.raises(TypeError):
        bundle.load(a_bundle.folder)


@pytest.mark.parametrize("path", [paths.METADATA, paths.INFERENCE])
def test_what_is_understood_are_the_bytes_that_were_hashed(a_bundle, monkeypatch, path):
    changed = a_bundle.folder / path
    read = verification.read_file

    def swap(folder, name):
        data = read(folder, name)
        if name == path:
            changed.write_text("[]")  # in the moment after it was read
        return data

    monkeypatch.setattr(verification, "read_file", swap)
    assert bundle.load(a_bundle.folder).metadata == a_bundle.metadata


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_what_takes_the_place_of_a_file_after_loading_is_not_read(a_bundle, kind):
    for path in (paths.CARD, bundle.array_path("features")):
        file = a_bundle.folder / path
        data = file.read_bytes()
        file.unlink()
        if kind == "pipe":
            os.mkfifo(file)
        elif kind == "link":
            (a_bundle.folder.parent / "same").write_bytes(data)
            file.symlink_to(a_bundle.folder.parent / "same")
        else:
            file.mkdir()
    with pytest.raises(BundleError):
        _ = a_bundle.card
    with pytest.raises(BundleError):
        a_bundle.arrays("features")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(a_bundle, list_again, value):
    safetensors_numpy = pytest.importorskip("safetensors.numpy")
    for path in (paths.WEIGHTS, bundle.array_path("features")):
        file = a_bundle.folder / path
        before = file.read_bytes()
        tensors = safetensors_numpy.load(before)
        name = next(name for name, array in tensors.items() if array.dtype.kind == "f")
        tensors[name].flat[0] = value
        file.write_bytes(safetensors_numpy.save(tensors))
        list_again(a_bundle.folder)
        assert f"{path} is not a safetensors file that can be used: its tensor '{name}'" in _refusal(a_bundle.folder)
        file.write_bytes(before)


@pytest.mark.parametrize("path", [paths.INFERENCE, paths.WEIGHTS, paths.CARD, paths.LICENSE])
def test_a_missing_file_is_named(a_bundle, list_again, path):
    (a_bundle.folder / path).unlink()
    assert f"{path} is missing" in _refusal(a_bundle.folder)
    list_again(a_bundle.folder)
    assert f"{path} is missing" in _refusal(a_bundle.folder)


def test_a_file_that_is_not_listed_is_named(a_bundle):
    (a_bundle.folder / "docs" / "more.md").write_text("hello")
    assert "docs/more.md is not listed" in _refusal(a_bundle.folder)


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "x.ckpt", "x.pkl", "run.py", "lib.so", "x.npy", "x", "x.PY"])
def test_kinds_of_files_that_could_run_code_are_refused_even_when_listed(a_bundle, list_again, name):
    (a_bundle.folder / "models" / name).write_bytes(b"")
    list_again(a_bundle.folder)
    assert f"models/{name} is of a kind" in _refusal(a_bundle.folder)


class _Bomb:
    def __reduce__(self):
        return (open, ("exploded", "w"))


def test_a_pickle_under_the_name_of_weights_is_refused_and_not_run(a_bundle, list_again, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (a_bundle.folder / paths.WEIGHTS).write_bytes(pickle.dumps(_Bomb()))
    list_again(a_bundle.folder)
    assert "model.safetensors is not a safetensors file" in _refusal(a_bundle.folder)
    assert not (tmp_path / "exploded").exists()


def test_expressions_and_targets_in_a_bundle_are_never_evaluated(a_bundle, list_again, tmp_path):
    trap = tmp_path / "exploded"
    expression = f"$open({str(trap)!r}, 'w')"
    (a_bundle.folder / paths.INFERENCE).write_text(
        json.dumps({"imports": [expression], "network_def": {"_target_": "builtins.open", "file": str(trap)}})
    )
    metadata = a_bundle.folder / paths.METADATA
    data = json.loads(metadata.read_text(encoding="utf-8"))
    data["readingroom"]["title"] = expression
    metadata.write_text(json.dumps(data))
    list_again(a_bundle.folder)
    assert bundle.load(a_bundle.folder).metadata.title == expression
    assert not trap.exists()


@pytest.mark.parametrize(
    "path",
    [
        *("../outside.json", "/etc/hosts.json", "C:/x.json", "docs\\x.md", "docs//x.md", "./x.md", "docs/x.md."),
        *("docs/nul.md", "docs/COM1", "docs/x .md/ ", "docs/\x1b[2J.md"),
    ],
)
def test_a_list_that_leads_out_of_the_folder_is_refused(a_bundle, path):
    with (a_bundle.folder / paths.SUMS).open("a") as sums:
        sums.write(f"{'0' * 64}  {path}\n")
    assert "leaves the bundle" in _refusal(a_bundle.folder)


@pytest.mark.parametrize("line", ["nonsense", f"{'0' * 63}  x.md", f"{'0' * 64} *x.md"])
def test_a_list_with_a_strange_line_is_refused(a_bundle, line):
    with (a_bundle.folder / paths.SUMS).open("a") as sums:
        sums.write(line + "\n")
    assert "a line that is not" in _refusal(a_bundle.folder)


def test_a_list_that_names_a_file_twice_is_refused(a_bundle):
    sums = a_bundle.folder / paths.SUMS
    sums.write_text(sums.read_text() * 2)
    assert "twice" in _refusal(a_bundle.folder)


@pytest.mark.parametrize("folder", [False, True])
def test_links_are_refused(a_bundle, tmp_path, folder):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.md").write_text("secret")
    try:
        (a_bundle.folder / "docs" / "link.md").symlink_to(outside if folder else outside / "x.md")
    except OSError:
        pytest.skip("this system lets nobody make links")
    assert "docs/link.md is a link" in _refusal(a_bundle.folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_is_refused_without_waiting_for_it(a_bundle):
    os.mkfifo(a_bundle.folder / "docs" / "pipe.md")
    assert "docs/pipe.md is a link or a device" in _refusal(a_bundle.folder)


def test_a_folder_with_very_many_files_is_refused(a_bundle):
    for i in range(300):
        (a_bundle.folder / f"{i}.txt").write_bytes(b"")
    assert "more than 256 files" in _refusal(a_bundle.folder)


def test_endless_nesting_is_refused(a_bundle):
    (a_bundle.folder / "/".join("a" * 20)).mkdir(parents=True)
    assert "nested" in _refusal(a_bundle.folder)


@pytest.mark.parametrize(("path", "size"), [(paths.METADATA, 9 * 2**20), (paths.WEIGHTS, 2 * 2**30 + 1)])
def test_files_that_are_too_large_are_refused_before_they_are_read(a_bundle, path, size):
    os.truncate(a_bundle.folder / path, size)  # sparse: takes no room
    assert "MB allowed" in _refusal(a_bundle.folder)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": NaN}', "[" * 100_000, "\udcff"])
def test_metadata_that_is_no_json_object_is_refused(a_bundle, list_again, text):
    (a_bundle.folder / paths.METADATA).write_bytes(text.encode("utf-8", errors="surrogateescape"))
    list_again(a_bundle.folder)
    assert "configs/metadata.json is not a JSON object" in _refusal(a_bundle.folder)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda section: section.pop("labels"), "labels is missing"),
        (lambda section: section.update(color="blue"), "no field named color"),
        (lambda section: section.update(format=3), "needs a newer ReadingRoom"),
        (lambda section: section.update(format="1"), "expected 2"),
        (lambda section: section["operating_points"][0].update(threshold=1.5), "threshold of 1.5"),
        (lambda section: section.update(backbone="os:system()"), "backbone 'os:system()' is not a plain name"),
        (lambda section: section.update(version="9.9.9"), "two versions"),
        (lambda section: section["feature_statistics"].update(file="other"), "models/other.safetensors are missing"),
    ],
)
def test_metadata_that_is_not_right_is_refused_with_the_reason(a_bundle, change_metadata, change, sentence):
    change_metadata(a_bundle.folder, change)
    assert sentence in _refusal(a_bundle.folder)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"seed": 7', '"seed": 7, "seed": 8'),
        ('"seed": 7', '"seed": 1e999'),
        ('"seed": 7', f'"seed": {"7" * 400}'),
        ('"epochs": 12', f'"epochs": {"[" * 65}{"]" * 65}'),
        ('"epochs": 12', '"epochs": "\\ud800"'),
    ],
)
def test_metadata_that_a_careless_parser_would_take_is_refused(a_bundle, list_again, before, after):
    metadata = a_bundle.folder / paths.METADATA
    text = metadata.read_text("utf-8")
    assert before in text
    metadata.write_text(text.replace(before, after), "utf-8")
    list_again(a_bundle.folder)
    assert "configs/metadata.json is not a JSON object that can be used" in _refusal(a_bundle.folder)


def test_a_list_with_two_names_for_one_file_is_refused(a_bundle, list_again):
    (a_bundle.folder / "docs" / "readme.md").write_text("B")
    list_again(a_bundle.folder)
    assert "beside a file that some systems take for the same" in _refusal(a_bundle.folder)


def test_metadata_without_our_section_is_refused(a_bundle, list_again):
    (a_bundle.folder / paths.METADATA).write_text("{}")
    list_again(a_bundle.folder)
    assert "no 'readingroom' section" in _refusal(a_bundle.folder)


def test_a_bundle_for_another_reader_is_refused(a_bundle):
    assert a_bundle.require("chest-xray") is a_bundle
    with pytest.raises(BundleError, match=r"was made for the reader 'chest-xray' and cannot be used by 'liver-hcc'\."):
        a_bundle.require("liver-hcc")


def test_arrays_that_the_bundle_does_not_have_are_refused(a_bundle):
    with pytest.raises(BundleError, match=r"has no models/other\.safetensors"):
        a_bundle.arrays("other")
    with pytest.raises(BundleError, match="has no"):
        a_bundle.arrays("../../secret")


def test_facts_carry_identity_and_warnings_into_a_reading(a_bundle):
    assert a_bundle.facts.sha256 == a_bundle.sha256
    assert a_bundle.facts.warnings == ("Trained on adults.",)
    assert a_bundle.facts.demonstration
