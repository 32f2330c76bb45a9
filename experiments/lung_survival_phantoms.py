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
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK

from readingroom import cli
from readingroom.bundles.preprocessing import Preprocessing
from readingroom.csv_table import write_records
from readingroom.files import write_text
from readingroom.imaging.preprocessing import prepare_slices
from readingroom.learning.training.normalization import measured
from readingroom.parallel import map_parallel
from readingroom.phantoms.fibrosis_ct import random_scanner
from readingroom.phantoms.lung_cancer_ct import LungCancerCT, lung_cancer_ct, random_disease, random_outcome

if TYPE_CHECKING:
    from torch import Tensor

    from experiments.phantom_places import Places

NAME = "lung-survival-phantom"
TITLE = "Phantom demonstration: risk over 24 months in lung cancer"
NETWORK = "tf_mobilenetv2_100_stride_16"
HEAD = "cox"
_COLUMNS = ("patient_id", "study_id", "image_ct", "mask_lungs", "mask_tumour", "time", "event", "age", "sex", "stage")
_EXTENT = (288.0, 304.0, 380.0)  # mm of k, j and i
_THICKNESS = (4.0, 5.0, 6.0, 7.0)  # mm
_PLANE = (1.65, 2.85)  # mm, of voxels
_STAGES = ("I", "II", "IIIA", "IIIB", "IV")
_SEED, _TAUGHT_SEED, TESTED_SEED = 80_000, 90_000, 100_000
_TUMOR_COUNTS = 10.0  # times as much
_CELL = 16  # pixels of the input that a place of the last map stands for
INPUT: dict[str, Any] = {
    "kind": "slices",
    "size": [160, 160],
    "channels": 1,
    "window": [-212, 1624],
    "slices": 20,
    "organ": "lungs",
    "least_organ": 0.02,
    "organ_crop": True,
    "keep_aspect": True,
}


def phantom(seed: int, coarse: float = 1.0) -> LungCancerCT:
    """One chest of the cohort; tumor, emphysema, build and scanner are drawn by the seed.

    ``coarse``: how many times as wide as usual its voxels are.
    """
    random = np.random.default_rng([seed, 4])  # not the stream of the build, which would tell the disease
    ml, emphysema = random_disease(random)
    plane = coarse * float(random.uniform(*_PLANE))
    spacing = (float(random.choice(_THICKNESS)), plane, plane)
    slices, rows, columns = (round(length / step) for length, step in zip(_EXTENT, spacing, strict=True))
    return lung_cancer_ct(seed, ml, emphysema, (slices, rows, columns), spacing, random_scanner(random))


def outcome(seed: int, log_hazard: float) -> tuple[float, int]:
    """Months until death or the end of follow-up, and whether it was death."""
    return random_outcome(log_hazard, np.random.default_rng([seed, 2]))


def facts(seed: int, ml: float) -> dict[str, str]:
    """Age and sex, which change nothing, and a stage that follows the volume of the tumor with an error."""
    random = np.random.default_rng([seed, 3])
    place = np.log2(ml / 6) + random.normal(0, 1.0)  # I is up to 6 mL or so, each further stage twice as much
    return {
        "age": f"{np.clip(random.normal(67, 9), 40, 90):.0f}",
        "sex": str(random.choice(["F", "M"])),
        "stage": _STAGES[int(np.clip(np.ceil(place), 0, len(_STAGES) - 1))],
    }


