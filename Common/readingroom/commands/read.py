"""``readingroom read``: one study, its reading and its report. What it takes follows from the reader's description."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..anonymity import without
from ..bundles.store import installed, is_path
from ..engine.client import WorkerClient
from ..errors import BundleError, InputError, RefusedError
from ..files import native_name
from ..formatting import unit_text
from ..readers.base import Reader
from ..readers.description import ClinicalField, ImageRole
from ..readers.registry import find_reader, readers
from .progress_line import ProgressLine
from .terminal import say

_MOST_COMPARISONS, _MOST_SPEAKING = 12, 5  # that are printed
_MOST_PARTS = 6  # of a measurement (months of a risk); of dozens (zones of the lungs) the report has a table
_EXAM, _PRIOR = "exam-paths", "exam-prior"  # among the parsed options
_FILES = {2: "DICOM file or folder, PNG, JPEG, TIFF, NRRD or NIfTI", 3: "DICOM folder or file, NRRD or NIfTI"}


def add(commands: Any) -> None:
    read = commands.add_parser("read", help="read a study and write reading, heat maps, segments and report")
    kinds = read.add_subparsers(dest="reader", required=True, metavar="READER")
    for reader in readers().values():
        command = kinds.add_parser(reader.name, help=reader.question, description=f"{reader.title}: {reader.question}")
        _add_inputs(command, reader)
        for option in reader.options:
            key = _key(f"option-{option.name}")
            command.add_argument(f"--{option.name}", dest=key, action="store_true", help=option.help)
        command.add_argument("--out", type=Path, required=True, metavar="DIR")
        command.add_argument("--bundle", default="", metavar="NAME", help="an installed bundle, or its folder")
        command.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
        command.add_argument("--force", action="store_true", help="read on after a check that says stop")
        command.add_argument("--page-size", choices=("A4", "Letter"), default="A4")
        command.add_argument(
            "--prevalence", type=_share, metavar="P", help="0.006, say: the report tells what answers are worth there"
        )
        command.add_argument("--anonymous", action="store_true", help="write nothing that names the patient")
        command.set_defaults(run=run)


def _add_inputs(command: argparse.ArgumentParser, reader: Reader) -> None:
    """The first image is given by its place, all others by their role; then masks, then clinical facts.

    Of an exam, what is given by place is its folder or its images, which the headers tell apart.
    """
    if reader.is_exam:
        others: Sequence[ImageRole] = reader.images
        command.add_argument(
            _EXAM, nargs="*", type=Path, metavar="FOLDER|IMAGE", help="the exam: DICOM folder, or its DICOM files"
        )
        command.add_argument(
            "--prior", dest=_PRIOR, type=Path, metavar="FOLDER", help="DICOM folder of an earlier exam"
        )
    else:
        first, *others = reader.images
        command.add_argument(
            _key(first.name), type=Path, metavar="IMAGE", help=f"{first.title}: {_FILES[first.dimensions]}"
        )
    for role in others:
        command.add_argument(
            "--prior" if role.prior_of == reader.images[0].name and not reader.is_exam else f"--{role.name}",
            dest=_key(role.name),
            type=Path,
            required=role.required,
            metavar="IMAGE",
            help=f"{role.title}: {_FILES[role.dimensions]}",
        )
    if reader.masks:
        roles = "; ".join(f"{mask.name}: {mask.title}" for mask in reader.masks)
        flat = any(role.dimensions == 2 for role in reader.images)
        command.add_argument(
            "--mask",
            action="append",
            default=[],
            type=_mask,
            required=any(mask.required and not mask.grown_from_a_point for mask in reader.masks),
            metavar="ROLE=FILE",
            help=f"NRRD{', NIfTI or PNG' if flat else ' or NIfTI'}, not 0 inside; or FILE::NAME of a .seg.nrrd, DICOM "
            f"SEG or RTSTRUCT ({roles})",
        )
    if grown := [mask for mask in reader.masks if mask.grown_from_a_point]:
        roles = "; ".join(f"{mask.name}: {mask.title}" for mask in grown)
        command.add_argument(
            "--grow",
            action="append",
            default=[],
            type=_point,
            metavar="ROLE=X,Y,Z",
            help=f"grow the mask from a point in it, mm to the patient's left, back and head as in DICOM ({roles})",
        )
    for fact in reader.clinical:
        command.add_argument(
            f"--{fact.name}", dest=_key(f"clinical-{fact.name}"), default="", metavar=_metavar(fact), help=_help(fact)
        )


def run(options: argparse.Namespace) -> None:
    from .. import DEMONSTRATION
    from ..formatting import check_text, cohort_text, counted, decimal, percent, quantity_text
    from ..reading import Check, FeatureExplanation
    from ..records import from_json

    try:
        reading = _read_and_report(options)
    except RefusedError as refused:
        refused.args = (f"{refused} --force reads on.",)
        raise
    if reading["bundle"]["demonstration"]:
        say(DEMONSTRATION)
    if reading["bundle"]["banner"]:
        say(reading["bundle"]["banner"])
    for finding in reading["findings"]:
        say(f"{finding['title']}: {percent(finding['probability'])}")
    for title, parts in _by_title(reading["measurements"]).items():
        values = [(each["part"], quantity_text(each["value"], each["unit"])) for each in parts]
        if len(values) <= _MOST_PARTS:
            say(f"{title}: {', '.join(f'{part} {value}' if part else value for part, value in values)}")
    comparisons = reading["comparisons"]  # the numbers of the answer first, then those of parts and features
    for comparison in comparisons[:_MOST_COMPARISONS]:
        now, prior = (quantity_text(comparison[when], comparison["unit"]) for when in ("now", "prior"))
        say(f"{comparison['title']}: {now} now, {prior} prior")
    if more := len(comparisons[_MOST_COMPARISONS:]):
        say(f"{counted(more, 'more comparison')} {'stands' if more == 1 else 'stand'} in the report.")
    if reading["explained"] is not None:
        explained = from_json(FeatureExplanation, reading["explained"])
        said = ", ".join(f"{one.title.lower()} {percent(one.probability)}" for one in explained.answers)
        say(f"Explained beside the network: {said}.")
        for feature in explained.speaking[:_MOST_SPEAKING]:
            far = cohort_text(feature.z, feature.share_below)
            say(f"  {feature.name}, {feature.title}: {decimal(feature.contribution, 2, signed=True)} ({far})")
    for check in reading["checks"]:
        if check["status"] != "pass":
            say(f"{check['status']}: {check_text(from_json(Check, check))}")
    for note in reading["provenance"]["notes"]:
        say(f"note: {note}")
    say(f"Report: {options.out / 'report.html'}")


def _by_title(measurements: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Measurements of several parts together, any other for itself."""
    found: dict[str, list[dict[str, Any]]] = {}
    for measurement in measurements:
        found.setdefault(measurement["title"], []).append(measurement)
    return found


