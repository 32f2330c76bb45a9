"""The model card of a bundle: every number in it comes from the run that made the bundle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ...bundles.metadata import ClassifierMetadata, DeepFeature, SurvivalMetadata
from ...formatting import ages_text, counted, decimal, estimate_text, percent
from ...networks import registry
from ...radiomics import handcrafted
from ...readers.registry import readers
from ...reading import Estimate
from ..cohorts.time_to_event import TimeToEvent
from ..evaluation.levels import level_of
from ..evaluation.metric_families import title
from ..evaluation.outcomes import Answering, AnyResult
from . import survival_card
from .training_run import TrainingRun

_DEMONSTRATION = (
    "**Demonstration only.** It was trained on phantoms, or on images into which something was planted: "
    "what it says of a patient means nothing."
)

_MOST_SPOKEN = 12  # features that the card lists
_INPUTS = {"picture": "pictures", "slices": "slices", "volume": "volumes"}


def card(described: Answering, run: TrainingRun, holdout: AnyResult | None = None) -> str:
    """``docs/README.md`` of the bundle, in Markdown.

    Parameters
    ----------
    aside : the final model on patients that were held out from everything else
    """
    parts = [
        f"# {described.title}, version {described.version}",
        _DEMONSTRATION if described.demonstration else "",
        f"**{described.banner}**" if described.banner else "",
        described.intended_use,
        _what(described, run),
        _judged(run),
        _measured(described),
        _points(described)
        if isinstance(described, ClassifierMetadata)
        else survival_card.risks(described, run.evaluation),
        "" if holdout is None else _holdout(holdout),
        _baselines(run),
        _explained(run),
        _synthetic(run),
        _how(described, run),
        _flaws(run),
        _section("Warnings", _items(described.warnings)) if described.warnings else "",
        _section("License", f"Weights: {described.license}."),
    ]
    return "\n\n".join(part for part in parts if part)


def _estimate(estimate: Estimate | None) -> str:
    return estimate_text(estimate, 3, cases=True)


def _what(described: Answering, run: TrainingRun) -> str:
    training, size = described.training, " x ".join(map(str, run.protocol.input.size))
    learned = f"{counted(training.images, *_rows(described.reader))} of {counted(training.patients, 'patient')}"
    events = "events of " if isinstance(described, SurvivalMetadata) else ""
    counts = ", ".join(f"{training.counts[label.name]} {events}{label.title.lower()}" for label in described.labels)
    names = ", ".join(label.title for label in described.labels)
    sources = f" Sources: {'; '.join(training.sources)}." if training.sources else ""
    synthetic = f" {training.synthetic_images} of them were made by a generator." if training.synthetic_images else ""
    sites = sorted({row.site for row in run.cohort.rows if row.site})
    aged = f" They are {ages_text(described.ages)}." if described.ages else ""
    where = f" Sites: {', '.join(sites)}." if sites else ""
    if isinstance(described, SurvivalMetadata):
        asks = survival_card.asks(described)
        limits = "gives everybody a risk, whatever the CT shows"
    elif described.multilabel:
        asks, limits = (
            f"Which of these a {_rows(described.reader)[0]} has, several or none: {names}",
            "will find nothing else",
        )
    else:
        asks, limits = f"One of {names}", "will call everything one of these"
    return _section(
        "What it answers",
        f"{asks}, for the reader `{described.reader}`. The network is a {registry.find(run.network).title} "
        f"that reads {_INPUTS[run.protocol.input.kind]} of {size} pixels; it knows nothing else, and {limits}.",
        f"It was trained on {learned} ({counts}).{synthetic}{aged}{where}{sources}",
    )


def _rows(reader: str) -> tuple[str, str]:
    """What a row of this reader's tables is, one and several."""
    return ("breast", "breasts") if level_of(reader) == "breast" else ("study", "studies")


def _measured(described: Answering) -> str:
    reader = readers().get(described.reader)
    return _section("What is measured beside it", reader.measured) if reader is not None and reader.measured else ""


def _judged(run: TrainingRun) -> str:
    evaluation = run.evaluation
    patients = ", ".join(f"{count} with {name}" for name, count in evaluation.patients.items())
    timed = isinstance(run.question, TimeToEvent)
    shown = "Risks" if timed else "Probabilities, decisions and sets"
    exploratory = (
        [f"**Exploratory**: fewer than 30 patients with {'an event' if timed else ', '.join(evaluation.exploratory)}."]
        if evaluation.exploratory
        else []
    )
    return _section(
        "How good it is",
        f"{run.cross_validation.summary} Each {_rows(run.protocol.reader)[0]} was evaluated by a network that had not "
        "seen its patient: "
        f"{patients}. {shown} that are measured here were calibrated on other rows. "
        "Intervals are 95 %, over patients.",
        *exploratory,
        _metrics(evaluation.metrics),
    )


def _metrics(metrics: Mapping[str, Estimate]) -> str:
    return _table(("measure", "value"), [(title(name), _estimate(value)) for name, value in metrics.items()])


