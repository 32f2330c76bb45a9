"""Measure patches and maps, and write their section of the page of results."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from readingroom import records
from readingroom.commands.progress_line import ProgressLine
from readingroom.errors import ReadingRoomError
from readingroom.files import make_folder, write_text
from readingroom.learning.cohorts.cohort import read_cohort
from readingroom.learning.cohorts.splits import k_fold
from readingroom.progress import Progress

from ..results.page import LESIONS, with_section
from .features import patch_features
from .films import PIXEL, Film, Floats, read_films, read_lesions, with_lesions_moved
from .learn import MODELS, Model, out_of_fold, patches
from .measure import MOVED, Study
from .page import Found, plot, section


@dataclass(frozen=True)
class Paths:
    """``cohort`` and ``lesions`` are tables, ``weights`` ImageNet's of the network, ``out`` holds what was computed."""

    cohort: Path
    lesions: Path
    weights: Path
    out: Path


def measure(
    paths: Paths, pixel: float = PIXEL, folds: int = 5, seed: int = 0, progress: Progress | None = None
) -> Found:
    """Everything that the page says.

    Parameters
    ----------
    pixel : mm, of the films as they are stored

    Raises
    ------
    InputError : the tables or films cannot be read, or are too few
    SetupError, BundleError, OutputError : as `patch_features`
    """
    progress = progress or Progress()
    cohort = read_cohort(paths.cohort)
    films = read_films(cohort, read_lesions(paths.lesions), pixel)
    features = patch_features(cohort, films, paths.weights, paths.out / "features", progress)
    splits = k_fold(cohort, folds, seed, validation=0)
    patients = cohort.patients

    def study_of(shown: Sequence[Film]) -> Study:
        return Study(shown, patients, [patches(film, seed + row) for row, film in enumerate(shown)], splits)

    def maps_of(model: Model, study: Study) -> list[Floats]:
        maps = out_of_fold(model, study.every, features, patients, splits, study.drawn)
        return [maps[row] for row in study.rows]

    study, moved = study_of(films), study_of(with_lesions_moved(films, seed))
    maps = []
    for number, model in enumerate(MODELS):
        progress(number / len(MODELS), f"Learning: {model.name}.")
        maps.append(maps_of(model, study))
    results = [study.result(model.name, [found]) for model, found in zip(MODELS, maps, strict=True)]
    results.append(moved.result(MOVED, [maps_of(MODELS[0], moved)]))
    progress(0.99, "Measuring what needs no network.")
    baselines = study.baselines(seed)
    results += [study.result(name, draws) for name, draws in baselines.items()]
    differences = [study.difference(maps[0], name, draws) for name, draws in baselines.items()]
    return Found(study.counts(), tuple(results), tuple(differences), study.by_kind(maps[0]))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.lesion_patches")
    parser.add_argument("--cohort", type=Path, required=True, metavar="FILE.csv", help="a film a row")
    parser.add_argument(
        "--lesions",
        type=Path,
        required=True,
        metavar="FILE.csv",
        help="study_id, x, y, radius (in pixels), severity (M, B), kind",
    )
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE", help="ImageNet's, of MobileNetV2")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for features and numbers")
    parser.add_argument("--pixel", type=float, default=PIXEL, metavar="MM", help="of the films as they are stored")
    parser.add_argument("--folds", type=int, default=5, metavar="N")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="whose section on lesions is written anew")
    parser.add_argument("--plot", type=Path, metavar="FILE.png")
    options = parser.parse_args(arguments)
    paths = Paths(options.cohort, options.lesions, options.weights, make_folder(options.out))
    try:
        with ProgressLine() as line:
            found = measure(paths, options.pixel, options.folds, progress=Progress(line.show))
        write_text(paths.out / "numbers.json", json.dumps(records.to_json(found), indent=1) + "\n")
        text = section(found)
        if options.page is not None:
            write_text(options.page, with_section(options.page.read_text(encoding="utf-8"), LESIONS, text))
        if options.plot is not None:
            plot(found, options.plot)
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
