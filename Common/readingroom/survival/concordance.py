"""Whether who dies earlier had the higher predicted risk: Antolini's time-dependent index, Harrell's and Uno's.

Each is a set of `Pairs`: ``.value()`` is the index, in n log n (Antolini's once a month), ``.values(weights)`` that of
many resamples. An index is NaN where no pair can be compared, as with one patient or no event.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..metrics.binary import Floats
from .follow_up import follow_up
from .incidence import month_of, of_each_month
from .pairs import Pairs, TieRule
from .step_curve import StepCurve

Ties = Literal["adjusted", "antolini", "published"]

# pycox's adjusted index counts a pair of one time in both orders. "published" is eq. 7 of Paolo 2026, with which a
# model that gives everybody the same risk has an index of 0.
_TIES = {
    "adjusted": TieRule(with_censored=2.0, both=2.0, same_risk=0.5),
    "antolini": TieRule(with_censored=1.0, both=0.0, same_risk=0.0),
    "published": TieRule(with_censored=0.0, both=0.0, same_risk=0.0),
}
_HARRELL = TieRule(with_censored=1.0, both=0.0, same_risk=0.5)


def antolini(
    time: ArrayLike,
    event: ArrayLike,
    incidence: ArrayLike,
    months: ArrayLike,
    cause: int = 1,
    ties: Ties = "adjusted",
) -> Pairs:
    """C-td: risks are compared at the time of the event, at the end of the month that holds it; 0.5 is chance.

    Source: Antolini, Statistics in Medicine 2005. Events of other causes count as the end of follow-up, and those
    beyond the last month are not compared.

    Parameters
    ----------
    incidence : (cases, months) or (cases, causes, months)
    months : (months,) rising, the ends
    ties : ``adjusted`` (pycox's ``adj_antolini``: the same risk counts half, so that a constant model has about 0.5,
        and pairs of one time count), ``antolini`` (as in the source), ``published`` (Paolo 2026, eq. 7)

    Raises
    ------
    InputError : see `follow_up.follow_up`
    ValueError : shapes that do not fit
    """
    times, events = follow_up(time, event)
    risks, ends = of_each_month(incidence, months, times.size, cause)
    columns = month_of(times, ends)
    within = columns < ends.size
    return Pairs(times, events == cause, risks, np.where(within, columns, 0), within.astype(np.float64), _TIES[ties])


def harrell(time: ArrayLike, event: ArrayLike, risk: ArrayLike, horizon: float = np.inf, cause: int = 1) -> Pairs:
    """Harrell's C of one ``risk`` (cases,) for each patient; events beyond the ``horizon`` are not compared.

    The same risk counts half; two events at the same time are no pair.
    """
    times, events = follow_up(time, event)
    return _of_one_risk(times, events == cause, risk, (times <= horizon).astype(np.float64))


def uno(
    time: ArrayLike, event: ArrayLike, risk: ArrayLike, lost: StepCurve, horizon: float = np.inf, cause: int = 1
) -> Pairs:
    """Uno's C of events before the ``horizon``, which does not depend on how long others were followed.

    Source: Uno, Statistics in Medicine 2011: an anchor counts ``1 / G(t-)^2``.

    Parameters
    ----------
    lost : ``G``, `kaplan_meier.censoring` of the training patients with their full follow-up
    """
    times, events = follow_up(time, event)
    known = lost.before(times)
    weights = np.divide(1.0, known**2, out=np.zeros(times.size), where=(known > 0) & (times < horizon))
    return _of_one_risk(times, events == cause, risk, weights)


def dynamic_auc(
    time: ArrayLike, event: ArrayLike, risk: ArrayLike, lost: StepCurve, month: float, cause: int = 1
) -> Pairs:
    """Cumulative/dynamic AUC: whether those with an event by ``month`` had a higher risk than those free of one then.

    Source: Uno, JASA 2007; Hung and Chiang 2010. A case counts ``1 / G(t-)``. Where the training patients were all lost
    by that month (``G`` is 0, as at the end of a study), those last seen at that very time count as free of it.

    Parameters
    ----------
    risk : (cases,), such as the incidence at that month
    lost : ``G``, `kaplan_meier.censoring` of the training patients
    """
    times, events = follow_up(time, event)
    known = lost.before(times)
    cases = (times <= month) & (events == cause) & (known > 0)
    free = times > month
    if lost.at([month])[0] == 0:
        free |= (times == month) & (events == 0)
    weights = np.divide(1.0, known, out=np.zeros(times.size), where=cases)
    return _of_one_risk(np.where(free, 2.0, np.where(cases, 1.0, 0.0)), cases, risk, weights)


def _of_one_risk(times: Floats, seen: np.ndarray, risk: ArrayLike, weights: Floats) -> Pairs:
    values = np.asarray(risk, dtype=np.float64)
    if values.shape != times.shape or not np.isfinite(values).all():
        raise ValueError(f"Risks {values.shape} are not a finite number for each of {times.size} patients.")
    return Pairs(times, seen, values[:, None], np.zeros(times.size, dtype=np.int64), weights, _HARRELL)
