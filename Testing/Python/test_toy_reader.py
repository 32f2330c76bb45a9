"""A new reader is one file: the shell, the results and the report follow from what it says of itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import slicerio

import readingroom.readers
from readingroom import cli
from readingroom.phantoms.chest_ct import chest_ct
from readingroom.readers.registry import FOLDERS, readers
from readingroom.reading import Reading

TOY = Path(__file__).parent / "toy_reader.py"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, a_toy_bundle: Path) -> Iterator[Path]:
    """The reader beside those that ship, and a folder with its two CTs and a mask."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    assert cli.main(["bundles", "install", str(a_toy_bundle)]) == 0
    phantom = chest_ct((16, 24, 30), (12.0, 12.0, 12.0))
    for name, voxels in (
        ("ct", phantom.pixels),
        ("prior", phantom.pixels - 50),
        ("lungs", phantom.left_lung.astype(np.uint8)),
    ):
        image = SimpleITK.GetImageFromArray(voxels)
        image.SetSpacing((12.0, 12.0, 12.0))
        SimpleITK.WriteImage(image, str(tmp_path / f"{name}.nrrd"))
    return tmp_path


def _read(folder: Path, *more: str) -> Reading:
    arguments = ["read", "toy-density", str(folder / "ct.nrrd"), *more, "--out", str(folder / "out"), "--device", "cpu"]
    assert cli.main(arguments) == 0
    return Reading.from_json(json.loads((folder / "out" / "reading.json").read_text("utf-8")))


def test_the_registry_finds_it(toy):
    assert set(readers()) >= {"chest-xray", "toy-density"}


def test_the_shell_takes_its_images_mask_and_clinical_facts(toy, capsys):
    more = [
        "--prior",
        str(toy / "prior.nrrd"),
        "--mask",
        f"lungs={toy / 'lungs.nrrd'}",
        "--age",
        "61",
        "--stage",
        "II",
    ]
    reading = _read(toy, *more)
    assert [image.role for image in reading.study.images] == ["ct", "prior-ct"]
    assert reading.study.mask("lungs").source == "file lungs.nrrd"
    facts = {name: (fact.value, fact.unit, fact.source) for name, fact in reading.study.clinical.items()}
    assert facts == {"age": (61.0, "a", "entered"), "stage": ("II", "", "entered")}
    assert reading.comparisons[0].now - reading.comparisons[0].prior == pytest.approx(50, abs=0.1)
    said = capsys.readouterr().out
    for words in ("Dense:", "Air:", "mL", "Mean attenuation:", "prior"):
        assert words in said


def _in_left_lung() -> tuple[np.ndarray, str]:
    """The left lung, and a point in it as it is typed: mm to the left, back and head."""
    lung = chest_ct((16, 24, 30), (12.0, 12.0, 12.0)).left_lung
    k, j, i = np.argwhere(lung)[np.count_nonzero(lung) // 2]
    return lung, f"{12.0 * i},{12.0 * j},{12.0 * k}"


def test_the_shell_grows_a_mask_from_a_point(toy, capsys):
    lung, point = _in_left_lung()
    reading = _read(toy, "--grow", f"lungs={point}")
    mask = reading.study.mask("lungs")
    assert mask.point == tuple(map(float, point.split(",")))
    assert mask.source.startswith("grown from the point")
    assert reading.regions[0].volume_ml == pytest.approx(lung.sum() * 1.728, rel=0.3)
    assert "nobody has corrected it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--grow", "lungs=0,0,0"], "lies in no air"),
        (["--grow", "heart=0,0,0"], "knows no mask 'heart'"),
        (["--grow", "lungs=0,0,0", "--grow", "lungs=0,0,0"], "Two masks were given"),
        (["--grow", "lungs=0,0,0", "--mask", "lungs=lungs.nrrd"], "by a file and by a point"),
    ],
)
def test_a_point_that_nothing_can_be_grown_from_is_refused(toy, capsys, monkeypatch, more, words):
    monkeypatch.chdir(toy)
    assert cli.main(["read", "toy-density", "ct.nrrd", *more, "--out", "out"]) != 0
    assert words in capsys.readouterr().err
    assert not (toy / "out" / "reading.json").exists()


