"""Do the weights of Lung Survival find the slices with the tumor? Asked of phantoms that trained nothing.

    python -m experiments.lung_survival_attention --out FOLDER [--bundle NAME] [--page docs/results.md]

The reader reads each phantom as it reads a CT: it finds the lungs, chooses the slices, asks the network. The weights of
the slices are held against those that the planted tumor reaches, the map against the tumor's mask. Then the weights of
the network are shuffled, and neither should find anything.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from readingroom import records
from readingroom.bundles import paths, store
from readingroom.bundles.bundle import Bundle, load
from readingroom.bundles.metadata import SurvivalMetadata
from readingroom.errors import ReadingRoomError
from readingroom.files import make_folder, write_text
from readingroom.formatting import estimate_text
from readingroom.metrics.bootstrap import patient_intervals, weighted_mean
from readingroom.parallel import map_parallel
from readingroom.phantoms.lung_cancer_ct import LungCancerCT, true_incidence
from readingroom.progress import Progress
from readingroom.readers.base import ReadContext
from readingroom.readers.lung_survival import CT, READER, Details, Model, ask
from readingroom.readers.lung_survival_answer import raised, risks_of
from readingroom.readers.survival_network import heaviest_slices
from readingroom.reading import Estimate
from readingroom.study import Study, StudyImage

from .lung_survival_phantoms import NAME, TESTED_SEED, image_of, phantom
from .phantom_maps import shuffled
from .results.page import ATTENTION, with_section

Floats = NDArray[np.float64]

_TOLD = {"network": "the network", "attention": "the layer of the weights shuffled", "all": "all layers shuffled"}


@dataclass(frozen=True)
class Found:
    """What one network made of one phantom.

    Parameters
    ----------
    weight : share of the weight on slices that the tumor reaches
    hit : 1 where the heaviest slice is one of them
    energy : share of the map within the lungs, on the slices that carry half of the weight, that lies in the tumor
    inside : 1 where the maximum of that map does
    risk : at the last month
    """

    weight: float
    hit: float
    energy: float
    inside: float
    risk: float


@dataclass(frozen=True)
class Measured:
    """One phantom. ``even`` is the share of its slices that the tumor reaches: what equal weights have on them, and how
    often chance hits one; ``even_energy`` the tumor's share of the lungs on the slices that it reaches."""

    seed: int
    tumor_ml: float
    true_risk: float
    even: float
    even_energy: float
    networks: Mapping[str, Found]


def measure(bundle: Bundle, made: LungCancerCT, seed: int) -> Measured:
    """Read a phantom with the bundle, and with its weights shuffled."""
    import torch

    context = ReadContext(bundle, torch.device("cpu"), Progress())
    metadata = bundle.of_kind(SurvivalMetadata)
    model = READER.load_model(bundle, context.device)
    image = StudyImage(CT, modality="CT", pixels=image_of(made, made.pixels))
    case = READER.load(Study((image,)))
    found = {}
    for name in _TOLD:
        details = ask(_shuffled(model, name, seed), case, CT, context, None, explainable=True, checked=False)
        reached = np.asarray(details.prepared.of_mask(made.tumor).any(axis=(1, 2)))
        found[name] = _found(details, made, reached, metadata)
    lungs = (details.lungs.lungs.both | made.tumor)[made.tumor.any(axis=(1, 2))]
    return Measured(
        seed,
        made.tumor_ml,
        float(true_incidence(made.log_hazard, np.array(metadata.months[-1:]))[0]),
        float(reached.mean()),
        float(made.tumor.sum() / lungs.sum()),
        found,
    )


def _found(details: Details, made: LungCancerCT, reached: NDArray[np.bool_], metadata: SurvivalMetadata) -> Found:
    answers = details.answers
    weights = answers.weights
    energy = inside = 0.0
    if answers.maps is not None:
        heat = details.prepared.to_volume(raised(answers, heaviest_slices(weights)))
        heat = np.where(details.lungs.lungs.both | made.tumor, heat, 0)
        energy = float(heat[made.tumor].sum() / max(float(heat.sum()), 1e-12))
        inside = float(made.tumor.flat[int(heat.argmax())])
    risk = float(risks_of(metadata, answers.logits)[0].values[-1])
    return Found(float(weights[reached].sum()), float(reached[int(weights.argmax())]), energy, inside, risk)


def _shuffled(model: Model, what: str, seed: int) -> Model:
    """With a copy of the network, see `phantom_maps.shuffled`."""
    if what == "network":
        return model
    part = model.network.aggregation if what == "attention" else None
    return dataclasses.replace(model, network=shuffled(model.network, seed, part))


