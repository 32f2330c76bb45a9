"""One thing that an audit found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["stop", "warn", "info"]
_ORDER: dict[Severity, int] = {"stop": 0, "warn": 1, "info": 2}
_SHOWN = 8


@dataclass(frozen=True)
class AuditIssue:
    """A sentence for who is about to train or to believe a model.

    Parameters
    ----------
    severity : ``stop`` (red): numbers from this cohort would mislead, or training fails; ``warn`` (amber): look at it;
        ``info``: to know
    topic : of one kind of issue, such as ``site follows class``
    sentence : what was found, with numbers
    examples : which patients, studies or lines, the first of them
    """

    severity: Severity
    topic: str
    sentence: str
    examples: tuple[str, ...] = ()


def by_severity(issues: Iterable[AuditIssue]) -> tuple[AuditIssue, ...]:
    """The gravest first, else in the order in which they were found."""
    return tuple(sorted(issues, key=lambda issue: _ORDER[issue.severity]))


def some(examples: Iterable[str]) -> tuple[str, ...]:
    """The first few, and how many more there are."""
    listed = list(examples)
    rest = len(listed) - _SHOWN
    return (*listed[:_SHOWN], *((f"and {rest} more",) if rest > 0 else ()))
