"""``readingroom`` as a person types it, in this process: a process of its own would import PyTorch for each command."""

from __future__ import annotations

import contextlib
import io
import subprocess
from pathlib import Path

from readingroom import cli


def readingroom(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command; returns its exit code and what it said."""
    words, out, err = list(map(str, arguments)), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = cli.main(words)
        except SystemExit as ended:  # of argparse
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
