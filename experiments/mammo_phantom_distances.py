"""Does the demonstration bundle of Mammo Screen notice that a film is real? Written into its card.

    python -m experiments.mammo_phantom_distances --bundle DIR --data ../shared/data [--women 80]

The distance check judges an exam by the view that is furthest from the training phantoms. It is asked about phantoms
that trained nothing, whose warnings are false, and about real films, where it should speak.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from readingroom.bundles.bundle import Bundle, load
from readingroom.csv_table import read_csv
from readingroom.errors import ReadingRoomError
from readingroom.formatting import counted
from readingroom.phantoms.mammogram import write_exam
from readingroom.progress import Progress
from readingroom.readers.base import ReadContext
from readingroom.readers.mammo_screen import READER
from readingroom.readers.network import feature_statistics
from readingroom.readers.opening import open_study
from readingroom.trust.distance import FeatureStatistics

from .lung_survival_card import with_card_section
from .mammo_phantoms import TESTED_SEED, phantom

Floats = NDArray[np.float64]

_HEADING, _NEXT = "## Asked about real films", "## Against simpler models"
_SIDES = {"L": "left", "R": "right"}
_EACH = 9  # of the films of mini-MIAS, so that each is of another woman


def phantom_exams(women: int) -> Iterator[dict[str, Path]]:
    """Phantoms that trained nothing, one after the other."""
    for number in range(women):
        with tempfile.TemporaryDirectory() as folder:
            yield write_exam(Path(folder), phantom(TESTED_SEED + number))


def real_exams(folder: Path) -> list[dict[str, Path]]:
    """The exams of a folder of films, by role; a film whose exam is not named stands for itself."""
    found: dict[str, dict[str, Path]] = {}
    for row in read_csv(folder / "labels.csv").records():
        role = f"{_SIDES[row['laterality']]}-{row['view'].lower()}"
        found.setdefault(row.get("exam") or row["file"], {})[role] = folder / row["file"]
    return list(found.values())


def distances(bundle: Bundle, exams: Iterator[dict[str, Path]] | Sequence[dict[str, Path]]) -> Floats:
    """(exams,) of the view of each that is furthest from the training pictures."""
    import torch

    context = ReadContext(bundle, torch.device("cpu"), Progress())
    model = READER.load_model(bundle, context.device)
    found = []
    for exam in exams:
        (said,) = READER.predict(model, [READER.load(open_study(READER, exam))], context, explainable=True)
        assert model.statistics is not None  # training writes them
        assert said.embedding is not None
        found.append(model.statistics.distance(said.embedding).max())
    return np.array(found)


def section(found: Mapping[str, Floats], statistics: FeatureStatistics) -> str:
    """What the check says of each group of exams."""
    lines = [
        "A read is stopped, and may be overruled, where a view lies too far from the training phantoms; between both "
        f"limits it warns. Limits: {statistics.warn_above:.0f} and {statistics.stop_above:.0f}, from "
        f"{counted(statistics.held_out_n, 'view')} of held-out phantoms, none from real films. The distance is that of "
        "the features' plain mean over all places of a view, the furthest view counts.",
        "",
        "| asked about | n | distance, median (least to most) | warned | stopped |",
        "| --- | --- | --- | --- | --- |",
    ]
    for title, own in found.items():
        stopped = own > statistics.stop_above
        warned = (own > statistics.warn_above) & ~stopped
        span = f"{np.median(own):.0f} ({own.min():.0f} to {own.max():.0f})"
        lines.append(f"| {title} | {len(own)} | {span} | {warned.sum()} | {stopped.sum()} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.mammo_phantom_distances")
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="whose card gets the section")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="with mammo and mammo_fourview")
    parser.add_argument("--women", type=int, default=80, metavar="N", help="phantoms")
    options = parser.parse_args(arguments)
    try:
        bundle = load(options.bundle)
        statistics = feature_statistics(bundle)
        assert statistics is not None
        found = {
            "phantoms that trained nothing, four views each": distances(bundle, phantom_exams(options.women)),
            "exams of public data, four views each": distances(bundle, real_exams(options.data / "mammo_fourview")),
            "films of mini-MIAS, one view each": distances(bundle, real_exams(options.data / "mammo")[::_EACH]),
        }
        text = section(found, statistics)
        with_card_section(bundle, _HEADING, text, _NEXT)
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
