"""Is a film of the wrong age noticed? Adults read by a bundle for children, and children read by one for adults.

    python -m experiments.radiograph_ages --data DATA --weights FILE.safetensors --out FOLDER
        [--adults BUNDLE] [--children BUNDLE] [--page docs/results.md]

By the age in the header, by an estimate of the age group from the picture, and by the distance from the bundle's
training films. The estimate is a logistic regression on frozen features of EfficientNet-Lite0 (``--weights`` is what
`experiments.efficientnet_lite0_weights` wrote). Children and adults come from two hospitals, so every other film is
first made like Kermany's: 224 pixels, JPEG; and it is asked whether the estimate also tells children from adults within
NIH. A bundle is a name or a folder; without one for children its features are those of the estimate.
"""

from __future__ import annotations

import argparse
import functools
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from readingroom.bundles import store
from readingroom.bundles.bundle import Bundle, load
from readingroom.bundles.metadata import ClassifierMetadata, Preprocessing
from readingroom.csv_table import read_csv
from readingroom.errors import ReadingRoomError
from readingroom.explain.forward import forward_from_last_map
from readingroom.files import make_folder, write_text
from readingroom.formatting import ages_text, estimate_text, percent
from readingroom.imaging.open import open_image
from readingroom.imaging.preprocessing import prepare
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.metrics.patient_folds import patient_folds
from readingroom.networks import backbones, tflite_weights
from readingroom.readers.network import feature_statistics, load_network
from readingroom.reading import Estimate
from readingroom.trust.checks import age_check
from readingroom.trust.distance import FeatureStatistics, cross_fitted_distances, fit_statistics

from .efficientnet_lite0_weights import NETWORK
from .nih_pneumonia.baselines import logistic_regression
from .nih_pneumonia.out_of_fold import OutOfFold, auc_of
from .results.page import AGES, with_section

Floats = NDArray[np.float64]
Gray = NDArray[np.float32]

KERMANY = "children of 1 to 5 years (Kermany)"
NIH_CHILDREN = "children and youths below 18 years (NIH)"
NIH_ADULTS = "adults (NIH)"
OTHER_ADULTS = "adults of other hospitals (Cohen)"
_SIDE, _QUALITY = 224, 75  # of Kermany's pictures
_MOST = {KERMANY: 300, NIH_ADULTS: 200}  # films of a group, evenly spread
_STRENGTH = 1e-3  # scikit-learn's C, on standardized features
_ADULT, _YOUNG = 18.0, 13.0  # years
_FALSE = 0.05  # of NIH's adults are called children
_BATCH = 4
_PICTURE = Preprocessing(
    "picture", (_SIDE, _SIDE), normalize="imagenet", mean=(tflite_weights.MEAN,) * 3, std=(tflite_weights.STD,) * 3
)


@dataclass(frozen=True)
class Film:
    """One film of a group; ``age`` in years, of Kermany's only the range is known and its middle stands here."""

    path: Path
    patient: str
    age: float
    group: str

    def gray(self) -> Gray:
        """Pixels [j, i], 0 to 1, read the way a reader opens them."""
        return load_radiograph(open_image(self.path, "frontal").image).gray

    def like_kermany(self) -> Gray:
        """The film at the size and in the compression of Kermany's, its aspect lost."""
        if self.group == KERMANY:
            return self.gray()
        small = Image.fromarray(np.round(self.gray() * 255).astype(np.uint8)).resize((_SIDE, _SIDE))
        file = io.BytesIO()
        small.save(file, "JPEG", quality=_QUALITY)
        return np.asarray(Image.open(file), dtype=np.float32) / np.float32(255)


def films_of(data: Path) -> list[Film]:
    """The films of all groups.

    Raises
    ------
    InputError : a folder or a column is missing
    """
    films = [
        Film(data / "cxr_kermany" / row["file"], row["patient_id"], 3.0, KERMANY)
        for row in read_csv(data / "cxr_kermany" / "labels.csv").records(needed=("file", "patient_id"))
    ]
    for folder in ("cxr", "cxr_nih_extra"):
        for row in read_csv(data / folder / "labels.csv").records(needed=("file", "patient_id", "age", "source")):
            if not row["age"]:
                continue
            age = float(row["age"])
            if row["source"] == "nih":
                group = NIH_ADULTS if age >= _ADULT else NIH_CHILDREN
            elif age >= _ADULT:
                group = OTHER_ADULTS
            else:
                continue
            films.append(Film(data / folder / row["file"], row["patient_id"], age, group))
    groups = dict.fromkeys(film.group for film in films)
    return [film for group in groups for film in _spread([f for f in films if f.group == group], _MOST.get(group))]


