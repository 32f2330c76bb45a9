"""Make the demonstration bundle of PASC Fibrosis: ``python -m experiments.pasc_phantoms --out FOLDER``.

A cohort of synthetic chests, half of them with planted fibrosis of 30 to 1,200 mL, of many builds and scanners; into
real chest CTs (``--chest``) the same is planted, or nothing, again and again in other voxels and noise. A network is
trained on it by the product's own ``readingroom train``. Nothing of it says how the network would do on a patient.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import SimpleITK

from readingroom import cli
from readingroom.csv_table import write_records
from readingroom.files import write_text
from readingroom.imaging.lungs import find_lungs
from readingroom.imaging.volume import load_volume
from readingroom.parallel import map_parallel
from readingroom.phantoms.fibrosis_ct import (
    KINDS,
    FibrosisCT,
    Kind,
    fibrosis_ct,
    plant,
    random_scanner,
    scanned,
)

NAME = "pasc-fibrosis-phantom"
TITLE = "Phantom demonstration: lasting fibrotic change"
NETWORK = "tf_mobilenetv2_100_stride_16"
_COLUMNS = ("patient_id", "study_id", "image_ct", "mask_lungs", "label", "split")
_EXTENT = (288.0, 304.0, 380.0)  # mm of k, j and i
_THICKNESS = (3.0, 5.0, 7.0, 10.0)  # mm; the reader stops at slices of more than 10 mm
_PLANE = (1.1, 1.9)  # mm, of voxels
_ML = (30.0, 1200.0)
_SEED = 20_000
SIZE, SLICES, COARSE = 192, 8, 1.5  # pixels and slices that are read; how much wider voxels are
_PARTS = ("train",) * 6 + ("validation", "test", "test", "test")  # of ten pairs of synthetic chests


def phantom(seed: int, with_fibrosis: bool, coarse: float = 1.0) -> FibrosisCT:
    """One synthetic chest: its build, scanner, and how much of which patterns, are drawn by the seed.

    ``coarse``: how many times as wide as usual its voxels are.
    """
    random = np.random.default_rng(seed)
    ml, kinds = _drawn(random, with_fibrosis)
    plane = coarse * float(random.uniform(*_PLANE))
    spacing = (float(random.choice(_THICKNESS)), plane, plane)
    shape = tuple(round(length / step) for length, step in zip(_EXTENT, spacing, strict=True))
    return fibrosis_ct(seed, ml, kinds, (shape[0], shape[1], shape[2]), spacing, random_scanner(random))


def planted_chest(path: Path, seed: int, with_fibrosis: bool, coarse: float = 1.0) -> FibrosisCT:
    """A real chest CT, stretched a little, in other voxels and with more noise, with fibrosis planted or without."""
    random = np.random.default_rng(seed)
    ml, kinds = _drawn(random, with_fibrosis)
    image, left, right = _chest(path)
    plane = coarse * float(random.uniform(*_PLANE))
    own = image.GetSpacing()
    wanted = (plane, plane, max(own[2], float(random.choice(_THICKNESS))))
    thicker = [(max(new**2 - old**2, 0)) ** 0.5 / 2.355 for old, new in zip(own, wanted, strict=True)]
    smooth = SimpleITK.SmoothingRecursiveGaussian(image, [max(width, 0.01) for width in thicker])
    size = [round(n * old / new) for n, old, new in zip(image.GetSize(), own, wanted, strict=True)]
    grid = (size, SimpleITK.Transform())
    place = (image.GetOrigin(), wanted, image.GetDirection())
    pixels, *lungs = (
        SimpleITK.GetArrayFromImage(SimpleITK.Resample(each, *grid, how, *place, fill))
        for each, how, fill in (
            (smooth, SimpleITK.sitkLinear, -1000.0),
            (right, SimpleITK.sitkNearestNeighbor, 0.0),
            (left, SimpleITK.sitkNearestNeighbor, 0.0),
        )
    )
    stretched = random.uniform(0.92, 1.08, 3) * wanted[::-1]
    spacing = (float(stretched[0]), float(stretched[1]), float(stretched[2]))
    right_lung, left_lung = (lung != 0 for lung in lungs)
    both, planted = right_lung | left_lung, np.zeros(pixels.shape, dtype=bool)
    if with_fibrosis:
        pixels, planted = plant(pixels, both, kinds, min(ml, 0.4 * both.sum() * np.prod(spacing) / 1000), spacing, seed)
    image_ = scanned(pixels.astype(np.float64), random_scanner(random), spacing, random)
    return FibrosisCT(image_, right_lung, left_lung, planted, kinds if with_fibrosis else (), spacing)


def write_phantom_cohort(
    folder: Path, studies: int, coarse: float = 1.0, chests: Sequence[Path] = (), of_each: int = 0, workers: int = 1
) -> Path:
    """Volumes, masks of their lungs and ``cohort.csv``; every other one has fibrosis.

    Parameters
    ----------
    studies : synthetic chests
    chests, of_each : real CTs, and how many studies are made of each; every second CT tests and the others train
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    wanted = [
        _Wanted(folder, f"phantom-{n:03d}", "1", _PARTS[n // 2 % len(_PARTS)], _SEED + n, n % 2 == 1, coarse, None)
        for n in range(studies)
    ]
    wanted += [
        _Wanted(
            folder, path.name.split(".")[0], str(n + 1), ("train", "test")[number % 2],
            _SEED + 5000 + 500 * number + n, n % 2 == 1, coarse, path,
        )
        for number, path in enumerate(chests)
        for n in range(of_each)
    ]  # fmt: skip
    write_records(folder / "cohort.csv", _COLUMNS, map_parallel(_written, wanted, processes=workers))
    return folder / "cohort.csv"


def protocol(epochs: int) -> dict[str, object]:
    """The rigorous protocol for a network that was taught places: its last layer learns to answer for studies."""
    text = (resources.files("readingroom.learning.protocols") / "pasc-fibrosis-rigorous.json").read_text("utf-8")
    wanted: dict[str, object] = json.loads(text)
    assert isinstance(wanted["input"], dict)
    wanted.update(
        title="Phantoms with planted fibrosis",
        source="ReadingRoom",
        networks=[NETWORK],
        weights="none",
        epochs=epochs,
        patience=None,
        aggregation="linear-softmax",
        trained="head",
        augment={"changes": [], "per": "image"},
        batch=4,
        accumulate=1,
        mixup=0.0,
        precision="bf16-mixed",
        optimizer={"name": "adamw", "rate": 0.0002, "decay": 0.01},
        schedule={"name": "one-cycle"},
        validation={"kind": "hold-out", "hold_out": 0.3, "inner": 0.1},
        input={**wanted["input"], "size": [SIZE, SIZE], "channels": 1, "slices": SLICES, "normalize": "training"},
        variants={},
        flaws=[],
        facts=[],
        assumptions={},
    )
    return wanted


def train(
    table: Path,
    out: Path,
    wanted: dict[str, object],
    weights: Path | None = None,
    sources: Sequence[str] = (),
    workers: int = 2,
) -> int:
    """Run ``readingroom train`` on a cohort of phantoms; its exit code. The bundle lies in ``out``."""
    path = out / "protocol.json"
    write_text(path, json.dumps(wanted, indent=2) + "\n")
    named = [f"--source={source}" for source in ("synthetic chests of readingroom.phantoms.fibrosis_ct", *sources)]
    return cli.main(
        [
            *("train", "pasc-fibrosis", "--cohort", str(table), "--out", str(out), "--protocol", str(path)),
            *("--name", NAME, "--title", TITLE, "--mode", "fine-tune", "--positive", "fibrosis", "--negative", "none"),
            *("--license", "Apache-2.0", "--demonstration", "--workers", str(workers), *named),
            *(("--weights", str(weights)) if weights else ()),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.pasc_phantoms", description=f"Train {NAME}.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bundle is a folder in it")
    parser.add_argument("--studies", type=int, default=160, metavar="N", help="synthetic chests")
    parser.add_argument(
        "--chest", type=Path, action="append", default=[], metavar="CT", help="a real one; may be repeated"
    )
    parser.add_argument("--of-each-chest", type=int, default=12, metavar="N", help="studies")
    parser.add_argument("--source", action="append", default=[], help="of a real chest, with its license")
    parser.add_argument("--taught", type=int, default=160, metavar="N", help="other chests that teach places")
    parser.add_argument("--epochs", type=int, default=4, metavar="N")
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE", help="ImageNet's, to begin with")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes")
    options = parser.parse_args(arguments)
    table, places = options.out / "cohort" / "cohort.csv", options.out / "places.safetensors"
    if not table.is_file():
        write_phantom_cohort(
            table.parent, options.studies, COARSE, options.chest, options.of_each_chest, options.workers
        )
    if not places.is_file():
        from experiments.pasc_phantom_places import teach_places

        teach_places(places, options.weights, options.taught, options.chest[:1], workers=options.workers)
    return train(table, options.out, protocol(options.epochs), places, options.source, options.workers)


@dataclass(frozen=True)
class _Wanted:
    """A study of the cohort, for the process that makes it."""

    folder: Path
    patient: str
    study: str
    part: str
    seed: int
    with_fibrosis: bool
    coarse: float
    chest: Path | None


def _written(wanted: _Wanted) -> dict[str, str]:
    """Make one study, and its row of the table."""
    if wanted.chest is None:
        made = phantom(wanted.seed, wanted.with_fibrosis, wanted.coarse)
    else:
        made = planted_chest(wanted.chest, wanted.seed, wanted.with_fibrosis, wanted.coarse)
    name = f"{wanted.patient}-{wanted.study}"
    for kind, pixels in (("ct", made.pixels), ("lungs", (made.right_lung | made.left_lung).astype(np.uint8))):
        image = SimpleITK.GetImageFromArray(pixels)
        image.SetSpacing(made.spacing[::-1])
        SimpleITK.WriteImage(image, str(wanted.folder / "images" / f"{name}-{kind}.nrrd"), useCompression=False)
    return {
        "patient_id": wanted.patient,
        "study_id": wanted.study,
        "image_ct": f"images/{name}-ct.nrrd",
        "mask_lungs": f"images/{name}-lungs.nrrd",
        "label": "fibrosis" if made.fibrosis.any() else "none",
        "split": wanted.part,
    }


def _drawn(random: np.random.Generator, with_fibrosis: bool) -> tuple[float, tuple[Kind, ...]]:
    """How many mL of which patterns; none where there is no fibrosis."""
    ml = float(np.exp(random.uniform(*np.log(_ML))))
    kinds: tuple[Kind, ...] = tuple(random.permutation(KINDS)[: random.integers(1, len(KINDS) + 1)])
    return (ml if with_fibrosis else 0.0), kinds


@functools.cache
def _chest(path: Path) -> tuple[SimpleITK.Image, SimpleITK.Image, SimpleITK.Image]:
    """A real CT in LPS, and its left and right lung, found by the product."""
    image = load_volume(path).image
    lungs = find_lungs(image)
    masks = []
    for mask in (lungs.left, lungs.right):
        masks.append(SimpleITK.GetImageFromArray(mask.astype(np.uint8)))
        masks[-1].CopyInformation(image)
    return image, masks[0], masks[1]


if __name__ == "__main__":
    from experiments.pasc_phantoms import main as run  # a process finds what it is to do by the name of its module

    sys.exit(run())
