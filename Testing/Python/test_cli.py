"""The shell command as a person runs it: files, exit codes, one sentence on standard error."""

import functools
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

import shell
from readingroom.bundles import store
from readingroom.examples import EXAMPLES
from readingroom.examples import chest_radiograph as example
from readingroom.phantoms.chest_radiograph import chest_radiograph as phantom
from readingroom.phantoms.dicom_files import stored, write_dicom


@pytest.fixture
def readingroom(tmp_path, monkeypatch):
    """Run ``readingroom`` with these arguments and its own bundle store, in this process."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    return shell.readingroom


def without_progress(told: str) -> str:
    """What stands on standard error, without the progress that is told of what takes long, as on a busy machine."""
    return re.sub(r"(?m)^ *\d+% .*\n", "", told)


@pytest.fixture
def process(tmp_path, monkeypatch):
    """The same in a process of its own, with a worker."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))

    def run(*arguments: str | Path) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "readingroom.cli", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        done.stderr = without_progress(done.stderr)
        return done

    return run


def test_read_writes_five_files_and_the_pictures_and_a_pipe_that_knows_few_letters_does_not_lose_them(
    process, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    out = tmp_path / "胸部"
    done = process("read", "chest-xray", example(), "--out", out)
    assert done.returncode == 0, done.stderr
    assert "Pneumonia:" in done.stdout
    assert done.stderr == ""
    written = {path.name for path in out.iterdir()}
    assert {
        "reading.json",
        "heatmap-frontal-pneumonia.nrrd",
        "segments-frontal.seg.nrrd",
        "report.html",
        "report.pdf",
    } <= written


def test_demo_reads_an_adult_and_a_child(readingroom, tmp_path):
    assert readingroom("demo", "--out", tmp_path / "a folder with spaces").returncode == 0
    for example_read in EXAMPLES:
        report = tmp_path / "a folder with spaces" / example_read.name / "report.pdf"
        assert report.stat().st_size > 10_000


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("read", "chest-xray", "x.png"),
        ("read", "knee", "x.png", "--out", "y"),
        ("bundles",),
        ("read", "chest-xray", "x.png", "--out", "y", "--device", "abacus"),
    ],
)
def test_wrong_use_exits_with_2(readingroom, arguments):
    done = readingroom(*arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr


@pytest.mark.parametrize("content", [b"", b"not an image at all", b"\x00" * 128 + b"DICM" + b"\x01" * 40])
def test_what_is_no_image_exits_with_3_and_one_sentence(readingroom, tmp_path, content):
    (tmp_path / "broken.dcm").write_bytes(content)
    done = readingroom("read", "chest-xray", tmp_path / "broken.dcm", "--out", tmp_path / "out")
    assert done.returncode == 3
    assert done.stderr.startswith("readingroom: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_missing_file_exits_with_3(readingroom, tmp_path):
    done = readingroom("read", "chest-xray", tmp_path / "nowhere.png", "--out", tmp_path / "out")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1


def test_a_stop_check_exits_with_3_and_anyway_reads(readingroom, tmp_path):
    ct = write_dicom(tmp_path / "ct.dcm", stored(phantom(seed=1)), Modality="CT")
    done = readingroom("read", "chest-xray", ct, "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "CT" in done.stderr
    assert "--force" in done.stderr
    assert not (tmp_path / "out").exists()
    assert readingroom("read", "chest-xray", ct, "--out", tmp_path / "out", "--force").returncode == 0
    assert "advised to stop" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_asking_for_a_device_that_is_not_there_is_one_sentence(readingroom, tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a graphics card here")
    done = readingroom("read", "chest-xray", example(), "--out", tmp_path / "out", "--device", "cuda")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_an_unknown_bundle_is_one_sentence(readingroom, tmp_path):
    done = readingroom("read", "chest-xray", example(), "--out", tmp_path / "out", "--bundle", "nobody")
    assert done.returncode == 1
    assert "nobody" in done.stderr


def list_again(folder: Path) -> None:
    """Write the hashes of a bundle's files as they are now."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    sums = (f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.relative_to(folder).as_posix()}\n" for f in files)
    (folder / "SHA256SUMS").write_text("".join(sums), "utf-8")


@pytest.fixture
def a_bundle_zip(tmp_path) -> Path:
    """The shipped bundle under another name, zipped."""
    folder = tmp_path / "made" / "my-bundle"
    shutil.copytree(store.shipped_folder() / "cxr-nih-pneumonia", folder)
    metadata = folder / "configs" / "metadata.json"
    data = json.loads(metadata.read_text("utf-8"))
    data["readingroom"]["name"] = "my-bundle"
    metadata.write_text(json.dumps(data), "utf-8")
    list_again(folder)
    return Path(shutil.make_archive(str(tmp_path / "my-bundle"), "zip", folder.parent))


def test_bundles_are_listed_verified_installed_and_removed(readingroom, a_bundle_zip, tmp_path):
    assert "Pneumonia on NIH chest radiographs, adults of 18 to 85 years" in readingroom("bundles", "list").stdout
    assert "safe to load" in readingroom("bundles", "verify", tmp_path / "made" / "my-bundle").stdout
    assert readingroom("bundles", "install", a_bundle_zip).returncode == 0
    assert "my-bundle" in readingroom("bundles", "list").stdout
    assert "safe to load" in readingroom("bundles", "verify", "my-bundle").stdout
    assert readingroom("bundles", "remove", "my-bundle").returncode == 0
    assert "my-bundle" not in readingroom("bundles", "list").stdout
    done = readingroom("bundles", "remove", "my-bundle")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_a_bundle_of_a_catalog_is_downloaded_and_installed(readingroom, a_bundle_zip, tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    data = a_bundle_zip.read_bytes()
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        entry = {
            "name": "my-bundle", "version": "1.0.0", "title": "Mine", "reader": "chest-xray", "license": "Apache-2.0",
            "size": len(data), "sha256": hashlib.sha256(data).hexdigest(),
            "url": f"http://127.0.0.1:{server.server_port}/my-bundle.zip",
        }  # fmt: skip
        catalog = tmp_path / "catalog.json"
        catalog.write_text(json.dumps({"format": 1, "bundles": [entry]}))
        done = readingroom("bundles", "install", "my-bundle", "--catalog", catalog)
        server.shutdown()
    assert done.returncode == 0, done.stderr
    assert "my-bundle" in readingroom("bundles", "list").stdout


def test_a_name_that_no_catalog_has_is_one_sentence(readingroom):
    done = readingroom("bundles", "install", "nobody")
    assert done.returncode == 1
    assert "nobody" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_zip_that_climbs_out_of_its_folder_is_refused(readingroom, tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../../outside.txt", "boo")
    done = readingroom("bundles", "install", tmp_path / "evil.zip")
    assert done.returncode == 1
    assert not list(tmp_path.rglob("outside.txt"))


def test_patient_names_stay_out_of_what_is_printed(process, tmp_path):
    secret = write_dicom(tmp_path / "x.dcm", stored(phantom(seed=2)), PatientName="Secret^Sophie", PatientID="S-4711")
    done = process("read", "chest-xray", secret, "--out", tmp_path / "out", "--force", "--anonymous")
    assert done.returncode == 0
    assert "Secret" not in done.stdout + done.stderr
    assert "Secret" not in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_constant_pictures_are_refused(readingroom, tmp_path):
    Image.fromarray(np.full((300, 300), 90, np.uint8)).save(tmp_path / "flat.png")
    assert readingroom("read", "chest-xray", tmp_path / "flat.png", "--out", tmp_path / "out").returncode == 3


BROKEN_READER = """
import time, os, pathlib
from readingroom.readers import chest_xray

class BrokenReader(chest_xray.ChestXRayReader):
    name = "broken"

    def load(self, study, progress=None):
        pathlib.Path(os.environ["READINGROOM_HOME"], "loading").touch()
        HOW

READER = BrokenReader()
"""


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Start to read with a reader that does this to its process; the file ``loading`` tells when."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path))
    monkeypatch.setenv("READINGROOM_READERS", str(tmp_path / "readers"))
    (tmp_path / "readers").mkdir()
    bundle = tmp_path / "its-bundle"
    shutil.copytree(store.shipped_folder() / "cxr-nih-pneumonia", bundle)
    metadata = bundle / "configs" / "metadata.json"
    metadata.write_text(metadata.read_text("utf-8").replace('"reader": "chest-xray"', '"reader": "broken"'), "utf-8")
    list_again(bundle)

    def start(how: str) -> subprocess.Popen:
        (tmp_path / "readers" / "broken.py").write_text(BROKEN_READER.replace("HOW", how))
        command = [sys.executable, "-m", "readingroom.cli", "read", "broken", example(), "--out", tmp_path / "out"]
        command += ["--bundle", bundle]
        # A suite that runs in the background ignores Control-C, and so would what it starts.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        finally:
            signal.signal(signal.SIGINT, before)

    return start


@pytest.mark.skipif(sys.platform == "win32", reason="signals are not sent there")
def test_control_c_during_a_read_exits_with_130_and_leaves_nothing(broken, tmp_path):
    process = broken("time.sleep(600)")
    while not (tmp_path / "loading").exists():
        assert process.poll() is None
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    told, error = process.communicate()
    assert (told, without_progress(error)) == ("", "readingroom: Canceled.\n")
    assert process.returncode == 130
    _, alive = psutil.wait_procs(children, timeout=60)  # they end with their parent, a moment later
    assert not alive
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("os.abort()", "crashed (SIGABRT)"),
        ("os._exit(3)", "stopped unexpectedly (exit code 3)"),
        ("1 / 0", "unforeseen"),
    ],
)
def test_what_is_done_to_the_process_of_a_read_ends_in_a_sentence(broken, tmp_path, how, sentence):
    process = broken(how)
    _, error = process.communicate()
    assert sentence in error
    assert process.returncode == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_utf_8_is_one_sentence(readingroom, tmp_path):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/R\xf6ntgen")
    shutil.copy(example(), odd)
    for arguments in ((odd, "--out", tmp_path / "out"), (example(), "--out", odd + "-out")):
        done = readingroom("read", "chest-xray", *arguments)
        assert done.returncode == 3
        assert "is no Unicode, as names in old archives are" in done.stderr
        assert done.stderr.count("\n") == 1
    assert not os.path.exists(odd + "-out")
