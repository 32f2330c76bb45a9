"""What networks for slices cost, and what they are worth on phantoms whose hazard is known.

    python -m experiments.lung_survival_networks --cohort TABLE --out FOLDER --weights NETWORK=FILE
        [--page docs/results.md] [--plot FILE.png]

The bubble chart of the paper (C-td against GFLOPs, the area of a bubble its parameters), computed and never copied.
Parameters and operations are those of a whole CT at the full size; C-td is that of heads on features of a few slices,
out of fold. A network for which no file of ImageNet's weights is given begins with random values, and table and chart
say so.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator
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
from readingroom.reading import Estimate, Interval

from .results.page import NETWORKS, with_section

BACKBONES = (
    "tf_mobilenetv2_100", "tf_efficientnet_lite0", "efficientnet_b0", "resnet50", "vgg16", "alexnet",
    "vit_base_patch16_224",
)  # fmt: skip
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
    """A network, how it joins slices, whether its weights are those of ImageNet (random values otherwise), and C-td out
    of fold; None where it was not trained."""

    network: str
    aggregation: str
    imagenet: bool
    cost: Cost
    c_td: Estimate | None

    @property
    def begins_with(self) -> str:
        return "ImageNet" if self.imagenet else "random values"


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
    """A head of hazard ratios on the features of a network, of random values unless a file of weights is given."""
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
    weights: Mapping[str, Path],
    size: int,
    count: int,
    epochs: int,
) -> list[Measured]:
    """Train a bundle for each aggregation of the ``trained`` networks that take inputs of the size; count the others.

    Parameters
    ----------
    weights : file of ImageNet's weights by network

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
                bundle = train_bundle(
                    cohort, wanted, out, name, weights=weights.get(network), device="cpu", workers=1,
                    description=_DESCRIPTION,
                )  # fmt: skip
                c_td = bundle.metadata.metrics["c_td"]
            found.append(Measured(network, aggregation, network in weights, cost(network, aggregation), c_td))
            print(found[-1], flush=True)
    return found


_DESCRIPTION = BundleDescription(sources=("phantoms",), license="Apache-2.0", demonstration=True)


