"""Is EfficientNet-Lite0 a better beginning for ``cxr-nih-pneumonia`` than its MobileNetV2? Paired, out of fold.

    python -m experiments.nih_pneumonia.stronger_backbone --data DATA --weights FILE.safetensors --out FOLDER
        [--folds N] [--epochs N] [--variants N] [--page docs/results.md]

On the folds of the shipped bundle's first repeat: a frozen head, a tuned network, and their average, against the table
``docs/bundles/cxr-nih-pneumonia-out-of-fold.csv``. The usable films of ``cxr_nih_more`` train as well, unless their
patient is held out. ``--weights`` is what `experiments.efficientnet_lite0_weights` wrote. What is finished lies in the
folder, so that a broken run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from readingroom.csv_table import read_csv
from readingroom.errors import ReadingRoomError
from readingroom.files import make_folder, write_text
from readingroom.formatting import counted, estimate_text
from readingroom.networks import backbones

from ..efficientnet_lite0_weights import NETWORK
from ..results.page import BACKBONE, with_section
from .baselines import logistic_regression
from .films import Films, more_films, read_films
from .fine_tune import Network, Recipe, keep_activations, pooled_after_each_block, predict, train
from .make import STRENGTH, full_plan
from .out_of_fold import Floats, OutOfFold, advantage, auc_of, evaluate

TABLE = Path(__file__).parents[2] / "docs" / "bundles" / "cxr-nih-pneumonia-out-of-fold.csv"
SHIPPED = "cxr-nih-pneumonia as it ships (MobileNetV2, tuned and general branch)"
_FIRST_BLOCK = 5  # two cores: only the blocks on the coarsest grid learn


@dataclass(frozen=True)
class Comparison:
    """The films that are compared come first in ``cohort``; the ``more`` of them that follow train only.

    Parameters
    ----------
    shipped : out-of-fold logits of the shipped bundle on the first films, with its folds
    """

    cohort: Films
    shipped: OutOfFold

    @classmethod
    def of(cls, data: Path) -> Comparison:
        """Read the films and the table of the shipped bundle.

        Raises
        ------
        InputError : a folder or a column is missing
        """
        films = read_films(data)
        rows = read_csv(TABLE).records(needed=("file", "repeat", "fold", "logit"))
        first = {row["file"]: row for row in rows if row["repeat"] == "0"}
        folds = np.array([[int(first[film.file]["fold"]) for film in films.films]])
        logits = np.array([[float(first[film.file]["logit"]) for film in films.films]])
        shipped = OutOfFold(films.labels, films.patients, folds, logits)
        return cls(Films((*films.films, *more_films(data).films)), shipped)

    @property
    def compared(self) -> int:
        return len(self.shipped.labels)

    def train_rows(self, fold: int) -> NDArray[np.intp]:
        """All films, the additional ones too, of patients who are not in the fold."""
        held_out = set(self.shipped.patients[self.shipped.folds[0] == fold])
        return np.flatnonzero([patient not in held_out for patient in self.cohort.patients])

    def with_logits(self, logits: Floats) -> OutOfFold:
        return replace(self.shipped, logits=logits[None, : self.compared])


def frozen_head(compared: Comparison, features: Floats) -> OutOfFold:
    """Logistic regression on ``features`` (films, features), each fold without its patients."""
    logits = np.full(len(features), np.nan)
    for fold in np.unique(compared.shipped.folds):
        rows, held_out = compared.train_rows(fold), np.flatnonzero(compared.shipped.folds[0] == fold)
        weights, bias = logistic_regression(features[rows], compared.cohort.labels[rows], STRENGTH)
        logits[held_out] = features[held_out] @ weights + bias
    return compared.with_logits(logits)


def fold_logits(compared: Comparison, weights: Path, activations: list[Path], recipe: Recipe, fold: int) -> Floats:
    """Logits (films,) of all films by a network tuned without the patients of a fold."""
    network = lite0(weights, recipe.first_block)
    train(network, activations, compared.cohort.labels, compared.train_rows(fold), recipe, 100 + 1 + fold)
    return predict(network, activations[0])[0]


def lite0(weights: Path, first_block: int) -> Network:
    return Network(backbones.create(NETWORK, 2, weights), first_block)


def run(data: Path, weights: Path, out: Path, recipe: Recipe, folds: int) -> tuple[Comparison, dict[str, OutOfFold]]:
    """The shipped bundle and its competitors by name, on the films of the first ``folds`` folds."""
    make_folder(out)
    compared = Comparison.of(data)
    activations = [out / f"activations-{variant:02d}.npy" for variant in range(recipe.variants + 1)]
    preprocessing = full_plan(data, out).preprocessing
    network = lite0(weights, recipe.first_block)
    keep_activations(network, compared.cohort, preprocessing, recipe, activations, 100, lambda _, words: say(words))
    several = _kept(out / "several.npy", lambda: pooled_after_each_block(network, activations[0]))
    last = _kept(out / "last.npy", lambda: predict(network, activations[0])[1].astype(np.float64))
    frozen = frozen_head(compared, several)
    tuned = np.full((1, compared.compared), np.nan)
    for fold in range(folds):
        make = partial(fold_logits, compared, weights, activations, recipe, fold)
        held_out = compared.shipped.folds[0] == fold
        tuned[0, held_out] = _kept(out / f"fold-{fold}.npy", make)[: compared.compared][held_out]
        say(f"Fold {fold} is done.")
    average = (frozen.logits + tuned) / 2
    found = {
        SHIPPED: compared.shipped,
        "EfficientNet-Lite0, frozen: head on its last map": frozen_head(compared, last),
        "EfficientNet-Lite0, frozen: head on maps of several blocks": frozen,
        "EfficientNet-Lite0, last blocks tuned": replace(frozen, logits=tuned),
        "the average of the last two": replace(frozen, logits=average),
        "the average of that and the shipped bundle": replace(frozen, logits=(average + compared.shipped.logits) / 2),
    }
    rows = compared.shipped.folds[0] < folds
    return compared, {name: _only(each, rows) for name, each in found.items()}


def section(compared: Comparison, found: Mapping[str, OutOfFold], recipe: Recipe) -> str:
    shipped = found[SHIPPED]
    more = compared.cohort.labels[compared.compared :]
    lines = [
        "Written by `python -m experiments.nih_pneumonia.stronger_backbone`. "
        f"{len(shipped.labels)} films of {len(set(shipped.patients))} patients ({_folds(shipped)}), each answered "
        "by models that had not seen the patient, on the folds of the first repeat of the shipped bundle, at 320 x 320 "
        "pixels. Of "
        f"`cxr_nih_more` {len(more)} films are labeled pneumonia ({more.sum()}) or nothing at all; they trained the "
        f"models on EfficientNet-Lite0 as well. Tuned: the blocks from number {recipe.first_block} on (counted from "
        f"0), {recipe.epochs} epochs, each film and {counted(recipe.variants, 'variant')} of it; that is what "
        "two cores do in some minutes, and less than what the shipped network had (blocks from 4 on, 8 epochs, 8 "
        "variants). Averages "
        "are of logits. Intervals are 95 %, over patients; slope and Brier score after calibration on the other folds.",
        "",
        "| model | AUC | better than as it ships by | calibration slope | Brier score |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, each in found.items():
        metrics = evaluate(each, np.zeros(len(each.labels), bool)).metrics
        gain = "" if each is shipped else estimate_text(advantage(each, shipped), 3, signed=True)
        slope, brier = (estimate_text(metrics[one], 3) for one in ("calibration_slope", "brier"))
        lines.append(f"| {name} | {estimate_text(auc_of(each), 3)} | {gain} | {slope} | {brier} |")
    return "\n".join(lines)


def _folds(found: OutOfFold) -> str:
    return f"{counted(len(np.unique(found.folds)), 'fold')} of 5"


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _only(found: OutOfFold, rows: NDArray[np.bool_]) -> OutOfFold:
    return OutOfFold(found.labels[rows], found.patients[rows], found.folds[:, rows], found.logits[:, rows])


def _kept(path: Path, make: Callable[[], Floats]) -> Floats:
    if not path.is_file():
        unfinished = path.with_suffix(".part.npy")
        np.save(unfinished, make())
        unfinished.replace(path)
    return np.asarray(np.load(path))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.nih_pneumonia.stronger_backbone")
    parser.add_argument("--data", type=Path, required=True, metavar="DATA")
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE.safetensors")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="what is finished is kept there")
    parser.add_argument("--folds", type=int, default=5, metavar="N", help="the first folds alone")
    parser.add_argument("--epochs", type=int, default=3, metavar="N")
    parser.add_argument("--variants", type=int, default=1, metavar="N")
    parser.add_argument("--page", type=Path, metavar="FILE", help="its section on the backbone is replaced")
    options = parser.parse_args(arguments)
    recipe = Recipe(first_block=_FIRST_BLOCK, epochs=options.epochs, variants=options.variants)
    try:
        compared, found = run(options.data, options.weights, options.out, recipe, options.folds)
        text = section(compared, found, recipe)
        if options.page is not None:
            write_text(options.page, with_section(options.page.read_text("utf-8"), BACKBONE, text))
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
