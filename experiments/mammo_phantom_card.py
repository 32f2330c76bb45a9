"""What the card of the demonstration bundle of Mammo Screen says of its phantoms, see `mammo_phantoms`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from readingroom.bundles.bundle import Bundle
from readingroom.csv_table import read_csv
from readingroom.formatting import estimate_text
from readingroom.learning.evaluation.auc import auc_of
from readingroom.learning.evaluation.comparison import advantage
from readingroom.learning.evaluation.predictions import Predictions, read

from .lung_survival_card import with_card_section
from .mammo_phantom_maps import Found, estimates
from .mammo_phantoms import CHANCES

_HEADING, _NEXT = "## Against what was planted", "## Operating points"
_OTHERS = {
    "risk": "whoever sees all that was planted, and knows how often each kind is a cancer",
    "density": "the share of dense tissue alone",
    "gray": "the mean gray level of the breast alone",
}


def others(predictions: Predictions, truth: Path) -> Mapping[str, Predictions]:
    """What each of `_OTHERS` says of the same breasts: its number in ``truth.csv`` orders them."""
    rows = {(row["patient_id"], row["study_id"]): row for row in read_csv(truth).records()}
    own = [rows[key] for key in zip(predictions.patients.tolist(), predictions.study_ids.tolist(), strict=True)]
    found = {}
    for name in _OTHERS:
        logits = np.zeros_like(predictions.logits)
        logits[:, :, predictions.classes.index("cancer")] = [float(row[name]) for row in own]
        found[name] = replace(predictions, logits=logits)
    return found


def with_planted(bundle: Bundle, predictions: Path, truth: Path, found: Sequence[Found]) -> Bundle:
    """The bundle with a card that says what the phantoms are, how near it comes to the best possible, and what its
    map found.

    Parameters
    ----------
    predictions : of the tested breasts, as ``readingroom train`` wrote them
    truth : ``truth.csv`` of `mammo_phantoms.write_phantom_cohort`
    found : of `mammo_phantom_maps.measure_all`
    """
    answers = read(predictions)
    numbers = estimates(found)

    def text(name: str) -> str:
        return estimate_text(numbers[name])

    chances = ", ".join(f"{name} {chance:.0%}".replace("%", " %") for name, (_, chance) in CHANCES.items())
    planted = (
        "Half of the breasts show something that may be a cancer, more or less conspicuous; whether it is one was "
        f"drawn with the chance of its kind ({chances}). All may show vessels, folds, scars, coarse calcifications and "
        "dense islands, which never are. In screening some 0.6 % of women have a cancer. All numbers of this card are "
        "of phantoms only."
    )
    table = [
        "| on the same tested breasts | AUC | this network is better by |",
        "| --- | --- | --- |",
        *(
            f"| {_OTHERS[name]} | {estimate_text(auc_of(other), 3)} | "
            f"{estimate_text(advantage(answers, other), 3, signed=True)} |"
            for name, other in others(answers, truth).items()
        ),
    ]
    learned = (
        "The first line is the most that anybody can reach on average, even who misses nothing. The network had been "
        "taught where cancers lie on other phantoms, as no label of a breast could teach it; its last layer then "
        "learned from the labels of breasts."
    )
    seen = (
        f"On {len(found)} views with a cancer, of {len({view.seed for view in found})} phantoms that trained nothing, "
        f"{text('network energy')} of the energy of the map lay inside it, and the maximum in {text('network hit')}. "
        f"With all weights shuffled it was {text('shuffled energy')} and {text('shuffled hit')}, of a central blob of "
        f"the same size {text('blob energy')} and {text('blob hit')} (docs/results.md)."
    )
    return with_card_section(bundle, _HEADING, "\n\n".join((planted, "\n".join(table), learned, seen)), _NEXT)