def _read_and_report(options: argparse.Namespace) -> dict[str, Any]:
    native_name(options.out)  # said before the work rather than after it
    reader = find_reader(options.reader)
    images = _paths(options, "", [role.name for role in reader.images])
    masks = {role: os.path.abspath(path) for role, path in _masks(options).items()}
    client = WorkerClient()
    try:
        return _read_with(client, reader, images, masks, options)
    except InputError as error:  # it may name a file that could not be opened
        if options.anonymous:
            given = [*_given(options, "", list(images)).values(), *_masks(options).values()]
            given += [*getattr(options, _EXAM, []), *filter(None, [getattr(options, _PRIOR, None)])]
            texts = [text for path in given for text in (os.path.abspath(path), str(path), *path.parts)]
            error.args = (without(texts)(str(error)),)
        raise
    finally:
        client.stop()


def _read_with(
    client: WorkerClient, reader: Reader, images: dict[str, str], masks: dict[str, str], options: argparse.Namespace
) -> dict[str, Any]:
    value = _run(
        client,
        "read",
        {
            "reader": reader.name,
            "files": {
                "images": images,
                "masks": masks,
                "points": _once(getattr(options, "grow", [])),
                "exam": [os.path.abspath(path) for path in getattr(options, _EXAM, [])],
                "prior": [os.path.abspath(path) for path in (getattr(options, _PRIOR, None),) if path],
                "clinical": _given(options, "clinical-", [fact.name for fact in reader.clinical]),
            },
            "bundle": _bundle(options.bundle) or reader.default_bundle or _only_bundle(reader),
            "device": options.device,
            "force": options.force,
            "options": [option.name for option in reader.options if getattr(options, _key(f"option-{option.name}"))],
            "out": os.path.abspath(options.out),
            "anonymous": options.anonymous,
            "report": {"formats": ["html", "pdf"], "page_size": options.page_size, "prevalence": options.prevalence},
        },
    )
    reading: dict[str, Any] = value["reading"]
    return reading


