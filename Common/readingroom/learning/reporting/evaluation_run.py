"""An evaluation from files to a folder: ``report.html``, ``metrics.json`` and the predictions behind them."""

from __future__ import annotations

import json
from pathlib import Path

from ... import folders
from ...bundles import store
from ...errors import InputError, OutputError
from ...files import make_folder
from ...progress import Progress
from ...readers.registry import find_reader
from ...records import to_json
from ...regular_file import read_regular
from ..cohorts.cohort import read_cohort
from ..evaluation import outcomes as tables
from .evaluate import Evaluated, Options, evaluate_cohort, evaluate_out_of_fold
from .evaluated import EvaluationRecord
from .evaluation_page import page
from .figures.training_curves import read_history

REPORT, METRICS, PREDICTIONS = "report.html", "metrics.json", "predictions.csv"
_OURS = {"model", "source", "classes", "studies", "caveats", "exploratory"}  # names in our METRICS


def run(
    bundle: str | Path,
    out: Path,
    options: Options,
    *,
    cohort: Path | None = None,
    predictions: Path | None = None,
    against: str | Path | None = None,
    history: Path | None = None,
    progress: Progress | None = None,
) -> EvaluationRecord:
    """Evaluate a bundle and write into the folder ``out``; an earlier evaluation there is replaced, other files stay.

    Parameters
    ----------
    bundle : name of an installed one, or a folder
    cohort : a table of studies to apply the bundle to; beside ``predictions``, the table of its training, for simple
        models on the same splits
    predictions : out-of-fold predictions of its training
    against : another bundle for the cohort, or another table of predictions
    history : of the bundle's training

    Raises
    ------
    InputError : a table cannot be used, or there is nothing to evaluate
    BundleError : a bundle cannot be used
    OutputError : ``out`` holds something else, or cannot be written
    CancelledError : the user canceled; nothing is written
    """
    if cohort is None and predictions is None:
        raise InputError("An evaluation needs a table: a cohort, or predictions.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())) and not _is_evaluation(out):
        raise OutputError(f"{out} holds something that is no evaluation; choose another folder.")
    make_folder(out.parent)
    with folders.scratch(out.parent):
        pass  # where nothing can be written is said now, not after an hour of reading
    progress = progress or Progress()
    runs = () if history is None else read_history(history)
    wanted = store.find(bundle)
    studies = None if cohort is None else read_cohort(cohort, find_reader(wanted.metadata.reader).clinical)
    if predictions is not None:
        other_table = None if against is None else (Path(against).name, tables.read(Path(against)))
        table = tables.read(predictions)
        found = evaluate_out_of_fold(wanted, table, predictions, options, studies, other_table, progress.part(0.0, 0.9))
    else:
        assert studies is not None
        assert cohort is not None
        other_bundle = None if against is None else store.find(against)
        found = evaluate_cohort(wanted, studies, cohort, options, other_bundle, progress.part(0.0, 0.9))
    progress(0.92, "Writing the report.")
    with folders.atomic_files(out, lambda: (REPORT, METRICS, PREDICTIONS), last=METRICS) as folder:
        _write(found, folder, page(found, runs).html())
    return found.record


def _is_evaluation(folder: Path) -> bool:
    """Whether what is named as ours was written by us: others have a ``metrics.json`` too."""
    try:
        record = json.loads(read_regular(folder / METRICS))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(record, dict) and record.keys() >= _OURS


def _write(found: Evaluated, folder: Path, report: str) -> None:
    text = json.dumps(to_json(found.record), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / METRICS).write_text(text + "\n", encoding="utf-8", newline="\n")
    (folder / REPORT).write_text(report, encoding="utf-8", newline="\n")
    found.images.write(folder / PREDICTIONS)
