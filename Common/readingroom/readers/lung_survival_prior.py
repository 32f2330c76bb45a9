"""The prior CT read by the same network: the risk then and now, and how the tumor has changed.

Each risk counts from its own CT: that of the prior is what the network would have said then, not what is left of it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace

from .. import codes
from ..bundles.metadata import SurvivalMetadata
from ..formatting import number_text
from ..reading import Comparison
from .answer import Answer, Case, Prediction
from .base import ReadContext
from .lung_priors import asked_of_prior
from .lung_survival import CT, PRIOR, PRIOR_TUMOUR, TUMOUR, ask
from .lung_survival_answer import Floats, evidence_map, horizons, risks_of, tumor_of


def compared(case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
    """The answer with the risk then beside that of now, the prior's map, and the change of the tumor."""
    metadata: SurvivalMetadata = context.bundle.of_kind(SurvivalMetadata)
    answer = replace(answer, comparisons=(*answer.comparisons, *_tumors(case)))
    progress = context.progress
    asked = functools.partial(ask, context.model, case, PRIOR, context, progress, True, checked=False)
    details = asked_of_prior(asked, case.images[PRIOR], context)
    if details is None:
        return answer
    context.note(
        "Each risk counts from its own CT: that of the prior is what the network says of the months after the prior."
    )
    return replace(
        answer,
        comparisons=(*_risks(metadata, prediction.logits, details.answers.logits), *answer.comparisons),
        maps=(*answer.maps, *evidence_map(metadata, details, PRIOR)),
    )


def _risks(metadata: SurvivalMetadata, logits: Floats, prior_logits: Floats) -> Iterator[Comparison]:
    now, prior = risks_of(metadata, logits), risks_of(metadata, prior_logits)
    for label, present, before in zip(metadata.labels, now, prior, strict=True):
        for part, place in horizons(metadata):
            yield Comparison(
                f"{label.name}-{number_text(metadata.months[place])}-months", f"{label.title} within {part}", "%",
                100 * present.at(place)[0], 100 * before.at(place)[0], CT, PRIOR, code=label.code,
            )  # fmt: skip


def _tumors(case: Case) -> Iterator[Comparison]:
    now, prior = tumor_of(case, CT, TUMOUR), tumor_of(case, PRIOR, PRIOR_TUMOUR)
    if now is None or prior is None:
        return
    yield Comparison("tumor-volume", "Volume of the tumor", "mL", now.ml, prior.ml, CT, PRIOR, code=codes.VOLUME)
    if now.diameter is not None and prior.diameter is not None:
        title = "Longest diameter of the tumor"
        yield Comparison("tumor-diameter", title, "mm", now.diameter, prior.diameter, CT, PRIOR)
