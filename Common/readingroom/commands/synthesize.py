"""``readingroom synthesize``: synthetic pictures of a finding, for the training of networks alone."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..learning.protocols.training_protocol import READERS
from ..progress import Progress
from .progress_line import ProgressLine
from .terminal import complain, say
from .train import cohort_of, protocol_of


def add(commands: Any) -> None:
    command = commands.add_parser(
        "synthesize",
        help="make synthetic pictures of a finding, a generator for each fold of a training",
        description="Trains one generator on the training rows of each split that `readingroom train` makes of the "
        "same table and protocol, and writes what it makes as DICOM files that say so, with synthetic.csv, a sheet of "
        "each and synthetic.html.",
    )
    command.add_argument("reader", choices=READERS, metavar="READER", help="whose pictures are made")
    command.add_argument("--cohort", type=Path, required=True, metavar="COHORT.csv", help="real studies with labels")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="for readingroom train --synthetic DIR")
    command.add_argument("--positive", action="append", default=[], metavar="LABEL", help="the finding that is made")
    command.add_argument("--negative", action="append", default=[], metavar="LABEL", help="the other label")
    command.add_argument("--generator", choices=("diffusion", "gan"), default="diffusion", help="its kind")
    command.add_argument("--preset", default="small", metavar="NAME", help="trial, small (the default) or 256")
    command.add_argument(
        "--pictures", type=int, metavar="N", help="of each generator; as many as it learned from when left out"
    )
    command.add_argument("--protocol", default="rigorous", metavar="PROTOCOL", help="that of the training to come")
    command.add_argument("--variant", action="append", default=[], metavar="NAME", help="of the protocol")
    command.add_argument("--folds", type=int, metavar="N", help="of the training to come")
    command.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    command.set_defaults(run=_run, network=None, weights=None, epochs=None)


def _run(options: argparse.Namespace) -> None:
    from ..learning.synthesis.page import HEADERS, cells
    from ..learning.synthesis.synthesize import PAGE, synthesize

    with ProgressLine() as line:
        made = synthesize(
            cohort_of(options),
            protocol_of(options),
            options.out,
            options.generator,
            options.preset,
            options.pictures,
            options.device,
            Progress(line.show),
            left_out=lambda sentence: complain(f"{sentence} It is left out."),
        )
    for each in made:
        told = zip(HEADERS[1:], cells(each.quality, each.record.split)[1:], strict=True)
        say(f"{each.record.split}: {'; '.join(f'{name} {value}' for name, value in told)}")
    say(f"{options.out / PAGE}")
