"""Does the whole way from a cohort to a number tell the truth? A study on phantoms, where the truth is known.

    python -m experiments.phantom_study --out FOLDER [--table docs/phantom-study.md]

A signal of known strength is planted and has to be found: the AUC of a bundle must come near the best possible one, and
cover 0.5 where there is nothing to find. Leaks are planted and the audit has to name each of them.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from readingroom.errors import ReadingRoomError
from readingroom.files import write_text
from readingroom.formatting import estimate_text
from readingroom.learning.audit.audit import audit
from readingroom.learning.cohorts.cohort import Cohort, read_cohort
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.protocols.training_protocol import TrainingProtocol, load_protocol
from readingroom.learning.training.train import train_bundle
from readingroom.learning.training.training_run import BundleDescription
from readingroom.phantoms.planted_cohort import LABELS, Leak, Planted, best_auc, write_planted_cohort
from readingroom.reading import Estimate

SEPARATIONS = (0.0, 0.5, 1.0, 2.0)
LEAKS: dict[Leak, str] = {
    "none": "nothing",
    "site": "each class comes from a hospital of its own",
    "patient": "patients in several parts of the split",
    "duplicate": "pictures in several parts, under other patients",
    "synthetic": "synthetic pictures in the test part",
}
# Topics of the audit's red issues that name the leak.
TOPICS: dict[Leak, frozenset[str]] = {
    "none": frozenset(),
    "site": frozenset({"site and class", "site"}),
    "patient": frozenset({"split"}),
    "duplicate": frozenset({"split"}),
    "synthetic": frozenset({"synthetic"}),
}
NETWORK, SIZE = "resnet18", 96


@dataclass(frozen=True)
class Signal:
    """A planted signal and what the bundle made of it; ``best`` is the AUC that nobody can exceed on average."""

    separation: float
    best: float
    found: Estimate


@dataclass(frozen=True)
class Caught:
    """A planted leak and the audit's red issues."""

    leak: Leak
    sentences: tuple[str, ...]
    topics: frozenset[str]

    @property
    def right(self) -> bool:
        """The leak is named, and without a leak nothing is red."""
        return TOPICS[self.leak] <= self.topics if self.leak != "none" else not self.topics


def find_signals(
    out: Path, studies: int = 600, separations: Sequence[float] = SEPARATIONS, seed: int = 0
) -> list[Signal]:
    """Train and evaluate a bundle for each strength of the signal.

    Raises
    ------
    OutputError : the folder cannot be written
    """
    signals = []
    for separation in separations:
        name = f"signal-{separation:g}".replace(".", "-")
        table = write_planted_cohort(out / f"{name}-cohort", Planted(studies, separation, SIZE, seed=seed))
        cohort = stating(_without_split(read_cohort(table)), positive=[LABELS[1]])
        bundle = train_bundle(cohort, _protocol(), out, name, description=_DESCRIPTION)
        signals.append(Signal(separation, best_auc(separation), bundle.metadata.metrics["auc"]))
    return signals


def catch_leaks(out: Path, studies: int = 200, leaks: Sequence[Leak] = tuple(LEAKS), seed: int = 0) -> list[Caught]:
    """Plant each leak and audit the cohort.

    Raises
    ------
    OutputError : the folder cannot be written
    """
    caught = []
    for leak in leaks:
        folder = out / f"leak-{leak}"
        table = write_planted_cohort(folder, Planted(studies, separation=0.0, size=SIZE, leak=leak, seed=seed))
        red = [each for each in audit(read_cohort(table), folder / "audit").issues if each.severity == "stop"]
        caught.append(Caught(leak, tuple(each.sentence for each in red), frozenset(each.topic for each in red)))
    return caught


_DESCRIPTION = BundleDescription(sources=("phantoms",), license="Apache-2.0", demonstration=True)


def _protocol() -> TrainingProtocol:
    """A head on a network of random values: what is tested is the way, and the phantom needs no more."""
    full = load_protocol("chest-xray", "rigorous").with_variants("scratch")
    return dataclasses.replace(
        full,
        trained="head",
        networks=(NETWORK,),
        input=dataclasses.replace(full.input, size=(SIZE, SIZE)),
        validation=dataclasses.replace(full.validation, repeats=1),
    )


def _without_split(cohort: Cohort) -> Cohort:
    """Every patient is evaluated once, not only those that the table calls test."""
    return dataclasses.replace(cohort, rows=tuple(dataclasses.replace(row, split="") for row in cohort.rows))


def page(signals: Sequence[Signal], caught: Sequence[Caught], studies: int) -> str:
    """The study as Markdown."""
    lines = [
        "# A study on phantoms, where the truth is known",
        "",
        "All numbers on this page are from phantoms: they say that the way from a cohort to a number is sound, and "
        "nothing about patients. Made by `python -m experiments.phantom_study`.",
        "",
        "## A signal is planted and found",
        "",
        f"{studies} chest phantoms each, two of each patient, half with an opacity whose strength overlaps that of "
        "the others. Nobody can do better than the best AUC, which follows from the separation alone. The bundle is a "
        f"linear head on a {NETWORK} of random values; its AUC is out of fold, by patient, with a 95 % interval.",
        "",
        "| separation (deviations) | best possible AUC | AUC of the bundle |",
        "| --- | --- | --- |",
        *(f"| {each.separation:g} | {each.best:.3f} | {estimate_text(each.found, 3)} |" for each in signals),
        "",
        "Intervals resample patients and not the training, which all folds share: without a signal, tables drawn with "
        "other seeds lie beside one half more often than one time in twenty, above it as below.",
        "",
        "## A leak is planted and caught",
        "",
        "There is nothing to find in these pictures but the leak.",
        "",
        "| planted | named | what the audit says in red |",
        "| --- | --- | --- |",
        *(
            f"| {LEAKS[each.leak]} | {'yes' if each.right else 'NO'} | {'<br>'.join(each.sentences) or 'nothing'} |"
            for each in caught
        ),
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.phantom_study")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for cohorts, bundles and audits")
    parser.add_argument("--table", type=Path, metavar="FILE.md", help="the page; printed when left out")
    parser.add_argument("--studies", type=int, default=600, metavar="N", help="of each signal")
    options = parser.parse_args(arguments)
    try:
        text = page(find_signals(options.out, options.studies), catch_leaks(options.out), options.studies)
        if options.table is not None:
            write_text(options.table, text)
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(text if options.table is None else options.table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
