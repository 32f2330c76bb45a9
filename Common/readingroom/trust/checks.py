"""The checks of any bundle: the age of the patient, then the distance of an embedding and the faithfulness of a map."""

from __future__ import annotations

import math

from ..formatting import ages_text
from ..reading import Check, Faithfulness
from .distance import FeatureStatistics

_OLDEST_NAMED = 89  # years; the exact age of older people points at few


def age_check(age: float | None, ages: tuple[float, float]) -> Check:
    """Judge the patient's ``age`` in years by the lowest and highest completed years that a bundle was trained on."""
    trained = f"was trained on {ages_text(ages)}"
    if age is None:
        return Check("age", "pass", f"The patient's age is not known; this bundle {trained}.")
    if age >= ages[0] and math.floor(age) <= ages[1]:
        return Check("age", "pass", f"This bundle {trained}, and the patient's age is among them.")
    years = f"older than {_OLDEST_NAMED}" if age > _OLDEST_NAMED else f"{math.floor(age)}"
    return Check("age", "warn", f"This bundle {trained}; this patient is {years}.")


def distance_check(distance: float, statistics: FeatureStatistics, what: str = "picture") -> Check:
    """Judge a picture's ``distance`` from `FeatureStatistics.distance` by the bundle's limits; ``what`` names it."""
    closer = statistics.closer_share(distance)
    if distance > statistics.stop_above:
        sentence = (
            f"The {what} is unlike the training {what}s: further from them than all {statistics.held_out_n} held-out "
            "training cases, and beyond the limit of this bundle."
        )
        return Check("distance", "stop", sentence, distance, statistics.stop_above)
    if distance > statistics.warn_above:
        nearer = f"{closer:.0%} of" if closer < 1 else f"all {statistics.held_out_n}"
        sentence = f"The {what} is further from the training {what}s than {nearer} held-out training cases."
        return Check("distance", "warn", sentence, distance, statistics.warn_above)
    sentence = f"The {what} is as close to the training {what}s as held-out training cases ({closer:.0%} are closer)."
    return Check("distance", "pass", sentence, distance, statistics.warn_above)


def faithfulness_check(curve: Faithfulness, finding: str) -> Check:
    """Judge a map of ``finding`` (its title) by the gain of its deletion curve. It never stops."""
    if not curve.points_at_evidence:
        sentence = (
            f"The map of “{finding}” is not to be trusted: taking away its hottest parts changes the answer hardly "
            "more than taking away other parts."
        )
        return Check.of_share("map faithful", "warn", sentence, curve.gain, curve.least_gain)
    sentence = f"Taking away the hottest parts of the map of “{finding}” changes the answer more than other parts do."
    return Check.of_share("map faithful", "pass", sentence, curve.gain, curve.least_gain)
