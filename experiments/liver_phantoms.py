"""Make the demonstration bundle of Liver HCC: ``python -m experiments.liver_phantoms --out FOLDER``.

A cohort of synthetic abdomens on T2, with and without fat saturation, half of them with hepatocellular carcinomas of 2
to 80 mL. Steatosis and cirrhosis are planted whether or not there is a carcinoma, so that neither tells. A network is
trained on it by the product's own ``readingroom train``. Nothing of it says how the network would do on a patient.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from readingroom import cli
from readingroom.csv_table import write_records
from readingroom.files import write_text
from readingroom.parallel import map_parallel
from readingroom.phantoms.abdomen_mr import AbdomenMR, abdomen_mr
from readingroom.phantoms.abdomen_mr import Sequence as MRSequence

NAME = "liver-hcc-phantom"
TITLE = "Phantom demonstration: hepatocellular carcinoma"
NETWORK = "narrow_resnet14_3d_places"
SIZE, SPACING = (28, 40, 52), (7.0, 4.5, 4.5)  # of the input, which the liver just fits; mm
TAUGHT_SEED, TESTED_SEED = 160_000, 170_000
_SEED = 150_000
_COLUMNS = ("patient_id", "study_id", "image_mr", "mask_liver", "label")
_TRUTH = ("patient_id", "study_id", "nodules_ml", "fat", "cirrhosis", "sequence")
_SEQUENCES: tuple[MRSequence, ...] = ("T2", "T2-fat-saturated")
_EXTENT = (240.0, 300.0, 400.0)  # mm of k, j and i
_THICKNESS, _PLANE = (5.0, 6.0, 7.0, 8.0), (2.3, 3.2)  # mm
_ML = (2.0, 80.0)
_DIFFUSE = 0.5  # how many livers are fatty, and how many cirrhotic


@dataclass(frozen=True)
class Disease:
    """What is planted into a liver, as `abdomen_mr` takes it."""

    nodules_ml: float
    fat: float
    cirrhosis: float


def random_disease(random: np.random.Generator, with_nodules: bool) -> Disease:
    """Steatosis and cirrhosis do not depend on whether there are nodules."""
    ml = float(np.exp(random.uniform(*np.log(_ML))))
    fat = float(random.uniform(0.05, 0.3)) if random.uniform() < _DIFFUSE else 0.0
    cirrhosis = float(random.uniform(0.2, 1.0)) if random.uniform() < _DIFFUSE else 0.0
    return Disease(ml if with_nodules else 0.0, fat, cirrhosis)


def phantom(seed: int, with_nodules: bool, coarse: float = 1.0) -> tuple[AbdomenMR, Disease]:
    """One synthetic abdomen: its build, voxels, sequence and disease are drawn by the seed.

    ``coarse``: how many times as wide as usual its voxels are.
    """
    random = np.random.default_rng([seed, 1])
    disease = random_disease(random, with_nodules)
    plane = coarse * float(random.uniform(*_PLANE))
    spacing = (coarse * float(random.choice(_THICKNESS)), plane, plane)
    shape = tuple(round(length / step) for length, step in zip(_EXTENT, spacing, strict=True))
    made = abdomen_mr(
        seed,
        nodules_ml=disease.nodules_ml,
        fat=disease.fat,
        cirrhosis=disease.cirrhosis,
        sequence=_SEQUENCES[int(random.integers(len(_SEQUENCES)))],
        shape=(shape[0], shape[1], shape[2]),
        spacing=spacing,
        bias=float(random.uniform(0.05, 0.25)),
    )
    return made, disease


def image_of(pixels: NDArray, spacing: Sequence[float]) -> SimpleITK.Image:
    """Of an array ``[k, j, i]`` and its spacing along k, j and i in mm."""
    image = SimpleITK.GetImageFromArray(pixels)
    image.SetSpacing([float(step) for step in spacing[::-1]])
    return image


def write_phantom_cohort(folder: Path, studies: int, coarse: float = 1.0, workers: int = 1) -> Path:
    """MRs, masks of their livers, ``cohort.csv`` and what was planted, ``truth.csv``; every other one has nodules."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    wanted = [(folder, number, coarse) for number in range(studies)]
    made = map_parallel(_written, wanted, processes=workers)
    write_records(folder / "truth.csv", _TRUTH, [truth for _, truth in made])
    write_records(folder / "cohort.csv", _COLUMNS, [row for row, _ in made])
    return folder / "cohort.csv"


