"""Metrics of survival against pycox and scikit-survival, on 100 to 100,000 patients.

    python bench/survival.py [--cases 100 1000 10000 100000] [--repeats 3] [--limit 60]

Times are exponential, a fifth is lost earlier, and the study ends at 24 months; each patient has an incidence at the
end of each of them. Ours and the peer take turns in one process and have to agree. A peer that is not installed is left
out, and one that would take longer than ``--limit`` seconds, judged by its last size, is not asked.

pycox 0.3.0 integrates with a function that scipy has removed; it is put back for it here.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np
import scipy
from numpy.typing import NDArray

from readingroom.survival.brier import brier, integrated
from readingroom.survival.concordance import antolini, dynamic_auc, harrell, uno
from readingroom.survival.cox import fit_cox
from readingroom.survival.kaplan_meier import censoring, kaplan_meier

Floats = NDArray[np.float64]
MONTHS = np.arange(1.0, 25.0)
SCORED = MONTHS[:23]  # at the end of the study scikit-survival has no weights


@dataclass(frozen=True)
class Patients:
    """Follow-up and predictions, with covariates for the regression."""

    time: Floats
    event: NDArray[np.int64]
    incidence: Floats
    design: Floats


def patients(cases: int) -> Patients:
    generator = np.random.default_rng(cases)
    design = generator.normal(size=(cases, 6))
    log_hazard = design[:, 0] * 0.5
    time, lost = generator.exponential(20 * np.exp(-log_hazard)), generator.exponential(80, cases)
    followed = np.minimum(np.minimum(time, lost), 24.0)
    noisy = log_hazard + generator.normal(size=cases)
    incidence = 1 - np.exp(-np.exp(noisy)[:, None] * MONTHS / 20)
    return Patients(followed, (time <= followed).astype(np.int64), incidence, design)


@dataclass(frozen=True)
class Contest:
    """The same number by us and by a peer."""

    metric: str
    peer: str
    ours: Callable[[Patients], NDArray]
    theirs: Callable[[Patients], NDArray]


def contests() -> Iterator[Contest]:
    if importlib.util.find_spec("pycox"):
        yield from _with_pycox()
    if importlib.util.find_spec("sksurv"):
        yield from _with_scikit_survival()


def _with_pycox() -> Iterator[Contest]:
    if not hasattr(scipy.integrate, "simps"):
        scipy.integrate.simps = lambda values, x: scipy.integrate.simpson(values, x=x)
    import pandas
    from pycox.evaluation import EvalSurv
    from pycox.evaluation.concordance import concordance_td

    def c_td(data: Patients) -> NDArray:
        column = np.searchsorted(MONTHS, data.time)
        return np.array(concordance_td(data.time, data.event, np.ascontiguousarray(1 - data.incidence.T), column))

    def own_weights(data: Patients) -> Floats:
        """Brier scores as pycox has them: divided by the weights, and integrated by Simpson's rule."""
        lost = censoring(data.time, data.event)
        own, ones = (
            brier(data.time, data.event, part, SCORED, lost)
            for part in (data.incidence[:, :23], np.ones((len(data.time), 23)))
        )
        weights = ones + brier(data.time, data.event, np.zeros((len(data.time), 23)), SCORED, lost)
        return np.array(scipy.integrate.simpson(own / weights, x=SCORED) / 22)

    def ibs(data: Patients) -> NDArray:
        table = pandas.DataFrame(1 - data.incidence.T, index=MONTHS)
        return np.array(EvalSurv(table, data.time, data.event, censor_surv="km").integrated_brier_score(SCORED))

    yield Contest("C-td", "pycox", lambda d: np.array(antolini(d.time, d.event, d.incidence, MONTHS).value()), c_td)
    yield Contest("integrated Brier score", "pycox", own_weights, ibs)


