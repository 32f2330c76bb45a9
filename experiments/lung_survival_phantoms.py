"""Make the demonstration bundle of Lung Survival: ``python -m experiments.lung_survival_phantoms --out FOLDER``.

A cohort of synthetic chests with a tumor and emphysema, whose hazard is known, and a network trained on it by the
product's own ``readingroom train``. No patient is in it, and nothing of it says how the network would do on one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK

from experiments.phantom_places import Places, by_place, teach
from readingroom import cli
from readingroom.bundles.preprocessing import Preprocessing
from readingroom.csv_table import write_records
from readingroom.files import write_text
from readingroom.imaging.preprocessing import prepare_slices
from readingroom.parallel import map_parallel
from readingroom.phantoms.fibrosis_ct import random_scanner
from readingroom.phantoms.lung_cancer_ct import LungCancerCT, lung_cancer_ct, random_disease, random_outcome

NAME = "lung-survival-phantom"
NETWORK = "tf_mobilenetv2_100"
TITLE = "Phantom demonstration: risk over 24 months in lung cancer"
_COLUMNS = ("patient_id", "study_id", "image_ct", "mask_lungs", "mask_tumour", "time", "event")
_SHAPE, _SPACING = (40, 140, 176), (7.0, 2.1, 2.1)
_SEED = 40_000
_CELL = 32  # pixels of the input that a place of the network's last map stands for
INPUT: dict[str, Any] = {
    "kind": "slices",
    "size": [160, 160],
    "channels": 1,
    "window": [-212, 1624],
    "slices": 16,
    "organ": "lungs",
    "least_organ": 0.02,
    "organ_crop": True,
    "keep_aspect": True,
}


def phantom(seed: int, coarse: float = 1.0) -> LungCancerCT:
    """One chest of the cohort; tumor, emphysema, build and scanner are drawn by the seed.

    ``coarse``: how many times as wide as usual its voxels are.
    """
    random = np.random.default_rng(seed)
    ml, emphysema = random_disease(random)
    (slices, rows, columns), (step, *plane) = _SHAPE, _SPACING
    shape = (slices, round(rows / coarse), round(columns / coarse))
    return lung_cancer_ct(
        seed, ml, emphysema, shape, (step, coarse * plane[0], coarse * plane[1]), random_scanner(random)
    )


def outcome(seed: int, log_hazard: float) -> tuple[float, int]:
    """Months until death or the end of follow-up, and whether it was death."""
    return random_outcome(log_hazard, np.random.default_rng([seed, 2]))


def write_phantom_cohort(folder: Path, studies: int, coarse: float = 1.0, workers: int = 1) -> Path:
    """Volumes, masks of lungs and tumor, and ``cohort.csv`` with times and events."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    wanted = [_Wanted(folder, f"phantom-{number:03d}", _SEED + number, coarse) for number in range(studies)]
    write_records(folder / "cohort.csv", _COLUMNS, map_parallel(_written, wanted, processes=workers))
    return folder / "cohort.csv"


def protocol() -> dict[str, object]:
    """The rigorous protocol, small enough for a laptop: slices of 160 pixels, one network."""
    text = (resources.files("readingroom.learning.protocols") / "lung-survival-rigorous.json").read_text("utf-8")
    wanted: dict[str, object] = json.loads(text)
    wanted.update(
        title="Phantoms with a known hazard",
        source="ReadingRoom",
        networks=[NETWORK],
        weights="none",
        input={**INPUT, "normalize": "training"},
        variants={},
        flaws=[],
        facts=[],
        assumptions={},
    )
    return wanted


@dataclass(frozen=True)
class _Wanted:
    """A study of the cohort, for the process that makes it."""

    folder: Path
    patient: str
    seed: int
    coarse: float


def _written(wanted: _Wanted) -> dict[str, str]:
    """Make one study, and its row of the table."""
    made = phantom(wanted.seed, wanted.coarse)
    time, event = outcome(wanted.seed, made.log_hazard)
    lungs = made.right_lung | made.left_lung
    for kind, pixels in (
        ("ct", made.pixels),
        ("lungs", lungs.astype(np.uint8)),
        ("tumour", made.tumor.astype(np.uint8)),
    ):
        image = SimpleITK.GetImageFromArray(pixels)
        image.SetSpacing(made.spacing[::-1])
        SimpleITK.WriteImage(
            image, str(wanted.folder / "images" / f"{wanted.patient}-{kind}.nrrd"), useCompression=False
        )
    return {
        "patient_id": wanted.patient,
        "study_id": "1",
        **{
            f"{what}_{kind}": f"images/{wanted.patient}-{kind}.nrrd"
            for what, kind in (("image", "ct"), ("mask", "lungs"), ("mask", "tumour"))
        },
        "time": f"{time:.3f}",
        "event": str(event),
    }


def taught(out: Path, weights: Path, studies: int, coarse: float = 1.0, workers: int = 2, epochs: int = 4) -> Path:
    """Weights of a network that was taught the places of tumor and emphysema on phantoms that are not of the cohort."""
    path = out / "places.safetensors"
    asked = [_Wanted(out, f"taught-{number:03d}", _SEED + 10_000 + number, coarse) for number in range(studies)]
    teach(map_parallel(_places, asked, processes=workers), NETWORK, weights, path, epochs)
    return path


def _places(wanted: _Wanted) -> Places:
    made = phantom(wanted.seed, wanted.coarse)
    image = SimpleITK.GetImageFromArray(made.pixels)
    image.SetSpacing(made.spacing[::-1])
    lungs = made.right_lung | made.left_lung
    prepared = prepare_slices(image, Preprocessing(**{**INPUT, "size": tuple(INPUT["size"])}, normalize="none"), lungs)
    put = [by_place(prepared.of_mask(mask), _CELL) for mask in (made.tumor, made.emphysema)]
    return Places(prepared.pixels, np.stack(put, axis=1), by_place(prepared.of_mask(lungs), _CELL))


def train(table: Path, out: Path, wanted: dict[str, object], weights: Path) -> int:
    """Run ``readingroom train`` on a cohort of phantoms; its exit code. The bundle lies in ``out``."""
    path = out / "protocol.json"
    write_text(path, json.dumps(wanted, indent=2) + "\n")
    return cli.main(
        [
            *("train", "lung-survival", "--cohort", str(table), "--out", str(out), "--protocol", str(path)),
            *(
                "--name",
                NAME,
                "--title",
                TITLE,
                "--weights",
                str(weights),
                "--license",
                "Apache-2.0",
                "--demonstration",
            ),
            *("--source", "synthetic chests of readingroom.phantoms.lung_cancer_ct"),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.lung_survival_phantoms", description=f"Train {NAME}.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bundle is a folder in it")
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE", help="ImageNet's, to begin with")
    parser.add_argument("--studies", type=int, default=240, metavar="N", help="of the cohort")
    parser.add_argument("--taught", type=int, default=120, metavar="N", help="phantoms that teach places")
    parser.add_argument("--coarse", type=float, default=1.0, metavar="X", help="how much wider voxels are")
    options = parser.parse_args(arguments)
    table = options.out / "cohort" / "cohort.csv"
    if not table.is_file():
        write_phantom_cohort(table.parent, options.studies, options.coarse, workers=2)
    weights = options.out / "places.safetensors"
    if not weights.is_file():
        taught(options.out, options.weights, options.taught, options.coarse)
    return train(table, options.out, protocol(), weights)


if __name__ == "__main__":
    from experiments.lung_survival_phantoms import main as run  # a process finds what it is to do by its module's name

    sys.exit(run())
