"""The texture matrices of a whole region by compiled loops and by numpy, against plain C passes that make the same.

    python bench/texture.py [--case lungs tumor phantom] [--turns 9]

The C passes (``texture_floor.c``) are compiled here, into a temporary folder, by ``cc -O3 -march=native``. All start
from the box of gray levels, which are 0 outside the region, and end with a matrix; these are checked to be equal.
Contestants take turns in this process, with one thread; times are medians of the CPU time. The images lie in
``../shared/data``.
"""

from __future__ import annotations

import argparse
import ctypes
import math
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from radiomics import CASES, DATA, PARAMETERS, ROOT, read  # the file beside this one

sys.path.insert(0, str(ROOT / "Common"))
from readingroom.radiomics import size_matrix
from readingroom.radiomics.gray_levels import GrayLevels, directions
from readingroom.radiomics.matrices import BY_NUMPY, Matrices
from readingroom.radiomics.prepare import prepare
from readingroom.radiomics.settings import Settings
from readingroom.radiomics.textures import gray_levels_of

SOURCE = Path(__file__).with_name("texture_floor.c")
FLAGS = ("-O3", "-march=native", "-shared", "-fPIC")
BLOCK = 64  # readable bytes around the box, as in the C file
Found = tuple[NDArray, ...]  # what a pass gives: one or more arrays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cases = [case for case in CASES if case not in PARAMETERS]
    parser.add_argument("--case", nargs="+", choices=cases, default=["tumor", "lungs"])
    parser.add_argument("--turns", type=int, default=9)
    options = parser.parse_args()
    compiler = shutil.which("cc")
    if missing := what_is_missing(compiler):
        print(f"Texture matrices are not compared with C passes: {missing}.")
        return
    print(f"Python {platform.python_version()}, numpy {np.__version__}, cc {' '.join(FLAGS[:2])}\n")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "texture_floor.so"
        subprocess.run([str(compiler), *FLAGS, str(SOURCE), "-o", str(library), "-lm"], check=True)
        floor = ctypes.CDLL(str(library))
        columns = ("", "voxels", "matrix", "numba ms", "numpy ms", "C ms", "numba / C")
        print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
        for case in options.case:
            compare(case, floor, options.turns)


def what_is_missing(compiler: str | None) -> str:
    if compiler is None:
        return "there is no C compiler (cc)"
    if find_spec("numba") is None:
        return "numba is not installed"
    return "" if DATA.is_dir() else f"the images are not there ({DATA})"


def compare(case: str, floor: ctypes.CDLL, turns: int) -> None:
    from readingroom.radiomics.compiled.matrices import BY_LOOPS

    settings = Settings()
    prepared = prepare(*read(case), settings)  # whose image the region looks into
    gray = gray_levels_of(prepared.region(), settings, margin=1)
    box = Box(gray, floor)
    for matrix in ("GLCM", "GLDM", "GLRLM", "GLSZM", "NGTDM"):
        contestants: tuple[Callable[[], Found], ...] = (
            partial(ours, matrix, gray, BY_LOOPS),
            partial(ours, matrix, gray, BY_NUMPY),
            getattr(box, matrix.lower()),
        )
        by_loops, by_numpy, by_c = (contestant() for contestant in contestants)
        for one, other, expected in zip(by_loops, by_numpy, by_c, strict=True):
            np.testing.assert_allclose(one, expected, rtol=1e-12)
            np.testing.assert_allclose(other, expected, rtol=1e-12)
        times = [[cpu_seconds(contestant) for contestant in contestants] for _ in range(turns)]
        medians = [1000 * statistics.median(of_one) for of_one in zip(*times, strict=True)]
        print(
            f"| {case} | {len(gray.inside)} | {matrix} | {' | '.join(f'{each:.1f}' for each in medians)} "
            f"| {medians[0] / medians[2]:.2f} |",
            flush=True,
        )