@pytest.mark.parametrize("text", ["lungs", "lungs=1,2", "lungs=a,b,c", "=1,2,3", "lungs=1,2,nan"])
def test_a_point_is_three_numbers(toy, capsys, text):
    with pytest.raises(SystemExit):
        cli.main(["read", "toy-density", "ct.nrrd", "--grow", text, "--out", "out"])
    assert "ROLE=X,Y,Z" in capsys.readouterr().err


def test_an_option_is_a_flag_that_the_reading_keeps(toy):
    as_it_is, darker = _read(toy), _read(toy, "--darker")
    assert darker.provenance.settings["options"] == ["darker"]
    assert darker.provenance.notes == ("The CT was made darker.",)
    assert "options" not in as_it_is.provenance.settings
    assert darker.findings[0].probability < as_it_is.findings[0].probability


def test_few_comparisons_are_printed_and_the_others_counted(toy, capsys, monkeypatch):
    monkeypatch.setattr("readingroom.commands.read._MOST_COMPARISONS", 0)
    _read(toy, "--prior", str(toy / "prior.nrrd"), "--stage", "II")
    said = capsys.readouterr().out
    assert "1 more comparison stands in the report." in said
    assert " now, " not in said


def test_the_region_follows_the_mask_that_was_given(toy):
    lungs = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(toy / "lungs.nrrd")))
    reading = _read(toy, "--mask", f"lungs={toy / 'lungs.nrrd'}")
    assert reading.regions[0].volume_ml == pytest.approx(lungs.sum() * 12**3 / 1000)
    written = slicerio.read_segmentation(str(toy / "out" / reading.regions[0].mask))
    segment = next(one for one in written["segments"] if one["id"] == "lungs")
    assert segment["terminology"]["type"] == ["SCT", "39607008", "Lung"]
    voxels = written["voxels"][segment["layer"]] == segment["labelValue"]
    assert voxels.sum() == lungs.sum()


def test_the_report_shows_measurements_curves_and_the_comparison(toy):
    _read(toy, "--prior", str(toy / "prior.nrrd"), "--stage", "stage i")
    text = (toy / "out" / "report.html").read_text("utf-8")
    for words in ("Toy density reading", "Measurements", "Air", "Compared with the prior", "Mean attenuation (HU)",
                  "Survival of phantoms", "Everybody", "Time (months)", "Density by slice", "The middle slice.",
                  "Stage", "I (entered)", "How dense is this chest?"):  # fmt: skip
        assert words in text
    assert text.count("<svg") == 2
    assert (toy / "out" / "report.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--age", "12"], "Age is '12'; it must be between 18 and 110 years."),
        (["--stage", "IX"], "Stage is 'IX'; it must be one of I, II."),
        (["--mask", "lungs=nothing.nrrd"], "'nothing.nrrd' does not exist."),
        (["--mask", "liver=ct.nrrd"], "Toy density knows no mask 'liver'; it takes lungs, prior-lungs."),
        (["--mask", "lungs=a.nrrd", "--mask", "lungs=b.nrrd"], "Two masks were given for 'lungs'."),
    ],
)
def test_what_does_not_fit_its_description_is_refused_in_a_sentence(toy, capsys, more, sentence):
    arguments = ["read", "toy-density", str(toy / "ct.nrrd"), *more, "--out", str(toy / "out")]
    assert cli.main(arguments) == 3
    assert sentence in capsys.readouterr().err
    assert not (toy / "out").exists()


