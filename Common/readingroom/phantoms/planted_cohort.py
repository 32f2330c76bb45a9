"""A cohort of phantoms in which the truth is known: how well the classes can be told apart at best, and what leaks.

Each picture is one chest phantom with a round opacity and the noise of a detector. The strength of the opacity follows
a normal distribution of deviation 1 whose means lie ``separation`` apart between the classes, so that nobody can do
better than an AUC of Phi(separation / sqrt 2): see `best_auc`. The strengths of a class are the quantiles of that
distribution in random order, so that a small cohort has the AUC of a large one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import stats

from ..csv_table import write_records
from .chest_radiograph import Opacity, chest_radiograph

Leak = Literal["none", "site", "patient", "duplicate", "synthetic"]
COLUMNS = ("patient_id", "study_id", "image_frontal", "label", "site", "origin", "age", "sex", "split")
LABELS = ("normal", "opacity")
_NOISE = 0.01  # of the gray scale from black to white
_WEAKEST = 3.0  # deviations below the middle at which the opacity is gone


@dataclass(frozen=True)
class Planted:
    """What is planted.

    Parameters
    ----------
    studies : pictures, half of each label; two of each patient
    separation : of the classes in deviations of the opacity's strength; 0 when there is nothing to find
    size : rows and columns of the pictures
    leak : ``site``: a class comes from one hospital, whose films are a little brighter; ``patient``: patients in both
        parts of the split; ``duplicate``: pictures in both parts, under other names; ``synthetic``: pictures of a
        generator in the test part
    share : of the test patients that ``patient``, ``duplicate`` and ``synthetic`` concern
    """

    studies: int = 400
    separation: float = 1.0
    size: int = 96
    leak: Leak = "none"
    share: float = 0.2
    seed: int = 0


def best_auc(separation: float) -> float:
    """The AUC of who knows the strength of the opacity exactly (Green and Swets 1966: ``Phi(d' / sqrt 2)``)."""
    return float(stats.norm.cdf(separation / np.sqrt(2)))


def write_planted_cohort(folder: Path, planted: Planted | None = None) -> Path:
    """Write pictures and ``cohort.csv`` into a folder; returns the path of the table.

    Raises
    ------
    ValueError : fewer than 8 studies, or a number of them that is not a multiple of 4
    OutputError : the table cannot be written
    """
    planted = planted or Planted()
    if planted.studies < 8 or planted.studies % 4:
        raise ValueError(f"{planted.studies} studies are not two of each patient and as many of each label.")
    rows = _rows(planted)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for row, gray in zip(rows, _pictures(planted, rows), strict=True):
        Image.fromarray(np.rint(255 * gray).astype(np.uint8)).save(folder / row["image_frontal"])
    if planted.leak == "duplicate":
        _duplicate(folder, rows, planted)
    write_records(folder / "cohort.csv", COLUMNS, rows)
    return folder / "cohort.csv"


def _rows(planted: Planted) -> list[dict[str, str]]:
    """Two studies of each patient, of one label; every fifth patient is in the test part."""
    random = np.random.default_rng([planted.seed, 1])
    rows = []
    for study in range(planted.studies):
        patient = study // 2
        label = patient % 2
        site = label if planted.leak == "site" else int(random.integers(2))
        rows.append(
            {
                "patient_id": f"P{patient:04d}",
                "study_id": f"S{study:04d}",
                "image_frontal": f"images/{study:04d}.png",
                "label": LABELS[label],
                "site": ("north", "south")[site],
                "origin": "real",
                "age": str(int(random.integers(20, 90))),
                "sex": "FM"[int(random.integers(2))],
                "split": "test" if patient // 2 % 5 == 0 else "train",
            }
        )
    if planted.leak in ("patient", "synthetic"):
        for row in _concerned(rows, planted):
            if planted.leak == "synthetic":
                row["origin"] = "synthetic"
            elif row["study_id"][-1] in "13579":  # the patient's other study stays in the test part
                row["split"] = "train"
    return rows


def _concerned(rows: list[dict[str, str]], planted: Planted) -> list[dict[str, str]]:
    """The rows of the first patients of the test part."""
    patients = list(dict.fromkeys(row["patient_id"] for row in rows if row["split"] == "test"))
    chosen = set(patients[: max(1, round(planted.share * len(patients)))])
    return [row for row in rows if row["patient_id"] in chosen]


def _duplicate(folder: Path, rows: list[dict[str, str]], planted: Planted) -> None:
    """Put the pictures of test patients under training patients of the same label as well."""
    for source in _concerned(rows, planted):
        free = (r for r in rows if r["split"] == "train" and r["label"] == source["label"] and "copied" not in r)
        target = next(free)
        target["copied"] = ""
        (folder / target["image_frontal"]).write_bytes((folder / source["image_frontal"]).read_bytes())
    for row in rows:
        row.pop("copied", None)


def _pictures(planted: Planted, rows: list[dict[str, str]]) -> list[NDArray[np.float32]]:
    random = np.random.default_rng([planted.seed, 2])
    anatomy = chest_radiograph(planted.size, planted.size)
    opacity = chest_radiograph(planted.size, planted.size, Opacity(radius=0.2)) - anatomy
    quantiles = stats.norm.ppf((np.arange(len(rows) // 2) + 0.5) / (len(rows) // 2))
    drawn = {label: iter(random.permutation(quantiles)) for label in LABELS}
    pictures = []
    for row in rows:
        mean = planted.separation * (LABELS.index(row["label"]) - 0.5)
        strength = max(mean + next(drawn[row["label"]]) + _WEAKEST, 0.0) / _WEAKEST
        brighter = 0.04 if planted.leak == "site" and row["site"] == "south" else 0.0
        gray = 0.9 * anatomy + 0.3 * strength * opacity + brighter + random.normal(0, _NOISE, anatomy.shape)
        pictures.append(np.clip(gray, 0, 1).astype(np.float32))
    return pictures
