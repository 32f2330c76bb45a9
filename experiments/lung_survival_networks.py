"""What networks for slices cost, and what they are worth on phantoms whose hazard is known.

    python -m experiments.lung_survival_networks --cohort TABLE --out FOLDER [--page docs/results.md] [--plot FILE.png]

The bubble chart of the paper (C-td against GFLOPs, the area of a bubble its parameters), computed and never copied.
Parameters and operations are those of a whole CT at the full size; C-td is that of heads on features of slices of the
size that ``--size`` gives, out of fold.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from readingroom.errors import ReadingRoomError
from readingroom.files import write_text
from readingroom.formatting import counted, estimate_text
from readingroom.learning.cohorts.cohort import Cohort, read_cohort
from readingroom.learning.protocols.training_protocol import TrainingProtocol, Validation, load_protocol
from readingroom.learning.reporting.figures.style import COLORS, GRAY, MARKERS, canvas, drawn
from readingroom.learning.training.train import train_bundle
from readingroom.learning.training.training_run import BundleDescription
from readingroom.networks import registry, slices
from readingroom.networks.survival_heads import CauseSpecificLayers
from readingroom.readers.lung_survival import READER
from readingroom.reading import Estimate

from .results.page import NETWORKS, with_section

BACKBONES = ("efficientnet_b0", "resnet50", "vgg16", "alexnet", "vit_base_patch16_224")
AGGREGATIONS = ("average-pooling", "soft-attention", "self-attention", "slice-transformer")
SIDE, SLICES, MONTHS, LAYERS, WIDTH = 224, 90, 24, 5, 100  # of the paper


@dataclass(frozen=True)
class Cost:
    """Of a whole CT: all parameters, those that a head on frozen features trains, and floating point operations."""

    parameters: int
    trained: int
    operations: float


@dataclass(frozen=True)
class Measured:
    """A network, how it joins slices, and C-td out of fold; None where it was not trained."""

    network: str
    aggregation: str
    cost: Cost
    c_td: Estimate | None


def cost(network: str, aggregation: str, count: int = SLICES, side: int = SIDE) -> Cost:
    """Counted on tensors without values, a multiplication and an addition as two operations."""
    head = functools.partial(CauseSpecificLayers, causes=1, months=MONTHS, layers=LAYERS, width=WIDTH)
    with torch.device("meta"):
        made = slices.create(network, MONTHS, aggregation, classifier=head)
        end = nn.ModuleList([made.aggregation, made.classifier])
        with FlopCounterMode(display=False) as of_slice:
            made.backbone(torch.zeros(1, 3, side, side))
        with FlopCounterMode(display=False) as of_end:
            made.classifier(made.aggregation(torch.zeros(1, count, registry.find(network).features)).features)
    parameters, trained = (sum(one.numel() for one in part.parameters()) for part in (made, end))
    return Cost(parameters, trained, float(count * of_slice.get_total_flops() + of_end.get_total_flops()))


def protocol(network: str, aggregation: str, size: int, count: int, epochs: int) -> TrainingProtocol:
    """A head of hazard ratios on the features of a network of random values."""
    full = load_protocol("lung-survival").with_variants("cox")
    return dataclasses.replace(
        full,
        networks=(network,),
        weights="none",
        input=dataclasses.replace(full.input, size=(size, size), slices=count, organ_crop=True),
        aggregation=aggregation,  # type: ignore[arg-type]
        optimizer=dataclasses.replace(full.optimizer, rate=1e-3),
        head_settings={"months": MONTHS, "layers": 1, "width": 32, "dropout": 0.2},
        epochs=epochs,
        patience=10,
        validation=Validation(folds=3),
    )


def measure(
    cohort: Cohort,
    out: Path,
    backbones: Sequence[str],
    joined: Sequence[str],
    trained: Collection[str],
    size: int,
    count: int,
    epochs: int,
) -> list[Measured]:
    """Train a bundle for each aggregation of the ``trained`` networks that take inputs of the size; count the others.

    Raises
    ------
    ReadingRoomError : as `train_bundle`
    """
    found = []
    for network in backbones:
        for aggregation in joined:
            c_td = None
            architecture = registry.find(network)
            if network in trained and (not architecture.fixed or architecture.side == size):
                wanted = protocol(network, aggregation, size, count, epochs)
                name = f"{network}-{aggregation}".replace("_", "-")
                bundle = train_bundle(cohort, wanted, out, name, device="cpu", workers=1, description=_DESCRIPTION)
                c_td = bundle.metadata.metrics["c_td"]
            found.append(Measured(network, aggregation, cost(network, aggregation), c_td))
            print(found[-1], flush=True)
    return found


_DESCRIPTION = BundleDescription(sources=("phantoms",), license="Apache-2.0", demonstration=True)


@drawn
def chart(found: Sequence[Measured]) -> Figure:
    """C-td with its interval against GFLOPs; the area of a bubble is the number of parameters."""
    figure = canvas(7.2, 4.6)
    axes = figure.subplots()
    joined = list(dict.fromkeys(one.aggregation for one in found))
    seen = set()
    for one in (each for each in found if each.c_td is not None):
        assert one.c_td is not None
        number = joined.index(one.aggregation)
        # Those of one network lie side by side; on the logarithmic scale by a few percent.
        place = one.cost.operations / 1e9 * 1.12 ** (number - (len(joined) - 1) / 2)
        if one.c_td.interval is not None:
            axes.plot([place] * 2, [one.c_td.interval.low, one.c_td.interval.high], color=GRAY, linewidth=1)
        axes.scatter(
            place, one.c_td.value, s=2.5e-6 * one.cost.parameters + 12, color=COLORS[number], marker=MARKERS[number],
            alpha=0.6, label=None if one.aggregation in seen else one.aggregation,
        )  # fmt: skip
        if number == 0:
            axes.annotate(
                registry.find(one.network).title, (place, 1.0), xycoords=axes.get_xaxis_transform(),
                xytext=(0, 4), textcoords="offset points", fontsize=8,
            )  # fmt: skip
        seen.add(one.aggregation)
    axes.axhline(0.5, color=GRAY, linewidth=1, linestyle=":")
    axes.margins(x=0.1)
    axes.set(xscale="log", xlabel=f"GFLOPs for a CT of {SLICES} slices", ylabel="C-td on phantoms, out of fold")
    for axis in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        axis("{x:,.0f}")
    axes.tick_params(axis="x", which="minor", labelsize=7)
    axes.legend(loc="lower right", markerscale=0.5)
    return figure


def section(found: Sequence[Measured], cohort: Cohort, size: int, count: int) -> str:
    """The table as Markdown."""
    events = sum(bool(row.event) and (row.time or 0) <= MONTHS for row in cohort.rows)
    told = [one.c_td.interval for one in found if one.c_td is not None and one.c_td.interval is not None]
    above, below = sum(one.low > 0.5 for one in told), sum(one.high < 0.5 for one in told)
    lines = [
        f"Heads on networks of random values, on {counted(len(cohort), 'phantom')} ({counted(events, 'death')} within "
        f"{MONTHS} months) of {count} slices of {size} x {size} pixels; written by `python -m "
        "experiments.lung_survival_networks`. C-td is out of fold, within the folds, with its interval over phantoms; "
        f"of {len(told)} that were trained {above} lie above 0.5 with the whole interval and {below} below it. "
        "Features that nobody trained need not order anybody; this is no ranking of networks, and says nothing about "
        "patients. Parameters and operations (two for a multiplication with its addition) are counted for "
        f"{SLICES} slices of {SIDE} x {SIDE} pixels and the head of the paper.",
        "",
        "| network | slices joined by | parameters | trained by a head | GFLOPs | C-td on phantoms |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {registry.find(one.network).title} | {one.aggregation} | {one.cost.parameters / 1e6:.1f} M | "
            f"{one.cost.trained / 1e6:.2f} M | {one.cost.operations / 1e9:,.0f} | "
            f"{'not trained' if one.c_td is None else estimate_text(one.c_td, 2)} |"
            for one in found
        ),
        "",
        "![C-td against GFLOPs](images/lung-survival-networks.png)",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.lung_survival_networks")
    parser.add_argument("--cohort", type=Path, required=True, metavar="TABLE", help="of phantoms with times and events")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the bundles")
    parser.add_argument("--studies", type=int, default=60, metavar="N", help="the first ones of the table")
    parser.add_argument("--size", type=int, default=64, metavar="PIXELS", help="edge of a slice in training")
    parser.add_argument("--slices", type=int, default=8, metavar="N", help="of each study in training")
    parser.add_argument("--epochs", type=int, default=40, metavar="N")
    parser.add_argument("--network", action="append", choices=BACKBONES, help="may be repeated; all when left out")
    parser.add_argument("--train", action="append", choices=BACKBONES, help="the same; others are only counted")
    parser.add_argument("--aggregation", action="append", choices=AGGREGATIONS, help="the same")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="the page whose section is written")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="the chart")
    options = parser.parse_args(arguments)
    try:
        table = read_cohort(options.cohort, READER.clinical)
        cohort = table.take(np.arange(min(options.studies, len(table))))
        found = measure(
            cohort, options.out, options.network or BACKBONES, options.aggregation or AGGREGATIONS,
            options.train or BACKBONES, options.size, options.slices, options.epochs,
        )  # fmt: skip
        text = section(found, cohort, options.size, options.slices)
        if options.page is not None:
            write_text(options.page, with_section(options.page.read_text(encoding="utf-8"), NETWORKS, text))
        if options.plot is not None:
            chart(found).savefig(options.plot, dpi=110)
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
