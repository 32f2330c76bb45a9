"""Feature maps against PyRadiomics: time of both in one process on one crop, then time and memory as the region grows.

    OMP_NUM_THREADS=1 python bench/feature_maps.py [--voxels 4000] [--growth]

The region is a block in the middle of the tumor of LUNG1-001 (``../shared/data``), with all first-order and texture
features. CPU time is told, which other load on the machine hardly touches. PyRadiomics 3.0.1 works in batches of 50
voxels: all at once would take gigabytes.
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK

ROOT = Path(__file__).resolve().parents[1]
CASE = ROOT.parent / "shared" / "data" / "lung_ct" / "LUNG1-001"
CLASSES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
KERNELS = ((1, 25), (1, 100), (2, 25), (2, 100), (3, 25))  # radius, bin width
GROWTH = (1_000, 8_000, 64_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voxels", type=int, default=4000, help="about so many for both")
    parser.add_argument("--growth", action="store_true", help="ours alone, as the region grows")
    options = parser.parse_args()
    sys.path.remove(str(Path(__file__).parent))  # radiomics.py here has the name of their package
    sys.path.insert(0, str(ROOT / "Common"))
    if options.growth:
        print_growth()
    else:
        print_kernels(options.voxels)


def print_kernels(voxels: int) -> None:
    columns = ("radius", "bin width", "levels", "voxels", "PyRadiomics ms/voxel", "ours ms/voxel", "ratio", "worst")
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    image, mask = block(voxels)
    ours(*block(8000, everywhere=True), parameters(1, 25))  # imports, and compiled loops where numba is installed
    for radius, width in KERNELS:
        asked = parameters(radius, width)
        expected, slow = theirs(image, mask, asked)
        found, fast = ours(image, mask, asked)
        count = int(SimpleITK.GetArrayViewFromImage(mask).sum())
        values = SimpleITK.GetArrayViewFromImage(image)[SimpleITK.GetArrayViewFromImage(mask) > 0]
        levels = len(np.unique(values // width))
        print(
            f"| {radius} | {width} | {levels} | {count} | {slow / count * 1e3:.2f} | {fast / count * 1e3:.3f} "
            f"| {slow / fast:.0f} | {worst(found, expected)} |",
            flush=True,
        )


def print_growth() -> None:
    import resource

    print("| radius | voxels | CPU s | CPU ms/voxel | peak MB above start |\n| --- | --- | --- | --- | --- |")
    ours(*block(8000, everywhere=True), parameters(1, 25))
    for radius in (1, 2):
        for voxels in GROWTH:
            image, mask = block(voxels, everywhere=True)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            _, took = ours(image, mask, parameters(radius, 25), keep=False)
            peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
            count = int(SimpleITK.GetArrayViewFromImage(mask).sum())
            print(f"| {radius} | {count} | {took:.2f} | {took / count * 1e3:.3f} | {peak:.0f} |", flush=True)


def block(voxels: int, everywhere: bool = False) -> tuple[SimpleITK.Image, SimpleITK.Image]:
    """A cube around the middle of the tumor with a margin of four, and the tumor (or all of the cube) in it."""
    image, mask = (SimpleITK.ReadImage(str(CASE / name)) for name in ("ct.nii.gz", "gtv.nii.gz"))
    inside = SimpleITK.GetArrayFromImage(mask)
    side = round(voxels ** (1 / 3))
    starts = [int(np.median(axis)) - side // 2 for axis in np.nonzero(inside)]
    wide = tuple(slice(start - 4, start + side + 4) for start in starts)
    values = SimpleITK.GetArrayFromImage(image)[wide]
    cube = np.zeros(values.shape, dtype=np.uint8)
    cube[4 : 4 + side, 4 : 4 + side, 4 : 4 + side] = 1
    if not everywhere:
        cube &= inside[wide] > 0
    made = SimpleITK.GetImageFromArray(values), SimpleITK.GetImageFromArray(cube)
    for each in made:
        each.SetSpacing(image.GetSpacing())
    return made


def parameters(radius: int, width: float) -> dict[str, Any]:
    return {
        "imageType": {"Original": {}},
        "featureClass": dict.fromkeys(CLASSES),
        "setting": {"label": 1, "binWidth": width, "additionalInfo": False},
        "voxelSetting": {"kernelRadius": radius, "voxelBatch": 50},
    }


def ours(image: Any, mask: Any, asked: dict[str, Any], keep: bool = True) -> tuple[dict[str, Any], float]:
    from readingroom.progress import Progress
    from readingroom.radiomics.maps.feature_maps import each_feature_map
    from readingroom.radiomics.settings import from_parameters

    settings = from_parameters({**asked, "voxelSetting": {**asked["voxelSetting"], "voxelBatch": -1}})
    found, start = {}, time.process_time()
    for name, made in each_feature_map(image, mask, settings, Progress(), print):
        if keep:
            found[name] = made
    return found, time.process_time() - start


def theirs(image: Any, mask: Any, asked: dict[str, Any]) -> tuple[dict[str, Any], float]:
    from radiomics import featureextractor  # type: ignore[attr-defined]  # radiomics.py beside this file is not theirs

    logging.getLogger("radiomics").setLevel(logging.CRITICAL)
    extractor, start = featureextractor.RadiomicsFeatureExtractor(asked), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = dict(extractor.execute(image, mask, voxelBased=True))
    return found, time.process_time() - start


def worst(found: dict[str, Any], expected: dict[str, Any]) -> str:
    """The largest relative difference; square roots of rounding errors (1e-7 of MCC and Imc2) are left out."""
    differences = {}
    for name, image in expected.items():
        one, other = (SimpleITK.GetArrayViewFromImage(each) for each in (found[name], image))
        noise = 1e-7 if name.endswith(("MCC", "Imc2")) else 1e-12
        apart = np.abs(one - other)
        apart = np.where(apart <= noise, 0.0, apart / np.maximum(np.abs(other), 1e-300))
        differences[name] = float(np.nanmax(apart))
    name = max(differences, key=lambda each: differences[each] if math.isfinite(differences[each]) else math.inf)
    return f"{differences[name]:.0e} ({name.removeprefix('original_')})"


if __name__ == "__main__":
    main()
