"""Does the map of Mammo Screen lie on what was planted? Asked of phantoms that trained nothing.

    python -m experiments.mammo_phantom_maps --out FOLDER [--bundle NAME] [--page docs/results.md]

The reader reads the DICOM files of each phantom as it reads an exam. The map of each view that shows a lesion is held
against the lesion's mask, and against maps that need no network. Then the weights of the network are shuffled.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from readingroom import records
from readingroom.bundles import paths, store
from readingroom.bundles.bundle import Bundle, load
from readingroom.errors import ReadingRoomError
from readingroom.files import make_folder, write_text
from readingroom.formatting import estimate_text
from readingroom.imaging.blocks import block_middles
from readingroom.metrics.bootstrap import patient_intervals
from readingroom.parallel import map_parallel
from readingroom.phantoms.mammogram import write_exam
from readingroom.progress import Progress
from readingroom.readers.answer import Case
from readingroom.readers.base import ReadContext
from readingroom.readers.mammo_screen import READER, Model
from readingroom.readers.mammo_screen_answer import heats_of
from readingroom.readers.opening import open_study
from readingroom.reading import Estimate

from .mammo_phantoms import CHANCES, NAME, ROWS, TESTED_SEED, kind_of, lesions_of, phantom
from .phantom_maps import Floats, Place, blob_place, of_maps, place_of, shuffled
from .results.page import MAMMOGRAMS, with_section

_MAPS = {
    "network": "the map",
    "shuffled": "the same network, all weights shuffled",
    "blob": "a central blob of the size of what was planted",
    "even": "the breast without the muscle, evenly",
}


@dataclass(frozen=True)
class Found:
    """A view that shows a cancer.

    Parameters
    ----------
    kind, strength : of what was planted, see `mammo_phantoms.CHANCES`
    size : its share of the breast without the muscle
    """

    seed: int
    role: str
    kind: str
    strength: float
    size: float
    places: Mapping[str, Place]


def measure(bundle: Bundle, seed: int, rows: tuple[int, int] = ROWS) -> list[Found]:
    """Read a phantom with the bundle, and with its weights shuffled; a `Found` for each view that shows a cancer."""
    import torch

    lesions = lesions_of(seed)
    if all(lesion.benign for own in lesions.values() for lesion in own):
        return []
    views = phantom(seed, rows=rows)
    shown = [role for role, view in views.items() if view.lesions.any()]
    if not shown:
        return []
    context = ReadContext(bundle, torch.device("cpu"), Progress())
    model = READER.load_model(bundle, context.device)
    with tempfile.TemporaryDirectory() as folder:
        write_exam(Path(folder), views)
        case = READER.load(open_study(READER, {}, exam=[Path(folder)]))
    heats = {
        "network": _heats(model, case, context),
        "shuffled": _heats(dataclasses.replace(model, network=shuffled(model.network, seed)), case, context),
    }
    found = []
    for role in shown:
        view, tissue = views[role], views[role].breast & ~views[role].muscle
        planted = view.lesions[np.ix_(*block_middles(view.lesions.shape, case.images[role].block))]
        places = {name: place_of(maps[role], planted) for name, maps in heats.items()}
        size = float(view.lesions.sum() / tissue.sum())
        blob = blob_place(tissue, view.lesions, (1.0, 1.0), np.argwhere(tissue).mean(axis=0))
        places |= {"blob": blob, "even": Place(size, size)}
        (cancer,) = (lesion for lesion in lesions[view.side] if not lesion.benign)
        found.append(Found(seed, role, kind_of(cancer), cancer.strength, size, places))
    return found


def measure_all(
    bundle: Bundle, phantoms: int, out: Path, rows: tuple[int, int] = ROWS, workers: int = 1
) -> list[Found]:
    """Every phantom; what an earlier run with the same weights has left in ``out`` is not measured again."""
    kept = make_folder(out) / f"maps-{bundle.files[paths.WEIGHTS][:12]}-{phantoms}.json"
    if kept.is_file():
        return [records.from_json(Found, each) for each in json.loads(kept.read_text(encoding="utf-8"))]
    wanted = [(bundle.folder, TESTED_SEED + number, rows) for number in range(phantoms)]
    found = [view for views in map_parallel(_measured, wanted, processes=workers) for view in views]
    write_text(kept, json.dumps(records.to_json(found), indent=1) + "\n")
    return found


def _measured(wanted: tuple[Path, int, tuple[int, int]]) -> list[Found]:
    folder, seed, rows = wanted
    return measure(load(folder), seed, rows)


def _heats(model: Model, case: Case, context: ReadContext) -> Mapping[str, NDArray[np.float32]]:
    """Maps on the blocks of the views' pixels, by role."""
    (prediction,) = READER.predict(model, [case], context, explainable=True)
    return heats_of(case, prediction.details)


