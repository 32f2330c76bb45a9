"""TotalSegmentator, where its package or the Slicer extension that brings it is installed, run as a program of its own.

Nothing is downloaded: without its weights for MR it is not started. Structures are taken by the names in its own label
map. Wasserthal et al., TotalSegmentator MRI (Radiology 2025); program and weights of these tasks are under Apache-2.0.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import SimpleITK

from ..errors import EngineError, InputError
from ..progress import Progress
from .nifti_labels import nifti_label_names
from .organ import Booleans

TASK = "total_mr"
_FULL, _FAST = ("Dataset850_", "Dataset851_"), ("Dataset852_",)  # folders of weights, as the program names them
_MAIN = "from totalsegmentator.bin.TotalSegmentator import main; main()"
_PERCENT = re.compile(rb"(\d{1,3})%\|")  # of the bars that it prints
_LAST_WORDS = 2000  # bytes of what it printed, for the details of an error
_WAIT_SECONDS = 0.1


@dataclass(frozen=True)
class TotalSegmentator:
    """How to run it: its command, and whether the coarse weights (3 mm) are all there is."""

    command: tuple[str, ...]
    fast: bool

    @property
    def title(self) -> str:
        """For people: which task, and how fine."""
        return f"TotalSegmentator ({TASK}, {'3 mm' if self.fast else '1.5 mm'})"


def is_installed() -> bool:
    """Whether the program is there, with or without weights."""
    return _command() is not None


def find_total_segmentator() -> TotalSegmentator | None:
    """The program with its weights for MR; None where one of them is missing."""
    command = _command()
    if command is None:
        return None
    for folders, fast in ((_FULL, False), (_FAST, True)):
        if all(any(_weights_folder().glob(f"{name}*/*")) for name in folders):
            return TotalSegmentator(command, fast)
    return None


def segmented(
    program: TotalSegmentator, image: SimpleITK.Image, structure: str, on_cpu: bool, progress: Progress
) -> Booleans:
    """A structure of an MR by its name, ``[k, j, i]`` on the grid of the image.

    Parameters
    ----------
    structure : as the program names it: ``liver``

    Raises
    ------
    EngineError : the program failed
    InputError : it names no such structure, or found nothing of it
    CancelledError : the user canceled; the program is ended
    """
    with tempfile.TemporaryDirectory(prefix="total-segmentator-") as folder:
        source, out = Path(folder) / "image.nii.gz", Path(folder) / "labels.nii.gz"
        SimpleITK.WriteImage(image, str(source))
        command = [*program.command, "-i", str(source), "-o", str(out), "--ml", "-ta", TASK, "-rs", structure]
        command += [*(["--fast"] if program.fast else []), "-d", "cpu" if on_cpu else "gpu"]
        _run(command, folder, progress)
        if not out.is_file():
            raise EngineError("TotalSegmentator ended without a label map.")
        names = {name.lower(): label for label, name in nifti_label_names(out).items()}
        if structure not in names:
            raise InputError(f"TotalSegmentator's label map names no '{structure}'.")
        labels = SimpleITK.ReadImage(str(out))
        inside = SimpleITK.Resample(
            labels == names[structure], image, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor
        )
    found = np.asarray(SimpleITK.GetArrayFromImage(inside) > 0)
    if not found.any():
        raise InputError(f"TotalSegmentator found no {structure} in this image.")
    return found


def _command() -> tuple[str, ...] | None:
    if importlib.util.find_spec("totalsegmentator") is not None:  # the package, which the Slicer extension installs
        return (sys.executable, "-c", _MAIN)
    program = shutil.which("TotalSegmentator")
    return (program,) if program is not None else None


def _weights_folder() -> Path:
    if path := os.environ.get("TOTALSEG_WEIGHTS_PATH"):
        return Path(path)
    home = os.environ.get("TOTALSEG_HOME_DIR")
    return (Path(home) if home else Path.home() / ".totalsegmentator") / "nnunet" / "results"


def _run(command: list[str], folder: str, progress: Progress) -> None:
    """Run it in its folder; a cancel ends it."""
    progress(0.0, "TotalSegmentator looks for the organs.")
    try:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        raise EngineError("TotalSegmentator cannot be started.", str(error)) from error
    assert process.stdout is not None  # a pipe was asked for
    printed = _Printed(process.stdout)
    try:
        while process.poll() is None:
            progress(0.95 * printed.share, "TotalSegmentator looks for the organs.")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_WAIT_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        printed.join()
    if process.returncode != 0:
        raise EngineError("TotalSegmentator failed.", printed.last_words)


class _Printed:
    """Reads what a program prints while it runs: the end of it, and how full its bars are."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.share = 0.0
        self._pipe = pipe
        self._end = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def last_words(self) -> str:
        return self._end.decode("utf-8", errors="replace")

    def join(self) -> None:
        self._thread.join(1.0)

    def _read(self) -> None:
        with self._pipe:
            while data := os.read(self._pipe.fileno(), 4096):
                self._end = (self._end + data)[-_LAST_WORDS:]
                if found := _PERCENT.findall(self._end):
                    self.share = max(self.share, min(int(found[-1]) / 100, 1.0))