def _points(described: ClassifierMetadata) -> str:
    if not described.operating_points:
        return ""
    titles = {label.name: label.title for label in described.labels}
    rows = [
        (
            titles[point.finding],
            point.name,
            f"{point.threshold:.3f}",
            _estimate(point.sensitivity),
            _estimate(point.specificity),
        )
        for point in described.operating_points
    ]
    parts = [
        "Thresholds on the calibrated probability; sensitivity and specificity come from thresholds that were chosen "
        "on other rows.",
        _table(("finding", "name", "threshold", "sensitivity", "specificity"), rows),
    ]
    if described.conformal is not None and described.conformal.quantiles:
        sets = ", ".join(f"{float(c):.0%}: {q:.3f}" for c, q in sorted(described.conformal.quantiles.items()))
        parts.append(f"Prediction sets (LAC), from {described.conformal.n} patients; quantiles by coverage: {sets}.")
    elif described.conformal is not None:
        parts.append(
            f"Prediction sets (LAC) of present and absent for each finding, from {described.conformal.n} patients."
        )
    return _section("Operating points", *parts)


def _holdout(holdout: AnyResult) -> str:
    return _section(
        "On held-out patients",
        "The final model on patients that had no part in training, choosing or calibrating.",
        *([" ".join(holdout.notes)] if holdout.notes else []),
        _metrics(holdout.metrics),
    )


def _baselines(run: TrainingRun) -> str:
    if not run.baselines:
        return ""
    measure = run.evaluation.measure
    rows = [
        (each.title, _estimate(each.score), estimate_text(each.advantage, 3, signed=True)) for each in run.baselines
    ]
    return _section(
        "Against simpler models",
        "On the same rows and folds. Where the site, the patient or a thumbnail do nearly as well, the network may "
        f"have learned how the images were taken. Differences of the {measure} have 95 % intervals over patients.",
        _table(("model", f"its {measure}", "this network is better by"), rows),
    )


def _explained(run: TrainingRun) -> str:
    if run.explained is None:
        return ""
    record, few = run.explained.record, run.evaluation.exploratory
    rows = [
        (each.title, *(_estimate(value) for value in (each.auc, each.accuracy, each.precision, each.recall, each.f1)))
        for each in run.explained.table
    ]
    spoken = sorted((each for each in record.deep if each.coefficient), key=lambda each: -abs(each.coefficient))
    exploratory = [f"**Exploratory**: fewer than 30 patients with {', '.join(few)}."] if few else []
    return _section(
        "Explained features",
        f"Which features of the network follow the {len(record.handcrafted)} handcrafted ones that are measured inside "
        f"the mask `{record.mask}`, learned from training rows alone. Three models on the same rows, each predicted by "
        "models that had not seen its patient, called at a probability of one half without calibration. Intervals are "
        "95 %: of AUC and F1 by bootstrap over patients, the others exact.",
        *exploratory,
        _table(("model", "AUC", "accuracy", "precision", "recall", "F1"), rows),
        *([_spoken(spoken)] if spoken else ["The L1 model of explained features uses none of them."]),
        "No p-values: of features that the same rows have chosen they would mean nothing.",
    )


def _spoken(features: Sequence[DeepFeature]) -> str:
    header = ("feature", "weight", "chosen again", "follows", "correlation", "on held-out rows", "pair chosen again")
    rows = []
    for feature in features[:_MOST_SPOKEN]:
        first = feature.partners[0]
        held_out = "–" if first.held_out is None else decimal(first.held_out, signed=True)
        rows.append(
            (
                f"deep-{feature.number}", decimal(feature.coefficient, 3, signed=True), percent(feature.selected),
                handcrafted.title(first.name), decimal(first.correlation, signed=True), held_out,
                percent(first.stability),
            )
        )  # fmt: skip
    known = any(each.partners[0].held_out is not None for each in features[:_MOST_SPOKEN])
    kept = [place for place, title in enumerate(header) if known or title != "on held-out rows"]
    return _table([header[i] for i in kept], [[row[i] for i in kept] for row in rows])


def _synthetic(run: TrainingRun) -> str:
    real = run.on_real_studies
    if real is None:
        return ""
    measure = run.evaluation.measure
    row = (_estimate(real.score), estimate_text(real.advantage, 3, signed=True))
    return _section(
        "With and without synthetic studies",
        "The same networks on the same splits, trained without what generators made. Both were evaluated on real "
        "studies alone; the difference has a 95 % interval over patients.",
        _table((f"{measure} without synthetic studies", "with them it is higher by"), [row]),
    )


def _how(described: Answering, run: TrainingRun) -> str:
    settings = "; ".join(
        f"{name} {', '.join(value) if isinstance(value, (tuple, list)) else value}"
        for name, value in described.training.settings.items()
        if name != "validation"
    )
    return _section(
        "How it was made",
        f"`readingroom train {described.reader}`, protocol {described.training.protocol} ({run.protocol.title}), seed "
        f"{described.training.seed}. {settings}.",
        _items(run.notes),
    )


def _flaws(run: TrainingRun) -> str:
    if run.protocol.kind != "published" or not run.protocol.flaws:
        return ""
    return _section(
        "Flaws of the published way",
        "This bundle was trained the way its paper says, to see what comes out. What is wrong or open in that way:",
        _items(f"{flaw.what} ({flaw.source}) {flaw.instead}" for flaw in run.protocol.flaws),
    )


def _section(heading: str, *paragraphs: str) -> str:
    return "\n\n".join([f"## {heading}", *paragraphs])


def _items(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
