"""What a signature says of one region, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ... import records
from ...reading import BundleFacts, Estimate, OperatingPoint


@dataclass(frozen=True)
class Contribution:
    """How far one feature raises the score (above 0) or lowers it, against the mean of the cohort.

    ``contribution`` is on the scale of the score, ``percentile`` says where ``value`` lies in the cohort, 0 to 100.
    """

    feature: str
    value: float
    unit: str
    percentile: float
    contribution: float


@dataclass(frozen=True)
class Score:
    """The answer of a signature.

    Parameters
    ----------
    finding, title : what is asked: ``death``, ``Death within two years``
    value : the calibrated score; ``kind`` says on which scale: ``log odds``
    cohort_mean : mean value over the cohort; the contributions add up to ``value - cohort_mean``
    probability : calibrated, with the interval of the calibration and the number of cases it was fitted on
    positive, operating_point : the decision at the bundle's default operating point; None where it has none
    contributions : of every feature that the model uses, the strongest contribution first
    percentiles : where each measured feature lies in the training cohort, 0 to 100; also of those that are not used
    unstable : measured features that change a lot when mask and image change a little
    notes : sentences that the reader has to know, such as a feature outside the range of the cohort
    """

    finding: str
    title: str
    value: float
    kind: str
    cohort_mean: float
    probability: Estimate
    contributions: tuple[Contribution, ...]
    bundle: BundleFacts
    positive: bool | None = None
    operating_point: OperatingPoint | None = None
    percentiles: Mapping[str, float] = field(default_factory=dict)
    unstable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "percentiles", records.frozen(self.percentiles))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        data: dict[str, Any] = records.to_json(self)
        return data

    @classmethod
    def from_json(cls, data: Any) -> Score:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError : something is missing, unknown or of the wrong type
        """
        return records.from_json(cls, data)
