"""Numbers of a reading as sentences that a radiologist reads at a glance."""

from __future__ import annotations

from slicer.i18n import tr as _

from ..reading import Estimate, Finding, OperatingPoint, PredictionSet, Reading
from ..reports.document import percent


def interval_text(finding: Finding) -> str:
    """``80 % to 92 % (95 % interval)``; empty when the calibration gives none."""
    if finding.interval is None:
        return ""
    return _("{low} to {high} ({level} interval)").format(
        low=percent(finding.interval.low),
        high=percent(finding.interval.high),
        level=percent(finding.interval.level),
    )


def bar_legend(finding: Finding) -> str:
    """What the marks on a probability bar stand for."""
    parts = [_("Bar: calibrated probability.")]
    if finding.interval is not None:
        parts.append(_("Whisker: uncertainty of the calibration."))
    if finding.operating_point is not None:
        parts.append(_("Red line: threshold of the operating point."))
    return " ".join(parts)


def decision_text(finding: Finding) -> str:
    """Where the probability lies as to the chosen operating point; empty when the finding has none."""
    point = finding.operating_point
    if point is None or finding.positive is None:
        return ""
    side = _("above the threshold of {threshold}") if finding.positive else _("below the threshold of {threshold}")
    return side.format(threshold=percent(point.threshold))


def prediction_set_text(prediction_set: PredictionSet, reading: Reading) -> str:
    """What the set says, with its coverage and the number of cases behind it."""
    titles = {finding.name: finding.title for finding in reading.findings}
    labels = [titles.get(label, label) for label in prediction_set.labels]
    coverage = percent(prediction_set.coverage)
    about = f"{titles[prediction_set.finding]}: " if prediction_set.finding in titles else ""
    if not labels:
        says = _("At {coverage} coverage no answer fits: this image is unlike those that the bundle knows.")
    elif len(labels) == 1:
        says = _("At {coverage} coverage one answer remains: {labels}.")
    else:
        says = _("At {coverage} coverage the bundle cannot decide between: {labels}.")
    behind = _("Set on {n} cases; in {coverage} of cases like them the true answer is among those named.")
    return f"{about}{says} {behind}".format(coverage=coverage, labels=", ".join(labels), n=prediction_set.n)


def operating_point_text(point: OperatingPoint) -> str:
    """``Sensitivity 90 % (85 % to 94 %), n = 120``, and the same of the specificity on a line below."""
    parts = []
    for title, estimate in ((_("Sensitivity"), point.sensitivity), (_("Specificity"), point.specificity)):
        if estimate is not None:
            cases = f", n = {estimate.n}" if estimate.n is not None else ""
            parts.append(f"{title} {_estimate_text(estimate)}{cases}")
    return "\n".join(parts)


def predictive_values_text(point: OperatingPoint, prevalence: float) -> str:
    """``PPV 62 % (50 % to 73 %)``, and the same of the NPV on a line below, at a prevalence between 0 and 1."""
    if point.sensitivity is None or point.specificity is None:
        return _("PPV and NPV are not known: the bundle does not give sensitivity and specificity here.")
    from ..trust.predictive_values import predictive_values

    try:
        values = predictive_values(point.sensitivity, point.specificity, prevalence)
    except ValueError:
        return _("PPV and NPV are not defined at this operating point.")
    return f"PPV {_estimate_text(values.positive)}\nNPV {_estimate_text(values.negative)}"


def _estimate_text(estimate: Estimate) -> str:
    if estimate.interval is None:
        return percent(estimate.value)
    low, high = percent(estimate.interval.low), percent(estimate.interval.high)
    return _("{value} ({low} to {high})").format(value=percent(estimate.value), low=low, high=high)
