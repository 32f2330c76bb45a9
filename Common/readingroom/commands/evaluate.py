"""``readingroom evaluate``: what a bundle is worth on a table of studies, or out of fold."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .progress_line import ProgressLine
from .terminal import say

_LEVELS = {"study": "studies", "breast": "breasts", "patient": "patients"}


def add(commands: Any) -> None:
    command = commands.add_parser(
        "evaluate",
        help="what a bundle is worth on a table of studies",
        description="Writes report.html, metrics.json and, for a cohort, predictions.csv.",
    )
    command.add_argument("bundle", metavar="BUNDLE", help="name of an installed bundle, or its folder")
    command.add_argument(
        "--cohort",
        type=Path,
        metavar="CSV",
        help="table of studies to apply the bundle to; with --predictions that of its training",
    )
    command.add_argument("--predictions", type=Path, metavar="CSV", help="out-of-fold predictions of its training")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the report, made anew")
    command.add_argument(
        "--against", metavar="OTHER", help="another bundle, or with --predictions another table, on the same studies"
    )
    command.add_argument(
        "--level", choices=tuple(_LEVELS), help="what is evaluated; patients when left out, of mammograms breasts"
    )
    command.add_argument(
        "--label",
        type=_pair,
        action="append",
        default=[],
        metavar="TABLE=BUNDLE",
        help="the bundle's label for a label of the table, such as normal=no-finding; may be given several times",
    )
    command.add_argument(
        "--negative",
        action="append",
        default=[],
        metavar="LABEL",
        help="a label of the table that means that nothing was found, where findings may hold together",
    )
    command.add_argument(
        "--prevalence", type=_share, nargs="+", metavar="P", help="for which predictive values are given, 0 to 1"
    )
    command.add_argument("--history", type=Path, metavar="CSV", help="history of the training, for its curves")
    command.add_argument(
        "--exclude-training-studies",
        action="store_true",
        help="leave out studies that trained the bundle, as far as it knows",
    )
    command.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    command.add_argument("--resamples", type=_count, default=2000, metavar="N", help="resamples of patients")
    command.add_argument("--seed", type=int, default=0, help="of resampling and of the picture of features")
    command.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> None:
    from ..bundles import store
    from ..learning.evaluation.levels import level_of
    from ..learning.reporting.evaluate import PREVALENCES, Options
    from ..learning.reporting.evaluation_run import run
    from ..progress import Progress

    level = options.level
    if level is None:
        level = "breast" if level_of(store.find(options.bundle).metadata.reader) == "breast" else "patient"
    wanted = Options(
        level=level,
        labels=dict(options.label),
        negative=tuple(options.negative),
        prevalences=tuple(options.prevalence or PREVALENCES),
        exclude_training_studies=options.exclude_training_studies,
        device=options.device,
        resamples=options.resamples,
        seed=options.seed,
    )
    with ProgressLine() as line:
        found = run(
            options.bundle,
            options.out,
            wanted,
            cohort=options.cohort,
            predictions=options.predictions,
            against=options.against,
            history=options.history,
            progress=Progress(line.show),
        )
    for caveat in found.caveats:
        say(f"{caveat.level.upper()}: {caveat.sentence}")
    if main := found.metrics.get("c_td" if found.measure == "C-td" else "auc"):
        from ..formatting import TOO_FEW, counted, estimate_text

        number, level = found.studies.evaluated, found.studies.level

        say(f"{found.measure} {estimate_text(main, 3)}, {counted(number, level, _LEVELS[level])}.")
        if main.interval is None:
            say(TOO_FEW)
    say(f"The report is in {options.out / 'report.html'}.")


def _pair(text: str) -> tuple[str, str]:
    table, sign, bundle = text.partition("=")
    if not (sign and table.strip() and bundle.strip()):
        raise argparse.ArgumentTypeError(f"'{text}' is not TABLE=BUNDLE, such as normal=no-finding")
    return table.strip(), bundle.strip()


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) >= 20):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 20 on")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number between 0 and 1")
    return share
