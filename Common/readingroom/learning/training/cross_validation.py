"""Which networks a protocol asks for: one for each split, and the final model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...errors import InputError
from ..cohorts.cohort import Cohort
from ..cohorts.splits import Rows, Split, checked, hold_out, k_fold, leave_one_site_out, stated
from ..protocols.training_protocol import TrainingProtocol

_NOBODY: Rows = np.array([], dtype=np.intp)


@dataclass(frozen=True)
class CrossValidation:
    """Splits with the cohort's row numbers.

    Parameters
    ----------
    repeats : the splits of each repeat; their test rows are those that are evaluated
    final : rows of the final model; its test rows, held out from everything else, are evaluated by it alone.
        Where one network alone is evaluated, it is the final model
    summary : a sentence for the card
    """

    repeats: tuple[tuple[Split, ...], ...]
    final: Split
    summary: str

    @property
    def test_rows(self) -> Rows:
        """Row numbers of all test parts, sorted; the same in each repeat."""
        return np.unique(np.concatenate([split.test for split in self.repeats[0]]))

    @property
    def single_network(self) -> bool:
        """Whether the final model is the one that is evaluated."""
        return len(self.repeats) == len(self.repeats[0]) == 1 and self.repeats[0][0] is self.final


def plan_cross_validation(
    cohort: Cohort, protocol: TrainingProtocol, hashes: Sequence[str], choose_epoch: bool = True
) -> CrossValidation:
    """The splits of a protocol on this cohort. What the table itself states in its column ``split`` comes first.

    Parameters
    ----------
    hashes : pixel hash of each row (empty: not known)
    choose_epoch : a part of the rows that are not tested chooses the epoch; heads need none, they choose within theirs

    Raises
    ------
    InputError : the cohort is too small for the protocol, or lacks sites
    LeakageError : the table's own split puts what belongs together in two parts
    """
    wanted, seed = protocol.validation, protocol.seed
    inner = wanted.inner if choose_epoch else 0.0
    if (cohort.column("split") == "test").any():
        split = _with_validation(cohort, stated(cohort, hashes), inner, seed, hashes)
        summary = "The split is the one that the table states. The network that was tested on it is the final model."
        return CrossValidation(((split,),), split, summary)
    seeds = range(seed, seed + wanted.repeats)
    if wanted.kind == "hold-out":
        once = tuple((hold_out(cohort, wanted.hold_out, s, inner, hashes),) for s in seeds)
        _refuse_other_rows(once)
        summary = f"{wanted.hold_out:.0%} of the patients were held out. The network tested on them is the final model."
        return CrossValidation(once, once[0][0], summary)
    if wanted.kind == "leave-one-site-out":
        by_site = tuple(leave_one_site_out(cohort, s, inner, hashes) for s in seeds)
        summary = "Each site was evaluated by networks that had seen the others alone. The final model saw all sites."
        return CrossValidation(by_site, _all(cohort, _NOBODY, _everything(cohort), inner, seed, hashes), summary)
    holdout = hold_out(cohort, wanted.hold_out, seed, 0.0, hashes) if wanted.hold_out else None
    rest = _everything(cohort) if holdout is None else holdout.train
    part, part_hashes = cohort.take(rest), [hashes[row] for row in rest]
    folds = tuple(
        tuple(_of_all(cohort, split, rest, hashes) for split in k_fold(part, wanted.folds, s, inner, part_hashes))
        for s in seeds
    )
    summary = f"{wanted.folds} folds by patient{_repeated(wanted.repeats)}. The final model saw all of them."
    kept = _NOBODY if holdout is None else holdout.test
    return CrossValidation(folds, _all(cohort, kept, rest, inner, seed, hashes), summary)


def on_real_studies(planned: CrossValidation, cohort: Cohort) -> CrossValidation:
    """The same splits without the synthetic rows that train in them."""
    if not cohort.synthetic.any():
        return planned

    def real(split: Split) -> Split:
        train = split.train[~cohort.synthetic[split.train]]
        return Split(train, split.validation, split.test, f"{split.name}, real studies alone")

    final = real(planned.final)
    if planned.single_network:
        return replace(planned, repeats=((final,),), final=final)
    return replace(planned, repeats=tuple(tuple(map(real, repeat)) for repeat in planned.repeats), final=final)


def _all(cohort: Cohort, holdout: Rows, rest: Rows, inner: float, seed: int, hashes: Sequence[str]) -> Split:
    """Everything but what is held out; as in each fold, a part of it chooses the epoch."""
    chosen = hold_out(cohort.take(rest), inner, seed, 0.0, [hashes[row] for row in rest])
    split = Split(rest[chosen.train], rest[chosen.test], holdout, "the final model")
    return checked(cohort, split, hashes)


def _with_validation(cohort: Cohort, split: Split, inner: float, seed: int, hashes: Sequence[str]) -> Split:
    """A stated split, with a part of its training rows to choose the epoch where it has none."""
    if len(split.validation) or not inner:
        return split
    made = _all(cohort, split.test, split.train, inner, seed, hashes)
    return checked(cohort, Split(made.train, made.validation, split.test, split.name), hashes)


def _of_all(cohort: Cohort, split: Split, rows: Rows, hashes: Sequence[str]) -> Split:
    """The split of a part of the cohort by the numbers of the whole."""
    found = Split(rows[split.train], rows[split.validation], rows[split.test], split.name)
    return checked(cohort, found, hashes)


def _refuse_other_rows(repeats: Sequence[Sequence[Split]]) -> None:
    if len(repeats) > 1:
        raise InputError("A hold-out is tested once: each repeat would test other patients. Use a k-fold to repeat.")


def _everything(cohort: Cohort) -> Rows:
    return np.arange(len(cohort), dtype=np.intp)


def _repeated(repeats: int) -> str:
    return "" if repeats == 1 else f", {repeats} times with other splits"
