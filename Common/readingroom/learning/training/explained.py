"""What the features of a network follow, in features that were handcrafted, and the L1 models of both.

Correlations, filters, z-scores and weights are learned from the training rows of a network alone; each fold does it
anew for its own network, whose features are not those of another fold's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ...bundles.explained import PERCENTS, DeepFeature, ExplainedFeatures, HandcraftedFeature, Partner, Spread
from ...errors import InputError
from ...metrics.patient_folds import fewest_patients
from ...progress import Progress
from ...radiomics.followed import Rule, correlations, followed, stability
from ...radiomics.handcrafted import NAMES
from ...radiomics.signature.fit import selection_frequencies
from ...radiomics.signature.lasso import Lasso
from ...radiomics.signature.preparation import varying
from ...radiomics.signature.recipe import Recipe, recipe
from ...radiomics.signature.tuning import Trained, train
from ..protocols.training_protocol import Explained

Floats = NDArray[np.float64]

LEAST_HELD_OUT = 10  # rows; a correlation on fewer says nothing
_PARTNERS = 4  # that are kept of each deep feature
_LEAST_OF_EACH = 4  # patients of a class, below which no strength can be chosen


@dataclass(frozen=True, eq=False)
class Table:
    """Rows with both kinds of features.

    Parameters
    ----------
    deep : (rows, features) of one network
    handcrafted : (rows, `NAMES`), NaN where not defined
    y : (rows,) 1 where the finding is there
    patients : (rows,)
    """

    deep: Floats
    handcrafted: Floats
    y: NDArray[np.int64]
    patients: NDArray[np.str_]

    def take(self, rows: NDArray) -> Table:
        return Table(self.deep[rows], self.handcrafted[rows], self.y[rows], self.patients[rows])

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class L1Model:
    """A logistic model with an L1 penalty on some columns of a table; on none of them the share of the finding.

    Parameters
    ----------
    columns : (candidates,) among which it chose
    trained : None where there was no candidate
    constant : its logit then
    """

    columns: NDArray[np.intp]
    trained: Trained | None
    constant: float

    def logits(self, values: Floats) -> Floats:
        """(rows,) of ``values`` (rows, features); what is not defined counts as the mean of the training rows."""
        if self.trained is None:
            return np.full(len(values), self.constant)
        prepared = self.trained.preparation
        z = np.nan_to_num(prepared.apply(values[:, self.columns]), nan=0.0, posinf=0.0, neginf=0.0)
        return self.trained.model.values(z)

    @property
    def intercept(self) -> float:
        return self.constant if self.trained is None else float(self.trained.model.arrays()["intercept"][0])

    def coefficients(self, features: int) -> Floats:
        """(features,) of the z-scores; 0 where the model does without."""
        found = np.zeros(features)
        if self.trained is not None:
            kept = self.columns[self.trained.preparation.columns]
            found[kept] = self.trained.model.arrays()["coefficients"]
        return found


@dataclass(frozen=True, eq=False)
class Explanation:
    """What the training rows of one network said.

    Parameters
    ----------
    correlations : (deep, handcrafted)
    chosen : (deep, handcrafted) the pairs in which one follows the other
    explained : L1 model of the deep features that follow anything
    handcrafted : L1 model of the handcrafted features, as baseline
    """

    correlations: Floats
    chosen: NDArray[np.bool_]
    explained: L1Model
    handcrafted: L1Model

    @property
    def follows(self) -> NDArray[np.intp]:
        """The deep features that follow a handcrafted one."""
        return np.flatnonzero(self.chosen.any(axis=1))


def explain(table: Table, wanted: Explained, seed: int) -> Explanation:
    """Learn from these rows which deep features follow handcrafted ones, and both L1 models.

    Raises
    ------
    InputError : too few patients of a class
    """
    made = _recipe(wanted, _fewest(table), seed)
    usable, deep = usable_columns(table.handcrafted, made), usable_columns(table.deep, made)
    found = np.zeros((table.deep.shape[1], table.handcrafted.shape[1]))
    chosen = np.zeros(found.shape, dtype=bool)
    pairs = np.ix_(deep, usable)
    found[pairs], chosen[pairs] = followed(
        table.deep[:, deep], table.handcrafted[:, usable], table.patients, rule_of(wanted)
    )
    follows = np.flatnonzero(chosen.any(axis=1))
    return Explanation(
        found,
        chosen,
        _l1_model(table.deep, follows, table, made),
        _l1_model(table.handcrafted, usable, table, made),
    )


def fit_handcrafted(
    handcrafted: Floats, y: NDArray[np.int64], patients: NDArray[np.str_], wanted: Explained, seed: int
) -> L1Model:
    """The L1 model of handcrafted features (rows, `NAMES`) alone, for data of which no network was asked.

    Raises
    ------
    InputError : too few patients of a class
    """
    table = Table(np.empty((len(y), 0)), handcrafted, y, patients)
    made = _recipe(wanted, _fewest(table), seed)
    return _l1_model(handcrafted, usable_columns(handcrafted, made), table, made)


def _fewest(table: Table) -> int:
    """Patients of the rarer class.

    Raises
    ------
    InputError : too few
    """
    fewest = fewest_patients(table.y, table.patients) if np.ptp(table.y) else 0
    if fewest < _LEAST_OF_EACH:
        raise InputError(f"A class has {fewest} patients among training rows; {_LEAST_OF_EACH} are needed.")
    return fewest


def rule_of(wanted: Explained) -> Rule:
    return Rule(wanted.correlation, wanted.least, wanted.rate)


def usable_columns(values: Floats, made: Recipe) -> NDArray[np.intp]:
    """Columns that are defined in every row and vary by the recipe's filter: relative, or in raw units as published."""
    whole = np.flatnonzero(np.isfinite(values).all(axis=0))
    return whole[varying(values[:, whole], made.least_deviation, made.relative)]