def cpu_seconds(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def ours(name: str, gray: GrayLevels, matrices: Matrices) -> Found:
    gray = GrayLevels(gray.padded, gray.present, gray.margin)  # of which nothing is known yet
    if name == "GLCM":
        return (matrices.cooccurrences(gray, directions()),)
    if name == "GLDM":
        found = matrices.dependence_matrix(gray, directions())
        return found.counts, found.sizes
    if name == "GLRLM":
        runs = matrices.run_length_matrices(gray, directions())
        return *(each.counts for each in runs), *(each.sizes for each in runs)
    if name == "GLSZM":
        found = size_matrix.size_matrix(*matrices.zones(gray, directions()), gray.present)
        return found.counts, found.sizes
    tones = matrices.tone_differences(gray, (1,), None)
    return tones.counts, tones.differences


class Box(ctypes.Structure):
    """A region as the C passes see it, and what they make of it in the layout of ours."""

    _fields_ = (
        ("levels", ctypes.c_void_p),
        ("slices", ctypes.c_int64),
        ("rows", ctypes.c_int64),
        ("columns", ctypes.c_int64),
        ("kinds", ctypes.c_int64),
    )

    def __init__(self, gray: GrayLevels, floor: ctypes.CDLL) -> None:
        if gray.padded.dtype != np.uint8 or gray.highest * 26 >= 1 << 16:
            raise ValueError(f"The C passes take levels of one byte; the highest is {gray.highest}.")
        self._bytes = np.pad(gray.flat, BLOCK)
        super().__init__(self._bytes.ctypes.data + BLOCK, *gray.padded.shape, len(gray.present) + 1)
        self._gray, self._floor, self._voxels = gray, floor, len(gray.inside)
        floor.zone_sizes.restype = ctypes.c_int64

    def glcm(self) -> Found:
        counts = self._counts(13, self.kinds, self.kinds)
        self._pass("cooccurrences", counts)
        one_way = counts[:, 1:, 1:].transpose(1, 2, 0)
        return ((one_way + one_way.transpose(1, 0, 2)).astype(np.float64),)

    def gldm(self) -> Found:
        counts = self._counts(self.kinds, 27)
        self._pass("dependences", counts)
        return occurring(counts[1:])

    def glrlm(self) -> Found:
        counts = self._counts(13, max(self._gray.padded.shape) + 1, self.kinds)
        self._pass("run_lengths", counts.shape[1], counts)
        runs = [occurring(each.T[1:, 1:]) for each in counts]
        return *(each for each, _ in runs), *(sizes for _, sizes in runs)

    def glszm(self) -> Found:
        most = math.isqrt(2 * self._voxels) + 1
        sizes, counts = self._counts(most), self._counts(self.kinds, most)
        found = self._pass("zone_sizes", self._voxels, most, sizes, counts)
        return counts[1:, :found].astype(np.float64), sizes[:found]

    def ngtdm(self) -> Found:
        levels = np.concatenate([[0], self._gray.present]).astype(np.uint8)
        counts, differences = np.zeros(self.kinds), np.zeros(self.kinds)
        self._pass("tone_differences", levels, counts, differences)
        return counts[1:], differences[1:]

    @staticmethod
    def _counts(*shape: int) -> NDArray[np.uint32]:
        return np.zeros(shape, dtype=np.uint32)

    def _pass(self, name: str, *arguments: NDArray | int) -> int:
        plain = [
            ctypes.c_int64(each) if isinstance(each, int) else ctypes.c_void_p(each.ctypes.data) for each in arguments
        ]
        found: int = getattr(self._floor, name)(ctypes.byref(self), *plain)
        return found


def occurring(counts: NDArray[np.uint32]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The columns, sizes from 1, in which something was counted."""
    columns = np.flatnonzero(counts.any(axis=0))
    return counts[:, columns].astype(np.float64), columns + 1


if __name__ == "__main__":
    main()
