"""What a chest CT of full size costs on its way to an answer, step by step, against the least that each step can cost.

    python bench/ct.py [--slices 134] [--repeats 5]

A plain list of steps (`STEPS`): what comes to be worth a number adds one. The slices have 512 x 512 voxels: the real
ones of LUNG1-001 through its tumor, up and down until there are enough, where the folder ``shared`` lies beside the
checkout; else noise. Contestants take turns within each repeat, so that other load on the machine hits all of them;
ratios are taken within each repeat, and medians are printed, of wall time and of the process's CPU time (which other
load hardly touches).
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import numpy as np
import pydicom
import SimpleITK
from numpy.typing import NDArray
from pydicom.uid import generate_uid

from readingroom.imaging.volume import load_volume
from readingroom.phantoms.dicom_series import ct_slices, write_slices

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "dicom_io" / "ct_lung1_001" / "image"
OURS = "ReadingRoom"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=134)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        series = full_series(Path(folder) / "ct", options.slices)
        print(f"{options.slices} slices of 512 x 512, {platform.machine()}, Python {platform.python_version()}")
        for step in STEPS:
            step(series, options.repeats)


def full_series(folder: Path, count: int) -> Path:
    """A DICOM series of that many slices, 3 mm apart."""
    if not REAL.is_dir():
        hu = np.random.default_rng(0).integers(-1000, 1000, (count, 512, 512))
        return write_slices(folder, ct_slices(hu))
    folder.mkdir()
    files = sorted(REAL.iterdir())
    there_and_back = [*files, *files[-2:0:-1]]
    for number in range(count):
        dataset = pydicom.dcmread(there_and_back[number % len(there_and_back)])
        dataset.InstanceNumber = number + 1
        dataset.ImagePositionPatient = [*dataset.ImagePositionPatient[:2], -612.5 + 3 * number]
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.save_as(folder / f"{number:04d}.dcm")
    return folder


def load(series: Path, repeats: int) -> None:
    """From a folder to HU in space: against SimpleITK, which checks less, and against decoding the pixels alone."""

    def ours() -> NDArray:
        return load_volume(series).voxels

    def simpleitk() -> NDArray:
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(series)))
        image = SimpleITK.DICOMOrient(SimpleITK.Cast(reader.Execute(), SimpleITK.sitkFloat32), "LPS")
        return SimpleITK.GetArrayFromImage(image)

    def bare() -> NDArray:
        return np.stack([pydicom.dcmread(path).pixel_array for path in sorted(series.iterdir())])

    if not np.array_equal(ours(), simpleitk()):
        raise SystemExit("The volume is not the one that SimpleITK reads.")
    take_turns("load", {OURS: ours, "SimpleITK": simpleitk, "pydicom, bare pixels": bare}, repeats)
    if (peak := peak_megabytes("load_volume(path)", series)) is not None:
        volume = load_volume(series).voxels.nbytes / 2**20
        print(f"{'load, peak memory':<28}{peak:8.0f} MB, {peak / volume:.1f} times the volume in float32")


def peak_megabytes(work: str, path: Path) -> float | None:
    """How much more memory than before a process of its own takes for the work; None where Linux does not say it."""
    if not Path("/proc/self/status").is_file():
        return None
    code = (
        "import pathlib, sys\n"
        "from readingroom.imaging.volume import load_volume\n"
        "status, path = pathlib.Path('/proc/self/status'), pathlib.Path(sys.argv[1])\n"
        "peak = lambda: int(status.read_text().split('VmHWM:')[1].split()[0]) / 1024\n"
        f"before = peak()\n{work}\nprint(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def take_turns(step: str, contestants: Mapping[str, Callable[[], object]], repeats: int) -> None:
    """Print the medians of each contestant, and how many times as long as ours each of the others takes."""
    wall: dict[str, list[float]] = {name: [] for name in contestants}
    cpu: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, work in contestants.items():
            begun, used = time.perf_counter(), _cpu_seconds()
            work()
            wall[name].append(time.perf_counter() - begun)
            cpu[name].append(_cpu_seconds() - used)
    for name in contestants:
        ratios = [median(a / b for a, b in zip(times[OURS], times[name], strict=True)) for times in (wall, cpu)]
        print(
            f"{step + ', ' + name:<28}{median(wall[name]):8.2f} s wall {median(cpu[name]):8.2f} s CPU   "
            f"ours / this: wall {ratios[0]:5.2f}, CPU {ratios[1]:5.2f}"
        )


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


STEPS: tuple[Callable[[Path, int], None], ...] = (load,)

if __name__ == "__main__":
    main()
