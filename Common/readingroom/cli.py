"""The command ``readingroom``: what the panels do, on the shell and with the same words.

Exit codes: 0 done; 1 something else that the user can mend (a damaged bundle, a full disk); 2 wrong use; 3 the input
was refused (unreadable, or a ``stop`` check without ``--anyway``); 130 interrupted. Errors are one sentence on
standard error; what nobody foresaw has its details below, for a bug report.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import RESEARCH_USE, __version__
from .engine.client import InProcessClient
from .engine.progress import Progress
from .errors import CancelledError, EngineError, InputError, ReadingRoomError, RefusedError
from .readers import READERS

if TYPE_CHECKING:
    from .radiomics.settings import Settings

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code (argparse itself exits with 2 for wrong use)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a pipe may know fewer letters than the names of files have
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (RefusedError, InputError) as error:
        return _failed(error, REFUSED)
    except (CancelledError, KeyboardInterrupt):  # Control-C within a call of the engine, or elsewhere
        print("readingroom: Cancelled.", file=sys.stderr)
        return INTERRUPTED
    except ReadingRoomError as error:
        return _failed(error, FAILED)
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="readingroom", description=f"Read studies. {RESEARCH_USE}")
    parser.add_argument("--version", action="version", version=f"readingroom {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_read(commands)
    _add_bundles(commands)
    _add_radiomics(commands)
    demo = commands.add_parser("demo", help="read an example radiograph with the bundle that ships")
    demo.add_argument("--out", type=Path, required=True, metavar="DIR")
    demo.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    demo.set_defaults(run=_demo)
    return parser


def _add_read(commands: Any) -> None:
    read = commands.add_parser("read", help="read a study and write reading, heat map, segments and report")
    read.add_argument("reader", choices=sorted(READERS), metavar="READER", help=", ".join(sorted(READERS)))
    read.add_argument("image", type=Path, metavar="IMAGE", help="DICOM file or folder, PNG, JPEG, NRRD or NIfTI")
    read.add_argument("--out", type=Path, required=True, metavar="DIR")
    read.add_argument("--bundle", default="", metavar="NAME", help="an installed bundle, or its folder")
    read.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    read.add_argument("--anyway", action="store_true", help="read on after a check that says stop; the report says so")
    read.add_argument("--page-size", choices=("A4", "Letter"), default="A4")
    read.add_argument("--anonymous", action="store_true", help="leave out of the report what names the patient")
    read.set_defaults(run=_read)


def _add_bundles(commands: Any) -> None:
    bundles = commands.add_parser("bundles", help="list, verify, install and remove bundles")
    actions = bundles.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="what is installed").set_defaults(run=_list_bundles)
    verify = actions.add_parser("verify", help="check the hashes and the contents of a bundle folder")
    verify.add_argument("path", type=Path, metavar="PATH")
    verify.set_defaults(run=_verify_bundle)
    install = actions.add_parser("install", help="install a bundle from a folder, a zip, or the catalogue")
    install.add_argument("path", metavar="PATH", help="a folder, a zip, or the name of a bundle in the catalogue")
    install.add_argument("--catalogue", type=Path, metavar="FILE", help="another catalogue, such as a hospital's own")
    install.add_argument("--replace", action="store_true", help="take the place of an installed bundle of that name")
    install.set_defaults(run=_install_bundle)
    remove = actions.add_parser("remove", help="remove an installed bundle")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(run=_remove_bundle)


def _add_radiomics(commands: Any) -> None:
    radiomics = commands.add_parser("radiomics", help="measure segmented regions: shape, gray values and texture")
    radiomics.add_argument("image", type=Path, nargs="?", metavar="IMAGE", help="NRRD, NIfTI or DICOM")
    radiomics.add_argument("mask", type=Path, nargs="?", metavar="MASK", help="labels, 0 outside the regions")
    radiomics.add_argument("--cohort", type=Path, metavar="COHORT.csv", help="columns patient_id, image, mask[, label]")
    radiomics.add_argument("--out", type=Path, required=True, metavar="TABLE.csv")
    radiomics.add_argument("--label", type=int, metavar="N", help="which region; needed where the mask has several")
    radiomics.add_argument("--settings", type=Path, metavar="FILE", help="a PyRadiomics parameter file, YAML or JSON")
    radiomics.add_argument("--engine", choices=("readingroom", "pyradiomics"), default="readingroom")
    radiomics.add_argument("--processes", type=int, metavar="N", help="of a cohort; default: one per processor")
    radiomics.set_defaults(run=lambda options: _radiomics(options, radiomics))


def _radiomics(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    import dataclasses

    from .radiomics.settings import Settings, read_settings

    if (options.cohort is None) == (options.image is None) or (options.image is None) != (options.mask is None):
        parser.error("give IMAGE and MASK, or --cohort")
    settings = Settings() if options.settings is None else read_settings(options.settings)
    if options.label is not None:
        settings = dataclasses.replace(settings, label=options.label)
    with _ProgressLine() as line:
        if options.cohort is not None:
            _measure_cohort(options, settings, Progress(line.show))
        else:
            _measure_region(options, settings, Progress(line.show))


def _measure_region(options: argparse.Namespace, settings: Settings, progress: Progress) -> None:
    from .radiomics.engines import measure_with
    from .radiomics.files import read_image

    features = measure_with(options.engine, read_image(options.image), read_image(options.mask), settings, progress)
    features.write(options.out)
    for note in features.notes:
        print(note)
    print(f"{len(features.values)} features: {options.out}")


def _measure_cohort(options: argparse.Namespace, settings: Settings, progress: Progress) -> None:
    from .radiomics.cohort import measure_cohort

    summary = measure_cohort(options.cohort, options.out, settings, options.engine, options.processes, progress)
    print(f"{summary.measured} studies measured, {summary.failed} not (see the column problem): {options.out}")


def _read(options: argparse.Namespace) -> None:
    reading = _read_and_report(options)
    for finding in reading["findings"]:
        print(f"{finding['title']}: {100 * finding['probability']:.0f} %")
    for check in reading["checks"]:
        if check["status"] != "pass":
            print(f"{check['status']}: {check['sentence']}")
    for note in reading["provenance"]["notes"]:
        print(f"note: {note}")
    print(f"Report: {options.out / 'report.html'}")


def _demo(options: argparse.Namespace) -> None:
    from .examples import chest_radiograph

    arguments = ["read", "chest-xray", str(chest_radiograph()), "--out", str(options.out), "--device", options.device]
    _read(_parser().parse_args(arguments))


def _read_and_report(options: argparse.Namespace) -> dict[str, Any]:
    from .imaging.open import open_study

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
            "anyway": options.anyway,
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
    with _ProgressLine() as line:
        return client.start(call, arguments).wait(line.show)


class _ProgressLine:
    """One line on a terminal that is written over; silent when standard error is a file."""

    def __enter__(self) -> _ProgressLine:
        self._terminal = sys.stderr.isatty()
        return self

    def show(self, fraction: float, sentence: str) -> None:
        filled = round(20 * fraction)
        self._write(f"[{'#' * filled}{'.' * (20 - filled)}] {sentence}")

    def __exit__(self, *_: object) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1  # a longer line would wrap and stay
            print(f"\r{text[:width]:<{width}}\r", end="", file=sys.stderr, flush=True)


def _failed(error: ReadingRoomError, code: int) -> int:
    print(f"readingroom: {error}", file=sys.stderr)
    if isinstance(error, EngineError) and error.detail:
        print(error.detail, file=sys.stderr)
    return code


def _list_bundles(options: argparse.Namespace) -> None:
    from .bundles.store import installed

    for entry in installed():
        where = "shipped" if entry.shipped else str(entry.folder)
        if entry.metadata is None:
            print(f"{entry.name}  DAMAGED: {entry.problem}  ({where})")
        else:
            print(f"{entry.name} {entry.metadata.version}  {entry.metadata.title}  ({where})")


def _verify_bundle(options: argparse.Namespace) -> None:
    from .bundles.bundle import load

    bundle = load(options.path)
    print(f"{bundle.metadata.name} {bundle.metadata.version} is whole and safe to load ({len(bundle.files)} files).")


def _install_bundle(options: argparse.Namespace) -> None:
    from .bundles import catalogue, download
    from .bundles.store import install

    path = Path(options.path)
    if path.exists() or len(path.parts) > 1 or path.suffix:
        bundle = install(path, replace=options.replace)
    else:
        entry = catalogue.find(options.path, options.catalogue)
        with _ProgressLine() as line:
            bundle = download.install(entry, line.show, replace=options.replace)
    print(f"Installed {bundle.metadata.name} {bundle.metadata.version} in {bundle.folder}.")


def _remove_bundle(options: argparse.Namespace) -> None:
    from .bundles.store import remove

    remove(options.name)
    print(f"Removed {options.name}.")


if __name__ == "__main__":
    sys.exit(main())
