"""What can be measured of a model's answers: one family of metrics a file, found by the file's name.

A family is a module with ``OUTCOME`` (the column of a cohort that it needs: ``label`` or ``time``), ``TITLES`` (what
people call each metric) and ``compute(answers, resamples, seed)``, which gives `readingroom.reading.Estimate` by name.
A new one (survival, say) is one new file here.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, Protocol, cast

from ....reading import Estimate

NAMES = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


class Family(Protocol):
    """What a module of this folder offers."""

    OUTCOME: str
    TITLES: Mapping[str, str]

    def compute(self, calibrated: Any, resamples: int = 2000, seed: int = 0) -> dict[str, Estimate]:
        """Every metric that has a value, with its interval over patients where there are enough of them."""


def load_family(name: str) -> Family:
    """The family of that name.

    Raises
    ------
    ValueError : there is none
    """
    if name not in NAMES:
        raise ValueError(f"There is no family of metrics named '{name}'; there are {', '.join(NAMES)}.")
    return cast(Family, importlib.import_module(f"{__name__}.{name}"))


def title(metric: str) -> str:
    """What people call a metric, with the class it is about: ``auc.covid`` is ``AUC: covid``."""
    name, _, finding = metric.partition(".")
    for family in NAMES:
        if name in (titles := load_family(family).TITLES):
            return f"{titles[name]}: {finding}" if finding else titles[name]
    return metric