def measure_all(bundle: Bundle, phantoms: int, out: Path, coarse: float = 1.0, workers: int = 1) -> list[Measured]:
    """Every phantom; what an earlier run with the same weights has left in ``out`` is not measured again."""
    make_folder(out)
    kept = out / f"attention-{bundle.files[paths.WEIGHTS][:12]}.json"
    found: list[Measured] = []
    if kept.is_file():
        found = [records.from_json(Measured, each) for each in json.loads(kept.read_text(encoding="utf-8"))]

    def keep(index: int, measured: Measured) -> None:
        found.append(measured)
        write_text(kept, json.dumps(records.to_json(found), indent=1) + "\n")
        print(f"{len(found)} of {phantoms} phantoms.", flush=True)

    known = {each.seed for each in found}
    seeds = [TESTED_SEED + number for number in range(phantoms)]
    wanted = [(bundle.folder, seed, coarse) for seed in seeds if seed not in known]
    map_parallel(_measured, wanted, processes=workers, on_result=keep)
    return sorted(found, key=lambda each: each.seed)[:phantoms]


def _measured(wanted: tuple[Path, int, float]) -> Measured:
    folder, seed, coarse = wanted
    return measure(load(folder), phantom(seed, coarse), seed)


def estimates(measured: Sequence[Measured]) -> dict[str, Estimate]:
    """All numbers with their intervals over phantoms, which stand for patients."""
    truth = np.array([each.true_risk for each in measured])

    def values(weights: Floats) -> dict[str, Floats]:
        found = {
            "even": weighted_mean([each.even for each in measured], weights),
            "even energy": weighted_mean([each.even_energy for each in measured], weights),
        }
        share = weights / weights.sum(axis=1, keepdims=True)
        for name in _TOLD:
            of = [each.networks[name] for each in measured]
            for what in ("weight", "hit", "energy", "inside"):
                found[f"{name} {what}"] = weighted_mean([getattr(each, what) for each in of], weights)
            beyond = [each.weight - one.even for each, one in zip(of, measured, strict=True)]
            found[f"{name} beyond even"] = weighted_mean(beyond, weights)
            risk = np.array([each.risk for each in of])
            x, y = truth - (share @ truth)[:, None], risk - (share @ risk)[:, None]
            both, own, other = ((share * product).sum(axis=1) for product in (x * y, x * x, y * y))
            with np.errstate(invalid="ignore", divide="ignore"):
                found[f"{name} correlation"] = both / np.sqrt(own * other)
        return found

    return patient_intervals(values, [each.seed for each in measured])


def section(measured: Sequence[Measured], bundle: str) -> str:
    """The tables as Markdown."""
    numbers = estimates(measured)

    def row(words: str, names: Sequence[str]) -> str:
        return f"| {words} | {' | '.join(estimate_text(numbers[name]) if name else '' for name in names)} |"

    columns = ("weight", "hit", "energy", "inside", "correlation")
    ml = [each.tumor_ml for each in measured]
    lines = [
        f"The bundle `{bundle}` on {len(measured)} phantoms that trained nothing, with tumors of {min(ml):.0f} to "
        f"{max(ml):.0f} mL; written by `python -m experiments.lung_survival_attention`. It says whether weights and "
        "map point at what was planted, and nothing about patients. The reader found the lungs itself; intervals are "
        "over phantoms.",
        "",
        "| network | share of the weight on slices that the tumor reaches | the heaviest slice is one | share of the "
        "map's energy inside the tumor | its maximum lies inside | correlation of risk and true risk |",
        "| --- | --- | --- | --- | --- | --- |",
        *(row(words, [f"{name} {column}" for column in columns]) for name, words in _TOLD.items()),
        row("all slices alike, the lungs evenly", ["even", "even", "even energy", "even energy", ""]),
        "",
        "Beyond equal weights, phantom by phantom: "
        + "; ".join(
            f"{words} {estimate_text(numbers[f'{name} beyond even'], signed=True)}" for name, words in _TOLD.items()
        )
        + ". The map is that of the slices which carry half of the weight, within the lungs; the last row is the "
        "tumor's share of the lungs on the slices that it reaches.",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.lung_survival_attention")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the numbers of each phantom")
    parser.add_argument("--bundle", default=NAME, metavar="NAME", help="installed, or its folder")
    parser.add_argument("--phantoms", type=int, default=60, metavar="N")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="whose section on these phantoms is written anew")
    options = parser.parse_args(arguments)
    try:
        bundle = store.find(options.bundle)
        text = section(
            measure_all(bundle, options.phantoms, options.out, workers=options.workers), bundle.metadata.name
        )
        if options.page is not None:
            write_text(options.page, with_section(options.page.read_text(encoding="utf-8"), ATTENTION, text))
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    from experiments.lung_survival_attention import main as run  # a process finds its work by the name of its module

    sys.exit(run())
