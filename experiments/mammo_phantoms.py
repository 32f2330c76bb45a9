"""Make the demonstration bundle of Mammo Screen: ``python -m experiments.mammo_phantoms --out FOLDER``.

A cohort of synthetic breasts, some of which show a mass, a cluster of calcifications or an asymmetry. Whether one of
these is a cancer is drawn with a chance that its kind and margin give, so that nobody can tell all cancers, and the
best possible answer is known. All breasts show vessels, folds and other things that are no cancer. A network is trained
on it by the product's own ``readingroom train``. Nothing of it says how the network would do on a woman.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from readingroom import cli
from readingroom.bundles.bundle import load
from readingroom.csv_table import write_records
from readingroom.files import write_text
from readingroom.imaging.breast import find_breast
from readingroom.imaging.breast_density import density
from readingroom.networks import backbones
from readingroom.parallel import map_parallel
from readingroom.phantoms.benign_breast import BENIGN_KINDS
from readingroom.phantoms.mammogram import Lesion, Mammogram, four_views, write_exam

NAME = "mammo-screen-phantom"
TITLE = "Phantom demonstration: planted lesions in breasts"
SIDES = ("left", "right")
ROWS = (400, 640)  # least and most pixels of a view
INPUT: dict[str, Any] = {
    "kind": "picture",
    "size": [320, 160],
    "channels": 1,
    "preset": "rigorous",
    "organ": "breast",
    "organ_crop": True,
    "keep_aspect": True,
    "chest_wall_left": True,
}
TAUGHT_SEED, TESTED_SEED = 130_000, 140_000
_SEED = 120_000
_SUSPICIOUS = 0.5  # how many breasts show something that may be a cancer
_BENIGN = 1.5  # of what is none, on average in each breast
# What may be a cancer, all equally often, and how often it is one.
CHANCES: Mapping[str, tuple[Lesion, float]] = {
    "spiculated mass": (Lesion("mass", margin="spiculated"), 0.95),
    "cluster of calcifications": (Lesion("calcifications"), 0.7),
    "indistinct mass": (Lesion("mass", margin="indistinct"), 0.5),
    "asymmetry": (Lesion("asymmetry"), 0.3),
    "circumscribed mass": (Lesion("mass", margin="circumscribed"), 0.03),
}
_STRENGTH, _BENIGN_STRENGTH = (0.4, 1.4), (0.5, 1.3)
_RADIUS = (0.05, 0.13)
_TABLE = ("patient_id", "study_id", "image_{}-cc", "image_{}-mlo", "label")
TRUTH = ("patient_id", "study_id", "risk", "density", "gray")


def kind_of(lesion: Lesion) -> str:
    """Its name in `CHANCES`; empty where it has none."""
    for name, (like, _) in CHANCES.items():
        if lesion.kind == like.kind and (like.kind != "mass" or lesion.margin == like.margin):
            return name
    return ""


def risk(lesions: Sequence[Lesion]) -> float:
    """How probable a cancer is in a breast that shows these, for whoever sees them all and knows `CHANCES`."""
    without = [1 - CHANCES[name][1] for name in map(kind_of, lesions) if name]
    return 1 - float(np.prod(without))


def lesions_of(seed: int, suspicious: float = _SUSPICIOUS) -> dict[str, Sequence[Lesion]]:
    """What is planted in each breast of `phantom`, whether or not a view shows it.

    ``suspicious``: how many breasts show something that may be a cancer.
    """
    random = np.random.default_rng([seed, 5])  # not the stream of the build, which would tell of the lesions
    return {side: _drawn(random, suspicious) for side in SIDES}


def phantom(seed: int, suspicious: float = _SUSPICIOUS, rows: tuple[int, int] = ROWS) -> Mapping[str, Mammogram]:
    """The views of one woman by role; size, dense tissue and what is planted are drawn by the seed."""
    random, lesions = np.random.default_rng([seed, 6]), lesions_of(seed, suspicious)
    height, dense = int(random.integers(*rows, endpoint=True)), float(random.uniform(0.12, 0.45))
    return four_views(seed, lesions["left"], lesions["right"], dense=dense, rows=height, columns=round(0.8 * height))


def _drawn(random: np.random.Generator, suspicious: float) -> list[Lesion]:
    found = []
    for _ in range(random.poisson(_BENIGN)):
        kind = BENIGN_KINDS[int(random.integers(len(BENIGN_KINDS)))]
        found.append(_somewhere(Lesion(kind, benign=True), random, _BENIGN_STRENGTH))
    if random.uniform() < suspicious:
        like, chance = list(CHANCES.values())[int(random.integers(len(CHANCES)))]
        found.append(_somewhere(replace(like, benign=bool(random.uniform() >= chance)), random, _STRENGTH))
    return found


def _somewhere(lesion: Lesion, random: np.random.Generator, strength: tuple[float, float]) -> Lesion:
    """Anywhere but at the border of the breast, and more or less conspicuous."""
    return replace(
        lesion,
        depth=random.uniform(0.25, 0.75),
        outer=random.uniform(-0.6, 0.6),
        upper=random.uniform(-0.6, 0.4),  # higher up it may lie over the muscle
        radius=random.uniform(*_RADIUS),
        strength=float(np.exp(random.uniform(*np.log(strength)))),
    )


def write_phantom_cohort(folder: Path, women: int, rows: tuple[int, int] = ROWS, workers: int = 1) -> Path:
    """DICOM files, ``cohort.csv`` with a row for each breast, and ``truth.csv`` with what is known of each."""
    wanted = [_Wanted(folder, f"phantom-{number:03d}", _SEED + number, rows) for number in range(women)]
    breasts = [row for each in map_parallel(_written, wanted, processes=workers) for row in each]
    columns = list(dict.fromkeys(column.format(side) for side in SIDES for column in _TABLE))
    write_records(folder / "cohort.csv", columns, [{name: row[name] for name in columns} for row in breasts])
    write_records(folder / "truth.csv", TRUTH, [{name: row[name] for name in TRUTH} for row in breasts])
    return folder / "cohort.csv"


@dataclass(frozen=True)
class _Wanted:
    """A woman, for the process that makes her views."""

    folder: Path
    patient: str
    seed: int
    rows: tuple[int, int]


def _written(wanted: _Wanted) -> list[dict[str, str]]:
    """Make the views of one woman; the rows of her breasts, of both tables."""
    views, lesions = phantom(wanted.seed, rows=wanted.rows), lesions_of(wanted.seed)
    files = write_exam(wanted.folder / "images" / wanted.patient, views, PatientID=wanted.patient)
    found = []
    for side in SIDES:
        own = [view for view in views.values() if view.side == side]
        measured = np.mean([_measured(view) for view in own], axis=0)
        row = dict.fromkeys((column.format(other) for other in SIDES for column in _TABLE), "")
        row |= {f"image_{view.role}": files[view.role].relative_to(wanted.folder).as_posix() for view in own}
        row |= {
            "patient_id": wanted.patient,
            "study_id": f"exam, {side}",
            "label": "no-cancer" if all(lesion.benign for lesion in lesions[side]) else "cancer",
            "risk": f"{risk(lesions[side]):.4f}",
            "density": f"{measured[0]:.4f}",
            "gray": f"{measured[1]:.4f}",
        }
        found.append(row)
    return found


def _measured(view: Mammogram) -> tuple[float, float]:
    """Share of dense tissue and mean gray level, as the product finds the breast."""
    breast = find_breast(view.gray, view.view.upper())
    return density(view.gray, breast), float(view.gray[breast.tissue].mean())


def protocol() -> dict[str, object]:
    """The rigorous protocol for a network that was taught places: its last layer learns to answer for breasts."""
    text = (resources.files("readingroom.learning.protocols") / "mammo-screen-rigorous.json").read_text("utf-8")
    wanted: dict[str, object] = json.loads(text)
    wanted.update(
        title="Phantoms with planted lesions",
        source="ReadingRoom",
        networks=[backbones.PLACES],
        weights="none",
        epochs=1,
        patience=None,
        trained="head",
        augment={"changes": [], "per": "image"},
        batch=16,
        accumulate=1,
        precision="bf16-mixed",
        optimizer={"name": "adamw", "rate": 0.0005, "decay": 0.01},
        schedule={"name": "one-cycle"},
        averaging=0,
        validation={"kind": "hold-out", "hold_out": 0.5, "inner": 0.1},
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
            *("train", "mammo-screen", "--cohort", str(table), "--out", str(out), "--protocol", str(path)),
            *("--name", NAME, "--title", TITLE, "--mode", "fine-tune", "--weights", str(weights)),
            *("--positive", "cancer", "--negative", "no-cancer", "--license", "Apache-2.0", "--demonstration"),
            *("--workers", str(workers), "--source", "synthetic breasts of readingroom.phantoms.mammogram"),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.mammo_phantoms", description=f"Train {NAME}.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bundle is a folder in it")
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE", help="ImageNet's, to begin with")
    parser.add_argument("--women", type=int, default=260, metavar="N", help="of the cohort")
    parser.add_argument("--taught", type=int, default=140, metavar="N", help="other women that teach places")
    parser.add_argument("--tested", type=int, default=80, metavar="N", help="others on which the map is held up")
    parser.add_argument("--rows", type=int, nargs=2, default=ROWS, metavar="N", help="least and most of a view")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes")
    options = parser.parse_args(arguments)
    table, places = options.out / "cohort" / "cohort.csv", options.out / "places.safetensors"
    rows = (options.rows[0], options.rows[1])
    if not table.is_file():
        write_phantom_cohort(table.parent, options.women, rows, options.workers)
    if not places.is_file():
        from experiments.mammo_phantom_places import teach_places

        teach_places(places, options.weights, options.taught, rows, options.workers)
    if failed := train(table, options.out, protocol(), places, options.workers):
        return failed
    from experiments.mammo_phantom_card import with_planted
    from experiments.mammo_phantom_maps import measure_all

    bundle = load(options.out / NAME)
    found = measure_all(bundle, options.tested, options.out / "tested", rows, options.workers)
    with_planted(bundle, options.out / f"{NAME}-predictions.csv", table.with_name("truth.csv"), found)
    return 0


if __name__ == "__main__":
    from experiments.mammo_phantoms import main as run  # a process finds what it is to do by its module's name

    sys.exit(run())
