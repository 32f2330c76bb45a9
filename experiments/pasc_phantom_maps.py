"""Does the map of PASC Fibrosis lie on what was planted? Asked of phantoms that trained nothing.

    python -m experiments.pasc_phantom_maps --out FOLDER [--bundle NAME] [--page docs/results.md] [--plot FILE.png]

The reader reads each phantom as it reads a CT: it finds the lungs, chooses the slices, asks the network. Its map is
held against the mask of what was planted, and against maps that need no network. Then the weights are shuffled, and
the map should no longer be the same.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from scipy import ndimage, stats

from readingroom import records
from readingroom.bundles import store
from readingroom.bundles.bundle import Bundle, load
from readingroom.bundles.metadata import ClassifierMetadata
from readingroom.errors import ReadingRoomError
from readingroom.files import make_folder, write_text
from readingroom.formatting import estimate_text
from readingroom.metrics.bootstrap import patient_intervals, weighted_mean
from readingroom.parallel import map_parallel
from readingroom.phantoms.fibrosis_ct import FibrosisCT
from readingroom.progress import Progress
from readingroom.readers.answer import Case
from readingroom.readers.base import ReadContext
from readingroom.readers.pasc_fibrosis import CT, READER, Details, Model, ask, probability_of
from readingroom.readers.pasc_fibrosis_answer import SUSPICIOUS, heat_of
from readingroom.reading import Estimate
from readingroom.study import Study, StudyImage

from .pasc_phantoms import NAME, phantom
from .phantom_maps import Floats, Mask, Place, blob_place, even_place, of_maps, place_of, shuffled, smallest
from .results.page import PHANTOMS, with_section

FIRST_SEED = 40_000  # the cohort that trained the bundle begins at 20,000
WITHOUT = 4  # one phantom of so many has no fibrosis
SHUFFLED = ("linear layer", "all layers")
_MAPS = {
    "network": "the map, within the lungs",
    "whole": "the map, the whole volume",
    "shuffled": "the same network, all weights shuffled",
    "blob": "a central blob of the size of what was planted",
    "rim": "the lung nearest to the pleura, of the same size",
    "even": "the lungs, evenly",
}


@dataclass(frozen=True)
class Found:
    """What one phantom showed; ``places`` is empty where nothing was planted, ``similarity`` by what was shuffled."""

    seed: int
    planted_ml: float
    found_ml: float
    probability: float
    places: Mapping[str, Place]
    similarity: Mapping[str, float]


def measure(bundle: Bundle, made: FibrosisCT, seed: int) -> Found:
    """Read a phantom with the bundle, and with its weights shuffled."""
    import torch

    context = ReadContext(bundle, torch.device("cpu"), Progress())
    model = READER.load_model(bundle, context.device)
    metadata = bundle.of_kind(ClassifierMetadata)
    case = READER.load(Study((StudyImage(CT, modality="CT", pixels=_image(made)),)))
    details = _asked(model, case, context)
    lungs, heat = details.lungs.lungs.both, np.asarray(heat_of(details, metadata))
    others = {
        what: _asked(dataclasses.replace(model, network=shuffled(model.network, seed, part)), case, context)
        for what, part in zip(SHUFFLED, (model.network.classifier, None), strict=True)
    }
    places = {}
    if made.fibrosis.any():
        maps = {"whole": heat, "network": np.where(lungs, heat, 0)}
        maps["shuffled"] = np.where(lungs, heat_of(others["all layers"], metadata), 0)
        places = {name: place_of(found, made.fibrosis) for name, found in maps.items()}
        places |= without_network(lungs, made)
    ml = float(((heat >= SUSPICIOUS) & lungs).sum() * np.prod(made.spacing) / 1000)
    probability = probability_of(details.answers.logits, metadata)
    similarity = {what: _similarity(details, other, lungs) for what, other in others.items()}
    return Found(seed, made.fibrosis_ml, ml, probability, places, similarity)


def measure_all(bundle: Bundle, phantoms: int, out: Path, workers: int = 1) -> list[Found]:
    """Every phantom; what an earlier run of the same bundle has left in ``out`` is not measured again."""
    make_folder(out)
    kept = out / f"maps-{bundle.sha256[:12]}.json"
    found: list[Found] = []
    if kept.is_file():
        found = [records.from_json(Found, each) for each in json.loads(kept.read_text(encoding="utf-8"))]

    def keep(index: int, measured: Found) -> None:
        found.append(measured)
        write_text(kept, json.dumps(records.to_json(found), indent=1) + "\n")
        print(f"{len(found)} of {phantoms} phantoms.", flush=True)

    known = {each.seed for each in found}
    wanted = [(bundle.folder, FIRST_SEED + n, n % WITHOUT != 0) for n in range(phantoms) if FIRST_SEED + n not in known]
    map_parallel(_measured, wanted, processes=workers, on_result=keep)
    return sorted(found, key=lambda each: each.seed)[:phantoms]


def _measured(wanted: tuple[Path, int, bool]) -> Found:
    folder, seed, with_fibrosis = wanted
    return measure(load(folder), phantom(seed, with_fibrosis), seed)


def without_network(lungs: Mask, made: FibrosisCT) -> dict[str, Place]:
    """Maps that anybody could draw who has the lungs alone, each but the last as large as what was planted."""
    planted, inside = made.fibrosis, np.argwhere(lungs)
    depth = np.where(lungs, ndimage.distance_transform_edt(lungs, made.spacing), np.inf)
    return {
        "blob": blob_place(lungs, planted, made.spacing, (inside.min(0) + inside.max(0)) / 2),
        "rim": even_place(smallest(depth, int(planted.sum())), planted),
        "even": even_place(lungs, planted),
    }


def estimates(found: Sequence[Found]) -> dict[str, Estimate]:
    """All numbers with their intervals over phantoms, which stand for patients."""
    planted = [each for each in found if each.places]
    truth, ml = (np.array([getattr(each, name) for each in found]) for name in ("planted_ml", "found_ml"))

    def of_places(weights: Floats) -> dict[str, Floats]:
        return of_maps([each.places for each in planted], tuple(_MAPS), weights, ("even", "blob", "rim"))

    def of_all(weights: Floats) -> dict[str, Floats]:
        share = weights / weights.sum(axis=1, keepdims=True)
        x, y = truth - (share @ truth)[:, None], ml - (share @ ml)[:, None]
        both, own, other = ((share * product).sum(axis=1) for product in (x * y, x * x, y * y))
        with np.errstate(invalid="ignore", divide="ignore"):
            fit = {"correlation": both / np.sqrt(own * other), "slope": both / own}
        similar = {what: weighted_mean([each.similarity[what] for each in found], weights) for what in SHUFFLED}
        return fit | similar

    return {
        **patient_intervals(of_places, [each.seed for each in planted]),
        **patient_intervals(of_all, [each.seed for each in found]),
    }


def plot(found: Sequence[Found], path: Path) -> None:
    """Found against planted volume, a point for each phantom."""
    from readingroom.learning.reporting.figures.style import COLORS, GRAY, canvas, drawn

    @drawn
    def figure() -> Any:
        picture = canvas()
        axes = picture.subplots()
        planted, ml = [each.planted_ml for each in found], [each.found_ml for each in found]
        end = 1.05 * max(*planted, *ml)
        axes.plot([0, end], [0, end], color=GRAY, linewidth=0.8, label="found = planted")
        axes.plot(planted, ml, "o", color=COLORS[0], label="a phantom")
        axes.set(xlabel="Planted fibrosis (mL)", ylabel=f"Suspicious lung, map at least {SUSPICIOUS:.0%} (mL)")
        axes.legend()
        return picture

    figure().savefig(path, dpi=110)


def _image(made: FibrosisCT) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(made.pixels)
    image.SetSpacing(made.spacing[::-1])
    return image


def _asked(model: Model, case: Case, context: ReadContext) -> Details:
    return ask(model, case, CT, context, None, checked=False)


def _similarity(details: Details, other: Details, lungs: Mask) -> float:
    """Spearman's rank correlation of two maps within the lungs."""
    from readingroom.readers.slice_network import margins

    where = details.prepared.of_mask(lungs)
    values = []
    for each in (details, other):
        maps = margins(each.answers.maps)
        step = [size // cells for size, cells in zip(where.shape[1:], maps.shape[1:], strict=True)]
        cells = where[:, step[0] // 2 :: step[0], step[1] // 2 :: step[1]][:, : maps.shape[1], : maps.shape[2]]
        values.append(maps[cells])
    return float(stats.spearmanr(*values).statistic)


def section(found: Sequence[Found], bundle: str) -> str:
    """The tables as Markdown."""
    numbers = estimates(found)
    planted = [each for each in found if each.places]
    most = max(each.planted_ml for each in planted)

    def text(name: str) -> str:
        return estimate_text(numbers[name])

    lines = [
        f"The bundle `{bundle}` on {len(found)} phantoms that trained nothing, {len(planted)} of them with fibrosis of "
        f"{min(each.planted_ml for each in planted):.0f} to {most:.0f} mL; written by "
        "`python -m experiments.pasc_phantom_maps`. It says whether the map points at what the network used, and "
        "nothing about patients. The reader found the lungs itself; intervals are over phantoms.",
        "",
        "| map | share of its energy inside what was planted | its maximum lies inside |",
        "| --- | --- | --- |",
        *(f"| {words} | {text(f'{name} energy')} | {text(f'{name} hit')} |" for name, words in _MAPS.items()),
        "",
        "A map that is the same everywhere has no maximum; what stands there is the chance to hit. "
        f"{_verdict(numbers)}",
        "",
        "| found against planted volume | |",
        "| --- | --- |",
        f"| correlation | {text('correlation')} |",
        f"| slope, mL found for each mL planted | {text('slope')} |",
        f"| mean volume found where nothing was planted | {_mean_without(found)} |",
        "",
        "![Found against planted volume](images/phantom-volumes.png)",
        "",
        "| weights shuffled | rank correlation with the map before |",
        "| --- | --- |",
        *(f"| {what} | {text(what)} |" for what in SHUFFLED),
    ]
    return "\n".join(lines) + "\n"


def _verdict(numbers: Mapping[str, Estimate]) -> str:
    """Whether the map is better than lungs without a network, phantom by phantom."""
    said = []
    for name, words in (
        ("even", "the lungs, evenly"),
        ("blob", "a central blob"),
        ("rim", "the lung nearest to the pleura"),
    ):
        found = numbers[f"beyond {name}"]
        interval = found.interval
        how = "not clearly more or less"
        if interval is not None and (interval.low > 0 or interval.high < 0):
            how = "more" if interval.low > 0 else "less"
        said.append(f"{how} than {words} (difference {estimate_text(found)})")
    return f"Phantom by phantom the map has inside what was planted {said[0]}, {said[1]}, and {said[2]}."


def _mean_without(found: Sequence[Found]) -> str:
    ml = [each.found_ml for each in found if not each.places]
    return f"{np.mean(ml):.0f} mL in {len(ml)} phantoms" if ml else "not known"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.pasc_phantom_maps")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the numbers of each phantom")
    parser.add_argument("--bundle", default=NAME, metavar="NAME", help="installed, or its folder")
    parser.add_argument("--phantoms", type=int, default=24, metavar="N")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="whose section on phantoms is written anew")
    parser.add_argument("--plot", type=Path, metavar="FILE.png")
    options = parser.parse_args(arguments)
    try:
        bundle = store.find(options.bundle)
        found = measure_all(bundle, options.phantoms, options.out, options.workers)
        text = section(found, bundle.metadata.name)
        if options.page is not None:
            write_text(options.page, with_section(options.page.read_text(encoding="utf-8"), PHANTOMS, text))
        if options.plot is not None:
            plot(found, options.plot)
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    from experiments.pasc_phantom_maps import main as run  # a process finds what it is to do by the name of its module

    sys.exit(run())