def _share(text: str) -> float:
    if not 0 < float(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return float(text)


def _given(options: argparse.Namespace, prefix: str, names: list[str]) -> dict[str, Any]:
    """What was given of these names."""
    found = {name: getattr(options, _key(prefix + name), None) for name in names}
    return {name: value for name, value in found.items() if value not in (None, "")}


def _paths(options: argparse.Namespace, prefix: str, names: list[str]) -> dict[str, str]:
    """From the root: the worker process works in a folder of its own."""
    return {name: os.path.abspath(path) for name, path in _given(options, prefix, names).items()}


def _bundle(wanted: str) -> str:
    """The name, or the folder from the root."""
    return os.path.abspath(wanted) if is_path(wanted) else wanted


def _only_bundle(reader: Reader) -> str:
    """The name of the one installed bundle of a reader that has no bundle of its own.

    Raises
    ------
    BundleError : there is none, or there are several
    """
    found = [
        entry.metadata.name
        for entry in installed()
        if entry.metadata is not None and entry.metadata.reader == reader.name
    ]
    if len(found) != 1:
        several = f"several are installed: {', '.join(found)}" if found else "none is installed yet"
        raise BundleError(f"No bundle comes with {reader.title}, and {several}. Name one: --bundle NAME_OR_FOLDER.")
    return found[0]


def _mask(text: str) -> tuple[str, Path]:
    role, separator, file = text.partition("=")
    if not (role and separator and file):
        raise argparse.ArgumentTypeError("it is not ROLE=FILE")
    return role, Path(file)


def _point(text: str) -> tuple[str, tuple[float, ...]]:
    role, _separator, numbers = text.partition("=")
    try:
        point = tuple(float(number) for number in numbers.split(","))
    except ValueError:
        point = ()
    if not role or len(point) != 3 or not all(map(math.isfinite, point)):
        raise argparse.ArgumentTypeError("it is not ROLE=X,Y,Z in mm")
    return role, point


def _masks(options: argparse.Namespace) -> dict[str, Path]:
    """The masks that were given, by role."""
    return _once(getattr(options, "mask", []))


def _once(given: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """What was given, by role.

    Raises
    ------
    InputError : two for one role
    """
    for number, (role, _) in enumerate(given):
        if role in (earlier for earlier, _ in given[:number]):
            raise InputError(f"Two masks were given for '{role}'.")
    return dict(given)


def _key(name: str) -> str:
    """A role among the parsed options; no option of our own begins so."""
    return f"input-{name}"


def _metavar(fact: ClinicalField) -> str:
    if fact.type == "choice":
        return "|".join(value for value, _ in fact.choices)
    return {"number": "NUMBER", "flag": "yes|no"}.get(fact.type, "TEXT")


def _help(fact: ClinicalField) -> str:
    within = f", {fact.low:g} to {fact.high:g} {unit_text(fact.unit)}".rstrip() if fact.type == "number" else ""
    header = "; taken from the header when left out" if fact.keyword else ""
    return f"{fact.title}{within}{header}"


def _run(client: WorkerClient, call: str, arguments: dict[str, Any]) -> Any:
    with ProgressLine() as line:
        return client.start(call, arguments).wait(line.show)