def estimates(found: Sequence[Found]) -> dict[str, Estimate]:
    """All numbers with their intervals over phantoms, which stand for patients."""

    def of_all(weights: Floats) -> dict[str, Floats]:
        return of_maps([view.places for view in found], tuple(_MAPS), weights, [n for n in _MAPS if n != "network"])

    numbers = dict(patient_intervals(of_all, [view.seed for view in found]))
    for title, own in _groups(found).items():

        def of_group(weights: Floats, own: Sequence[Found] = own) -> dict[str, Floats]:
            return of_maps([view.places for view in own], ("network",), weights)

        of_them = patient_intervals(of_group, [view.seed for view in own])
        numbers |= {f"{title} {name.partition(' ')[2]}": value for name, value in of_them.items()}
    return numbers


def _groups(found: Sequence[Found]) -> dict[str, list[Found]]:
    """Views by what they show, and by how conspicuous it is; none that is empty."""
    middle = float(np.median([view.strength for view in found]))
    groups = {kind: [view for view in found if view.kind == kind] for kind in CHANCES}
    groups["the fainter half"] = [view for view in found if view.strength <= middle]
    groups["the more conspicuous half"] = [view for view in found if view.strength > middle]
    return {title: own for title, own in groups.items() if own}


def section(found: Sequence[Found], bundle: str) -> str:
    """The tables as Markdown."""
    numbers = estimates(found)
    women = len({view.seed for view in found})

    def row(words: str, name: str) -> str:
        return f"| {words} | {estimate_text(numbers[f'{name} energy'])} | {estimate_text(numbers[f'{name} hit'])} |"

    beyond = {name: estimate_text(numbers[f"beyond {name}"], signed=True) for name in _MAPS if name != "network"}
    lines = [
        f"The bundle `{bundle}` on the {len(found)} views with a cancer of {women} phantoms that trained nothing; on "
        f"average it fills {100 * np.mean([view.size for view in found]):.1f} % of the breast without the "
        "muscle. Vessels, folds, scars, coarse calcifications and dense islands lie in the same breasts. "
        "Written by `python -m experiments.mammo_phantom_maps`. It says whether the map points at what was "
        "planted, and nothing about women. Intervals are over phantoms.",
        "",
        "| map | share of its energy inside what was planted | its maximum lies inside |",
        "| --- | --- | --- |",
        *(row(words, name) for name, words in _MAPS.items()),
        *(row(f"the map, {title} ({len(own)} views)", title) for title, own in _groups(found).items()),
        "",
        "A map that is the same everywhere has no maximum; what stands there is the chance to hit. View by view the "
        f"share inside what was planted exceeds that of the shuffled network by {beyond['shuffled']}, of the blob by "
        f"{beyond['blob']}, and of the breast evenly by {beyond['even']}.",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.mammo_phantom_maps")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the numbers of each view")
    parser.add_argument("--bundle", default=NAME, metavar="NAME", help="installed, or its folder")
    parser.add_argument("--phantoms", type=int, default=80, metavar="N")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="whose section on these phantoms is written anew")
    options = parser.parse_args(arguments)
    try:
        bundle = store.find(options.bundle)
        found = measure_all(bundle, options.phantoms, options.out, workers=options.workers)
        text = section(found, bundle.metadata.name)
        if options.page is not None:
            write_text(options.page, with_section(options.page.read_text(encoding="utf-8"), MAMMOGRAMS, text))
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    from experiments.mammo_phantom_maps import main as run  # a process finds its work by the name of its module

    sys.exit(run())
