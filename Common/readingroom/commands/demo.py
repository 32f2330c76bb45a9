"""``readingroom demo``: an example radiograph with the bundle that ships."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from . import read


def add(commands: Any) -> None:
    demo = commands.add_parser("demo", help="read an example radiograph with the bundle that ships")
    demo.add_argument("--out", type=Path, required=True, metavar="DIR")
    demo.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    demo.set_defaults(run=_demo, reader="chest-xray", bundle="", force=False, page_size="A4", anonymous=False)


def _demo(options: argparse.Namespace) -> None:
    from ..examples import chest_radiograph

    options.image = chest_radiograph()
    read.run(options)
