"""``readingroom demo``: an example radiograph with the bundle that ships."""

from __future__ import annotations

import argparse
from typing import Any

from . import read


def add(commands: Any) -> None:
    demo = commands.add_parser("demo", help="read an example radiograph with the bundle that ships")
    demo.add_argument("--out", required=True, metavar="DIR")
    demo.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    demo.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> None:
    from ..examples import chest_radiograph

    parser = argparse.ArgumentParser()
    read.add(parser.add_subparsers())
    arguments = ["read", "chest-xray", str(chest_radiograph()), "--out", options.out, "--device", options.device]
    read.run(parser.parse_args(arguments))
