"""Make the bundle ``cxr-pneumonia-children`` anew, with its table of answers out of fold beside it.

python -m experiments.pneumonia_children --data DATA --weights FILE.safetensors --out FOLDER [--ship SHIPPED]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from readingroom.bundles.bundle import load
from readingroom.commands.progress_line import ProgressLine
from readingroom.errors import ReadingRoomError
from readingroom.progress import Progress

from .make import NAME, describe, films, out_of_fold, train_both


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.pneumonia_children", description=f"Train {NAME}.")
    parser.add_argument("--data", type=Path, required=True, metavar="DATA", help="the folder with cxr_kermany")
    parser.add_argument(
        "--weights", type=Path, required=True, metavar="FILE.safetensors", help="see efficientnet_lite0_weights"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="trained bundles and their tables")
    parser.add_argument("--ship", type=Path, required=True, metavar="DIR", help="for the described bundle")
    options = parser.parse_args(arguments)
    try:
        with ProgressLine() as line:
            train_both(options.data, options.weights, options.out, Progress(line.show))
        made = describe(load(options.out / NAME), out_of_fold(options.out), films(options.data), options.ship)
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Bundle: {made.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
