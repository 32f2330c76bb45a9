"""Make the bundle ``cxr-nih-pneumonia`` anew: ``python -m experiments.nih_pneumonia --data DATA --out FOLDER``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from readingroom.commands.progress_line import ProgressLine
from readingroom.errors import ReadingRoomError
from readingroom.formatting import estimate_text
from readingroom.progress import Progress

from .make import NAME, full_plan, make_bundle, quick_plan


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.nih_pneumonia", description=f"Train {NAME}.")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DATA", help="the folder with cxr, cxr_nih_extra and weights"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bundle is a folder in it")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="networks trained at once")
    parser.add_argument("--quick", action="store_true", help="a few films and steps, to try it out")
    options = parser.parse_args(arguments)
    plan = (quick_plan if options.quick else full_plan)(options.data, options.out / f"{NAME}-work")
    table = options.out / f"{NAME}-out-of-fold.csv"
    try:
        with ProgressLine() as line:
            bundle = make_bundle(plan, options.out, table, options.workers, Progress(line.show))
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"AUC {estimate_text(bundle.metadata.metrics['auc'], 3)}.\nBundle: {bundle.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