def input_of() -> dict[str, object]:
    """How the rigorous protocol makes gray levels, on a small input of fixed spacing that shows the liver alone."""
    own = {"size": list(SIZE), "spacing": list(SPACING), "organ_only": True, "normalize": "nonzero"}
    return dict(_rigorous()["input"]) | own


def protocol() -> dict[str, object]:
    """The rigorous protocol for a network that was taught places: its last layer learns to answer for studies."""
    return dict(_rigorous()) | {
        "title": "Phantoms with planted carcinomas",
        "source": "ReadingRoom",
        "networks": [NETWORK],
        "weights": "none",
        "epochs": 1,
        "least_epochs": 1,
        "patience": None,
        "trained": "head",
        "augment": {"changes": [], "per": "image"},
        "batch": 16,
        "accumulate": 1,
        "precision": "bf16-mixed",
        "optimizer": {"name": "adamw", "rate": 0.0005, "decay": 0.01},
        "schedule": {"name": "one-cycle"},
        "averaging": 0,
        "input": input_of(),
        "validation": {"kind": "k-fold", "folds": 5, "repeats": 1, "inner": 0.2},
        "variants": {},
        "flaws": [],
        "facts": [],
        "assumptions": {},
    }


def train(
    table: Path, out: Path, weights: Path | None = None, wanted: Mapping[str, object] | None = None, workers: int = 2
) -> int:
    """Run ``readingroom train`` on a cohort of phantoms; its exit code. The bundle lies in ``out``."""
    path = out / "protocol.json"
    write_text(path, json.dumps(wanted or protocol(), indent=2) + "\n")
    return cli.main(
        [
            *("train", "liver-hcc", "--cohort", str(table), "--out", str(out), "--protocol", str(path)),
            *("--name", NAME, "--title", TITLE, "--mode", "fine-tune", "--positive", "hcc", "--negative", "none"),
            *("--license", "Apache-2.0", "--demonstration", "--workers", str(workers)),
            *("--source", "synthetic abdomens of readingroom.phantoms.abdomen_mr"),
            *(("--weights", str(weights)) if weights else ()),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.liver_phantoms", description=f"Train {NAME}.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bundle is a folder in it")
    parser.add_argument("--studies", type=int, default=160, metavar="N", help="synthetic abdomens")
    parser.add_argument("--taught", type=int, default=400, metavar="N", help="other ones that teach places")
    parser.add_argument("--steps", type=int, default=900, metavar="N", help="of teaching places")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes")
    options = parser.parse_args(arguments)
    table, places = options.out / "cohort" / "cohort.csv", options.out / "places.safetensors"
    if not table.is_file():
        write_phantom_cohort(table.parent, options.studies, workers=options.workers)
    if not places.is_file():
        from experiments.liver_phantom_places import teach_places

        teach_places(places, options.taught, options.steps, options.workers)
    return train(table, options.out, places, workers=options.workers)


def _rigorous() -> dict[str, dict[str, object]]:
    text = (resources.files("readingroom.learning.protocols") / "liver-hcc-rigorous.json").read_text("utf-8")
    found: dict[str, dict[str, object]] = json.loads(text)
    return found


def _written(wanted: tuple[Path, int, float]) -> tuple[dict[str, str], dict[str, str]]:
    """Make one study: its row of the table, and what was planted."""
    folder, number, coarse = wanted
    made, disease = phantom(_SEED + number, number % 2 == 1, coarse)
    who = {"patient_id": f"phantom-{number:03d}", "study_id": "1"}
    row = {**who, "label": "hcc" if made.nodules.any() else "none"}
    for column, pixels in (("image_mr", made.pixels), ("mask_liver", made.liver.astype(np.uint8))):
        row[column] = f"images/{who['patient_id']}-{column.partition('_')[2]}.nrrd"
        SimpleITK.WriteImage(image_of(pixels, made.spacing), str(folder / row[column]), useCompression=False)
    planted = {name: f"{value:.4g}" for name, value in vars(disease).items()}
    return row, {**who, **planted, "sequence": made.sequence}


if __name__ == "__main__":
    from experiments.liver_phantoms import main as run  # a process finds what it is to do by the name of its module

    sys.exit(run())
