"""Do the maps of ``cxr-nih-pneumonia`` lie where radiologists drew boxes of pneumonia?

    python -m experiments.nih_pneumonia.boxes --data DATA --out FOLDER [--page docs/results.md]

The boxes are those of NIH ChestX-ray14 (``cxr_nih_more/tables``). All films with one train the shipped network, so
that its maps are measured twice: of the network as it ships, which has seen the films, and of its general branch with a
linear layer that was fitted without the film's patient, on the folds of the bundle's table in ``docs/bundles``.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from readingroom.bundles import store
from readingroom.bundles.metadata import ClassifierMetadata
from readingroom.csv_table import read_csv
from readingroom.errors import ReadingRoomError
from readingroom.explain.cam import Method, activation_maps
from readingroom.explain.forward import forward_from_last_map
from readingroom.explain.normalize import heat_maps
from readingroom.files import make_folder, write_text
from readingroom.formatting import estimate_text
from readingroom.imaging.preprocessing import prepare
from readingroom.metrics.bootstrap import patient_intervals, weighted_mean
from readingroom.networks.two_branches import TwoBranches
from readingroom.readers.network import load_network
from readingroom.reading import Estimate

from ..results.page import BOXES, with_section
from .baselines import logistic_regression
from .films import Films, read_films
from .make import NAME, STRENGTH
from .stronger_backbone import TABLE

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

METHODS: tuple[Method, ...] = get_args(Method)
SIDE = 512  # pixels of a film; the boxes are drawn on 1024
TOLERANCE = 15  # pixels around a box that still count, as in Zhang et al., IJCV 2018 (there on smaller pictures)
_TABLE = Path("cxr_nih_more") / "tables" / "bbox_for_developer_images.csv"
_CORNERS = ("Bbox [x", "y", "w", "h]")  # NIH's header has these commas
_FINDING = "Pneumonia"
_RESEEN = "the network as it ships, **which has seen these films**"
_NEW = "its general branch, fitted without the patient"
_BLOB = "a blob of the box's size in the middle of the film"
_OTHERS = "where the boxes of the other patients lie"
_EVEN = "the same everywhere"
_AGAINST = {_OTHERS: "the boxes of the other patients", _EVEN: "a map that is the same everywhere"}


@dataclass(frozen=True, eq=False)
class Boxed:
    """Films with a box. ``masks`` (films, 512, 512) are inside it, ``near`` up to `TOLERANCE` around it."""

    films: NDArray[np.intp]
    masks: Mask
    near: Mask


@dataclass(frozen=True)
class Place:
    """Of maps (films,): the share of the map's sum inside the box, and whether the maximum lies inside or near it."""

    energy: Floats
    hit: Floats


def boxes_of(data: Path, cohort: Films) -> Boxed:
    """The boxes of pneumonia on films of the cohort; several on one film count as one region.

    Raises
    ------
    InputError : the table is missing, or another one
    """
    rows = read_csv(data / _TABLE).records(needed=("Image Index", "Finding Label", *_CORNERS))
    # The tables of the films say which NIH film each is.
    numbers = {name: number for number, name in enumerate(original_names(data, cohort))}
    masks: dict[int, Mask] = {}
    near: dict[int, Mask] = {}
    for row in rows:
        number = numbers.get(row["Image Index"])
        if row["Finding Label"] != _FINDING or number is None:
            continue
        x, y, width, height = (float(row[name]) * SIDE / 1024 for name in _CORNERS)
        for found, margin in ((masks, 0), (near, TOLERANCE)):
            region = found.setdefault(number, np.zeros((SIDE, SIDE), bool))
            top, left = max(round(y) - margin, 0), max(round(x) - margin, 0)
            region[top : round(y + height) + margin, left : round(x + width) + margin] = True
    films = np.array(sorted(masks), dtype=np.intp)
    return Boxed(films, np.stack([masks[film] for film in films]), np.stack([near[film] for film in films]))


def original_names(data: Path, cohort: Films) -> list[str]:
    """The name that NIH gave each film of the cohort."""
    names = {}
    for folder in ("cxr", "cxr_nih_extra"):
        for row in read_csv(data / folder / "labels.csv").records(needed=("file", "original_name")):
            names[f"{folder}/{row['file']}"] = row["original_name"]
    return [names[film.file] for film in cohort.films]


