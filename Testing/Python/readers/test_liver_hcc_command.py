"""``readingroom read liver-hcc`` as a person types it: files, report, and what is wrong in a sentence."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import liver_hcc_cases as cases
import shell
from readingroom import DEMONSTRATION

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    cases.write_nrrd(folder / "mr.nrrd", cases.pixels())
    cases.write_nrrd(folder / "liver.nrrd", cases.phantom().liver)
    return folder


@pytest.fixture(scope="module")
def read(files, tmp_path_factory) -> Run:
    """Read the liver with further arguments, where the bundle by hand is installed."""
    home = tmp_path_factory.mktemp("home")
    bundle = cases.write_bundle(tmp_path_factory.mktemp("bundle") / "bright", cases.gray_network())

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("READINGROOM_HOME", str(home))
            return shell.readingroom(*arguments)

    assert run("bundles", "install", bundle.folder).returncode == 0
    return lambda *more: run("read", "liver-hcc", files / "mr.nrrd", "--bundle", "bright", "--device", "cpu", *more)


@pytest.fixture(scope="module")
def written(read, files, tmp_path_factory) -> tuple[str, Path]:
    """What a read printed, and the folder that it wrote."""
    out = tmp_path_factory.mktemp("out") / "read"
    done = read("--mask", f"liver={files / 'liver.nrrd'}", "--out", out)
    assert done.returncode == 0, done.stderr
    return done.stdout, out


def test_the_answer_is_printed_and_written(written) -> None:
    printed, out = written
    assert "Hepatocellular carcinoma: " in printed
    study = json.loads((out / "reading.json").read_text("utf-8"))["study"]
    assert [(mask["role"], mask["image"]) for mask in study["masks"]] == [("liver", "mr")]
    assert {"heatmap-mr-hcc.nrrd", "segments-mr.seg.nrrd"} <= {path.name for path in out.iterdir()}


def test_the_report_says_demonstration_and_that_parts_are_geometric(written) -> None:
    (report,) = written[1].glob("*.html")
    text = report.read_text("utf-8")
    assert DEMONSTRATION in text
    assert "They are not Couinaud" in text
    assert "Wedge 1 (rightmost), upper" in text


def test_without_a_mask_the_shell_says_so_in_a_sentence(read, tmp_path) -> None:
    done = read("--out", tmp_path / "out")
    assert done.returncode != 0
    assert "not outlined" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
