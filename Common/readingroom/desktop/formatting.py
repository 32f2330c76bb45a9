"""Numbers of a reading as sentences that a radiologist reads at a glance."""

from __future__ import annotations

from slicer.i18n import tr as _

from ..formatting import decimal, estimate_text, interval_text, percent
from ..reading import Estimate, Finding, Interval, OperatingPoint


def interval_with_level(interval: Interval | None) -> str:
    """``80 % to 92 % (95 % interval)``; empty when the calibration gives none."""
    if interval is None:
        return ""
    text = _("{interval} ({level} interval)")
    return text.format(interval=interval_text(interval, _=_), level=percent(interval.level))


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


def operating_point_text(point: OperatingPoint) -> str:
    """``Sensitivity 90 % (85 % to 94 %), n = 120``, and the same of the specificity on a line below."""
    parts = []
    for title, estimate in ((_("Sensitivity"), point.sensitivity), (_("Specificity"), point.specificity)):
        if estimate is not None:
            parts.append(f"{title} {_estimate(estimate, cases=True)}")
    return "\n".join(parts)


def predictive_values_text(point: OperatingPoint, prevalence: float) -> str:
    """``PPV 62 % (50 % to 73 %)``, the same of the NPV on a line below, at a prevalence between 0 and 1.

    On the last line how many positive answers there are for each that is right: in screening, recalls per cancer.
    """
    if point.sensitivity is None or point.specificity is None:
        return _("PPV and NPV are not known: sensitivity and specificity of this finding were not measured.")
    from ..trust.predictive_values import predictive_values

    try:
        values = predictive_values(point.sensitivity, point.specificity, prevalence)
    except ValueError:
        return _("PPV and NPV are not defined at this operating point.")
    lines = [f"PPV {_estimate(values.positive)}", f"NPV {_estimate(values.negative)}"]
    if values.positive.value > 0:
        each = _("{number} positive answers for each that is right")
        lines.append(each.format(number=decimal(1 / values.positive.value, 1)))
    return "\n".join(lines)


def _estimate(estimate: Estimate, cases: bool = False) -> str:
    return estimate_text(estimate, show=percent, cases=cases, _=_)
