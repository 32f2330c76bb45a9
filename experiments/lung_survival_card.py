"""What the card of the demonstration bundle of Lung Survival says of what was planted, see `lung_survival_phantoms`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from readingroom.bundles import paths
from readingroom.bundles.bundle import Bundle, load
from readingroom.csv_table import read_csv
from readingroom.files import write_text
from readingroom.formatting import estimate_text
from readingroom.learning.evaluation.survival_baselines import advantage, c_td_of
from readingroom.learning.evaluation.survival_predictions import SurvivalPredictions, read
from readingroom.phantoms.lung_cancer_ct import true_incidence
from readingroom.reading import Estimate

_HEADING = "## Against what was planted"
_NEXT = "## Risks"


def best_possible(predictions: SurvivalPredictions, truth: Path) -> tuple[Estimate, Estimate]:
    """C-td of the true risks on the same patients and pairs, and by how much it exceeds that of the predictions.

    Parameters
    ----------
    truth : ``truth.csv`` of `lung_survival_phantoms.write_phantom_cohort`
    """
    hazards = {row["patient_id"]: float(row["log_hazard"]) for row in read_csv(truth).records()}
    months = np.asarray(predictions.months)
    risks = np.stack([true_incidence(hazards[patient], months) for patient in predictions.patients.tolist()])
    true = replace(predictions, incidence=np.broadcast_to(risks[:, None], predictions.incidence.shape).copy())
    return c_td_of(true), advantage(true, predictions)


def with_planted(
    bundle: Bundle, predictions: Path, truth: Path, attention: Mapping[str, Estimate], phantoms: int
) -> Bundle:
    """The bundle with a card that says how near it comes to the best possible, and what its weights found.

    Parameters
    ----------
    predictions : out of fold, as ``readingroom train`` wrote them
    attention, phantoms : of `lung_survival_attention.estimates`, and of how many phantoms
    """
    best, missed = best_possible(read(predictions), truth)

    def text(name: str) -> str:
        return estimate_text(attention[name])

    learned = (
        "The hazard of a phantom is known: it rises with the volume of its tumor and with its emphysema. Who knew it "
        f"would reach a C-td of {estimate_text(best, 3)} on the same phantoms, the most that anybody can on average; "
        f"this network misses {estimate_text(missed, 3)} of it, out of fold. The network had been taught where tumor "
        "and emphysema lie on other phantoms, as no label of a patient could teach it; the head, with the weights of "
        "the slices, learned from times alone."
    )
    found = (
        f"On {phantoms} phantoms that trained nothing, {text('network weight')} of the weight lay on slices that the "
        f"tumor reaches, which are {text('even')} of the slices; the heaviest slice was one of them in "
        f"{text('network hit')}. With the layer of the weights shuffled it was {text('attention weight')} and "
        f"{text('attention hit')}. Of the energy of the map within the lungs {text('network energy')} lay inside the "
        f"tumor, and its maximum in {text('network inside')}; with all layers shuffled {text('all energy')} and "
        f"{text('all inside')} (docs/results.md). Correlation of risk and true risk: {text('network correlation')}."
    )
    return with_card_section(bundle, _HEADING, f"{learned}\n\n{found}", _NEXT)


def with_card_section(bundle: Bundle, heading: str, section: str, following: str) -> Bundle:
    """The bundle with this section in its card, in place of the one that it had, before the heading ``following``."""
    card = bundle.folder / paths.CARD
    before, _, after = card.read_text(encoding="utf-8").partition(following)
    write_text(card, f"{before.partition(heading)[0].rstrip()}\n\n{heading}\n\n{section}\n\n{following}{after}")
    sums = bundle.folder / paths.SUMS
    lines = [
        f"{hashlib.sha256(card.read_bytes()).hexdigest()}  {paths.CARD}" if line.endswith(f"  {paths.CARD}") else line
        for line in sums.read_text(encoding="utf-8").splitlines()
    ]
    write_text(sums, "\n".join(lines) + "\n")
    return load(bundle.folder)