def test_an_anonymous_read_keeps_what_was_chosen_and_no_path(toy):
    lungs = (toy / "lungs.nrrd").rename(toy / "Zqxjvk-4711.nrrd")
    reading = _read(toy, "--mask", f"lungs={lungs}", "--stage", "II", "--age", "97", "--anonymous")
    assert {name: fact.value for name, fact in reading.study.clinical.items()} == {"stage": "II", "age": 90.0}
    text = b"".join(path.read_bytes() for path in (toy / "out").iterdir()).lower()
    assert b"zqxjvk" not in text
    assert str(toy).encode().lower() not in text


def test_an_anonymous_read_does_not_name_the_file_that_it_cannot_open(toy, capsys):
    (toy / "Zqxjvk-4711.nrrd").write_bytes(b"damaged")
    for name in ("Zqxjvk-4711.nrrd", "Zqxjvk-4712.nrrd"):
        assert cli.main(["read", "toy-density", str(toy / name), "--out", str(toy / "out"), "--anonymous"]) == 3
    assert "Zqxjvk" not in capsys.readouterr().err


def test_help_names_every_input(toy, capsys):
    with pytest.raises(SystemExit):
        cli.main(["read", "toy-density", "--help"])
    said = capsys.readouterr().out
    for words in ("How dense is this chest?", "Chest CT", "--prior", "--mask", "lungs: Lungs", "--age", "I|II"):
        assert words in said


_KILLED_READS = """
import itertools, os, shutil, signal, sys
from pathlib import Path
import torch  # before the fork: it takes seconds
from readingroom import staging
from readingroom.engine.client import InProcessClient

folder = Path(sys.argv[1])

def read(image, out, formats=("html", "pdf")):
    files = {"images": {"ct": str(folder / image)}, "masks": {}, "clinical": {}}
    arguments = {"reader": "toy-density", "files": files, "bundle": "toy-density", "out": str(out), "device": "cpu"}
    InProcessClient().start("read", {**arguments, "report": {"formats": list(formats)}}).wait()
    return 0

def forked(work):
    child = os.fork()
    if child == 0:
        os._exit(work())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def read_and_die(out, step):
    moves = itertools.count(1)
    def hook(event, arguments):
        if event == "os.rename" and next(moves) == step:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    return read("prior.nrrd", out)

def files(out):
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}

assert forked(lambda: read("ct.nrrd", folder / "earlier", ("html", "pdf", "csv"))) == 0
assert forked(lambda: read("prior.nrrd", folder / "later")) == 0
earlier, later = files(folder / "earlier"), files(folder / "later")
alike = {name for name, content in later.items() if content == earlier[name]}  # both have the same lungs
for step in itertools.count(1):
    out = folder / f"killed-{step}"
    shutil.copytree(folder / "earlier", out)
    (out / "notes.txt").write_text("mine")
    killed = forked(lambda: read_and_die(out, step)) != 0
    for swept in (False, True):
        if swept:
            staging.sweep(out)
            assert not [path for path in out.iterdir() if path.name.startswith(".")], step
        found = files(out)
        assert found.pop("notes.txt") == b"mine"
        same = {content == earlier.get(name) for name, content in found.items() if name not in alike}
        assert len(same) <= 1, (step, sorted(found))
        assert not swept or len(found) in (len(earlier) - 1, len(earlier)), (step, sorted(found))
    if not killed:
        break
print(step, sorted(found))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
def test_a_read_killed_at_any_move_leaves_one_patient_and_the_next_sweep_completes_it(toy, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", _KILLED_READS, str(toy)],
        capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    steps, files = done.stdout.splitlines()[-1].split(" ", 1)
    assert int(steps) > 10
    assert "report.csv" not in files  # of the earlier patient, though this read writes none


@pytest.fixture(autouse=True)
def _beside_the_readers_that_ship(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("readers")
    shutil.copy(TOY, folder)
    monkeypatch.setattr(readingroom.readers, "__path__", list(readingroom.readers.__path__))
    monkeypatch.setenv(FOLDERS, str(folder))
    yield
    sys.modules.pop("readingroom.readers.toy_reader", None)
