"""Make the bundle ``cxr-lungs`` anew.

    python -m experiments.cxr_lungs --data DATA --out FOLDER [--page docs/results.md]

Half an hour on one core of 2024 alone. What is finished lies in the out folder, so that a broken run goes on where it
stopped, and more epochs go on from fewer; change anything else of the recipe and you need an empty one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from readingroom.commands.progress_line import ProgressLine
from readingroom.errors import ReadingRoomError
from readingroom.files import write_text
from readingroom.progress import Progress

from ..results.page import FILM_LUNGS, with_section
from .card import section
from .make import make_bundle
from .train import Recipe

_EACH_WHEN_QUICK = 40


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.cxr_lungs", description="Train cxr-lungs.")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DATA", help="with cxr_kermany, cxr_cohen_annotations and cxr"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bundle is a folder in it")
    parser.add_argument("--epochs", type=int, default=Recipe.epochs, metavar="N")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="whose section on these lungs is written anew")
    parser.add_argument("--quick", action="store_true", help="a few films, to try it out")
    options = parser.parse_args(arguments)
    recipe = replace(Recipe(), epochs=options.epochs)
    try:
        with ProgressLine() as line:
            every = _EACH_WHEN_QUICK if options.quick else 1
            made = make_bundle(options.data, options.out, recipe, Progress(line.show), every)
        text = section(made.children, made.adults)
        if options.page is not None:
            write_text(options.page, with_section(options.page.read_text(encoding="utf-8"), FILM_LUNGS, text))
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{text}\nBundle: {made.bundle.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