def record_of(
    fitted: Explanation,
    table: Table,
    held_out: Table | None,
    wanted: Explained,
    finding: str,
    seed: int,
    notes: Sequence[str] = (),
    progress: Progress | None = None,
) -> ExplainedFeatures:
    """What a bundle keeps of the explanation of its network.

    Parameters
    ----------
    table : the rows that it was learned from
    held_out : rows that neither trained the network nor chose a pair; None where there are none
    """
    progress = progress or Progress()
    progress(0.0, "Drawing the patients anew, to see which features are chosen again.")
    made = _recipe(wanted, fewest_patients(table.y, table.patients), seed)
    follows = fitted.follows
    hand = np.flatnonzero(fitted.chosen.any(axis=0))
    stable = np.zeros(fitted.correlations.shape)
    pairs = np.ix_(follows, hand)
    if follows.size:  # the rate is that among all pairs, so all are tested again
        usable, deep = usable_columns(table.handcrafted, made), usable_columns(table.deep, made)
        stable[np.ix_(deep, usable)] = stability(
            table.deep[:, deep], table.handcrafted[:, usable], table.patients, rule_of(wanted), wanted.resamples, seed
        )
    progress(0.6, "Drawing the patients anew, to see which features the L1 model uses again.")
    selected = np.zeros(table.deep.shape[1])
    model = fitted.explained
    if model.trained is not None:
        selected[model.columns] = selection_frequencies(
            Lasso(), table.deep[:, model.columns], table.y, table.patients, model.trained.choice, made,
            progress.part(0.6, 1.0), wanted.resamples,
        )  # fmt: skip
    tested = None
    if held_out is not None and len(held_out) >= LEAST_HELD_OUT:
        tested = np.zeros(fitted.correlations.shape)
        tested[pairs] = correlations(held_out.deep[:, follows], _filled(held_out, table)[:, hand], wanted.correlation)
    weights, hand_weights = model.coefficients(table.deep.shape[1]), fitted.handcrafted.coefficients(len(NAMES))
    deep_features = tuple(
        DeepFeature(
            number=int(number),
            spread=_spread(table.deep[:, number]),
            partners=_partners(fitted, int(number), stable, tested),
            coefficient=_short(weights[number]),
            selected=_short(selected[number]),
        )
        for number in follows
    )
    handcrafted = tuple(
        HandcraftedFeature(name, _spread_or_none(table.handcrafted[:, place]), _short(hand_weights[place]))
        for place, name in enumerate(NAMES)
    )
    return ExplainedFeatures(
        mask=wanted.mask,
        finding=finding,
        measured=wanted.measured,
        correlation=wanted.correlation,
        least=wanted.least,
        rate=wanted.rate,
        patients=len(np.unique(table.patients)),
        deep_count=table.deep.shape[1],
        deep=deep_features,
        intercept=_short(model.intercept),
        handcrafted=handcrafted,
        handcrafted_intercept=_short(fitted.handcrafted.intercept),
        notes=tuple(notes),
    )


def _recipe(wanted: Explained, fewest: int, seed: int) -> Recipe:
    made = recipe("lasso", wanted.model, seed)
    return replace(made, inner_folds=min(made.inner_folds, fewest))


def _l1_model(values: Floats, columns: NDArray[np.intp], table: Table, made: Recipe) -> L1Model:
    share = float(table.y.mean())
    if not columns.size:
        return L1Model(columns, None, float(special.logit(share)))
    return L1Model(columns, train(Lasso(), values[:, columns], table.y, table.patients, made, made.seed), 0.0)


def _filled(held_out: Table, table: Table) -> Floats:
    """What is not defined on a held-out row as the mean of the training rows."""
    known = np.isfinite(table.handcrafted)
    count = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, table.handcrafted, 0.0).sum(axis=0) / count
    return np.where(np.isfinite(held_out.handcrafted), held_out.handcrafted, means)


def _partners(fitted: Explanation, number: int, stable: Floats, tested: Floats | None) -> tuple[Partner, ...]:
    row = fitted.correlations[number]
    chosen = np.flatnonzero(fitted.chosen[number])
    strongest = chosen[np.argsort(-np.abs(row[chosen]), kind="stable")][:_PARTNERS]
    return tuple(
        Partner(
            NAMES[place],
            _short(row[place]),
            _short(stable[number, place]),
            None if tested is None else _short(tested[number, place]),
        )
        for place in strongest
    )


def _spread_or_none(values: Floats) -> Spread | None:
    values = values[np.isfinite(values)]
    return _spread(values) if values.size and values.std() > 1e-12 * max(float(np.abs(values).max()), 1e-300) else None


def _spread(values: Floats) -> Spread:
    percentiles = np.percentile(values, PERCENTS)
    return Spread(float(values.mean()), float(values.std()), tuple(map(float, percentiles)))


def _short(value: float) -> float:
    """Without the digits that no rounding error leaves alike on two computers."""
    return float(f"{float(value):.9g}")