def place_of(maps: NDArray[np.floating], boxed: Boxed) -> Place:
    """Of maps (films, 512, 512) that are nowhere below 0; one that is 0 everywhere points nowhere."""
    flat = maps.reshape(len(maps), -1)
    total = flat.sum(1)
    inside = np.where(boxed.masks.reshape(len(maps), -1), flat, 0).sum(1)
    hottest = boxed.near.reshape(len(maps), -1)[np.arange(len(maps)), flat.argmax(1)]
    return Place(np.where(total > 0, inside / np.maximum(total, 1e-12), 0.0), np.where(total > 0, hottest, 0.0))


def blobs(masks: Mask) -> Floats:
    """A disk in the middle of each film, as large as its box; the maximum is the middle."""
    rows, columns = np.indices((SIDE, SIDE))
    away = np.hypot(rows - (SIDE - 1) / 2, columns - (SIDE - 1) / 2)
    radius = np.sqrt(masks.sum((1, 2)) / np.pi)
    return cast(Floats, np.where(away <= radius[:, None, None], 1 - away / SIDE, 0.0))


def boxes_of_others(masks: Mask, patients: NDArray[np.str_]) -> Floats:
    """For each film how often the boxes of other patients cover a place."""
    return np.stack([masks[patients != patient].mean(0) for patient in patients])


def measure(data: Path, out: Path) -> tuple[Mapping[str, Mapping[str, Place]], NDArray[np.str_]]:
    """Places by network and method, and the patient of each film."""
    make_folder(out)
    bundle = store.find(NAME)
    cohort = read_films(data)
    boxed = boxes_of(data, cohort)
    metadata = bundle.of_kind(ClassifierMetadata)
    network = cast(TwoBranches, load_network(bundle))
    pixels = [torch.from_numpy(prepare(cohort.gray(i), metadata.preprocessing).pixels[None]) for i in boxed.films]
    features = _features(network, cohort, metadata, out / "embeddings.npy")
    folds = np.array([int(row["fold"]) for row in read_csv(TABLE).records() if row["repeat"] == "0"])
    patients = cohort.patients[boxed.films]
    fitted = {
        fold: without_patients(network, features, cohort, np.flatnonzero(folds != fold)) for fold in np.unique(folds)
    }
    found: dict[str, dict[str, Place]] = {_NEW: {}, _RESEEN: {}}
    for method in METHODS:
        for name in found:
            maps = []
            for film, inputs in zip(boxed.films, pixels, strict=True):
                asked = network if name == _RESEEN else fitted[folds[film]]
                raw = activation_maps(asked, inputs, targets=[0], method=method).maps.float()
                maps.append(heat_maps(raw, (SIDE, SIDE))[0, 0].numpy())
            found[name][method] = place_of(np.stack(maps), boxed)
    even = np.ones_like(boxed.masks, dtype=np.float64)
    share = boxed.masks.mean((1, 2))
    found["no network"] = {
        _BLOB: place_of(blobs(boxed.masks), boxed),
        _OTHERS: place_of(boxes_of_others(boxed.masks, patients), boxed),
        _EVEN: Place(place_of(even, boxed).energy, boxed.near.mean((1, 2)) if len(share) else share),
    }
    return found, patients


def without_patients(network: TwoBranches, features: Floats, cohort: Films, rows: NDArray[np.intp]) -> TwoBranches:
    """The network with its general branch alone, its linear layer fitted on ``rows``."""
    general = features.shape[1] - tuned_features(network)
    weights, bias = logistic_regression(features[rows, :general], cohort.labels[rows], STRENGTH)
    fitted = copy.deepcopy(network)
    halves = torch.zeros_like(fitted.classifier.weight)
    halves[0, :general] = torch.from_numpy(weights / 2)
    halves[1] = -halves[0]
    with torch.no_grad():
        fitted.classifier.weight.copy_(halves)
        fitted.classifier.bias.copy_(torch.tensor([bias, -bias]) / 2)
    return fitted


