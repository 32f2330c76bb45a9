"""``readingroom read``: one study, its reading and its report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..engine.client import InProcessClient
from ..readers import READERS
from .progress_line import ProgressLine


def add(commands: Any) -> None:
    read = commands.add_parser("read", help="read a study and write reading, heat map, segments and report")
    read.add_argument("reader", choices=sorted(READERS), metavar="READER", help=", ".join(sorted(READERS)))
    read.add_argument("image", type=Path, metavar="IMAGE", help="DICOM file or folder, PNG, JPEG, NRRD or NIfTI")
    read.add_argument("--out", type=Path, required=True, metavar="DIR")
    read.add_argument("--bundle", default="", metavar="NAME", help="an installed bundle, or its folder")
    read.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    read.add_argument("--force", action="store_true", help="read on after a check that says stop; the report says so")
    read.add_argument("--page-size", choices=("A4", "Letter"), default="A4")
    read.add_argument("--anonymous", action="store_true", help="leave out of the report what names the patient")
    read.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from ..formatting import percent

    reading = _read_and_report(options)
    for finding in reading["findings"]:
        print(f"{finding['title']}: {percent(finding['probability'])}")
    for check in reading["checks"]:
        if check["status"] != "pass":
            print(f"{check['status']}: {check['sentence']}")
    for note in reading["provenance"]["notes"]:
        print(f"note: {note}")
    print(f"Report: {options.out / 'report.html'}")


def _read_and_report(options: argparse.Namespace) -> dict[str, Any]:
    from ..imaging.open import open_study

    client = InProcessClient()
    study = open_study(options.image)
    value = _run(
        client,
        "read",
        {
            "reader": options.reader,
            "study": study.to_json(),
            "bundle": options.bundle or READERS[options.reader].default_bundle,
            "device": options.device,
            "force": options.force,
            "out": str(options.out),
        },
    )
    _run(
        client,
        "report",
        {
            "reading": value["reading"],
            "reading_folder": value["folder"],
            "out": str(options.out),
            "formats": ["html", "pdf"],
            "page_size": options.page_size,
            "anonymous": options.anonymous,
        },
    )
    reading: dict[str, Any] = value["reading"]
    return reading


def _run(client: InProcessClient, call: str, arguments: dict[str, Any]) -> Any:
    with ProgressLine() as line:
        return client.start(call, arguments).wait(line.show)
