"""Many small regions of one CT, whole and cropped to what they take up: what the rest of the image costs.

    python bench/regions.py [--labels 40] [--turns 5]

Balls of 6 voxels' radius, a label each, are placed in the lungs of LUNG1-001, and all of them are measured with the 107
default features, in this process and without reading files: once on the whole CT, with air around it up to 512 x 512 x
134 voxels, and once on the box around the balls with a margin of 10 voxels. Contestants take turns; times are medians
of the CPU time. The images lie in ``../shared/data``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import SimpleITK
from radiomics import DATA, ROOT, read  # the file beside this one

sys.path.insert(0, str(ROOT / "Common"))
from readingroom.radiomics.files import Opened
from readingroom.radiomics.region import bounding_box, widened
from readingroom.radiomics.regions import MeasuredRegion, measure_regions

RADIUS = 6  # voxels
MARGIN = 10
SIZE = (512, 512, 134)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, default=40)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    if not DATA.is_dir():
        print(f"Regions of one CT are not measured: the images are not there ({DATA}).")
        return
    image, lungs = read("lungs")
    mask = balls(lungs, options.labels)
    k, j, i = widened(bounding_box(SimpleITK.GetArrayViewFromImage(mask) > 0), MARGIN, mask.GetSize()[::-1])
    missing = [max(0, wanted - size) for wanted, size in zip(SIZE, image.GetSize(), strict=True)]
    padded = (SimpleITK.ConstantPad(each, [0] * 3, missing, beyond) for each, beyond in ((image, -1024), (mask, 0)))
    contestants = {"whole": Opened(*padded), "cropped": Opened(image[i, j, k], mask[i, j, k])}
    refuse_differences(*(measured(opened) for opened in contestants.values()))
    print(
        f"| CT | million voxels | 1 region, s | {options.labels} regions, s | each further one, ms |\n|{' --- |' * 5}"
    )
    turns = [
        {name: [cpu_seconds(opened, labels) for labels in ([1], None)] for name, opened in contestants.items()}
        for _ in range(options.turns)
    ]
    for name, opened in contestants.items():
        one, many = (statistics.median(each) for each in zip(*(turn[name] for turn in turns), strict=True))
        voxels = SimpleITK.GetArrayViewFromImage(opened.image).size / 1e6
        print(f"| {name} | {voxels:.1f} | {one:.2f} | {many:.2f} | {1000 * (many - one) / (options.labels - 1):.1f} |")


def balls(lungs: SimpleITK.Image, count: int) -> SimpleITK.Image:
    """Balls in the lungs, of labels 1, 2, ..., that do not overlap."""
    inside = SimpleITK.GetArrayFromImage(SimpleITK.BinaryErode(lungs, [RADIUS] * 3))
    places = np.argwhere(inside)
    np.random.default_rng(1).shuffle(places)
    away = np.mgrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]
    ball = np.argwhere((away**2).sum(axis=0) <= RADIUS**2) - RADIUS
    labels, label = np.zeros(inside.shape, dtype=np.uint8), 0
    for place in places:
        here = tuple((place + ball).T)
        if label < count and not labels[here].any():
            label += 1
            labels[here] = label
    mask = SimpleITK.GetImageFromArray(labels)
    mask.CopyInformation(lungs)
    return mask


def measured(opened: Opened, labels: list[int] | None = None) -> tuple[MeasuredRegion, ...]:
    return measure_regions(Path(), Path(), labels, processes=1, opening=lambda image, mask: opened)


def cpu_seconds(opened: Opened, labels: list[int] | None) -> float:
    start = time.process_time()
    measured(opened, labels)
    return time.process_time() - start


def refuse_differences(whole: tuple[MeasuredRegion, ...], cropped: tuple[MeasuredRegion, ...]) -> None:
    for one, other in zip(whole, cropped, strict=True):
        if one.features is None or other.features is None or one.features.values != other.features.values:
            raise SystemExit(f"{one.name} has other features on the whole CT: {one.problem}")


if __name__ == "__main__":
    main()