def _with_scikit_survival() -> Iterator[Contest]:
    from sksurv import metrics
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.nonparametric import kaplan_meier_estimator
    from sksurv.util import Surv

    def both(data: Patients) -> NDArray:
        return np.asarray(Surv.from_arrays(data.event == 1, data.time))

    def scored(data: Patients) -> Floats:
        lost = censoring(data.time, data.event)
        return integrated(brier(data.time, data.event, data.incidence[:, :23], SCORED, lost), SCORED)

    def auc(data: Patients) -> Floats:
        lost = censoring(data.time, data.event)
        return np.array(
            [dynamic_auc(data.time, data.event, data.incidence[:, 0], lost, m).value() for m in (6, 12, 18)]
        )

    yield Contest(
        "Harrell's C",
        "scikit-survival",
        lambda d: np.array(harrell(d.time, d.event, d.incidence[:, 0]).value()),
        lambda d: np.array(metrics.concordance_index_censored(d.event == 1, d.time, d.incidence[:, 0])[0]),
    )
    yield Contest(
        "Uno's C",
        "scikit-survival",
        lambda d: np.array(uno(d.time, d.event, d.incidence[:, 0], censoring(d.time, d.event), 24).value()),
        lambda d: np.array(metrics.concordance_index_ipcw(both(d), both(d), d.incidence[:, 0], tau=24)[0]),
    )
    yield Contest(
        "dynamic AUC, 3 months",
        "scikit-survival",
        auc,
        lambda d: metrics.cumulative_dynamic_auc(both(d), both(d), d.incidence[:, 0], [6, 12, 18])[0],
    )
    yield Contest(
        "integrated Brier score",
        "scikit-survival",
        scored,
        lambda d: np.array(metrics.integrated_brier_score(both(d), both(d), 1 - d.incidence[:, :23], SCORED)),
    )
    yield Contest(
        "Kaplan-Meier with band",
        "scikit-survival",
        lambda d: kaplan_meier(d.time, d.event).at(MONTHS),
        lambda d: _at_months(*kaplan_meier_estimator(d.event == 1, d.time, conf_type="log-log")[:2]),
    )
    yield Contest(
        "Cox, Efron's ties",
        "scikit-survival",
        lambda d: fit_cox(d.design, d.time, d.event).coefficients,
        lambda d: CoxPHSurvivalAnalysis(ties="efron").fit(d.design, both(d)).coef_,
    )


def _at_months(times: Floats, values: Floats) -> Floats:
    return values[np.searchsorted(times, MONTHS, side="right") - 1]


Times = tuple[float, float]  # wall and CPU seconds; the latter hardly change with what else a machine does


def timed(made: Callable[[Patients], NDArray], data: Patients) -> tuple[NDArray, Times]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = made(data)
    return found, (time.perf_counter() - wall, time.process_time() - cpu)


def compare(contest: Contest, data: Patients, repeats: int, ask_peer: bool) -> tuple[Times, Times | None, float]:
    """Medians of ours and of the peer, and by how much they differ; None for a peer that is not asked."""
    own: list[Times] = []
    other: list[Times] = []
    difference = math.nan
    for _ in range(repeats):
        ours, taken = timed(contest.ours, data)
        own.append(taken)
        if ask_peer:
            theirs, taken = timed(contest.theirs, data)
            other.append(taken)
            difference = float(np.abs(ours - theirs).max())
    return _medians(own), _medians(other) if other else None, difference


def _medians(times: list[Times]) -> Times:
    return median(wall for wall, _ in times), median(cpu for _, cpu in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, nargs="+", default=[100, 1000, 10_000, 100_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=60.0, help="seconds that a peer may take")
    options = parser.parse_args()
    print(f"{options.repeats} interleaved turns; numpy {np.__version__}, scipy {scipy.__version__}, "
          f"Python {platform.python_version()}\n")  # fmt: skip
    print("| metric | peer | patients | ours, CPU s | peer, CPU s | peer / ours, CPU | wall | difference | growth |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    found = list(contests())
    if not found:
        print("Neither pycox nor scikit-survival is installed.")
    for contest in found:
        warm = patients(60)
        contest.ours(warm), contest.theirs(warm)  # what is compiled or imported at first use
        before: tuple[int, Times, Times | None] | None = None
        for cases in sorted(options.cases):
            data, repeats = patients(cases), 1 if cases >= 100_000 else options.repeats
            expected = before[2][0] * (cases / before[0]) ** 2 if before and before[2] else 0.0
            why = "not asked" if expected > options.limit else ""
            try:
                ours, theirs, difference = compare(contest, data, repeats, not why)
            except MemoryError:  # pycox keeps a censoring curve for each patient
                why = "out of memory"
                ours, theirs, difference = compare(contest, data, repeats, False)
            row = f"| {contest.metric} | {contest.peer} | {cases:,} | {ours[1]:.4f} | "
            if theirs is None:
                row += f"{why} | | | | "
            else:
                row += f"{theirs[1]:.4f} | {theirs[1] / ours[1]:.1f} | {theirs[0] / ours[0]:.1f} | {difference:.0e} | "
            print(row + _growth(before, cases, ours, theirs) + " |", flush=True)
            before = cases, ours, theirs


def _growth(before: tuple[int, Times, Times | None] | None, cases: int, ours: Times, theirs: Times | None) -> str:
    """The exponent of n between two sizes, of ours and of the peer: 1 is linear, 2 quadratic."""
    if before is None:
        return ""
    steps = math.log(cases / before[0])
    said = f"n^{math.log(ours[1] / before[1][1]) / steps:.1f}"
    if theirs is None or before[2] is None:
        return said
    return f"{said}, n^{math.log(theirs[1] / before[2][1]) / steps:.1f}"


if __name__ == "__main__":
    main()