@dataclass(frozen=True)
class Reader:
    """A bundle as this experiment needs it: its name, the ages it was trained on, and distances of films."""

    name: str
    ages: tuple[float, float]
    statistics: FeatureStatistics
    distances: Floats


def read_with(bundle: Bundle, films: Sequence[Film], ages: tuple[float, float], kept: Path) -> Reader:
    """Distances of all films from the training films of a bundle; embeddings are kept in ``kept``."""
    metadata = bundle.of_kind(ClassifierMetadata)
    statistics = feature_statistics(bundle)
    assert statistics is not None
    embed = functools.partial(_embeddings, load_network(bundle), metadata.preprocessing)
    embeddings = _kept(kept / f"{metadata.name}-{bundle.sha256[:8]}.npy", lambda: embed([f.gray for f in films]))
    name = f"{metadata.name} {metadata.version}"
    return Reader(name, metadata.ages or ages, statistics, statistics.distance(embeddings))


def stand_in(features: Floats, films: Sequence[Film], ages: tuple[float, float]) -> Reader:
    """Distances from the children's films in frozen features, where no bundle for children is at hand."""
    rows = [row for row, film in enumerate(films) if film.group == KERMANY]
    patients = np.array([films[row].patient for row in rows])
    folds = patient_folds(np.arange(len(rows)) % 2, patients, 5, 0)
    held_out = cross_fitted_distances(features[rows], folds)
    statistics = fit_statistics(features[rows], held_out)
    distances = statistics.distance(features)
    distances[rows] = held_out
    return Reader("frozen features of EfficientNet-Lite0 (no bundle)", ages, statistics, distances)


@dataclass(frozen=True)
class AgeGroup:
    """How likely each film shows a child, as logits (films,) of models that had not seen the patient.

    Parameters
    ----------
    both : learned from Kermany's children and NIH's adults
    within : learned from children and adults of NIH
    """

    both: Floats
    within: Floats


def estimate_age_group(features: Floats, films: Sequence[Film]) -> AgeGroup:
    groups, patients = np.array([film.group for film in films]), np.array([film.patient for film in films])
    return AgeGroup(
        _out_of_fold(features, groups == KERMANY, np.isin(groups, (KERMANY, NIH_ADULTS)), patients),
        _out_of_fold(features, groups == NIH_CHILDREN, np.isin(groups, (NIH_CHILDREN, NIH_ADULTS)), patients),
    )


def _out_of_fold(features: Floats, child: NDArray, learned: NDArray, patients: NDArray[np.str_]) -> Floats:
    """Films that train are answered out of fold, the others by the mean of the folds' models."""
    logits = np.zeros(len(features))
    rows = np.flatnonzero(learned)
    folds = patient_folds(child[rows].astype(int), patients[rows], 5, 0)
    for fold in range(5):
        train, test = rows[folds != fold], rows[folds == fold]
        # A patient of NIH may stand among both groups of ages; none is answered by a model that has seen them.
        weights, bias = logistic_regression(features[train], child[train].astype(np.int64), _STRENGTH)
        logits[test] = features[test] @ weights + bias
        logits[~learned] += (features[~learned] @ weights + bias) / 5
    return logits


