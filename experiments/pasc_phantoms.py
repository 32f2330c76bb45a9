"""Make the demonstration bundle of PASC Fibrosis: ``python -m experiments.pasc_phantoms --out FOLDER``.

A cohort of synthetic chests, half of them with planted fibrosis of 30 to 1,200 mL, of many builds and scanners, and a
network trained on it by the product's own ``readingroom train``. No patient is in it, and nothing of it says how the
network would do on one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import SimpleITK

from readingroom import cli
from readingroom.csv_table import write_records
from readingroom.files import write_text
from readingroom.phantoms.fibrosis_ct import KINDS, FibrosisCT, Kind, fibrosis_ct, random_scanner

NAME = "pasc-fibrosis-phantom"
TITLE = "Phantom demonstration: lasting fibrotic change"
NETWORK = "tf_mobilenetv2_100"
_COLUMNS = ("patient_id", "study_id", "image_ct", "mask_lungs", "label")
_SHAPE, _SPACING = (32, 160, 200), (9.0, 1.9, 1.9)
_ML = (30.0, 1200.0)
_SEED = 20_000


def phantom(seed: int, with_fibrosis: bool, coarse: float = 1.0) -> FibrosisCT:
    """One chest of the cohort: its build, scanner, and how much of which patterns, are drawn by the seed.

    ``coarse``: how many times as wide as usual its voxels are.
    """
    random = np.random.default_rng(seed)
    ml = float(np.exp(random.uniform(*np.log(_ML)))) if with_fibrosis else 0.0
    kinds: tuple[Kind, ...] = tuple(random.permutation(KINDS)[: random.integers(1, len(KINDS) + 1)])
    thickness = float(random.choice([6.0, 9.0, 12.0]))
    (slices, rows, columns), (step, *plane) = _SHAPE, _SPACING
    shape = (round(slices * step / thickness), round(rows / coarse), round(columns / coarse))
    spacing = (thickness, coarse * plane[0], coarse * plane[1])
    return fibrosis_ct(seed, ml, kinds, shape, spacing, random_scanner(random))


def write_phantom_cohort(folder: Path, studies: int, coarse: float = 1.0) -> Path:
    """Volumes, masks of their lungs and ``cohort.csv``; every other one has fibrosis."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    write_records(folder / "cohort.csv", _COLUMNS, list(_rows(folder, studies, coarse)))
    return folder / "cohort.csv"


def protocol(epochs: int) -> dict[str, object]:
    """The rigorous protocol, small enough for two processor cores: one network, patients held out."""
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
        averaging=0.9,
        trained="last-block",
        batch=4,
        accumulate=1,
        mixup=0.0,
        optimizer={"name": "adamw", "rate": 0.001, "decay": 0.01},
        schedule={"name": "one-cycle"},
        validation={"kind": "hold-out", "hold_out": 0.3, "inner": 0.1},
        input={**wanted["input"], "size": [224, 224], "slices": 8, "normalize": "training"},
        variants={},
        flaws=[],
        facts=[],
        assumptions={},
    )
    return wanted


def train(table: Path, out: Path, wanted: dict[str, object], weights: Path | None = None) -> int:
    """Run ``readingroom train`` on a cohort of phantoms; its exit code. The bundle lies in ``out``."""
    path = out / "protocol.json"
    write_text(path, json.dumps(wanted, indent=2) + "\n")
    return cli.main(
        [
            *("train", "pasc-fibrosis", "--cohort", str(table), "--out", str(out), "--protocol", str(path)),
            *("--name", NAME, "--title", TITLE, "--mode", "fine-tune", "--positive", "fibrosis", "--negative", "none"),
            *("--source", "synthetic chests of readingroom.phantoms.fibrosis_ct", "--license", "Apache-2.0"),
            "--demonstration",
            *(("--weights", str(weights)) if weights else ()),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.pasc_phantoms", description=f"Train {NAME}.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bundle is a folder in it")
    parser.add_argument("--studies", type=int, default=160, metavar="N")
    parser.add_argument("--epochs", type=int, default=10, metavar="N")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="ImageNet's, to begin with; nothing when left out")
    options = parser.parse_args(arguments)
    table = options.out / "cohort" / "cohort.csv"
    if not table.is_file():
        write_phantom_cohort(table.parent, options.studies)
    return train(table, options.out, protocol(options.epochs), options.weights)


def _rows(folder: Path, studies: int, coarse: float) -> Iterator[dict[str, str]]:
    for number in range(studies):
        name, made = f"phantom-{number:03d}", phantom(_SEED + number, number % 2 == 1, coarse)
        for kind, pixels in (("ct", made.pixels), ("lungs", (made.right_lung | made.left_lung).astype(np.uint8))):
            image = SimpleITK.GetImageFromArray(pixels)
            image.SetSpacing(made.spacing[::-1])
            SimpleITK.WriteImage(image, str(folder / "images" / f"{name}-{kind}.nrrd"), useCompression=True)
        yield {
            "patient_id": name,
            "study_id": "1",
            "image_ct": f"images/{name}-ct.nrrd",
            "mask_lungs": f"images/{name}-lungs.nrrd",
            "label": "fibrosis" if made.fibrosis.any() else "none",
        }


if __name__ == "__main__":
    sys.exit(main())
