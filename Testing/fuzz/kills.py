"""Commands killed at random moments: what they leave is of one patient, one cohort, one bundle, or of none.

Each command is begun where another one of its kind has left its results. After the kill nothing of both may lie side by
side, and the next run, left alone, leaves its own results and no leftovers.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom

from readingroom import cli
from readingroom.bundles import store
from readingroom.errors import ReadingRoomError
from readingroom.networks.torchvision_schemas import make_torchvision_importable

from . import bundles
from .driver import Tally, numbers
from .guarded import Outcome

EXAMPLE = Path(cli.__file__).parent / "examples" / "chest-radiograph.dcm"
_PATIENTS = {"A": "Alpha^Anna", "B": "Beta^Bert"}


@dataclass
class Command:
    """A command that is killed.

    Parameters
    ----------
    arguments : of the command, for A's or B's input and the place of the output
    owners : whose results lie in the place, of ``A`` and ``B``; given what each of them leaves when left alone
    """

    name: str
    title: str
    prepare: Callable[[Path], None]
    arguments: Callable[[Path, str, Path], list[str]]
    owners: Callable[[Path, Mapping[str, Path]], set[str]]
    warm: bool = False  # it runs once in this process, so that its children need not import; only where no threads stay
    seconds: float = 0.0  # that it takes when it is left alone
    finished: dict[str, Path] = field(default_factory=dict)


def run(command: Command, first: int = 0, count: int | None = None, minutes: float | None = None) -> Tally:
    """Kill the command at so many moments; ``read`` counts the kills that left A's results, ``refused`` the others."""
    tally = Tally(command.name)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        folder = Path(place)
        os.environ["READINGROOM_HOME"] = str(folder / "home")
        command.prepare(folder)
        for who in _PATIENTS:
            command.finished[who] = folder / f"left by {who}"
            arguments = command.arguments(folder, who, command.finished[who])
            if command.warm:
                with contextlib.redirect_stdout(io.StringIO()):
                    cli.main(command.arguments(folder, who, folder / f"imported by {who}"))
                command.arguments(folder, who, command.finished[who])
            start = time.monotonic()
            _wait(_begin(arguments))
            command.seconds = time.monotonic() - start
            if command.owners(command.finished[who], command.finished) != {who}:
                raise RuntimeError(f"{command.title} does not leave {who}'s results when it is left alone")
        for number in numbers(first, count, minutes):
            tally.count(number, command.name, _killed(command, folder, random.Random(f"{command.name} {number}")))
    return tally


def _killed(command: Command, folder: Path, source: random.Random) -> Outcome:
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(command.finished["A"], out)
    start = time.monotonic()
    child = _begin(command.arguments(folder, "B", out))
    # Half of the kills come where results take their places, near the end.
    share = source.random() if source.random() < 0.5 else 1 - source.random() ** 3
    _wait(child, share * command.seconds)
    took = time.monotonic() - start
    owners = command.owners(out, command.finished)
    if len(owners) > 1:
        return Outcome("exception", f"killed after {took:.2f} s: results of {', '.join(sorted(owners))}", took, 0)
    if source.random() < 0.2:
        _wait(_begin(command.arguments(folder, "B", out)))
        leftovers = [each.name for each in out.iterdir() if each.name.startswith(".")]
        if command.owners(out, command.finished) != {"B"} or leftovers:
            return Outcome("exception", f"the run after the kill left {leftovers} and not B's alone", took, 0)
    return Outcome("read" if owners == {"A"} else "refused", "", took, 0)


def _begin(arguments: list[str]) -> int:
    child = os.fork()
    if child == 0:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        try:
            os._exit(cli.main(arguments))
        finally:
            os._exit(70)
    return child


def _wait(child: int, seconds: float = 600) -> None:
    """Wait for the end of the child; when the time is over it is killed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _two_films(folder: Path) -> None:
    make_torchvision_importable()
    for module in ("timm", "reportlab.platypus"):  # once for all children
        importlib.import_module(module)
    for who, name in _PATIENTS.items():
        film = pydicom.dcmread(EXAMPLE)
        film.PatientName, film.PatientID = name, who * 6
        if who == "B":  # another picture, so that no file of both is the same
            film.decompress()
            film.PixelData = np.roll(film.pixel_array, 9, axis=1).tobytes()
        film.save_as(folder / f"{who}.dcm")


def _of_files(out: Path, finished: Mapping[str, Path]) -> set[str]:
    """Files that are as A left them, to the time they were written, are A's; the others were written by B's run."""
    owners = set()
    for file in out.rglob("*"):
        parts = file.relative_to(out).parts
        if file.is_dir() or any(part.startswith(".") for part in parts):
            continue
        was = finished["A"].joinpath(*parts)
        owners.add("A" if was.is_file() and was.stat().st_mtime_ns == file.stat().st_mtime_ns else "B")
    return owners


def _two_folders(folder: Path) -> None:
    for who in _PATIENTS:
        (folder / who).mkdir()
        for number in range(4):
            film = pydicom.dcmread(EXAMPLE)
            film.PatientID, film.SOPInstanceUID = f"{who}{number}", f"1.2.{ord(who)}.{number}"
            film.StudyInstanceUID = film.SeriesInstanceUID = f"1.3.{ord(who)}.{number}"
            film.save_as(folder / who / f"{who}{number}.dcm")
        (folder / who / f"{who}-no-image.dcm").write_bytes(b"\0" * 128 + b"DICM" + who.encode())


def _of_tables(out: Path, finished: Mapping[str, Path]) -> set[str]:
    contents = {who: {f.name: f.read_bytes() for f in left.iterdir()} for who, left in finished.items()}
    owners = set()
    for file in out.glob("cohort*.csv"):
        was = file.read_bytes()
        same = [who for who, files in contents.items() if files.get(file.name) == was]
        owners.add(same[0] if same else f"neither ({file.name})")
    return owners


def _two_bundles(folder: Path) -> None:
    for who, version in (("A", "1.0.0"), ("B", "2.0.0")):
        contents = dict(bundles.files())
        contents["configs/metadata.json"] = contents["configs/metadata.json"].replace(
            b'"1.0.0"', f'"{version}"'.encode()
        )
        contents["SHA256SUMS"] = bundles.sums(contents)
        for path, content in contents.items():
            file = folder / who / bundles.NAME / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def _of_bundle(out: Path, finished: Mapping[str, Path]) -> set[str]:
    os.environ["READINGROOM_HOME"] = str(out)
    try:
        return {{"1.0.0": "A", "2.0.0": "B"}[store.find(bundles.NAME).metadata.version]}
    except ReadingRoomError as error:
        return {"lost", str(error)}


def _install(folder: Path, who: str, out: Path) -> list[str]:
    os.environ["READINGROOM_HOME"] = str(out)
    return ["bundles", "install", str(folder / who / bundles.NAME), "--replace"]


def _cohort(folder: Path, who: str, out: Path) -> list[str]:
    out.mkdir(exist_ok=True)
    return ["cohort", str(folder / who), "--out", str(out / "cohort.csv")]


READ = Command(
    "read",
    "`readingroom read`, killed",
    _two_films,
    lambda folder, who, out: ["read", "chest-xray", str(folder / f"{who}.dcm"), "--out", str(out), "--device", "cpu"],
    _of_files,
)
COHORT = Command("cohort", "`readingroom cohort`, killed", _two_folders, _cohort, _of_tables, warm=True)
INSTALL = Command("install", "`readingroom bundles install`, killed", _two_bundles, _install, _of_bundle, warm=True)
