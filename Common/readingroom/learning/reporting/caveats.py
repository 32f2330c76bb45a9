"""What has to be said above the numbers of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence

from ...bundles.bundle import Bundle
from ...formatting import ages_text, counted, estimate_text
from ...trust.checks import age_check
from ..audit.site_is_label import site_is_label
from ..cohorts.cohort import Cohort
from ..evaluation.evaluation import EvaluationResult
from ..evaluation.outcomes import AnyResult
from ..evaluation.sample_size import EXPLORATORY_BELOW
from ..training.explained_run import EXPLAINED, HANDCRAFTED
from .evaluated import BaselineResult, Caveat, Studies

_NEARLY_ALL = 0.95
_GIVES_AWAY = 0.99  # AUC of a simple model beyond which it has seen the answer


def caveats(bundle: Bundle, evaluation: AnyResult, studies: Studies) -> tuple[Caveat, ...]:
    found = []
    if bundle.metadata.demonstration:
        sentence = "A demonstration bundle, trained on phantoms: its numbers mean nothing for patients."
        found.append(Caveat("stop", sentence))
    if bundle.metadata.banner:
        found.append(Caveat("stop", bundle.metadata.banner))
    if isinstance(evaluation, EvaluationResult) and (sentence := _site_of(evaluation)):
        found.append(Caveat("stop", sentence))
    if evaluation.exploratory:
        counts = ", ".join(f"{evaluation.patients[name]} with '{name}'" for name in evaluation.exploratory)
        what = "a class" if isinstance(evaluation, EvaluationResult) else "those with an event"
        found.append(
            Caveat(
                "warn",
                f"Exploratory: fewer than {EXPLORATORY_BELOW} patients of {what} ({counts}). No number "
                "below may be quoted without its interval.",
            )
        )
    if isinstance(evaluation, EvaluationResult) and not evaluation.metrics:
        only = "', '".join(name for name, count in evaluation.patients.items() if count)
        found.append(
            Caveat(
                "warn",
                f"All patients are of one class ('{only}'): how often they are called so is all that can be measured, "
                "not whether the bundle tells them from others.",
            )
        )
    if isinstance(evaluation, EvaluationResult) and (called := _all_called(evaluation)):
        found.append(Caveat("warn", called))
    if studies.far_away is not None and studies.far_away > 0.1 * studies.images:
        found.append(
            Caveat(
                "warn",
                f"{studies.far_away} of {studies.images} images lie further from the training images than "
                "99 % of held-out ones: the bundle may not have been made for such images.",
            )
        )
    if studies.refused:
        found.append(
            Caveat(
                "info",
                f"A read would refuse {len(studies.refused)} of {studies.images} images; they were counted "
                "all the same.",
            )
        )
    return tuple(found)


def age_caveats(bundle: Bundle, cohort: Cohort) -> tuple[Caveat, ...]:
    """How many patients are not of the ages that the bundle was trained on, by the table."""
    if bundle.metadata.ages is None:
        return ()
    known = [row.age for row in cohort.rows if row.age is not None]
    others = sum(age_check(age, bundle.metadata.ages).status != "pass" for age in known)
    if not others:
        return ()
    sentence = (
        f"{others} of {counted(len(known), 'study', 'studies')} with a known age are of patients of other ages than "
        f"the bundle was trained on: {ages_text(bundle.metadata.ages)}."
    )
    return (Caveat("warn", sentence),)


def out_of_fold_caveat() -> Caveat:
    """What predictions of a training cannot show."""
    return Caveat(
        "info",
        "Patients of the training's own table, new to the network that predicted them; hospitals and scanners are not "
        "new.",
    )


def stored_answers_caveat(bundle: Bundle) -> Caveat:
    """What answers from a file cannot show."""
    return Caveat(
        "warn",
        f"Predictions that were stored in a table: whether '{bundle.metadata.name}' made them, and whether these "
        "patients trained it, cannot be told from it. Give the cohort instead to have it looked up.",
    )


def baseline_caveats(baselines: Sequence[BaselineResult], measure: str = "AUC") -> tuple[Caveat, ...]:
    """What simple models say of the bundle and of the table: not clearly beaten, or knowing too much."""
    found = []
    close = [
        baseline
        for baseline in baselines
        if baseline.advantage.interval is None or baseline.advantage.interval.low <= 0
    ]
    if close:
        names = ", ".join(f"{baseline.title} ({measure} {estimate_text(baseline.score)})" for baseline in close)
        found.append(Caveat("warn", f"The bundle is not clearly better than {names}."))
    for baseline in baselines:
        if baseline.score.value >= _GIVES_AWAY and baseline.title not in (EXPLAINED, HANDCRAFTED):
            found.append(
                Caveat("warn", f"From {baseline.title} alone the outcome can be told: the table gives it away.")
            )
    return tuple(found)


def _site_of(evaluation: EvaluationResult) -> str:
    """A sentence where site and label of the studies that were evaluated are one."""
    rows = evaluation.calibrated.predictions
    if rows.multilabel:
        return ""
    return site_is_label(rows.sites.tolist(), [rows.classes[number] for number in rows.truth.tolist()])


def _all_called(evaluation: EvaluationResult) -> str:
    """A sentence when (nearly) everybody who does not have a class is called it all the same."""
    rows, called = evaluation.calibrated.predictions, evaluation.calibrated.called
    if rows.multilabel:
        return ""
    for number, name in enumerate(rows.classes):
        others = rows.truth != number
        if others.any() and called[others, number].mean() >= _NEARLY_ALL:
            return (
                f"{100 * called[:, number].mean():.0f} % of the cases were called '{name}', among them "
                f"{int(called[others, number].sum())} of the {int(others.sum())} who do not have it: the bundle does "
                "not tell them apart here."
            )
    return ""
