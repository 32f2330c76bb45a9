"""Run the experiments and write their table.

    python -m experiments.results.run --data DATA --out FOLDER [--table docs/results.md] [--only NAME ...]

Sized for about two hours on two cores. What is finished lies in ``--out``: a run that was stopped goes on, and the
table can be written at any time from what is there.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readingroom import records
from readingroom.device import Wanted
from readingroom.errors import ReadingRoomError
from readingroom.files import make_folder, write_text
from readingroom.learning.training.train import train_bundle
from readingroom.learning.training.training_run import BundleDescription
from readingroom.progress import Progress

from . import page
from .experiments import IMAGENET, Experiment, experiments
from .survival_as_class import MODELS, SignatureResult, measure


@dataclass(frozen=True)
class Paths:
    """Where images and tables are read, and where what is finished lies."""

    data: Path
    out: Path

    def result(self, name: str) -> Path:
        return self.out / f"{name}.json"


def run_experiment(experiment: Experiment, paths: Paths, device: Wanted, workers: int, progress: Progress) -> None:
    """Train and evaluate one network, and keep the numbers."""
    started = time.monotonic()
    cohort = experiment.cohort(paths.data)
    weights = paths.data / IMAGENET if experiment.start == "imagenet" else None
    bundle = train_bundle(
        cohort,
        experiment.protocol,
        paths.out / "bundles",
        experiment.name,
        weights=weights,
        device=device,
        workers=workers,
        progress=progress,
        description=BundleDescription(sources=(experiment.question.title,)),
    )
    found = bundle.metadata
    numbers = {
        "auc": records.to_json(found.metrics["auc"]),
        "baselines": records.to_json(found.baselines),
        "patients": found.training.patients,
        "images": found.training.images,
        "counts": dict(found.training.counts),
        "minutes": (time.monotonic() - started) / 60,
        "machine": platform.processor() or platform.machine(),
        "device": device,
    }
    write_text(paths.result(experiment.name), json.dumps(numbers, indent=1))


def run_signature(model: Any, paths: Paths, progress: Progress) -> None:
    """Train and evaluate one kind of signature, and keep the numbers."""
    found = measure(paths.data, model, progress)
    write_text(paths.result(f"signature-{model}"), json.dumps(records.to_json(found), indent=1))


def write_table(paths: Paths, table: Path) -> None:
    """The page of everything that is finished; what is not is named. Sections that are made elsewhere stay."""
    images = {e: _read(paths.result(e.name)) for e in experiments()}
    signatures = [
        records.from_json(SignatureResult, found)
        for model in MODELS
        if (found := _read(paths.result(f"signature-{model}"))) is not None
    ]
    text = page.page(images, signatures)
    _, kept = page.sections_of(table.read_text(encoding="utf-8") if table.is_file() else "")
    for heading, section in kept.items():
        text = page.with_section(text, heading, section)
    write_text(table, text)


def _read(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.results.run")
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder with cxr, covid_ct, mammo, tables, weights"
    )
    parser.add_argument("--out", type=Path, required=True, help="for what is finished")
    parser.add_argument("--table", type=Path, metavar="FILE.md")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these experiments; none to write the table alone")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    paths = Paths(options.data, options.out)
    try:
        make_folder(paths.out)
        _run_all(paths, options)
        if options.table is not None:
            write_table(paths, options.table)
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run_all(paths: Paths, options: argparse.Namespace) -> None:
    def wanted(name: str) -> bool:
        return (options.only is None or name in options.only) and not paths.result(name).is_file()

    for model in MODELS:
        if wanted(f"signature-{model}"):
            run_signature(model, paths, Progress())
            print(f"signature-{model} is done.", flush=True)
    for experiment in experiments():
        if wanted(experiment.name):
            run_experiment(experiment, paths, options.device, options.workers, Progress())
            print(f"{experiment.name} is done.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
