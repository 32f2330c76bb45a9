"""Numbers as people read them."""

from __future__ import annotations

from ....reading import Estimate


def with_interval(estimate: Estimate | None, digits: int = 2) -> str:
    """``0.87 (0.80 to 0.92)``; a dash where there is none.

    Example
    -------
    >>> with_interval(Estimate(0.5))
    '0.50'
    """
    if estimate is None:
        return "–"
    value = _signed(estimate.value, digits)
    if estimate.interval is None:
        return value
    return f"{value} ({_signed(estimate.interval.low, digits)} to {_signed(estimate.interval.high, digits)})"


def _signed(value: float, digits: int) -> str:
    """With a true minus sign, and no minus before a zero."""
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) != 0 else text.removeprefix("-")
