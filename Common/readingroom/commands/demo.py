"""``readingroom demo``: the example radiographs, each with the bundle that ships for its patient."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from . import read


def add(commands: Any) -> None:
    demo = commands.add_parser("demo", help="read an adult's and a child's radiograph, with bundles that ship")
    demo.add_argument("--out", required=True, metavar="DIR")
    demo.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    demo.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> None:
    from ..examples import EXAMPLES

    parser = argparse.ArgumentParser()
    read.add(parser.add_subparsers())
    for example in EXAMPLES:
        out = str(Path(options.out) / example.name)
        arguments = ["read", example.reader, str(example.path), "--out", out, "--device", options.device]
        read.run(parser.parse_args([*arguments, *(["--bundle", example.bundle] if example.bundle else [])]))
