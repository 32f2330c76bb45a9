"""Dense tissue by area against the tissue that a radiologist named (mini-MIAS), as a section of ``docs/results.md``.

python -m experiments.mammogram_density --data FOLDER [--page docs/results.md]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from readingroom.csv_table import read_csv
from readingroom.files import write_text
from readingroom.formatting import estimate_text
from readingroom.imaging.breast import Breast, find_breast, otsu
from readingroom.imaging.breast_density import density
from readingroom.imaging.open import open_image
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.metrics.bootstrap import patient_interval
from readingroom.metrics.curves import Ranking
from readingroom.metrics.patient_folds import patient_folds
from readingroom.reading import Estimate

from .results.page import DENSITY, with_section

Floats = NDArray[np.float64]
Gray = NDArray[np.float32]

TISSUES = {"F": "fatty", "G": "fatty-glandular", "D": "dense-glandular"}
FOLDS = 5
_CUTS = np.linspace(0.02, 0.98, 49)  # quantiles of a measure, between which cut-offs are tried


def _above_otsu(gray: Gray, breast: Breast) -> float:
    values = gray[breast.tissue]
    return float((values > otsu(values)).mean())


def _mean_gray(gray: Gray, breast: Breast) -> float:
    return float(gray[breast.tissue].mean())


MEASURES: Mapping[str, Callable[[Gray, Breast], float]] = {
    "dense tissue by area": density,
    "the mean gray value": _mean_gray,
    "share above one threshold of Otsu": _above_otsu,
}


@dataclass(frozen=True, eq=False)
class Films:
    """What was measured on each film, in the order of the table.

    Parameters
    ----------
    patients : (films,)
    tissue : (films,) place in `TISSUES`
    measured : (films,) by `MEASURES`
    """

    patients: NDArray[np.str_]
    tissue: NDArray[np.int64]
    measured: Mapping[str, Floats]


def films(data: Path) -> Films:
    """All films of mini-MIAS."""
    rows = list(read_csv(data / "mammo" / "labels.csv").records(needed=("file", "patient_id", "tissue", "view")))
    measured: dict[str, list[float]] = {name: [] for name in MEASURES}
    for row in rows:
        gray = load_radiograph(open_image(data / "mammo" / row["file"], "picture").image).gray
        breast = find_breast(gray, row["view"])
        for name, measure in MEASURES.items():
            measured[name].append(measure(gray, breast))
    tissue = np.array([list(TISSUES).index(row["tissue"]) for row in rows])
    patients = np.array([row["patient_id"] for row in rows])
    return Films(patients, tissue, {name: np.array(values) for name, values in measured.items()})


def agreement(found: Films, name: str) -> tuple[Estimate, Estimate, Estimate]:
    """Rank correlation, AUC of dense against fatty, and quadratic kappa with cut-offs of other patients."""
    values, tissue, patients = found.measured[name], found.tissue, found.patients
    rank = patient_interval(lambda weights: _rank_correlation(values, tissue, weights), patients)
    ends = tissue != 1
    ranking = Ranking(tissue[ends] == 2, values[ends])
    area = patient_interval(lambda weights: np.asarray(ranking.curves(weights)[0].area), patients[ends])
    called = out_of_fold(values, tissue, patients)
    kappa = patient_interval(lambda weights: quadratic_kappa(tissue, called, weights), patients)
    return rank, area, kappa


def out_of_fold(values: Floats, tissue: NDArray[np.int64], patients: NDArray[np.str_]) -> NDArray[np.int64]:
    """(films,) the class of each by two cut-offs that agree best on the films of the other folds' patients."""
    folds = patient_folds(tissue, patients, FOLDS, 0)
    called = np.zeros(len(values), dtype=np.int64)
    for fold in range(FOLDS):
        rest = folds != fold
        cuts = combinations(np.unique(np.quantile(values[rest], _CUTS)), 2)
        best = max(
            cuts,
            key=lambda pair: quadratic_kappa(
                tissue[rest], np.digitize(values[rest], pair), np.ones((1, np.count_nonzero(rest)))
            )[0],
        )
        called[~rest] = np.digitize(values[~rest], best)
    return called


def quadratic_kappa(truth: NDArray[np.int64], called: NDArray[np.int64], weights: Floats) -> Floats:
    """(resamples,) Cohen's kappa of ordered classes, a disagreement counting as its square (Cohen 1968)."""
    classes = len(TISSUES)
    rows, columns = np.eye(classes)[truth], np.eye(classes)[called]
    square = np.subtract.outer(np.arange(classes), np.arange(classes)) ** 2.0
    total = weights.sum(axis=1)
    seen = weights @ square[truth, called] / total
    by_chance = np.einsum("ri,ij,rj->r", weights @ rows, square, weights @ columns) / total**2
    return np.asarray(1 - seen / by_chance)


def _rank_correlation(values: Floats, tissue: NDArray[np.int64], weights: Floats) -> Floats:
    """(resamples,) Spearman's correlation."""
    drawn = (np.repeat(np.arange(len(values)), row.astype(int)) for row in weights)
    return np.array([stats.spearmanr(values[rows], tissue[rows]).statistic for rows in drawn])


def section(found: Films) -> str:
    """The section in Markdown."""
    return "\n".join(_lines(found))


def _lines(found: Films) -> Iterator[str]:
    numbers = [int(np.count_nonzero(found.tissue == place)) for place in range(len(TISSUES))]
    counts = ", ".join(f"{count} {title}" for count, title in zip(numbers, TISSUES.values(), strict=True))
    yield (
        f"Written by `python -m experiments.mammogram_density`. {len(found.tissue)} oblique films of "
        f"{len(np.unique(found.patients))} women ({counts}), pectoral muscle left out. Intervals are over women. The "
        "two cut-offs between the three classes are those that agree best on the films of the other women, "
        f"{FOLDS} folds. How dense tissue is told from fat was chosen with all of these films in view: the agreement "
        "on films of another hospital is not known. One threshold of Otsu for all of a breast is what is often done; "
        "in a fatty breast it finds the dark rim, and calls the rest dense."
    )
    yield ""
    yield "| measure | rank correlation | AUC, dense against fatty | quadratic kappa | median: fatty, mixed, dense |"
    yield "| --- | --- | --- | --- | --- |"
    for name in MEASURES:
        told = " | ".join(estimate_text(each, 2) for each in agreement(found, name))
        medians = ", ".join(f"{np.median(found.measured[name][found.tissue == k]):.2f}" for k in range(len(TISSUES)))
        yield f"| {name} | {told} | {medians} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--page", type=Path, default=Path("docs/results.md"))
    options = parser.parse_args()
    text = section(films(options.data))
    write_text(options.page, with_section(options.page.read_text(encoding="utf-8"), DENSITY, text))


if __name__ == "__main__":
    main()
