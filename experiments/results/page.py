"""The table of results as Markdown, made of the numbers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from readingroom import records
from readingroom.formatting import estimate_text
from readingroom.networks import registry
from readingroom.reading import Estimate

from .experiments import Experiment, Question
from .survival_as_class import DAYS, SignatureResult

_INTRODUCTION = (
    "# Results on public images and tables",
    "",
    "Written by `python -m experiments.results.run`; nothing here was typed in. Every AUC is out of fold: of "
    "networks that had not seen the patient, with a 95 % interval over patients. For more than two classes it is the "
    "mean of each class against the others. Beside each stands what simpler models reach on the same patients and "
    "folds; a network is worth something where it is clearly above them.",
    "",
    "The sizes are those of a laptop: small pictures, few epochs. They compare ways of training with each other and "
    "with simple models; they are not what these networks can do with the papers' data. ImageNet's weights are at hand "
    "for one network (MobileNetV2), which is therefore the transferred one; for the others they would be fetched from "
    "their hub.",
)
# Sections that other experiments write, in the order of the page.
CHILDREN = "## Pneumonia of children (Kermany)"
BACKBONE = "## A stronger backbone for pneumonia on NIH radiographs"
BOXES = "## Maps of chest radiographs and the boxes that radiologists drew (NIH)"
AGES = "## Adults read by a bundle for children, and the reverse"
LESIONS = "## Lesions on whole mammograms, from patches (mini-MIAS)"
SYNTHETIC = "## Synthetic mammograms (mini-MIAS)"
DENSITY = "## Density of the breast (mini-MIAS)"
FILM_LUNGS = "## Lungs on chest radiographs"
SURVIVAL = "## Survival of lung cancer over 24 months"
PHANTOMS = "## Phantoms only: the map of PASC Fibrosis"
NETWORKS = "## Phantoms only: what networks for lung survival cost"
ATTENTION = "## Phantoms only: the weights of the slices of Lung Survival"
MAMMOGRAMS = "## Phantoms only: the map of Mammo Screen"
LIVERS = "## Phantoms only: the map of Liver HCC"
RADIOGRAPHS = "## Lungs of chest radiographs: the heart's width and the place of the map"
_MADE_ELSEWHERE = (
    CHILDREN,
    FILM_LUNGS,
    RADIOGRAPHS,
    BACKBONE,
    BOXES,
    AGES,
    LESIONS,
    SYNTHETIC,
    DENSITY,
    SURVIVAL,
    PHANTOMS,
    ATTENTION,
    NETWORKS,
    MAMMOGRAMS,
    LIVERS,
)
_BASELINES = {
    "the picture at 32 x 32 pixels": "the picture at 32 x 32 pixels",
    "site and metadata": "site and metadata",
    "the site alone": "the site alone",
    "clinical columns": "the table's other columns (age, sex, original size of the picture)",
}


def page(images: Mapping[Experiment, Mapping[str, Any] | None], signatures: Sequence[SignatureResult]) -> str:
    """All tables; ``images`` holds None for what was not run."""
    lines = list(_INTRODUCTION)
    for question in dict.fromkeys(experiment.question for experiment in images):
        lines += ["", *_of_question(question, {e: n for e, n in images.items() if e.question == question})]
    lines += ["", *_of_signatures(signatures)]
    missing = [experiment.name for experiment, numbers in images.items() if numbers is None]
    if missing:
        lines += ["", f"Not run: {', '.join(missing)}."]
    return "\n".join(lines) + "\n"


def with_section(page: str, heading: str, section: str) -> str:
    """The page with this section of `_MADE_ELSEWHERE`, in place of the one that it had."""
    rest, found = sections_of(page)
    found[heading] = section
    parts = [rest.rstrip(), *(f"{each}\n\n{found[each].strip()}" for each in _MADE_ELSEWHERE if each in found)]
    return "\n\n".join(parts) + "\n"


def sections_of(page: str) -> tuple[str, dict[str, str]]:
    """The page without the sections that are made elsewhere, and those by their headings."""
    found = {}
    for heading in _MADE_ELSEWHERE:
        before, own, after = page.partition(f"{heading}\n")
        if own:
            section, following, later = after.partition("\n## ")
            found[heading] = section.strip() + "\n"
            page = before + (f"## {later}" if following else "")
    return page, found


def _of_question(question: Question, found: Mapping[Experiment, Mapping[str, Any] | None]) -> list[str]:
    lines = [f"## {question.title}", ""]
    done = {experiment: numbers for experiment, numbers in found.items() if numbers is not None}
    if not done:
        return [*lines, "Not run."]
    first = next(iter(done.values()))
    counts = ", ".join(f"{count} {name}" for name, count in first["counts"].items())
    lines += [f"{first['images']} images of {first['patients']} patients: {counts}. {question.warning}".rstrip(), ""]
    lines += ["| model | begins with | input | trained | AUC |", "| --- | --- | --- | --- | --- |"]
    lines += [_row(experiment, numbers) for experiment, numbers in done.items()]
    folds = {experiment.folds: numbers["baselines"] for experiment, numbers in done.items()}
    baselines = folds[max(folds)]
    lines += [
        f"| {words} | | | | {_text(_estimate(baselines[title]))} |"
        for title, words in _BASELINES.items()
        if title in baselines
    ]
    return lines


def _row(experiment: Experiment, numbers: Mapping[str, Any]) -> str:
    start = "random values" if experiment.start == "scratch" else "ImageNet"
    trained = (
        f"all layers, {experiment.epochs} epochs, {experiment.folds} folds"
        if experiment.start == "scratch"
        else f"a linear layer on frozen features, {experiment.folds} folds"
    )
    title = registry.find(experiment.network).title
    auc = _text(_estimate(numbers["auc"]))
    return f"| {title} | {start} | {experiment.size} x {experiment.size} | {trained} | {auc} |"


def _of_signatures(found: Sequence[SignatureResult]) -> list[str]:
    lines = ["## Two-year survival from radiomics of lung tumors", ""]
    if not found:
        return [*lines, "Not run."]
    first = found[0]
    lines += [
        f"Death within {DAYS} days as a class: {first.patients} patients of LUNG1, {first.dead} of whom died; tested "
        "as well on the patients of NSCLC-Radiogenomics, who had no part in anything. The features are those of a "
        "public table (53 of each tumor). AUC of 0.500 with no interval: the signature kept no feature.",
        "",
        "| signature | AUC out of fold | AUC on the other cohort |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {each.model} | {_text(each.auc)} | {_text(each.external)} |" for each in found]
    lines += [f"| {name.replace('_', ' ')} (no signature) | {_text(auc)} | |" for name, auc in first.baselines.items()]
    return lines


def _estimate(numbers: Any) -> Estimate:
    return records.from_json(Estimate, numbers)


def _text(found: Estimate | None) -> str:
    if found is not None and found.interval is not None and found.interval.low == found.interval.high:
        found = replace(found, interval=None)  # of a model that never changes its answer
    return estimate_text(found, 3, unknown="not known")
