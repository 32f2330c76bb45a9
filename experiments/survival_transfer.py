"""Survival over 24 months from clinical facts and tumor features: out of fold, and from one cohort to the other.

    python -m experiments.survival_transfer --data DATA [--page docs/results.md]

LUNG1 and NSCLC-Radiogenomics (R01), a Cox model each; the model of one cohort reads the other as it is, without having
seen any of its patients.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from readingroom.errors import ReadingRoomError
from readingroom.files import write_text
from readingroom.formatting import counted, estimate_text
from readingroom.metrics.paired_tests import holm
from readingroom.reading import Estimate
from readingroom.survival.calibration import calibration
from readingroom.survival.comparison import ConcordanceTest, compare
from readingroom.survival.cumulative_incidence import cumulative_incidence
from readingroom.survival.kaplan_meier import restricted_mean

from .lung1_out_of_fold import (
    HORIZON,
    MONTHS,
    RIDGE,
    c_td,
    concordance,
    fold_concordance,
    integrated_brier,
    out_of_fold,
    predict,
    slope,
)
from .lung1_tables import Cohort, Floats, lung1, r01, tumor_features
from .results.page import SURVIVAL, with_section

RIDGE_OF_FEATURES = 30.0  # 53 columns on as many deaths; set beforehand
_VOLUME = "original_shape_VoxelVolume"
_HOW = (
    "A Cox model each of the first 24 months (age, sex, stage, T, N, histology; what is not known counts as the mean), "
    "out of fold ten times in ten folds, or trained on one cohort and asked of the other as it is. Intervals are over "
    "patients. A concordance of 0.5 is chance. Out of fold C-td also compares the curves of the folds: a patient who "
    "died is missing from the one that predicts for them, which pulls it below Harrell's C. A gain above 0 is less "
    "error than the cohort's own Kaplan-Meier curve, which knows nothing of the patient; deaths are those observed for "
    "each expected by month 24; of a slope below 1 the risks are too extreme."
)


@dataclass(frozen=True)
class Result:
    """One model on one cohort, ``out of fold`` or trained on the other cohort.

    ``brier`` is integrated over 24 months, ``gain`` by how much it is below that of the tested cohort's own
    Kaplan-Meier curve, ``ratio`` deaths observed for each expected at 24 months.
    """

    model: str
    trained: str
    tested: str
    patients: int
    deaths: int
    c_td: Estimate
    harrell: Estimate
    brier: Estimate
    gain: Estimate
    ratio: Estimate
    slope: Estimate | None
    predicted: Floats
    in_folds: tuple[float, float, float] | None = None


def cohorts(data: Path) -> dict[str, dict[str, Cohort]]:
    """By model and cohort: all patients with their clinical facts, and those whose tumor was measured.

    Raises
    ------
    InputError : a table is missing
    """
    found: dict[str, dict[str, Cohort]] = {"clinical facts": {"LUNG1": lung1(data), "R01": r01(data)}}
    measured: dict[str, dict[str, Cohort]] = {
        "clinical facts, of these patients": {},
        "tumor volume": {},
        "53 features": {},
        "facts and volume": {},
    }
    for name, whole in found["clinical facts"].items():
        known, values, names = tumor_features(data, whole.patients)
        part = whole.take(known)
        volume = values[known][:, [names.index(_VOLUME)]]
        designs: Mapping[str, Floats] = {
            "clinical facts, of these patients": part.design,
            "tumor volume": volume,
            "53 features": values[known],
            "facts and volume": np.hstack([part.design, volume]),
        }
        for model, design in designs.items():
            measured[model][name] = Cohort(part.patients, part.time, part.event, design)
    return found | measured


def results(data: Path) -> list[Result]:
    """Every model out of fold on each cohort, and trained on one and tested on the other.

    Raises
    ------
    InputError : a table is missing
    """
    found = []
    for model, by_name in cohorts(data).items():
        ridge = RIDGE_OF_FEATURES if model == "53 features" else RIDGE
        for name, cohort in by_name.items():
            predicted = out_of_fold(cohort, ridge)
            found.append(_result(model, name, name, cohort, predicted, fold_concordance(cohort, predicted)))
        for trained, tested in (("LUNG1", "R01"), ("R01", "LUNG1")):
            predicted = predict(by_name[trained], by_name[tested].design, ridge)[None]
            found.append(_result(model, trained, tested, by_name[tested], predicted))
    return found


def _result(
    model: str,
    trained: str,
    tested: str,
    cohort: Cohort,
    predicted: Floats,
    in_folds: tuple[float, float, float] | None = None,
) -> Result:
    plain = cumulative_incidence(cohort.time, cohort.event).at(MONTHS)
    brier, gain = integrated_brier(cohort, predicted, np.tile(plain, (cohort.time.size, 1)))
    mean = predicted.mean(axis=0)
    return Result(
        model=model,
        trained=trained,
        tested=tested,
        patients=cohort.time.size,
        deaths=int(((cohort.time <= HORIZON) & (cohort.event == 1)).sum()),
        c_td=c_td(cohort, predicted),
        harrell=concordance(cohort, predicted),
        brier=brier,
        gain=gain,
        ratio=calibration(cohort.time, cohort.event, mean[:, -1], HORIZON, resamples=0).ratio,
        slope=slope(cohort, predicted),
        predicted=mean,
        in_folds=in_folds,
    )


def comparisons(data: Path, found: Sequence[Result]) -> list[tuple[Result, Result, ConcordanceTest, float]]:
    """Tumor features against clinical facts on the same patients, with p corrected by Holm for all of these tests."""
    by_name = cohorts(data)["53 features"]
    of = {(each.model, each.trained, each.tested): each for each in found}
    tested = []
    for (model, trained, name), other in of.items():
        if model in ("tumor volume", "53 features"):
            facts, cohort = of["clinical facts, of these patients", trained, name], by_name[name]
            test = compare(cohort.time, cohort.event, other.predicted, facts.predicted, MONTHS)
            tested.append((other, facts, test))
    corrected = holm([test.p for _, _, test in tested])
    return [(*each, p) for each, p in zip(tested, corrected, strict=True)]


def section(data: Path) -> str:
    """The section of the page of results.

    Raises
    ------
    InputError : a table is missing
    """
    found = results(data)
    whole = cohorts(data)["clinical facts"]
    lines = [
        "Written by `python -m experiments.survival_transfer`. LUNG1 was irradiated, R01 operated upon: "
        + "; ".join(_about(name, cohort) for name, cohort in whole.items())
        + f". {_HOW}",
        "",
        "| model | trained on | tested on | patients, deaths | C-td | Harrell's C | integrated Brier score | gain "
        "| deaths | slope |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_row(each) for each in found),
        "",
        "As papers give it, as the mean within folds, clinical facts have a Harrell's C of "
        + " and ".join(
            f"{each.in_folds[0]:.3f} in {each.tested} ({each.in_folds[1]:.3f} to {each.in_folds[2]:.3f} over ten "
            "divisions into folds)"
            for each in found
            if each.model == "clinical facts" and each.in_folds
        )
        + ". Paper 003 reports 0.584 for its network in LUNG1.",
        "",
        "| against clinical facts, same patients | trained on | tested on | difference of C-td | p | p after Holm |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for other, _, test, p in comparisons(data, found):
        how = "out of fold" if other.trained == other.tested else other.trained
        lines.append(
            f"| {other.model} | {how} | {other.tested} | {_text(test.difference, signed=True)} | {test.p:.3f} "
            f"| {p:.3f} |"
        )
    lines += ["", "The coefficients of the first model, of all of LUNG1, are the clinical baseline that ships."]
    return "\n".join(lines) + "\n"


def _about(name: str, cohort: Cohort) -> str:
    alive = 1 - cumulative_incidence(cohort.time, cohort.event).estimate(HORIZON).value
    mean = restricted_mean(cohort.time, cohort.event, HORIZON)
    return (
        f"{counted(cohort.time.size, 'patient')} of {name}, of whom {100 * alive:.0f} % live after 24 months "
        f"(on average {_text(mean, 1)} of these months)"
    )


def _row(each: Result) -> str:
    how = "out of fold" if each.trained == each.tested else each.trained
    return (
        f"| {each.model} | {how} | {each.tested} | {each.patients}, {each.deaths} | {_text(each.c_td)} | "
        f"{_text(each.harrell)} | {_text(each.brier)} | {_text(each.gain, signed=True)} | {_text(each.ratio, 2)} | "
        f"{_text(each.slope, 2)} |"
    )


def _text(found: Estimate | None, digits: int = 3, signed: bool = False) -> str:
    if found is None or math.isnan(found.value):
        return "not known"
    return estimate_text(found, digits, signed=signed)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.survival_transfer")
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds tables")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="whose section on survival is written anew")
    options = parser.parse_args(arguments)
    try:
        text = section(options.data)
        if options.page is not None:
            write_text(options.page, with_section(options.page.read_text(encoding="utf-8"), SURVIVAL, text))
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
