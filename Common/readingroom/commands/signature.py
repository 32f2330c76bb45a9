"""``readingroom signature``: train a signature on a table of features, and apply one."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..formatting import TOO_FEW, counted, estimate_text, percent
from ..progress import Progress
from .progress_line import ProgressLine
from .terminal import say

if TYPE_CHECKING:
    from ..radiomics.signature import Score
    from ..radiomics.signature.table import FeatureTable
    from ..radiomics.signature.write import Description

_SHOWN = 10  # contributions that are printed


def add(commands: Any) -> None:
    signature = commands.add_parser("signature", help="train a signature on a table of features, and apply one")
    actions = signature.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_train(actions)
    apply = actions.add_parser("apply", help="score the features of a region and say what raises and lowers it")
    apply.add_argument("bundle", metavar="BUNDLE", help="an installed signature, or a folder: ./mine")
    apply.add_argument("features", type=Path, metavar="FEATURES.csv", help="as readingroom radiomics writes it")
    apply.add_argument("--out", type=Path, metavar="SCORE.json", help="the whole score, for programs")
    apply.set_defaults(run=_apply)


def _add_train(actions: Any) -> None:
    train = actions.add_parser("train", help="train, evaluate out of fold, and write a bundle with its card")
    train.add_argument("table", type=Path, metavar="TABLE.csv", help="as readingroom radiomics --cohort writes it")
    train.add_argument("--outcome", required=True, metavar="COLUMN", help="a column with two values")
    train.add_argument(
        "--positive",
        metavar="VALUE",
        help="the value that is asked for; not needed where the values are 1 and 0, true and false or yes and no",
    )
    train.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bundle, named like this folder")
    train.add_argument("--model", choices=("lasso", "svm", "forest", "boosting"), default="lasso")
    train.add_argument("--protocol", choices=("rigorous", "published"), default="rigorous")
    train.add_argument("--features", nargs="+", metavar="PREFIX", help="how the names of feature columns begin")
    train.add_argument("--clinical", nargs="+", default=[], metavar="COLUMN", help="columns for a baseline")
    train.add_argument("--patient", default="patient_id", metavar="COLUMN", help="rows of a patient stay together")
    train.add_argument("--external", type=Path, metavar="TABLE.csv", help="other patients, for a test at the end")
    train.add_argument("--stability", type=Path, metavar="FILE.csv", help="columns feature, icc_low: unstable ones go")
    train.add_argument(
        "--settings",
        metavar="FILE",
        help="the parameters of the measurement (default: what the table says), or the word unknown",
    )
    train.add_argument("--image-unit", default="", metavar="UNIT", help="of the gray values: HU for CT")
    train.add_argument("--title", metavar="TEXT", help="what is asked, for people; default: the column")
    train.add_argument("--source", nargs="+", default=[], metavar="TEXT", help="where the data come from")
    train.add_argument("--license", metavar="TEXT", help="of the bundle")
    train.add_argument("--seed", type=int, default=0)
    train.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    from ..bundles.write import refuse_occupied
    from ..radiomics.signature.baselines import TITLES
    from ..radiomics.signature.external import evaluate_external, require_others
    from ..radiomics.signature.feature_file import read_stability
    from ..radiomics.signature.fit import fit
    from ..radiomics.signature.recipe import recipe
    from ..radiomics.signature.write import require_signal, write

    table = _table(options, options.table, options.clinical)
    for note in table.notes:
        say(note)
    other = _table(options, options.external, ()) if options.external else None
    # What can be refused is refused before the work, not after it.
    description = _description(options, table, other)
    refuse_occupied(options.out)
    if other is not None:
        require_others(table, other)
    icc_low = read_stability(options.stability) if options.stability else {}
    with ProgressLine() as line:
        fitted = fit(table, recipe(options.model, options.protocol, options.seed), icc_low, Progress(line.show))
    found = fitted.evaluation
    say(f"AUC out of fold: {estimate_text(found.auc)}; {counted(len(fitted.inputs), 'feature')} by {fitted.made_with}.")
    for baseline, estimate in found.baselines.items():
        say(f"AUC of {TITLES[baseline]}: {estimate_text(estimate)}.")
    require_signal(fitted)
    external = evaluate_external(fitted, other) if other is not None else None
    if external is not None:
        for metric, title in (("auc", "AUC"), ("auc_volume", "AUC of volume alone")):
            if metric in external.metrics:
                say(f"{title} on the patients of {options.external.name}: {estimate_text(external.metrics[metric])}.")
        if any(estimate.interval is None for estimate in external.metrics.values()):
            say(TOO_FEW)
    bundle = write(options.out, fitted, description, external)
    for warning in bundle.metadata.warnings:
        say(f"warning: {warning}")
    say(f"Signature: {bundle.folder}; its card: {bundle.folder / 'docs' / 'README.md'}")


def _table(options: argparse.Namespace, path: Path, clinical: Any) -> FeatureTable:
    from ..radiomics.signature.table import read_table

    return read_table(path, options.outcome, options.positive, options.patient, options.features or (), clinical)


def _description(options: argparse.Namespace, table: FeatureTable, other: FeatureTable | None) -> Description:
    from ..bundles.validation import plain_name
    from ..radiomics.settings import read_settings
    from ..radiomics.signature.measured_with import settings_of_rows
    from ..radiomics.signature.write import UNSTATED_LICENSE, Description

    settings: dict[str, Any] | None = None
    if options.settings != "unknown":
        given = read_settings(Path(options.settings)) if options.settings else None
        found = settings_of_rows(options.table.name, table.measured_with, given)
        if other is not None:
            settings_of_rows(options.external.name, other.measured_with, found)
        settings = found.parameters()
    return Description(
        finding=plain_name(options.outcome),
        title=options.title or " ".join(filter(None, (options.outcome, options.positive))),
        sources=tuple(options.source),
        license=options.license or UNSTATED_LICENSE,
        image_unit=options.image_unit,
        settings=settings,
    )


def _apply(options: argparse.Namespace) -> None:
    from ..bundles.store import find
    from ..files import write_text
    from ..radiomics.signature import load
    from ..radiomics.signature.feature_file import read_features
    from ..radiomics.signature.measured_with import parameters_of

    signature = load(find(options.bundle))
    features = read_features(options.features)
    score = signature.score(features.values, parameters_of(features.provenance))
    if options.out:
        write_text(options.out, json.dumps(score.to_json(), indent=1, ensure_ascii=False) + "\n")
    _print(score)


def _print(score: Score) -> None:
    say(f"{score.title}: {estimate_text(score.probability, show=percent)}")
    if score.operating_point is not None:
        word = "at or above" if score.positive else "below"
        point = score.operating_point
        say(f"{word} the operating point '{point.name}' ({percent(point.threshold)})")
    mean = f"the cohort's mean is {score.cohort_mean:+.2f}"
    say(f"{score.kind} {score.value:+.2f}; {mean}. What makes the difference:")
    for item in score.contributions[:_SHOWN]:
        value = f"{item.value:.4g} {item.unit}".rstrip()
        say(f"  {item.contribution:+.2f}  {item.feature} = {value} (percentile {item.percentile:.0f})")
    if len(score.contributions) > _SHOWN:
        rest = sum(item.contribution for item in score.contributions[_SHOWN:])
        say(f"  {rest:+.2f}  {len(score.contributions) - _SHOWN} more features together")
    for note in (*score.notes, *score.bundle.warnings):
        say(f"note: {note}")
