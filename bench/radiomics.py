"""Radiomics features against PyRadiomics on the same image and mask: time, memory, numbers, and growth with the region.

    python bench/radiomics.py [--case lungs tumor phantom] [--repeats 3] [--growth] [--numpy] [--peer PYTHON]
                              [--flash PYTHON]

Each contestant runs in a process of its own, which reads image and mask first and is then timed: wall time, CPU time
(which other load on the machine hardly touches) and peak memory over what it held before. The contestants take turns.
The cases named as PyRadiomics' example parameter files (``--case exampleCT``) measure with what these ask for.
PyRadiomics 3.0.1 is looked for in this environment, or in that of ``--peer``, a Python in which it is installed.
flash-radiomics is measured where ``--flash`` names a Python that has it, and h5py, PyWavelets, pykwalify, scikit-learn
and SimpleITK, which it imports and does not name. The images lie in ``../shared/data``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
CASES = {
    "lungs": ("lung_ct/LUNG1-001/ct.nii.gz", "lung_ct/LUNG1-001/labels.nii.gz", (1, 2)),
    "tumor": ("lung_ct/LUNG1-001/ct.nii.gz", "lung_ct/LUNG1-001/gtv.nii.gz", (1,)),
    "phantom": (
        "ibsi/ibsi_1_ct_radiomics_phantom/nifti/image/phantom.nii.gz",
        "ibsi/ibsi_1_ct_radiomics_phantom/nifti/mask/mask.nii.gz",
        (1,),
    ),
}
_BRAIN = ("pyradiomics_baseline/brain1_image.nrrd", "pyradiomics_baseline/brain1_label.nrrd", (1,))
_SHAPE = [
    *("VoxelVolume", "MeshVolume", "SurfaceArea", "SurfaceVolumeRatio", "Compactness1", "Compactness2", "Sphericity"),
    *("SphericalDisproportion", "Maximum3DDiameter", "Maximum2DDiameterSlice", "Maximum2DDiameterColumn"),
    *("Maximum2DDiameterRow", "MajorAxisLength", "MinorAxisLength", "LeastAxisLength", "Elongation", "Flatness"),
]
_GLCM = [  # all but MCC and the sum average
    *("Autocorrelation", "JointAverage", "ClusterProminence", "ClusterShade", "ClusterTendency", "Contrast"),
    *("Correlation", "DifferenceAverage", "DifferenceEntropy", "DifferenceVariance", "JointEnergy", "JointEntropy"),
    *("Imc1", "Imc2", "Idm", "Idmn", "Id", "Idn", "InverseVariance", "MaximumProbability", "SumEntropy", "SumSquares"),
]
_TEXTURE = {"firstorder": None, "glcm": _GLCM, "glrlm": None, "glszm": None, "gldm": None}
_OF_MR = {"normalize": True, "normalizeScale": 100, "binWidth": 5, "voxelArrayShift": 300, "label": 1}
_OF_CT = {"binWidth": 25, "voxelArrayShift": 1000, "label": 1, "resampledPixelSpacing": [1, 1, 1], "padDistance": 10}
_IN_SLICES = {**_OF_MR, "preCrop": True, "force2D": True, "force2Ddimension": 0}


def _filtered(*sigma: float) -> dict[str, Any]:
    return {"Original": {}, "LoG": {"sigma": list(sigma)}, "Wavelet": {}}


PARAMETERS: dict[str, dict[str, Any]] = {  # what PyRadiomics' own example files ask for
    "exampleCT": {
        "imageType": _filtered(1.0, 2.0, 3.0, 4.0, 5.0),
        "featureClass": {"shape": None, **_TEXTURE},
        "setting": _OF_CT,
    },
    "exampleMR_3mm": {
        "imageType": _filtered(2.0, 3.0, 4.0, 5.0),
        "featureClass": {"shape": None, **_TEXTURE},
        "setting": {**_OF_MR, "resampledPixelSpacing": [2, 2, 2]},
    },
    "exampleMR_5mm": {
        "imageType": _filtered(3.0, 5.0),
        "featureClass": {"shape": None, **_TEXTURE},
        "setting": {**_OF_MR, "resampledPixelSpacing": [3, 3, 3]},
    },
    "exampleMR_NoResampling": {
        "imageType": _filtered(1.0, 3.0, 5.0),
        "featureClass": {"shape": None, **_TEXTURE},
        "setting": _IN_SLICES,
    },
    "MR_2D_extraction": {
        "imageType": _filtered(2.0, 3.0, 4.0, 5.0),
        "featureClass": {"shape2D": None, **_TEXTURE, "ngtdm": None},
        "setting": {**_IN_SLICES, "padDistance": 10, "resampledPixelSpacing": [2, 2, 0]},
    },
    "exampleVoxel": {
        "imageType": {"Original": {}},
        "featureClass": {"glcm": ["JointEntropy"]},
        "setting": {"binWidth": 25, "force2D": True, "label": 1},
        "voxelSetting": {"kernelRadius": 2, "maskedKernel": True, "initValue": math.nan, "voxelBatch": 10000},
    },
    "Params": {
        "imageType": {"Original": {}},
        "featureClass": {"shape": None, **_TEXTURE},
        "setting": {"binWidth": 25, "label": 1},
    },
    "example_allShape": {"featureClass": {"shape": _SHAPE}, "setting": {"label": 1}},
}
CASES |= dict.fromkeys(PARAMETERS, _BRAIN) | {"exampleCT": CASES["tumor"]}
WITHOUT_NUMBA = "BENCH_WITHOUT_NUMBA"  # of the environment, for the processes that are started
OURS, THEIRS, FLASH = "ReadingRoom", "PyRadiomics", "flash-radiomics"
CALLS = 5  # of an example, which takes a tenth of a second; their median counts
WARM = 20_000  # voxels of a ball that is measured before the clock starts
GROWTH = (10_000, 100_000, 1_000_000, 10_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", nargs="+", choices=CASES, default=["tumor", "phantom", "lungs"])
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--growth", action="store_true", help="time of balls of 10 thousand to 10 million voxels")
    parser.add_argument("--peer", default=sys.executable, metavar="PYTHON", help="a Python that has PyRadiomics")
    parser.add_argument("--numpy", action="store_true", help="ours without compiled loops, as if there were no numba")
    parser.add_argument("--flash", metavar="PYTHON", help="a Python that has flash-radiomics, and what it imports")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.numpy:
        os.environ[WITHOUT_NUMBA] = "1"
    if options.run:
        print(json.dumps(run(*options.run)))
        return
    print(f"Python {platform.python_version()}, numpy {np.__version__}, SimpleITK {version('SimpleITK')}\n")
    if options.growth:
        print_growth()
    elif not DATA.is_dir():
        print(f"The images are not there ({DATA}): only --growth can be measured.")
    else:
        pythons = {THEIRS: options.peer, FLASH: options.flash, OURS: sys.executable}
        print_cases(options.case, options.repeats, {name: python for name, python in pythons.items() if python})


def print_cases(cases: list[str], repeats: int, pythons: dict[str, str]) -> None:
    columns = ("", "voxels", "", "wall s", "CPU s", "peak MB", "wall ratio", "CPU ratio", "worst relative difference")
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for case in cases:
        who = [name for name in pythons if name != FLASH or case not in PARAMETERS]
        turns = [{name: start(pythons[name], name, case) for name in who} for _ in range(repeats)]
        for name in who:
            runs = [turn[name] for turn in turns]
            wall, cpu = (
                "" if name == THEIRS else f"{statistics.median(t[THEIRS][key] / t[name][key] for t in turns):.1f}"
                for key in ("wall", "cpu")
            )
            worst = "" if name == THEIRS else worst_difference(runs[0]["values"], turns[0][THEIRS]["values"])
            medians = (statistics.median(each[key] for each in runs) for key in ("wall", "cpu", "peak"))
            print(
                f"| {case} | {runs[0]['voxels']} | {name} | {' | '.join(f'{m:.3g}' for m in medians)} "
                f"| {wall} | {cpu} | {worst} |",
                flush=True,
            )


def worst_difference(found: dict[str, float], expected: dict[str, float]) -> str:
    expected = {name: value for name, value in expected.items() if math.isfinite(value) and name in found}
    name = max(expected, key=lambda n: abs(found[n] - expected[n]) / abs(expected[n] or 1))
    return f"{abs(found[name] - expected[name]) / abs(expected[name] or 1):.0e} ({name}, of {len(expected)})"


def print_growth() -> None:
    print("| voxels | wall s | CPU s | CPU s per million voxels | peak MB |\n| --- | --- | --- | --- | --- |")
    for voxels in GROWTH:
        one = start(sys.executable, OURS, f"ball of {voxels}")
        print(
            f"| {one['voxels']} | {one['wall']:.2f} | {one['cpu']:.2f} | {one['cpu'] / one['voxels'] * 1e6:.2f} "
            f"| {one['peak']:.0f} |",
            flush=True,
        )


def start(python: str, contestant: str, case: str) -> dict[str, Any]:
    """One run in a process of its own, in an empty folder, since flash-radiomics leaves files where it runs."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [python, __file__, "--run", contestant, case], capture_output=True, text=True, check=False, cwd=folder
        )
    if done.returncode:
        raise SystemExit(f"{contestant} failed on {case}:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def run(contestant: str, case: str) -> dict[str, Any]:
    """Measure in this process; image and mask are read before the clock starts."""
    image, mask = ball(int(case.split()[-1])) if case.startswith("ball") else read(case)
    measure = {OURS: ours, THEIRS: theirs, FLASH: flash}[contestant](PARAMETERS.get(case, {}))
    warm = ball(WARM)
    if "shape2D" in PARAMETERS.get(case, {}).get("featureClass", ()):  # of several slices PyRadiomics refuses it
        mask, warm = largest_slice(mask), (warm[0], largest_slice(warm[1]))
    measure(*warm)  # imports, first calls, and compiled loops where numba is installed
    before = memory("VmRSS")
    forget_peak()
    walls, cpus = list[float](), list[float]()
    for _ in range(CALLS if case in PARAMETERS else 1):
        wall, cpu = time.perf_counter(), time.process_time()
        values = measure(image, mask)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {
        "wall": statistics.median(walls),
        "cpu": statistics.median(cpus),
        "peak": memory("VmHWM") - before,
        "voxels": int(np.count_nonzero(SimpleITK.GetArrayViewFromImage(mask))),
        "values": values,
    }


def read(case: str) -> tuple[SimpleITK.Image, SimpleITK.Image]:
    image, mask, labels = CASES[case]
    loaded = SimpleITK.ReadImage(str(DATA / mask))
    chosen = loaded == labels[0]
    for label in labels[1:]:
        chosen = chosen | (loaded == label)
    return SimpleITK.ReadImage(str(DATA / image)), SimpleITK.Cast(chosen, SimpleITK.sitkUInt8)


def largest_slice(mask: SimpleITK.Image) -> SimpleITK.Image:
    """The axial slice that has most of the region, and nothing of the others."""
    inside = SimpleITK.GetArrayFromImage(mask)
    inside[np.arange(len(inside)) != np.count_nonzero(inside, axis=(1, 2)).argmax()] = 0
    alone = SimpleITK.GetImageFromArray(inside)
    alone.CopyInformation(mask)
    return alone


def ball(voxels: int) -> tuple[SimpleITK.Image, SimpleITK.Image]:
    """Smoothed noise of about the gray levels of a lung, and a ball in it."""
    radius = (voxels * 3 / 4 / math.pi) ** (1 / 3)
    size = 2 * math.ceil(radius) + 3
    noise = np.random.default_rng(1).normal(-750, 600, (size, size, size)).astype(np.float32)
    smooth = SimpleITK.DiscreteGaussian(SimpleITK.GetImageFromArray(noise), [1.0] * 3)
    away = np.arange(size) - size // 2
    inside = (away[:, None, None] ** 2 + away[:, None] ** 2 + away**2) <= radius**2
    return SimpleITK.Cast(smooth, SimpleITK.sitkInt16), SimpleITK.GetImageFromArray(inside.astype(np.uint8))


def ours(parameters: dict[str, Any]) -> Any:
    sys.path.insert(0, str(ROOT / "Common"))
    from readingroom.radiomics.maps.feature_maps import feature_maps
    from readingroom.radiomics.measure import measure
    from readingroom.radiomics.settings import from_parameters

    if os.environ.get(WITHOUT_NUMBA):
        sys.modules["numba"] = None  # type: ignore[assignment]  # importing it fails from now on
    elif find_spec("numba"):
        import numba  # noqa: F401  # whatever the size of the region, so that its loops are what is timed
    if "voxelSetting" in parameters:
        return lambda image, mask: means(feature_maps(image, mask, from_parameters(parameters)).images)
    return lambda image, mask: dict(measure(image, mask, from_parameters(parameters)).values)


def theirs(parameters: dict[str, Any]) -> Any:
    import logging

    sys.path.remove(str(Path(__file__).parent))  # this file has the name of the package
    from radiomics import featureextractor  # type: ignore[attr-defined]  # this file is called radiomics too

    logging.getLogger("radiomics").setLevel(logging.CRITICAL)
    extractor = featureextractor.RadiomicsFeatureExtractor(*([parameters] if parameters else []))

    def measure(image: SimpleITK.Image, mask: SimpleITK.Image) -> dict[str, float]:
        rows = extractor.execute(image, mask, voxelBased="voxelSetting" in parameters)
        found = {name: value for name, value in rows.items() if not name.startswith("diagnostics_")}
        return means(found) if "voxelSetting" in parameters else {name: float(value) for name, value in found.items()}

    return measure


def means(maps: Mapping[str, SimpleITK.Image]) -> dict[str, float]:
    """Of feature maps where they have a value."""
    return {name: float(np.nanmean(SimpleITK.GetArrayViewFromImage(each))) for name, each in maps.items()}


def flash(parameters: dict[str, Any]) -> Any:
    from flash_radiomics import RadiomicsFeatureExtractor  # only in the Python of --flash

    extractor = RadiomicsFeatureExtractor(backend="cpu", binWidth=25)

    def measure(image: SimpleITK.Image, mask: SimpleITK.Image) -> dict[str, float]:
        rows = extractor.execute(image, mask, label=1)
        return {name: float(value) for name, value in rows.items() if name.startswith("original_")}

    return measure


def memory(field: str) -> float:
    """Of this process in MB, from Linux's own account; NaN elsewhere."""
    status = Path("/proc/self/status")
    if not status.exists():
        return math.nan
    line = next(line for line in status.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def forget_peak() -> None:
    """Let Linux start counting the peak anew."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


if __name__ == "__main__":
    main()
