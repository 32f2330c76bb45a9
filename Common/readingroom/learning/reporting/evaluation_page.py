"""The report of an evaluation: every sentence, table and figure is made of its results."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...formatting import counted, estimate_text
from ..evaluation.metric_families import title
from ..evaluation.sample_size import SUBGROUP_EXPLORATORY_BELOW
from ..evaluation.survival_evaluation import SurvivalResult
from . import checklist, survival_page
from .evaluate import Evaluated
from .evaluated import EvaluationRecord, PointResult, SubgroupResult
from .evaluation_figures import Drawing, called_how, curves_of, features_of, history_of, subgroups_of
from .figures.training_curves import Run
from .page import Page

_LISTED = 25  # sentences about rows; the others are counted


def page(found: Evaluated, history: Sequence[Run] = ()) -> Page:
    """The whole report.

    Parameters
    ----------
    history : of the networks' training, where it is known
    """
    record = found.record
    made = Page(f"{record.model.title}: what it is worth", _subtitle(record))
    for caveat in record.caveats:
        made.banner(caveat.level, caveat.sentence)
    for title_, fill in _TIMED if isinstance(found.evaluation, SurvivalResult) else _SECTIONS:
        made.section(title_)
        fill(made, found)
    if history:
        made.section("Training")
        _draw(made, history_of(history))
    made.section("Reporting checklists")
    _checklists(made, record)
    return made


def _subtitle(record: EvaluationRecord) -> str:
    model, studies = record.model, record.studies
    how = "read by" if record.external else "predicted out of fold in the training of"
    evaluated = counted(studies.evaluated, studies.level, _plural(studies.level))
    return f"{studies.table}: {evaluated} {how} {model.name} {model.version}"


def _plural(level: str) -> str:
    return {"study": "studies", "breast": "breasts", "patient": "patients"}[level]


def _studies(made: Page, found: Evaluated) -> None:
    record = found.record
    studies = record.studies
    rows = [
        ["Images", studies.images],
        ["Patients", studies.patients],
        [f"Evaluated {_plural(studies.level)}", studies.evaluated],
        *([f"Patients with “{name}”", count] for name, count in studies.by_class.items()),
        *([f"Images of site {name or 'unknown'}", count] for name, count in studies.sites.items()),
        ["Rows left out", len(studies.left_out)],
    ]
    if studies.far_away is not None:
        rows.append(["Images far from the training images", studies.far_away])
        rows.append(["… so far that a read would stop", studies.too_far or 0])
    made.table(["What", "Number"], rows)
    for sentence in record.notes:
        made.paragraph(sentence)
    _sentences(made, "Left out", studies.left_out)
    _sentences(made, "A read would refuse", studies.refused)


def _sentences(made: Page, what: str, sentences: Sequence[str]) -> None:
    if not sentences:
        return
    made.table([what], [[sentence] for sentence in sentences[:_LISTED]])
    if len(sentences) > _LISTED:
        made.paragraph(f"And {len(sentences) - _LISTED} more, listed in metrics.json.")


def _numbers(made: Page, found: Evaluated) -> None:
    metrics = found.record.metrics
    if not metrics:
        made.paragraph("All cases have the same truth: see sensitivity or specificity at the operating points.")
        for drawing in curves_of(found):
            _draw(made, drawing)
        return
    rows = [[_capital(title(name)), estimate_text(estimate, 3), estimate.n or ""] for name, estimate in metrics.items()]
    made.table(
        ["Measure", "Value (95 % interval)", "n"],
        rows,
        caption=f"Sensitivity at a given specificity, and the reverse, are read off the curve of these very cases: a "
        "threshold for new ones has to be chosen on others. F1, accuracy and Matthews' correlation are of what was "
        f"called: {called_how(found)}.",
    )
    for drawing in curves_of(found):
        _draw(made, drawing)


def _points(made: Page, found: Evaluated) -> None:
    points = found.record.points
    if not points:
        made.paragraph("There is no operating point that could be measured here.")
        return
    made.table(
        ["Finding", "Operating point", "Threshold", "Sensitivity", "Specificity"],
        [
            [p.finding, _named(p), f"{p.threshold:.3f}", estimate_text(p.sensitivity), estimate_text(p.specificity)]
            for p in points
        ],
    )
    rows = [
        [p.finding, p.name, f"{100 * v.prevalence:g} %", estimate_text(v.positive, 3), estimate_text(v.negative, 3)]
        for p in points
        if p.default
        for v in p.predictive_values
    ]
    if rows:
        headers = ["Finding", "Operating point", "Prevalence", "Positive predictive value", "Negative predictive value"]
        made.table(
            headers, rows, caption="What an answer is worth depends on how frequent the finding is where one works."
        )


def _named(point: PointResult) -> str:
    return f"{point.name} (default)" if point.default else point.name


def _subgroups(made: Page, found: Evaluated) -> None:
    groups = found.record.subgroups
    if not groups:
        made.paragraph("The table says nothing by which the studies could be told apart.")
        return
    timed = isinstance(found.evaluation, SurvivalResult)
    for drawing in subgroups_of(found.record):
        _draw(made, drawing)
    rows = [
        [
            g.variable, _group(g), g.finding, g.rows, g.with_finding, estimate_text(g.score),
            *(() if timed else (estimate_text(g.sensitivity), estimate_text(g.specificity))),
        ]
        for g in groups
    ]  # fmt: skip
    calls = [] if timed else ["Sensitivity", "Specificity"]
    made.table(["Variable", "Group", "Finding", "n", "with it", found.record.measure, *calls], rows)
    how = "" if timed else f"Sensitivity and specificity are those of what was called: {called_how(found)}. "
    few = "had an event" if timed else "have the finding, or have not"
    made.paragraph(
        f"{how}Exploratory: fewer than {SUBGROUP_EXPLORATORY_BELOW} patients of the group {few}. Many groups are "
        "compared, so that some differ by chance: look at the intervals, not at the order."
    )


def _group(group: SubgroupResult) -> str:
    name = group.value or "unknown or mixed"
    return f"{name} (exploratory)" if group.exploratory else name


def _baselines(made: Page, found: Evaluated) -> None:
    baselines = found.record.baselines
    if not baselines:
        made.paragraph("There are none; the sentences above say why where it is known.")
        return
    made.table(
        ["What it looks at", found.record.measure, f"The bundle's {found.record.measure} is larger by"],
        [
            [_capital(baseline.title), estimate_text(baseline.score), estimate_text(baseline.advantage)]
            for baseline in baselines
        ],
        caption="Models that were trained on other patients of the same table.",
    )
    made.paragraph(
        "A model that looks at no disease and comes close says that the outcome follows the hospital, the scanner or "
        "the patients of this table."
    )


def _comparisons(made: Page, found: Evaluated) -> None:
    tests = found.record.comparisons
    if not tests:
        made.paragraph("No other bundle was given to compare with.")
        return
    whole = "any event" if isinstance(found.evaluation, SurvivalResult) else "mean over classes"
    test_of = f"Test of the {found.record.measure}"
    made.table(
        ["Other", "Finding", test_of, "n", "This", "Other's", "Difference", "p", "p after Holm"],
        [
            [
                test.other, test.finding or whole, test.test, test.rows, f"{test.first:.3f}",
                f"{test.second:.3f}", estimate_text(test.difference, 3), _p(test.p), _p(test.p_holm),
            ]
            for test in tests
        ],
    )  # fmt: skip


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "< 0.0001"


def _features(made: Page, found: Evaluated) -> None:
    drawings = features_of(found)
    if not drawings:
        made.paragraph("No features to draw: they come with a cohort that the bundle reads, from 21 images on.")
    for drawing in drawings:
        _draw(made, drawing)


def _made(made: Page, found: Evaluated) -> None:
    record = found.record
    model, settings = record.model, record.settings
    made.table(
        ["What", "Which"],
        [
            ["Bundle", f"{model.name} {model.version}, SHA-256 {model.sha256}"],
            ["Network", model.backbone],
            ["Trained on", f"{counted(model.training_images, 'image')} of "
             f"{counted(model.training_patients, 'patient')}: {'; '.join(model.training_sources)}"],
            ["Table", f"{record.studies.table}, SHA-256 {record.studies.sha256}"],
            ["Software", record.software],
            *([f"Setting “{name}”", str(value)] for name, value in settings.items()),
        ],
    )  # fmt: skip


def _checklists(made: Page, record: EvaluationRecord) -> None:
    for name in checklist.NAMES:
        filled = checklist.fill(name, record)
        made.table(
            ["Item", filled.title, "What this run knows"],
            [[f"{answer.item}", answer.title, answer.answer] for answer in filled.calibrated],
            caption=f"{filled.title}: {filled.filled} of {len(filled.calibrated)} items filled. {filled.source}",
        )


def _draw(made: Page, drawing: Drawing) -> None:
    made.figure(drawing.figure, drawing.caption)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_SECTIONS: tuple[tuple[str, Callable[[Page, Evaluated], None]], ...] = (
    ("What was evaluated", _studies),
    ("How good it is", _numbers),
    ("Operating points", _points),
    ("Subgroups", _subgroups),
    ("Beside simpler models", _baselines),
    ("Beside another bundle", _comparisons),
    ("Features", _features),
    ("How this was made", _made),
)

_TIMED: tuple[tuple[str, Callable[[Page, Evaluated], None]], ...] = (
    ("What was evaluated", _studies),
    ("How good it is", survival_page.numbers),
    ("Do risks mean what they say", survival_page.calibration),
    ("Subgroups", _subgroups),
    ("Beside simpler models", _baselines),
    ("Beside another bundle", _comparisons),
    ("Features", _features),
    ("How this was made", _made),
)
