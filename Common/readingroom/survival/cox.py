"""Cox regression: proportional hazards by partial likelihood, and the cumulative incidence that follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ..errors import InputError
from ..metrics.binary import Floats
from .follow_up import follow_up

CoxTies = Literal["efron", "breslow"]


@dataclass(frozen=True)
class CoxFit:
    """``H(t | x) = H(t) exp(coefficients · (x - centers))``.

    Parameters
    ----------
    coefficients : (columns,) log hazard ratios
    covariance : (columns, columns), the inverse of the (penalized) information
    centers : (columns,) means of the known values; a missing one counts as its mean, here and in `incidence`
    missing : (columns,) how many values were missing
    times : (steps,) at which events happened, in months
    hazard : (steps,) H, cumulative, of a patient at the centers
    hazard_variance : (steps,) of H with the coefficients known
    hazard_means : (steps, columns) running sum of the hazard's steps, each times the weighted mean of ``x - centers``
        of those at risk; what the uncertainty of the coefficients adds follows from it
    last : longest follow-up
    n, events : patients, and events seen
    log_likelihood : partial, without the penalty
    """

    coefficients: Floats
    covariance: Floats
    centers: Floats
    missing: tuple[int, ...]
    times: Floats
    hazard: Floats
    hazard_variance: Floats
    hazard_means: Floats
    last: float
    n: int
    events: int
    log_likelihood: float

    def log_risk(self, design: ArrayLike) -> Floats:
        """(cases,) log hazard against a patient at the centers, of ``design`` (cases, columns); NaN is the mean."""
        return self.centered(design) @ self.coefficients

    def centered(self, design: ArrayLike) -> Floats:
        """``design`` minus the centers, 0 where a value is missing."""
        values = _matrix(design)
        if values.shape[1] != self.centers.size:
            raise ValueError(f"A design of {values.shape[1]} columns does not fit {self.centers.size} coefficients.")
        return np.where(np.isnan(values), 0.0, values - self.centers)

    def incidence(self, design: ArrayLike, months: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
        """(cases, months) cumulative incidence with the ends of its band; NaN beyond the longest follow-up.

        The band is that of the estimate, on the scale ``log H``: of baseline and coefficients (Andersen and others
        1993, VII.2.3), not of how patients with the same covariates differ.
        """
        return incidence_band(
            self.centered(design), self.coefficients, self.covariance, *self.baseline(months), level=level
        )

    def baseline(self, months: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """``hazard``, ``hazard_variance`` and ``hazard_means`` at some months; NaN beyond the longest follow-up."""
        ends = np.asarray(months, dtype=np.float64)
        step = np.searchsorted(self.times, ends, side="right")
        hazard, variance = (np.concatenate([[0.0], part])[step] for part in (self.hazard, self.hazard_variance))
        means = np.concatenate([np.zeros((1, self.centers.size)), self.hazard_means])[step]
        return np.where(ends > self.last, np.nan, hazard), variance, means


def incidence_band(
    centered: Floats,
    coefficients: Floats,
    covariance: Floats,
    hazard: Floats,
    hazard_variance: Floats,
    hazard_means: Floats,
    level: float,
    more: Floats | float = 0.0,
) -> tuple[Floats, Floats, Floats]:
    """(cases, months) incidence, low and high; ``hazard`` and its companions as in `CoxFit`, at the months asked for.

    Parameters
    ----------
    more : (cases,) variance of the log risk beyond that of the estimate
    """
    risk = np.exp(centered @ coefficients)[:, None]
    slopes = centered[:, None, :] * hazard[None, :, None] - hazard_means[None]
    variance = hazard_variance + np.einsum("nmi,ij,nmj->nm", slopes, covariance, slopes)
    relative = np.divide(variance, hazard**2, out=np.zeros_like(variance), where=hazard > 0)
    spread = np.sqrt(np.maximum(relative + np.reshape(more, (-1, 1)), 0.0))
    half = float(stats.norm.ppf(0.5 + level / 2)) * spread
    half = np.minimum(half, 100.0)  # so wide that the band is all from 0 to 1
    total = hazard * risk
    return 1 - np.exp(-total), 1 - np.exp(-total * np.exp(-half)), 1 - np.exp(-total * np.exp(half))


def fit_cox(
    design: ArrayLike, time: ArrayLike, event: ArrayLike, ridge: float = 0.0, ties: CoxTies = "efron"
) -> CoxFit:
    """Fit by Newton's method.

    Source: Cox, JRSS B 1972; ties by Efron, JASA 1977, or Breslow. Growth is that of sorting.

    Parameters
    ----------
    design : (cases, columns); a missing value (NaN) counts as the mean of its column, so it says nothing
    event : any event counts; of several causes pass 1 where it is the one of interest
    ridge : ``ridge / 2`` times the sum of squared coefficients of columns of deviation 1 is taken from the likelihood

    Raises
    ------
    InputError : no event, a column without a known value, no finite solution, or see `follow_up.follow_up`
    """
    times, events = follow_up(time, event)
    values = _matrix(design)
    if len(values) != times.size:
        raise ValueError(f"A design {values.shape} does not fit {times.size} times.")
    if not events.any():
        raise InputError("No event was seen, and a Cox regression needs at least one.")
    missing = np.isnan(values)
    for column in np.flatnonzero(missing.all(axis=0)):
        raise InputError(f"Column {column + 1} of the Cox regression has no known value.")
    centers = np.nanmean(values, axis=0)
    problem = _Problem(np.where(missing, 0.0, values - centers), times, events > 0, ridge, ties)
    coefficients, state = problem.solve()
    return CoxFit(
        coefficients=coefficients,
        covariance=np.asarray(np.linalg.inv(state.information)),
        centers=centers,
        missing=tuple(int(count) for count in missing.sum(axis=0)),
        times=problem.moments,
        hazard=np.cumsum(problem.by_moment(1 / state.sums)),
        hazard_variance=np.cumsum(problem.by_moment(1 / state.sums**2)),
        hazard_means=np.cumsum(problem.by_moment(state.means / state.sums[:, None]), axis=0),
        last=float(times.max()),
        n=times.size,
        events=int((events > 0).sum()),
        log_likelihood=state.log_likelihood,
    )


def baseline_hazard(
    log_risk: ArrayLike, time: ArrayLike, event: ArrayLike, months: ArrayLike, ties: CoxTies = "efron"
) -> Floats:
    """(months,) cumulative hazard of a patient whose log risk is 0, where those of the others are taken as they are.

    Source: Breslow, JRSS B 1972. Beyond the longest follow-up it stays as it was then.

    Parameters
    ----------
    log_risk : (cases,) such as a network's, trained by `losses.cox_loss`

    Raises
    ------
    InputError : no event, or see `follow_up.follow_up`
    """
    times, events = follow_up(time, event)
    risks = _matrix(np.asarray(log_risk, dtype=np.float64)[:, None])
    if len(risks) != times.size or np.isnan(risks).any():
        raise ValueError(f"Log risks {risks.shape[:1]} are not a finite number for each of {times.size} patients.")
    if not events.any():
        raise InputError("No event was seen, and a baseline hazard needs at least one.")
    problem = _Problem(risks, times, events > 0, 0.0, ties)
    hazard = np.cumsum(problem.by_moment(1 / problem.at(np.ones(1)).sums))
    return np.concatenate([[0.0], hazard])[np.searchsorted(problem.moments, np.asarray(months), side="right")]


@dataclass(frozen=True)
class _State:
    """At some coefficients: of each event the weights at risk and their mean; likelihood and its derivatives."""

    sums: Floats
    means: Floats
    log_likelihood: float
    penalized: float
    gradient: Floats
    information: Floats


class _Problem:
    def __init__(self, design: Floats, times: Floats, seen: np.ndarray, ridge: float, ties: CoxTies):
        order = np.argsort(times, kind="stable")
        self._design, times, self._seen = design[order], times[order], seen[order]
        self.moments, self._moment, count = np.unique(times[self._seen], return_inverse=True, return_counts=True)
        self._first = np.searchsorted(times, self.moments, side="left")
        self._until = np.searchsorted(self.moments, times, side="right")  # moments that a patient was at risk at
        place = np.arange(self._moment.size) - np.concatenate([[0], np.cumsum(count)])[self._moment]
        self._share = place / count[self._moment] if ties == "efron" else np.zeros(place.size)
        variance = design.var(axis=0)
        self._penalty = ridge * np.where(variance > 0, variance, 1.0)  # so a constant column has a coefficient of 0

    def by_moment(self, of_events: Floats) -> Floats:
        """Sums over the events of each distinct time."""
        found = np.zeros((self.moments.size, *of_events.shape[1:]))
        np.add.at(found, self._moment, of_events)
        return found

    def solve(self) -> tuple[Floats, _State]:
        coefficients = np.zeros(self._design.shape[1])
        state = self.at(coefficients)
        for _ in range(60):
            if self._has_no_solution(coefficients, state.information):
                break
            step = np.asarray(np.linalg.solve(state.information, state.gradient))
            last = float(state.gradient @ step) < 1e-9  # the error after such a step is its square
            coefficients, state = self._descend(coefficients, state, step)
            if last:
                return coefficients, state
        raise InputError(
            "The Cox regression has no finite solution: a column is constant, repeats others or tells all events "
            "apart. With a ridge penalty it has one."
        )

    def _has_no_solution(self, coefficients: Floats, information: Floats) -> bool:
        """Whether columns say the same, or a hazard ratio of one deviation has grown beyond exp(15)."""
        if coefficients.size == 0:
            return False
        scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
        grown = np.abs(coefficients * self._design.std(axis=0)).max() > 15
        return bool(grown or np.linalg.cond(information / np.outer(scale, scale)) > 1e12)

    def _descend(self, coefficients: Floats, state: _State, step: Floats) -> tuple[Floats, _State]:
        for _ in range(40):
            with np.errstate(all="ignore"):  # a step may be much too long
                new = self.at(coefficients + step)
            if np.isfinite(new.information).all() and new.penalized >= state.penalized - 1e-9:
                return coefficients + step, new
            step = step / 2
        return coefficients, state

    def at(self, coefficients: Floats) -> _State:
        log_risk = self._design @ coefficients
        top = float(log_risk.max(initial=0.0))
        weights = np.exp(log_risk - top)
        weighted = weights[:, None] * self._design
        events = np.flatnonzero(self._seen)
        at_risk = _from_here_on(weights)[self._first][self._moment]
        at_risk_design = _from_here_on(weighted)[self._first][self._moment]
        sums = at_risk - self._share * self.by_moment(weights[events])[self._moment]
        sums_design = at_risk_design - self._share[:, None] * self.by_moment(weighted[events])[self._moment]
        means = sums_design / sums[:, None]
        passed = np.concatenate([[0.0], np.cumsum(self.by_moment(1 / sums))])[self._until]
        passed[events] -= self.by_moment(self._share / sums)[self._moment]
        hazard = weights * passed  # of each patient, over the follow-up
        log_likelihood = float((log_risk[events] - top - np.log(sums)).sum())
        return _State(
            sums=sums * math.exp(top),
            means=means,
            log_likelihood=log_likelihood,
            penalized=log_likelihood - float(self._penalty @ coefficients**2) / 2,
            gradient=self._design[events].sum(axis=0) - hazard @ self._design - self._penalty * coefficients,
            information=(self._design * hazard[:, None]).T @ self._design - means.T @ means + np.diag(self._penalty),
        )


def _from_here_on(values: Floats) -> Floats:
    return np.cumsum(values[::-1], axis=0)[::-1]


def _matrix(design: ArrayLike) -> Floats:
    values = np.asarray(design, dtype=np.float64)
    if values.ndim != 2 or np.isinf(values).any():
        raise ValueError(f"A design {values.shape} is not (cases, columns) of finite or missing numbers.")
    return values