def tuned_features(network: TwoBranches) -> int:
    """How many of the features, the last ones, come from the tuned branch."""
    last = [module for module in network.tuned.modules() if isinstance(module, torch.nn.Conv2d)][-1]
    return int(last.out_channels)


def _features(network: TwoBranches, cohort: Films, metadata: ClassifierMetadata, path: Path) -> Floats:
    """What the linear layer is given for each film (films, features); kept in ``path``."""
    if not path.is_file():
        found = []
        for film in range(len(cohort.films)):
            inputs = torch.from_numpy(prepare(cohort.gray(film), metadata.preprocessing).pixels[None])
            embedding = forward_from_last_map(network, inputs).embedding
            assert embedding is not None
            found.append(embedding[0].flatten().double().numpy())
        np.save(path, np.stack(found))
    return cast(Floats, np.load(path))


def estimates(place: Place, patients: NDArray[np.str_], than: Place | None = None) -> tuple[Estimate, Estimate]:
    """Energy and hits with their intervals over patients, or by how much they exceed those of another map."""
    energy = place.energy if than is None else place.energy - than.energy
    hit = place.hit if than is None else place.hit - than.hit
    found = patient_intervals(
        lambda weights: {"energy": weighted_mean(energy, weights), "hit": weighted_mean(hit, weights)}, patients
    )
    return found["energy"], found["hit"]


def section(found: Mapping[str, Mapping[str, Place]], patients: NDArray[np.str_]) -> str:
    blob = found["no network"][_BLOB]
    lines = [
        "Written by `python -m experiments.nih_pneumonia.boxes`. "
        f"{len(patients)} films of {len(set(patients))} patients on which radiologists of NIH drew a box of pneumonia, "
        f"each read at 320 x 320 pixels by `{NAME}`. Energy: share of the map's sum inside the box. Pointing game: "
        f"share of films whose hottest place lies inside the box or within {TOLERANCE} pixels of it, on films of "
        f"{SIDE} pixels. Intervals are 95 %, over patients. The shipped network learned from all of these films (from "
        "their labels, not from the boxes); its general branch was fitted again without the patient, by fold.",
        "",
        "| map | energy | more than the blob | pointing game | more than the blob |",
        "| --- | --- | --- | --- | --- |",
    ]
    for network, maps in found.items():
        for method, place in maps.items():
            energy, hit = estimates(place, patients)
            name = method if network == "no network" else f"{method}, {network}"
            more = ("", "") if place is blob else tuple(map(_signed, estimates(place, patients, blob)))
            lines.append(f"| {name} | {_text(energy)} | {more[0]} | {_text(hit)} | {more[1]} |")
    return "\n".join([*lines, "", conclusion(found, patients)])


def conclusion(found: Mapping[str, Mapping[str, Place]], patients: NDArray[np.str_]) -> str:
    """Sentences for the section and the tutorial: the map that the product shows, against maps without a network."""
    shown = found[_NEW]["cam"]
    said = []
    for name, place in found["no network"].items():
        words = []
        for estimate in estimates(shown, patients, place):
            low, high = (estimate.interval.low, estimate.interval.high) if estimate.interval else (-1.0, 1.0)
            words.append("the map wins" if low > 0 else "the map loses" if high < 0 else "neither clearly wins")
        said.append(f"Against {_AGAINST.get(name, name)}: by energy {words[0]}, by the pointing game {words[1]}.")
    return "The map that a read shows is `cam`; of patients that did not train the network. " + " ".join(said)


def _text(estimate: Estimate) -> str:
    return estimate_text(estimate, 2)


def _signed(estimate: Estimate) -> str:
    return estimate_text(estimate, 2, signed=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.nih_pneumonia.boxes")
    parser.add_argument("--data", type=Path, required=True, metavar="DATA")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="features are kept there")
    parser.add_argument("--page", type=Path, metavar="FILE", help="its section on the boxes is replaced")
    options = parser.parse_args(arguments)
    try:
        text = section(*measure(options.data, options.out))
        if options.page is not None:
            write_text(options.page, with_section(options.page.read_text("utf-8"), BOXES, text))
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
