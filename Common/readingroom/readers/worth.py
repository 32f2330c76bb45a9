"""What positive and negative answers of a reading are worth at a prevalence, as a table of its report."""

from __future__ import annotations

from ..formatting import decimal, estimate_text, percent
from ..reading import Finding, Reading
from ..reports.document import Table
from ..trust.predictive_values import predictive_values


def worth_table(reading: Reading, prevalence: float) -> Table | None:
    """PPV, NPV and positive answers for each that is right, at the operating point of each finding.

    In screening the last is how many women are recalled for each cancer that is found.

    Parameters
    ----------
    prevalence : between 0 and 1

    Returns
    -------
    None where sensitivity and specificity of no operating point are known
    """
    rows = [row for finding in reading.findings if (row := _row(finding, prevalence)) is not None]
    at = f"At a prevalence of {decimal(100 * prevalence, 1)} %"
    return Table((at, "PPV", "NPV", "Positive answers for each that is right"), tuple(rows)) if rows else None


def _row(finding: Finding, prevalence: float) -> tuple[str, ...] | None:
    point = finding.operating_point
    if point is None or point.sensitivity is None or point.specificity is None:
        return None
    try:
        values = predictive_values(point.sensitivity, point.specificity, prevalence)
    except ValueError:  # both are 0 or 1 there
        return None
    right = decimal(1 / values.positive.value, 1) if values.positive.value > 0 else "none is right"
    shown = [estimate_text(one, show=percent) for one in (values.positive, values.negative)]
    return f"{finding.title}: {point.name}", *shown, right
