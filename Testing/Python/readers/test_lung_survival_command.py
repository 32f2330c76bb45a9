"""``readingroom read lung-survival`` as a person types it: files, report, and what is wrong in a sentence."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import lung_survival_cases as cases
import shell
from pasc_fibrosis_cases import write_nrrd

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A chest and its tumor."""
    folder = tmp_path_factory.mktemp("files")
    made = cases.phantom()
    write_nrrd(folder / "ct.nrrd", made.pixels)
    write_nrrd(folder / "tumor.nrrd", made.tumor)
    return folder


@pytest.fixture(scope="module")
def readingroom(tmp_path_factory) -> Run:
    """Run ``readingroom`` where the bundle by hand is installed."""
    home = tmp_path_factory.mktemp("home")
    bundle = cases.write_bundle(tmp_path_factory.mktemp("bundle") / "dense-slices")

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("READINGROOM_HOME", str(home))
            return shell.readingroom(*arguments)

    assert run("bundles", "install", bundle.folder).returncode == 0
    return run


@pytest.fixture(scope="module")
def read(readingroom, files) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Read the chest with further arguments."""

    def run(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return readingroom(
            "read", "lung-survival", files / "ct.nrrd", "--out", out, "--bundle", "dense-slices", "--device", "cpu",
            *arguments,
        )  # fmt: skip

    return run


@pytest.fixture(scope="module")
def written(read, files, tmp_path_factory) -> tuple[str, Path]:
    """What a read with a tumor and facts printed, and the folder that it wrote."""
    out = tmp_path_factory.mktemp("out") / "read"
    done = read(
        out, "--mask", f"tumour={files / 'tumor.nrrd'}", "--age", "67", "--sex", "m", "--stage", "IIIa", "--force"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, out


def test_the_risk_is_printed_with_who_stands_behind_it(written):
    printed, _ = written
    assert "Death from any cause within 24 months (learned from 40 phantoms): " in printed


def test_facts_are_taken_however_their_letters_are_written_and_are_entered_ones(written):
    study = json.loads((written[1] / "reading.json").read_text("utf-8"))["study"]
    facts = {name: (fact["value"], fact["source"]) for name, fact in study["clinical"].items()}
    assert facts == {"age": (67.0, "entered"), "sex": ("M", "entered"), "stage": ("IIIA", "entered")}
    assert [mask["role"] for mask in study["masks"]] == ["tumour"]


def test_the_report_holds_curves_risks_cohorts_and_what_was_entered(written):
    page = (written[1] / "report.html").read_text("utf-8")
    for words in (
        "67 years (entered)",
        "IIIA (entered)",
        "This CT, learned from 40 phantoms (%)",
        "Clinical facts, 252 patients (%)",
        "Training cohort, 40 phantoms (%)",
        "Training cohort (40 phantoms, 25 deaths)",
        "18 months",
        "Weight of the slices",
        "Risk with slices left out",
        "The heaviest slice, as read.",
        "DEMONSTRATION",
    ):
        assert words in page
    assert page.count('<figure class="plot">') == 3
    assert (written[1] / "report.pdf").stat().st_size > 50_000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--stage", "V"], "Overall stage is 'V'; it must be one of I, II, IIIA, IIIB, IV."),
        (["--age", "670"], "Age is '670'; it must be between 18 and 110 years."),
        (["--age", "-1"], "Age is '-1'; it must be between 18 and 110 years."),
        (["--t", "9"], "T is '9'; it must be one of 1, 2, 3, 4."),
        (["--histology", "sarcoma"], "Histology is 'sarcoma'; it must be one of adenocarcinoma, large cell"),
    ],
)
def test_a_fact_that_cannot_be_is_refused_in_a_sentence(read, tmp_path, arguments, sentence):
    done = read(tmp_path / "out", *arguments)
    assert done.returncode == 3
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "reading.json").exists()
