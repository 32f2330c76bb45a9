"""What the intervals of an evaluation cost: ours against one bootstrap for each metric, as one would write it by hand.

    python bench/evaluate.py [--cases 500] [--resamples 2000] [--repeats 3]

The predictions are made here (two classes, a site and three groups of patients, one case of each patient). The peer is
scikit-learn's metric on the cases of each resample, metric by metric; both use the same resamples, take turns in one
process, and their intervals are compared. Ratios are taken within each turn and medians are printed. Then comes the
whole evaluation, as ``readingroom evaluate --predictions`` writes it: metrics, groups, figures and report.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from readingroom.bundles import store
from readingroom.learning.evaluation.evaluation import evaluate
from readingroom.learning.evaluation.metric_families import load_family
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.learning.reporting.evaluate import Options
from readingroom.learning.reporting.evaluation_run import run
from readingroom.metrics.bootstrap import patient_resamples
from readingroom.readers.registry import find_reader

Floats = NDArray[np.float64]
SEED = 0


def made_up_predictions(classes: tuple[str, ...], cases: int) -> Predictions:
    """Logits that know something of the truth."""
    generator = np.random.default_rng(SEED)
    truth = generator.integers(0, len(classes), cases)
    logits = generator.normal(0, 1, (1, cases, len(classes)))
    logits[0, np.arange(cases), truth] += 1.2
    names = np.array([f"{number:05d}" for number in range(cases)])
    groups = {
        "sex": generator.choice(["F", "M"], cases),
        "view": generator.choice(["AP", "PA"], cases),
        "age": generator.choice(["below 18", "18 to 39", "40 to 64", "65 and above"], cases),
    }
    sites = generator.choice(["one", "other"], cases)
    folds = generator.integers(0, 5, (1, cases))
    return Predictions(classes, False, names, names, sites, truth, logits, folds, groups)


def roc_point(truth: NDArray, scores: Floats, least: float, of_sensitivity: bool) -> Callable[[NDArray], float]:
    """The sensitivity at a specificity of ``least`` or above, or the specificity at such a sensitivity, by rows."""

    def value(rows: NDArray) -> float:
        wrong, right, _ = metrics.roc_curve(truth[rows], scores[rows], drop_intermediate=False)
        found, given = (right, 1 - wrong) if of_sensitivity else (1 - wrong, right)
        return float(found[given >= least - 1e-12].max())

    return value


def peers(truth: NDArray, scores: Floats, shown: Floats, called: NDArray) -> dict[str, Callable[[NDArray], float]]:
    """Each metric as a function of the rows of a resample."""
    found: dict[str, Callable[[NDArray], float]] = {
        "auc": lambda rows: metrics.roc_auc_score(truth[rows], scores[rows]),
        "average_precision": lambda rows: metrics.average_precision_score(truth[rows], scores[rows]),
        "brier": lambda rows: metrics.brier_score_loss(truth[rows], shown[rows]),
        "log_loss": lambda rows: metrics.log_loss(truth[rows], shown[rows]),
        "f1": lambda rows: metrics.f1_score(truth[rows], called[rows]),
        "accuracy": lambda rows: metrics.accuracy_score(truth[rows], called[rows]),
        "balanced_accuracy": lambda rows: metrics.balanced_accuracy_score(truth[rows], called[rows]),
        "mcc": lambda rows: metrics.matthews_corrcoef(truth[rows], called[rows]),
    }
    for percent in (90, 95):
        for name, of_sensitivity in (("sensitivity_at_{}_specificity", True), ("specificity_at_{}_sensitivity", False)):
            found[name.format(percent)] = roc_point(truth, scores, percent / 100, of_sensitivity)
    return found


def bootstrap_of_each(
    functions: Mapping[str, Callable[[NDArray], float]], patients: NDArray, resamples: int
) -> dict[str, tuple[float, float]]:
    """Percentile intervals, each metric with a loop of its own."""
    found = {}
    for name, function in functions.items():
        values = [function(rows) for rows in patient_resamples(patients, resamples, SEED)]
        low, high = np.percentile(values, [2.5, 97.5])
        found[name] = (float(low), float(high))
    return found


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    bundle = store.find(find_reader("chest-xray").default_bundle)
    predictions = made_up_predictions(tuple(label.name for label in bundle.metadata.labels), arguments.cases)
    calibrated = evaluate(predictions, resamples=0).calibrated
    compute = load_family("classification").compute
    finding = predictions.positive
    number = predictions.classes.index(finding)
    functions = peers(
        predictions.present(finding),
        predictions.scores(finding)[0],
        calibrated.probabilities[:, number],
        calibrated.called[:, number],
    )
    times: dict[str, list[tuple[float, float]]] = {"one bootstrap a metric": [], "ReadingRoom": [], "whole": []}
    for _ in range(arguments.repeats):
        begun = now()
        ours = compute(calibrated, arguments.resamples, SEED)
        times["ReadingRoom"].append(_since(begun))
        begun = now()
        theirs = bootstrap_of_each(functions, predictions.patients, arguments.resamples)
        times["one bootstrap a metric"].append(_since(begun))
        with tempfile.TemporaryDirectory() as folder:
            predictions.write(Path(folder) / "predictions.csv")
            begun = now()
            options = Options(resamples=arguments.resamples, seed=SEED)
            run(bundle.folder, Path(folder) / "out", options, predictions=Path(folder) / "predictions.csv")
            times["whole"].append(_since(begun))
    worst = max(
        max(abs(interval.low - theirs[name][0]), abs(interval.high - theirs[name][1]))
        for name, estimate in ours.items()
        if (interval := estimate.interval) is not None and name in theirs
    )
    print(
        f"{arguments.cases} cases, {arguments.resamples} resamples, {arguments.repeats} interleaved turns; "
        f"numpy {np.__version__}, scikit-learn {version('scikit-learn')}, Python {platform.python_version()}\n"
    )
    print("|  | metrics | wall s | CPU s |\n| --- | --- | --- | --- |")
    for name, count in (("one bootstrap a metric", len(functions)), ("ReadingRoom", len(ours))):
        print(f"| {name} | {count} | {_median(times[name], 0):.2f} | {_median(times[name], 1):.2f} |")
    print(f"| ReadingRoom, the whole evaluation with its report |  | {_median(times['whole'], 0):.2f} "
          f"| {_median(times['whole'], 1):.2f} |")  # fmt: skip
    pairs = list(zip(times["one bootstrap a metric"], times["ReadingRoom"], strict=True))
    ratios = [median(peer[place] / own[place] for peer, own in pairs) for place in (0, 1)]
    print(f"\nOurs is {ratios[0]:.0f} times as fast (CPU: {ratios[1]:.0f}); intervals differ by {worst:.1e} at most.")


def _since(begun: tuple[float, float]) -> tuple[float, float]:
    ended = now()
    return ended[0] - begun[0], ended[1] - begun[1]


def _median(times: list[tuple[float, float]], place: int) -> float:
    return median(each[place] for each in times)


if __name__ == "__main__":
    main()
