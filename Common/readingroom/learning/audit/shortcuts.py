"""Whether the class follows the site or the acquisition, so that a model need not look for disease."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats.contingency import association

from ...formatting import counted, estimate_text
from .counts import NO_SITE, Counts
from .image_model import Comparison
from .issue import AuditIssue, Severity, some
from .small_models import CLINICAL, METADATA, NUMBER, PIXELS, SITE, SmallModel

CLOSE = 0.05  # lead of the image model below which a small model does about as well
ABOVE_CHANCE = 0.6  # with an interval above 0.5
SUFFICES = 0.9  # what is told so well without looking leaves an image model little to show
RESTATES = 0.95  # AUC of a single clinical column from which it is another word for the class
# Cramér's V of site and class (Cohen 1988: 0.3 is a medium, 0.5 a large association).
_MEDIUM, _LARGE = 0.3, 0.5
_MANY = 10  # studies of a site from which "all of one class" is worth saying
_WORDS = {
    SITE: "The site alone tells",
    METADATA: "Facts of the acquisition and the patient (no picture) tell",
    PIXELS: "Pictures of 32 x 32 pixels tell",
    NUMBER: "The number in the patient ID tells",
}


@dataclass(frozen=True)
class Shortcut:
    """A small model, what an image model adds to it, and how grave that is (None: nothing to say)."""

    model: SmallModel
    comparison: Comparison | None
    severity: Severity | None

    @classmethod
    def of(cls, model: SmallModel, comparison: Comparison | None) -> Shortcut:
        return cls(model, comparison, _severity(model, comparison))


def shortcut_issues(shortcuts: Sequence[Shortcut]) -> Iterator[AuditIssue]:
    """A sentence for each small model that tells the classes apart."""
    for shortcut in shortcuts:
        model = shortcut.model
        if model.inputs == CLINICAL:
            yield from _restating(model)
        elif shortcut.severity is not None:
            facts = ", ".join(f"{name} {value:.2f}" for name, value in list(model.facts.items())[:4] if value > 0.5)
            examples = (*((model.note,) if model.note else ()), *((f"single facts: {facts}",) if facts else ()))
            yield AuditIssue(shortcut.severity, model.inputs, _sentence(model, shortcut.comparison), examples)


def _restating(model: SmallModel) -> Iterator[AuditIssue]:
    """A sentence for each column of the table that is another word for the class."""
    for column, auc in model.facts.items():
        if auc >= RESTATES:
            yield AuditIssue(
                "stop", model.inputs,
                f"The column '{column}' alone tells the classes apart (AUC {auc:.2f}): it says the outcome in other "
                "words, was filled in knowing it, or shows how the studies were gathered. Keep it from every model.",
            )  # fmt: skip


def site_issues(counts: Counts) -> Iterator[AuditIssue]:
    """Site and class in the table of counts."""
    if len(counts.sites) < 2 or len(counts.classes) < 2:
        return
    studies = np.array([[cell.studies for cell in row[:-1]] for row in counts.cells[:-1]])
    strength = float(association(studies, method="cramer"))
    told = [*_one_class_sites(counts), *_one_site_classes(counts)]
    if strength >= _MEDIUM:
        yield AuditIssue(
            "stop" if strength >= _LARGE else "warn", "site and class",
            f"Class and site go together (Cramér's V {strength:.2f}): over all sites a model may learn the site. "
            "Compare classes within one site, and leave sites out.",
            some(told),
        )  # fmt: skip
    elif told:
        uneven = counted(len(told), "site or class is", "sites or classes are")
        yield AuditIssue("info", "site and class", f"{uneven} uneven.", some(told))


def _one_class_sites(counts: Counts) -> Iterator[str]:
    for place, site in enumerate(counts.sites):
        column = [row[place].studies for row in counts.cells]
        if column[-1] >= _MANY and max(column[:-1]) == column[-1]:
            yield f"all {column[-1]} studies of {_site(site)} are '{counts.classes[int(np.argmax(column[:-1]))]}'"


def _one_site_classes(counts: Counts) -> Iterator[str]:
    for name, row in zip(counts.classes, counts.cells, strict=False):
        cells = [cell.studies for cell in row]
        if cells[-1] >= _MANY and max(cells[:-1]) >= 0.95 * cells[-1]:
            place = int(np.argmax(cells[:-1]))
            yield f"{cells[place]} of {cells[-1]} studies of '{name}' are from {_site(counts.sites[place])}"


def _site(name: str) -> str:
    return "no site" if name == NO_SITE else f"site '{name}'"


def _severity(model: SmallModel, comparison: Comparison | None) -> Severity | None:
    low = model.auc.interval.low if model.auc.interval else model.auc.value
    if model.inputs == CLINICAL:  # may well tell disease, but for single columns that restate it
        return "stop" if any(auc >= RESTATES for auc in model.facts.values()) else None
    if low <= 0.5 or model.auc.value < ABOVE_CHANCE:
        return None
    if model.inputs == NUMBER:
        return "warn"  # a picture does not show it; it says that the classes were gathered apart
    if comparison is not None:
        lead = comparison.lead
        return "stop" if lead.value <= CLOSE or (lead.interval is not None and lead.interval.low <= 0) else "warn"
    return "stop" if max(model.auc.value, *model.by_class.values()) >= SUFFICES else "warn"


def _sentence(model: SmallModel, comparison: Comparison | None) -> str:
    where = f" within site '{model.site}'" if model.site else ""
    words = f"{_WORDS[model.inputs]} the classes apart{where}: AUC {estimate_text(model.auc)}"
    if len(model.classes) > 2:
        words += f" ({', '.join(f'{name} {value:.2f}' for name, value in model.by_class.items())})"
    if model.inputs == NUMBER:
        return words + ". The classes were gathered apart, so whatever else changed between goes with the class."
    if comparison is None:
        return words + ". An image model has to do clearly better before it can be said to see disease."
    image, lead = estimate_text(comparison.image), estimate_text(comparison.lead)
    better = "hardly" if _severity(model, comparison) == "stop" else "clearly"
    return f"{words}. The image model does {better} better: {image}, a lead of {lead}."
