"""The command ``readingroom``: what the panels do, on the shell and with the same words.

Exit codes: 0 done; 1 something else that the user can mend (a damaged bundle, a full disk); 2 wrong use; 3 the input
was refused (unreadable, or a ``stop`` check without ``--force``); 130 interrupted. Errors are one sentence on
standard error; what nobody foresaw has its details below, for a bug report.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from . import RESEARCH_USE, __version__
from .commands import (
    audit,
    bundles,
    cohort,
    demo,
    evaluate,
    radiomics,
    read,
    signature,
    synthesize,
    terminal,
    train,
    weights,
)
from .errors import CancelledError, EngineError, InputError, OutputError, ReadingRoomError, RefusedError
from .files import native_name

COMMANDS = (read, bundles, radiomics, signature, cohort, audit, synthesize, train, weights, evaluate, demo)
DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code (argparse itself exits with 2 for wrong use)."""
    terminal.guard()
    options = _parser().parse_args(arguments)
    try:
        for path in vars(options).values():
            if isinstance(path, Path):
                native_name(path)
        _spare_inputs(options)
        options.run(options)
    except (RefusedError, InputError) as error:
        return _failed(error, REFUSED)
    except (CancelledError, KeyboardInterrupt):  # Control-C within a call of the engine, or elsewhere
        terminal.complain("readingroom: Canceled.")
        return INTERRUPTED
    except ReadingRoomError as error:
        return _failed(error, FAILED)
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="readingroom", description=f"Read studies. {RESEARCH_USE}")
    parser.add_argument("--version", action="version", version=f"readingroom {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser


def _spare_inputs(options: argparse.Namespace) -> None:
    """Refuse to write over a file that is read."""
    given = {**vars(options)}
    out = given.pop("out", None)
    for value in given.values():
        if out is None or not isinstance(value, str | Path):
            continue
        with contextlib.suppress(OSError, ValueError):  # one of them is not there, or is no name of a file
            if Path(out).is_file() and Path(out).samefile(str(value).partition("::")[0]):
                raise OutputError(f"{out} is read; choose another name for what is written.")


def _failed(error: ReadingRoomError, code: int) -> int:
    terminal.complain(f"readingroom: {error}")
    if isinstance(error, EngineError) and error.detail:
        print(error.detail, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
