"""``readingroom audit``: what is wrong with a cohort, before anything is trained on it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import RefusedError
from ..formatting import counted
from ..progress import Progress
from .progress_line import ProgressLine
from .terminal import say

if TYPE_CHECKING:
    from ..learning.audit.audit import Audit

_MARKS = {"stop": "red", "warn": "amber", "info": "note"}


def add(commands: Any) -> None:
    audit = commands.add_parser("audit", help="look for leaks, duplicates and shortcuts in a cohort")
    audit.add_argument("cohort", type=Path, metavar="COHORT.csv")
    audit.add_argument("--out", type=Path, required=True, metavar="DIR", help="for audit.html and audit.json")
    model = audit.add_mutually_exclusive_group()
    model.add_argument(
        "--predictions", type=Path, metavar="FILE", help="of an image model, to compare small models with"
    )
    model.add_argument("--model-auc", type=_auc, metavar="AUC", help="of an image model, where there is no file")
    audit.add_argument("--seed", type=int, default=0, metavar="N", help="of folds and resamples (default 0)")
    audit.add_argument("--processes", type=int, metavar="N", help="that read images; default: one per processor")
    audit.add_argument("--strict", action="store_true", help="exit code 3 when anything is red")
    audit.set_defaults(run=_run)


def _auc(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"an AUC lies between 0 and 1, not at {text}")
    return value


def _run(options: argparse.Namespace) -> None:
    from ..learning.audit.audit import PAGE, audit
    from ..learning.cohorts.cohort import read_cohort
    from ..learning.evaluation import outcomes

    cohort = read_cohort(options.cohort)
    with ProgressLine() as line:
        result = audit(
            cohort,
            options.out,
            table=options.cohort.name,
            predictions=None if options.predictions is None else outcomes.read(options.predictions),
            model_auc=options.model_auc,
            seed=options.seed,
            processes=options.processes,
            progress=Progress(line.show),
        )
    _print(result)
    say(f"{options.out / PAGE}")
    if options.strict and result.stops:
        raise RefusedError(f"The audit of {options.cohort.name} has {counted(result.stops, 'red issue')}.")


def _print(result: Audit) -> None:
    say(f"{result.table}: {counted(result.studies, 'study', 'studies')} of {counted(result.patients, 'patient')}")
    for issue in result.issues:
        say(f"{_MARKS[issue.severity]:>5}  {issue.sentence}")
        for example in issue.examples:
            say(f"         {example}")
