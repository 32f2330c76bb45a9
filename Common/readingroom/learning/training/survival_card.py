"""What the card of a bundle for survival says beside the numbers that every bundle has."""

from __future__ import annotations

from ...bundles.metadata import SurvivalMetadata
from ...formatting import counted, estimate_text
from ..evaluation.outcomes import AnyResult
from ..evaluation.survival_evaluation import SurvivalResult

_TOLD_AT = (6.0, 12.0, 18.0, 24.0)  # months


def asks(described: SurvivalMetadata) -> str:
    """What the bundle answers, and from when on."""
    causes = ", ".join(label.title.lower() for label in described.labels)
    return (
        f"The risk of {causes}, month by month, until {described.months[-1]:g} months. Time counts from "
        f"{described.time_zero}, an event in the month in which it happened"
    )


def risks(described: SurvivalMetadata, evaluation: AnyResult) -> str:
    """The training cohort's own curve, and how risks agree with what happened."""
    assert isinstance(evaluation, SurvivalResult)
    parts = ["## Risks"]
    told = [month for month in _TOLD_AT if month in described.months]
    for label in described.labels:
        values = described.incidence.get(label.name)
        if values is not None:
            text = ", ".join(f"{values[described.months.index(month)]:.0%} by {month:g} months" for month in told)
            parts.append(
                f"Of the {counted(described.training.patients, 'patient')} of the training cohort, "
                f"{label.title.lower()} had come to {text} (Aalen and Johansen's estimate)."
            )
    if described.calibration is not None:
        parts.append(
            f"Cumulative hazards are raised to the power {described.calibration.slope:.2f} and multiplied by exp("
            f"{described.calibration.intercept:.2f}), fitted on {counted(described.calibration.n, 'patient')} that the "
            "answering networks had not seen."
        )
    for each in evaluation.calibrations:
        rows = "\n".join(
            f"| {group.predicted:.0%} | {estimate_text(group.observed, 2)} | {group.observed.n} |"
            for group in each.groups
        )
        parts.append(
            f"Predicted and observed risk at {each.horizon:g} months, by groups of the prediction:\n\n"
            f"| predicted | observed | patients |\n| --- | --- | --- |\n{rows}"
        )
    if described.clinical is not None:
        terms = ", ".join(f"{name} {value:+.3f}" for name, value in described.clinical.coefficients.items())
        parts.append(f"The clinical model beside it (Cox; log hazard ratios): {terms}.")
    if described.volume is not None:
        (ratio,) = described.volume.coefficients.values()
        parts.append(
            f"The model on the volume of the tumor beside it (Cox, {counted(described.volume.patients, 'patient')}): "
            f"log hazard ratio {ratio:+.3f} by the logarithm of the volume."
        )
    return "\n\n".join(parts)
