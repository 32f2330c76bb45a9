"""How far the risk moves when the heaviest slices are left out: whether their weight explains the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..bundles.metadata import SurvivalMetadata
from ..formatting import number_text, percent
from ..reading import Check, Curve, Line
from .answer import Answer, Prediction
from .base import ReadContext
from .lung_survival_answer import risks_of
from .survival_network import ask_without

Floats = NDArray[np.float64]

_STEPS, _DRAWS, _SEED = 8, 50, 0


def without_slices(prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
    """The answer with how far the risk moves when the heaviest slices are left out, against slices drawn at random."""
    metadata, details = context.bundle.of_kind(SurvivalMetadata), prediction.details
    answers = details.answers
    if metadata.preprocessing.kind == "volume":
        context.note("No slice can be left out for a network that reads the CT as one volume.")
        return answer
    # Where few slices hold lung, the network was given some of them more than once.
    numbers, rows = np.unique(details.prepared.numbers, return_inverse=True)
    total = len(numbers)
    if total < 4:
        context.note("Too few slices were read to leave some of them out.")
        return answer
    place = -2 if metadata.head == "deephit-published" else -1  # it has nobody outlive its last month
    counts = np.unique(np.linspace(0, total // 2, _STEPS + 1).round().astype(int))
    order = np.argsort(-np.bincount(rows, answers.weights), kind="stable")
    random = np.random.default_rng(_SEED)

    def risks(left_out: Sequence[NDArray[np.intp]]) -> Floats:
        kept = [~np.isin(rows, gone) for gone in left_out]
        logits = ask_without(context.model.network, answers.features, kept)
        return np.array([100 * risks_of(metadata, one)[0].values[place] for one in logits])

    highest = risks([order[:count] for count in counts])
    drawn = []
    for done, count in enumerate(counts):
        context.progress(done / len(counts), "Leaving slices out.")
        drawn.append(risks([random.permutation(total)[:count] for _ in range(_DRAWS if count else 1)]))
    low, high = (np.array([np.quantile(values, end) for values in drawn]) for end in (0.025, 0.975))
    context.check(_attention_check(highest, low, high, counts))
    curve = Curve(
        "left-out", "Risk with slices left out", "profile", tuple(float(count) for count in counts),
        "Slices left out", "1", f"Risk at {number_text(metadata.months[place])} months",
        Line("The heaviest slices", tuple(highest.tolist())), "%",
        (Line("Slices drawn at random", tuple(float(v.mean()) for v in drawn), tuple(low.tolist()),
              tuple(high.tolist())),),
    )  # fmt: skip
    return replace(answer, curves=(*answer.curves, curve))


def _attention_check(highest: Floats, low: Floats, high: Floats, counts: NDArray[np.intp]) -> Check:
    moved = float(highest[-1] - highest[0])
    without, whole = percent(highest[-1] / 100), percent(highest[0] / 100)
    change = f"hardly change ({whole})" if without == whole else f"be {without} in place of {whole}"
    says = f"Without the {counts[-1]} heaviest slices the risk would {change}"
    if low[-1] <= highest[-1] <= high[-1]:
        sentence = f"{says}; as far as without others: which slices weigh most explains little of this answer."
        return Check("weights of the slices", "warn", sentence, moved, unit="%")
    return Check("weights of the slices", "pass", f"{says}; further than without others.", moved, unit="%")
