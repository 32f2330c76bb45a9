"""``readingroom weights``: published weights that are installed, as a file to begin a training with elsewhere."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .terminal import say


def add(commands: Any) -> None:
    weights = commands.add_parser("weights", help="write installed weights to a file that other computers can use")
    weights.add_argument("name", choices=("astra",), metavar="NAME", help="astra: an encoder of chest CTs")
    weights.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    weights.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from ..errors import OutputError
    from ..learning.training.network import write_installed_weights

    if options.out.suffix != ".safetensors":
        raise OutputError("Weights are written as safetensors: give a file whose name ends in .safetensors.")
    write_installed_weights(options.out)
    say(f"Weights: {options.out}")