@drawn
def chart(found: Sequence[Measured]) -> Figure:
    """C-td with its interval against GFLOPs; the area of a bubble is the number of parameters."""
    figure = canvas(7.2, 5.0)
    axes = figure.subplots()
    shown = [one for one in found if one.c_td is not None]
    joined = list(dict.fromkeys(one.aggregation for one in shown))
    for one in shown:
        assert one.c_td is not None
        number = joined.index(one.aggregation)
        # Those of one network lie side by side, on the logarithmic scale by a few percent; networks that cost the same
        # (EfficientNet-Lite0 and B0) as well, where they began with other weights.
        place = one.cost.operations / 1e9 * 1.09 ** (number - (len(joined) - 1) / 2 + (-0.25 if one.imagenet else 0.25))
        if one.c_td.interval is not None:
            axes.plot([place] * 2, [one.c_td.interval.low, one.c_td.interval.high], color=GRAY, linewidth=1, zorder=1)
        axes.scatter(
            place, one.c_td.value, s=2.5e-6 * one.cost.parameters + 20, color=COLORS[number], marker=MARKERS[number],
            facecolor=COLORS[number] if one.imagenet else "white",
        )  # fmt: skip
    _name_networks(axes, shown)
    axes.axhline(0.5, color=GRAY, linewidth=1, linestyle=":")
    axes.margins(x=0.12)
    axes.set(xscale="log", xlabel=f"GFLOPs for a CT of {SLICES} slices", ylabel="C-td on phantoms, out of fold")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # the labels of all minor ticks would lie on each other
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:,.0f}")
    kinds = list(dict.fromkeys((one.aggregation, one.imagenet) for one in shown))
    handles = [_legend_entry(name, joined.index(name), imagenet) for name, imagenet in sorted(kinds)]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _name_networks(axes: Axes, shown: Sequence[Measured]) -> None:
    """Names above the chart, on three lines by turns: networks that cost about the same lie close together."""
    operations = {one.network: one.cost.operations / 1e9 for one in shown}
    for number, (network, place) in enumerate(sorted(operations.items(), key=lambda item: item[1])):
        axes.annotate(
            registry.find(network).title.partition(" padded")[0], (place, 1.0), xycoords=axes.get_xaxis_transform(),
            xytext=(0, 6 + 13 * (2 - number % 3)), textcoords="offset points", fontsize=8, ha="center",
            arrowprops={"arrowstyle": "-", "color": GRAY, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip


def _legend_entry(aggregation: str, number: int, imagenet: bool) -> Line2D:
    begun = "weights of ImageNet" if imagenet else "random values"
    return Line2D(
        [], [], linestyle="", color=COLORS[number], marker=MARKERS[number],
        markerfacecolor=COLORS[number] if imagenet else "white", label=f"{aggregation}, {begun}",
    )  # fmt: skip


def section(found: Sequence[Measured], cohort: Cohort, size: int, count: int) -> str:
    """The table as Markdown."""
    events = sum(bool(row.event) and (row.time or 0) <= MONTHS for row in cohort.rows)
    told = [(one, one.c_td.interval) for one in found if one.c_td is not None and one.c_td.interval is not None]
    lines = [
        f"Heads on frozen networks, on {counted(len(cohort), 'phantom')} ({counted(events, 'death')} within "
        f"{MONTHS} months) of {count} slices of {size} x {size} pixels; written by `python -m "
        "experiments.lung_survival_networks`. Networks for which weights could be had learned from ImageNet, "
        "the others are of random values, hollow in the chart. C-td is out of fold, within the folds, with its "
        f"interval over phantoms. {_above(told, True)} {_above(told, False)} Features that nobody trained need not "
        "order anybody; this is no ranking of networks, and says nothing about patients. Parameters and operations "
        f"(two for a multiplication with its addition) are counted for {SLICES} slices of {SIDE} x {SIDE} pixels and "
        "the head of the paper.",
        "",
        "| network | begins with | slices joined by | parameters | trained by a head | GFLOPs | C-td on phantoms |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {registry.find(one.network).title} | {one.begins_with} | {one.aggregation} | "
            f"{one.cost.parameters / 1e6:.1f} M | {one.cost.trained / 1e6:.2f} M | {one.cost.operations / 1e9:,.0f} | "
            f"{'not trained' if one.c_td is None else estimate_text(one.c_td, 2)} |"
            for one in found
        ),
        "",
        "![C-td against GFLOPs](images/lung-survival-networks.png)",
    ]
    return "\n".join(lines) + "\n"


def _above(told: Sequence[tuple[Measured, Interval]], imagenet: bool) -> str:
    asked = [interval for one, interval in told if one.imagenet == imagenet]
    above, below = sum(one.low > 0.5 for one in asked), sum(one.high < 0.5 for one in asked)
    begun = "weights of ImageNet" if imagenet else "random values"
    return f"Of {len(asked)} with {begun}, {above} lie above 0.5 with the whole interval and {below} below it."


def _file_by_network(text: str) -> tuple[str, Path]:
    """``NETWORK=FILE`` of the command line."""
    network, equals, file = text.partition("=")
    if network not in BACKBONES or not equals:
        raise argparse.ArgumentTypeError(f"{text} is not NETWORK=FILE, with one of {', '.join(BACKBONES)}")
    return network, Path(file)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.lung_survival_networks")
    parser.add_argument("--cohort", type=Path, required=True, metavar="TABLE", help="of phantoms with times and events")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the bundles")
    parser.add_argument("--studies", type=int, default=96, metavar="N", help="the first ones of the table")
    parser.add_argument("--size", type=int, default=SIDE, metavar="PIXELS", help="edge of a slice in training")
    parser.add_argument("--slices", type=int, default=8, metavar="N", help="of each study in training")
    parser.add_argument("--epochs", type=int, default=40, metavar="N")
    parser.add_argument("--network", action="append", choices=BACKBONES, help="may be repeated; all when left out")
    parser.add_argument("--train", action="append", choices=BACKBONES, help="the same; others are only counted")
    parser.add_argument(
        "--weights", action="append", default=[], type=_file_by_network, metavar="NETWORK=FILE", help="of ImageNet"
    )
    parser.add_argument("--aggregation", action="append", choices=AGGREGATIONS, help="the same")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="the page whose section is written")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="the chart")
    options = parser.parse_args(arguments)
    try:
        table = read_cohort(options.cohort, READER.clinical)
        cohort = table.take(np.arange(min(options.studies, len(table))))
        found = measure(
            cohort, options.out, options.network or BACKBONES, options.aggregation or AGGREGATIONS,
            options.train or BACKBONES, dict(options.weights), options.size, options.slices, options.epochs,
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