def write_phantom_cohort(folder: Path, studies: int, coarse: float = 1.0, workers: int = 1) -> Path:
    """Volumes, masks of lungs and tumor, ``cohort.csv`` with times and events, and ``truth.csv`` with the hazards."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    wanted = [_Wanted(folder, f"phantom-{number:03d}", _SEED + number, coarse) for number in range(studies)]
    made = map_parallel(_written, wanted, processes=workers)
    write_records(folder / "cohort.csv", _COLUMNS, [row for row, _ in made])
    truth = [{"patient_id": row["patient_id"], "log_hazard": repr(hazard)} for row, hazard in made]
    write_records(folder / "truth.csv", ("patient_id", "log_hazard"), truth)
    return folder / "cohort.csv"


@dataclass(frozen=True)
class _Wanted:
    """A study, for the process that makes it."""

    folder: Path
    patient: str
    seed: int
    coarse: float


def _written(wanted: _Wanted) -> tuple[dict[str, str], float]:
    """Make one study, its row of the table, and its log hazard."""
    made = phantom(wanted.seed, wanted.coarse)
    time, event = outcome(wanted.seed, made.log_hazard)
    lungs = made.right_lung | made.left_lung
    names = {kind: f"images/{wanted.patient}-{kind}.nrrd" for kind in ("ct", "lungs", "tumour")}
    for kind, pixels in (("ct", made.pixels), ("lungs", lungs), ("tumour", made.tumor)):
        image = image_of(made, pixels if kind == "ct" else pixels.astype(np.uint8))
        SimpleITK.WriteImage(image, str(wanted.folder / names[kind]), useCompression=kind != "ct")
    row = {
        "patient_id": wanted.patient,
        "study_id": "1",
        "image_ct": names["ct"],
        "mask_lungs": names["lungs"],
        "mask_tumour": names["tumour"],
        "time": f"{time:.3f}",
        "event": str(event),
        **facts(wanted.seed, made.tumor_ml),
    }
    return row, made.log_hazard


def image_of(made: LungCancerCT, pixels: Any) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(pixels)
    image.SetSpacing(made.spacing[::-1])
    return image


def teach_places(
    path: Path, weights: Path, studies: int, coarse: float = 1.0, workers: int = 2, epochs: int = 6
) -> None:
    """Weights of a network that was taught where tumor and emphysema lie, on phantoms that are not of the cohort."""
    from experiments.phantom_places import teach, write_weights

    asked = [(_TAUGHT_SEED + number, coarse) for number in range(studies)]
    write_weights(teach(map_parallel(_places, asked, processes=workers), NETWORK, 2, weights, epochs, _missed), path)


def _places(asked: tuple[int, float]) -> Places:
    from experiments.phantom_places import Places, by_place

    made = phantom(*asked)
    lungs = made.right_lung | made.left_lung
    wanted = Preprocessing(**{**INPUT, "size": tuple(INPUT["size"])}, normalize="imagenet")  # as of a frozen network
    prepared = prepare_slices(image_of(made, made.pixels), measured(wanted), lungs)
    planted = [by_place(prepared.of_mask(mask), _CELL) for mask in (made.tumor, made.emphysema)]
    return Places(
        prepared.pixels.astype(np.float32), np.stack(planted, axis=1), by_place(prepared.of_mask(lungs), _CELL)
    )


def _missed(local: Tensor, planted: Tensor, lung: Tensor) -> Tensor:
    """Cross-entropy of the shares; tumors are rare, and count more."""
    from torch.nn import functional

    rare = planted.new_tensor([[[_TUMOR_COUNTS]], [[1.0]]])
    each = functional.binary_cross_entropy_with_logits(local, planted, reduction="none", pos_weight=rare)
    return (each * (lung > 0)[:, None]).sum() / (lung > 0).sum()


def protocol() -> dict[str, object]:
    """The rigorous protocol, small enough for a laptop."""
    text = (resources.files("readingroom.learning.protocols") / "lung-survival-rigorous.json").read_text("utf-8")
    wanted: dict[str, object] = json.loads(text)
    wanted.update(
        title="Phantoms with a known hazard",
        source="ReadingRoom",
        networks=[NETWORK],
        weights="none",
        head=HEAD,
        loss=HEAD,
        loss_settings={},
        head_settings={"months": 24, "layers": 0, "width": 0, "dropout": 0.0},
        optimizer={"name": "adamw", "rate": 0.0003, "decay": 0.01},
        epochs=60,
        validation={"kind": "k-fold", "folds": 5, "repeats": 1, "inner": 0.1},
        input={**INPUT, "normalize": "imagenet"},
        variants={},
        flaws=[],
        facts=[],
        assumptions={},
    )
    return wanted


def train(table: Path, out: Path, wanted: dict[str, object], weights: Path, workers: int = 2) -> int:
    """Run ``readingroom train`` on a cohort of phantoms; its exit code. The bundle lies in ``out``."""
    path = out / "protocol.json"
    write_text(path, json.dumps(wanted, indent=2) + "\n")
    return cli.main(
        [
            *("train", "lung-survival", "--cohort", str(table), "--out", str(out), "--protocol", str(path)),
            *("--name", NAME, "--title", TITLE, "--weights", str(weights), "--license", "Apache-2.0"),
            *(
                "--demonstration",
                "--workers",
                str(workers),
                "--source",
                "synthetic chests of readingroom.phantoms.lung_cancer_ct",
            ),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.lung_survival_phantoms", description=f"Train {NAME}.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bundle is a folder in it")
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE", help="ImageNet's, to begin with")
    parser.add_argument("--studies", type=int, default=400, metavar="N", help="of the cohort")
    parser.add_argument("--taught", type=int, default=150, metavar="N", help="other chests that teach places")
    parser.add_argument("--tested", type=int, default=60, metavar="N", help="others on which weights are held up")
    parser.add_argument("--coarse", type=float, default=1.0, metavar="X", help="how much wider voxels are")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes")
    options = parser.parse_args(arguments)
    table, places = options.out / "cohort" / "cohort.csv", options.out / "places.safetensors"
    if not table.is_file():
        write_phantom_cohort(table.parent, options.studies, options.coarse, options.workers)
    if not places.is_file():
        teach_places(places, options.weights, options.taught, options.coarse, options.workers)
    if failed := train(table, options.out, protocol(), places, options.workers):
        return failed
    from experiments.lung_survival_attention import estimates, measure_all
    from experiments.lung_survival_card import with_planted
    from readingroom.bundles.bundle import load

    bundle = load(options.out / NAME)
    measured = measure_all(bundle, options.tested, options.out / "tested", options.coarse, options.workers)
    with_planted(
        bundle,
        options.out / f"{NAME}-predictions.csv",
        table.with_name("truth.csv"),
        estimates(measured),
        len(measured),
    )
    return 0


if __name__ == "__main__":
    from experiments.lung_survival_phantoms import main as run  # a process finds what it is to do by its module's name

    sys.exit(run())
