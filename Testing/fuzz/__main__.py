"""``python -m fuzz --minutes 60``: every driver for its share of the time, then the worst files, as tables."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # said before numpy is imported
    os.environ.setdefault(threads, "1")

from . import bundles, driver, images, kills, tables, worker_lines, worst_files  # noqa: E402
from .guarded import guarded  # noqa: E402

DRIVERS = (
    images.DICOM,
    images.PICTURES,
    images.VOLUMES,
    bundles.BUNDLES,
    bundles.ZIPS,
    tables.TABLES,
    worker_lines.WORKER_LINES,
)
KILLS = (kills.READ, kills.COHORT, kills.INSTALL)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="for all drivers together")
    parser.add_argument(
        "--first", type=int, default=0, help="number of the first input; the same number, the same input"
    )
    parser.add_argument("--count", type=int, help="so many inputs of each driver, in place of minutes")
    parser.add_argument("--only", nargs="+", metavar="DRIVER", help="drivers, or 'worst' for the worst files")
    options = parser.parse_args()
    wanted = options.only or [each.name for each in (*DRIVERS, *KILLS)] + ["worst"]
    each_minutes = None if options.count else options.minutes / max(1, len(set(wanted) - {"worst"}))
    faults = 0
    print("| what | command | tried | read | refused | faults | longest | most memory |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    runs: list[tuple[str, str, Callable[..., driver.Tally]]] = [
        *((each.name, each.title, lambda *rest, each=each: driver.run(each, *rest)) for each in DRIVERS),
        *((each.name, each.title, lambda *rest, each=each: kills.run(each, *rest)) for each in KILLS),
    ]
    for name, title, run in runs:
        if name not in wanted:
            continue
        tally = run(options.first, options.count, each_minutes)
        command = f"`python -m fuzz --only {name} --first {options.first} --count {tally.tried}`"
        print(
            f"| {title} | {command} | {tally.tried} | {tally.read} | {tally.refused} | {len(tally.faults)} "
            f"| {tally.seconds:.1f} s | {f'{tally.bytes / 2**20:.0f} MB' if tally.bytes else ''} |",
            flush=True,
        )
        faults += len(tally.faults)
    if "worst" in wanted:
        faults += _worst_files()
    return 1 if faults else 0


def _worst_files() -> int:
    print(
        "\n| file | size | outcome | time | memory | what is said |\n| --- | --- | --- | --- | --- | --- |", flush=True
    )
    faults = 0
    for title, each in worst_files.cases():
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            case = each.case(random.Random(0), Path(folder))
            outcome = guarded(case.work, each.seconds, each.bytes)
        said = outcome.said.strip().splitlines()[-1] if outcome.said.strip() else ""
        print(
            f"| {title} | {case.name} | {outcome.kind} | {outcome.seconds:.1f} s | {outcome.bytes / 2**20:.0f} MB "
            f"| {said.replace('|', '/')[:160]} |",
            flush=True,
        )
        if not outcome.held:
            faults += 1
            print(f"FAULT {title}: {outcome.kind}: {outcome.said}", file=sys.stderr, flush=True)
    return faults


if __name__ == "__main__":
    sys.exit(main())
