"""Two-year survival as a class, from measured features of lung tumors (LUNG1 and NSCLC-Radiogenomics).

``python -m experiments.results.survival_as_class --data DATA --out FOLDER`` writes ``lung1.csv`` and
``r01.csv``, tables for ``readingroom signature train``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from readingroom.csv_table import read_csv, write_csv
from readingroom.files import make_folder
from readingroom.progress import Progress
from readingroom.radiomics.signature.external import evaluate_external
from readingroom.radiomics.signature.fit import fit
from readingroom.radiomics.signature.recipe import ModelName, recipe
from readingroom.radiomics.signature.table import FeatureTable
from readingroom.reading import Estimate

TABLE = Path("tables") / "nsclc_radiomics53_survival.csv"
DAYS = 730
MODELS: tuple[ModelName, ...] = ("lasso", "svm", "forest", "boosting")
TRAINED_ON, TESTED_ON = "l1", "l2"  # LUNG1, NSCLC-Radiogenomics
OUTCOME = "died_within_two_years"


@dataclass(frozen=True)
class SignatureResult:
    """A signature out of fold on LUNG1, on the patients of the other cohort, and simpler models on LUNG1."""

    model: ModelName
    patients: int
    dead: int
    auc: Estimate
    external: Estimate | None
    baselines: Mapping[str, Estimate]


def two_year_table(path: Path, source: str) -> FeatureTable:
    """Who died within two years. Patients who were followed for less and not seen to die are left out, and counted.

    Raises
    ------
    InputError : the table is missing or not the one that is expected
    """
    rows = [row for row in read_csv(path).records(needed=["SourceDataset"]) if row["SourceDataset"] == source]
    known = [row for row in rows if float(row["SurvivalTime"]) >= DAYS or row["Event"] == "1"]
    names = tuple(name for name in rows[0] if name.startswith("original_"))
    return FeatureTable(
        np.array([row["tcia_id"] for row in known]),
        names,
        np.array([[float(row[name]) for name in names] for row in known]),
        np.array([float(row["SurvivalTime"]) < DAYS for row in known], dtype=np.int64),
        {name: np.array([row[name] for row in known]) for name in ("age", "Tstage", "Nstage", "Histology")},
        (f"{len(rows) - len(known)} of {len(rows)} patients were followed for less than two years and are left out.",),
    )


def measure(data: Path, model: ModelName, progress: Progress | None = None) -> SignatureResult:
    """Train one kind of signature and evaluate it.

    Raises
    ------
    InputError : the table is missing
    SetupError : scikit-learn is not installed
    """
    learned, other = (two_year_table(data / TABLE, source) for source in (TRAINED_ON, TESTED_ON))
    fitted = fit(learned, recipe(model, "rigorous"), {}, progress or Progress())
    found = fitted.evaluation
    return SignatureResult(
        model=model,
        patients=len(learned.patients),
        dead=int(learned.outcome.sum()),
        auc=found.auc,
        external=evaluate_external(fitted, other).metrics.get("auc"),
        baselines=found.baselines,
    )


def write_tables(data: Path, out: Path) -> None:
    """Both cohorts as tables with the outcome in a column of its own.

    Raises
    ------
    InputError : the table is missing
    OutputError : the folder cannot be written
    """
    make_folder(out)
    for source, name in ((TRAINED_ON, "lung1.csv"), (TESTED_ON, "r01.csv")):
        table = two_year_table(data / TABLE, source)
        rows = []
        for row, patient in enumerate(table.patients):
            clinical = (str(values[row]) for values in table.clinical.values())
            rows.append((str(patient), int(table.outcome[row]), *clinical, *table.values[row].tolist()))
        write_csv(out / name, ("tcia_id", OUTCOME, *table.clinical, *table.names), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the tables of two-year survival.")
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds tables")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    write_tables(options.data, options.out)


if __name__ == "__main__":
    main()