def section(films: Sequence[Film], estimated: AgeGroup, readers: Mapping[str, Reader]) -> str:
    groups = np.array([film.group for film in films])
    ages = np.array([film.age for film in films])
    patients = np.array([film.patient for film in films])
    counts = ", ".join(f"{(groups == group).sum()} {group}" for group in dict.fromkeys(groups))

    def auc(logits: Floats, child: NDArray, adult: NDArray) -> str:
        return estimate_text(_auc(logits[child | adult], child[child | adult], patients[child | adult]), 3, cases=True)

    threshold = float(np.quantile(estimated.within[groups == NIH_ADULTS], 1 - _FALSE))
    young, adults = (groups == NIH_CHILDREN) & (ages < _YOUNG), groups == NIH_ADULTS
    lines = [
        f"Written by `python -m experiments.radiograph_ages`. Films: {counts}. A read warns by the age in the header "
        "where there is one; here it is taken from the tables. By distance, the film is further from the bundle's "
        "training films than its limits allow. The estimate is **not** in the product: a logistic regression on frozen "
        f"features, learned from NIH's films alone, at the threshold that calls {percent(_FALSE)} of NIH's adults "
        "children. Most of NIH's films, children's too, trained the bundle for adults, so that by distance none of "
        "them is far.",
        "",
        "| films | bundle | warned by age | called the other group | warned by distance | stopped by distance |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for whom, reader in readers.items():
        for group in dict.fromkeys(groups):
            rows = np.flatnonzero(groups == group).tolist()
            by_age = np.mean([age_check(films[row].age, reader.ages).status == "warn" for row in rows])
            called = (estimated.within[rows] > threshold) == (whom == "adults")
            far = reader.distances[rows]
            warned, stopped = far > reader.statistics.warn_above, far > reader.statistics.stop_above
            shares = (by_age, called.mean(), warned.mean(), stopped.mean())
            name = f"{reader.name}, {ages_text(reader.ages)}"
            lines.append(f"| {group} | {name} | {' | '.join(percent(float(share)) for share in shares)} |")
    lines += [
        "",
        "Whether the estimate knows ages, or where a film was taken. All films but Kermany's were first made like them "
        f"({_SIDE} x {_SIDE} pixels, JPEG of quality {_QUALITY}). AUC out of fold, 95 % intervals over patients.",
        "",
        "| learned from | asked of | AUC |",
        "| --- | --- | --- |",
        f"| Kermany's children and NIH's adults | the same | {auc(estimated.both, groups == KERMANY, adults)} |",
        "| Kermany's children and NIH's adults | Kermany's children, Cohen's adults | "
        f"{auc(estimated.both, groups == KERMANY, groups == OTHER_ADULTS)} |",
        "| Kermany's children and NIH's adults | below 18 years and adults, both NIH | "
        f"{auc(estimated.both, groups == NIH_CHILDREN, adults)} |",
        "| Kermany's children and NIH's adults | below 13 years and adults, both NIH | "
        f"{auc(estimated.both, young, adults)} |",
        "| NIH's children and adults | below 18 years and adults, both NIH | "
        f"{auc(estimated.within, groups == NIH_CHILDREN, adults)} |",
        f"| NIH's children and adults | below 13 years and adults, both NIH | {auc(estimated.within, young, adults)} |",
        "| NIH's children and adults | Kermany's children, Cohen's adults | "
        f"{auc(estimated.within, groups == KERMANY, groups == OTHER_ADULTS)} |",
        "",
        "Learned from two hospitals, the estimate calls "
        f"{percent(float((estimated.both[young] >= 0).mean()))} of NIH's films of children below 13 years a child's: "
        "compare its AUC within NIH with that between the hospitals.",
    ]
    return "\n".join(lines)


def _auc(scores: Floats, child: NDArray, patients: NDArray[np.str_]) -> Estimate:
    return auc_of(OutOfFold(child.astype(np.int64), patients, np.zeros((1, len(child)), np.int64), scores[None]))


def _embeddings(network: torch.nn.Module, pixels: Preprocessing, grays: Sequence[Callable[[], Gray]]) -> Floats:
    found = []
    for start in range(0, len(grays), _BATCH):
        batch = np.stack([prepare(gray(), pixels).pixels for gray in grays[start : start + _BATCH]])
        embedding = forward_from_last_map(network, torch.from_numpy(batch)).embedding
        assert embedding is not None
        found.append(embedding.flatten(1).double().numpy())
    return np.concatenate(found)


def _kept(path: Path, make: Callable[[], Floats]) -> Floats:
    if not path.is_file():
        np.save(path, make())
    return cast(Floats, np.load(path))


def _spread(films: list[Film], most: int | None) -> list[Film]:
    if most is None or most >= len(films):
        return films
    return [films[round(place)] for place in np.linspace(0, len(films) - 1, most)]


def _bundle(name: str) -> Bundle:
    return load(Path(name)) if Path(name).is_dir() else store.find(name)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.radiograph_ages")
    parser.add_argument("--data", type=Path, required=True, metavar="DATA")
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE.safetensors")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="features are kept there")
    parser.add_argument("--adults", default="cxr-nih-pneumonia", metavar="BUNDLE", help="a name or a folder")
    parser.add_argument("--children", metavar="BUNDLE", help="a name or a folder")
    parser.add_argument("--page", type=Path, metavar="FILE", help="its section on ages is replaced")
    options = parser.parse_args(arguments)
    try:
        make_folder(options.out)
        films = films_of(options.data)
        network = backbones.create(NETWORK, 2, options.weights)
        features = _kept(
            options.out / "age-group.npy", lambda: _embeddings(network, _PICTURE, [film.like_kermany for film in films])
        )
        readers = {"adults": read_with(_bundle(options.adults), films, (_ADULT, 85.0), options.out)}
        readers["children"] = (
            read_with(_bundle(options.children), films, (1.0, 5.0), options.out)
            if options.children
            else stand_in(features, films, (1.0, 5.0))
        )
        text = section(films, estimate_age_group(features, films), readers)
        if options.page is not None:
            write_text(options.page, with_section(options.page.read_text("utf-8"), AGES, text))
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
