"""``readingroom train``: a bundle from a cohort."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bundles.network import WEIGHTINGS
from ..dicom_terms import OLDEST
from ..errors import InputError
from ..folders import no_empty_folder_stays
from ..learning.protocols.training_protocol import READERS, TrainingProtocol, load_protocol, read_protocol
from ..progress import Progress
from .progress_line import ProgressLine
from .terminal import complain, say

if TYPE_CHECKING:
    from ..bundles.bundle import Bundle
    from ..learning.cohorts.cohort import Cohort

_MODES = {
    "frozen": "Mode frozen: every study passes the network once, as it begins; then only the head is trained.",
    "fine-tune": "Mode fine-tune: a network is trained for each split.",
}
_SHOWN = 20  # rows of the table that cannot be used


def add(commands: Any) -> None:
    train = commands.add_parser("train", help="train a bundle on a cohort and evaluate it on patients it has not seen")
    train.add_argument("reader", choices=READERS, metavar="READER", help=", ".join(READERS))
    train.add_argument(
        "--cohort",
        type=Path,
        metavar="COHORT.csv",
        help="patient_id, study_id, image_frontal, label ... or image_ct, time, event ...",
    )
    train.add_argument("--out", type=Path, metavar="DIR", help="the bundle is a folder in it, with its tables beside")
    train.add_argument(
        "--positive", action="append", default=[], metavar="LABEL", help="the label that is the finding asked for"
    )
    train.add_argument(
        "--negative", action="append", default=[], metavar="LABEL", help="a label that means that nothing was found"
    )
    train.add_argument("--name", metavar="NAME", help="of the bundle; made of reader and table when left out")
    train.add_argument("--title", default="", help="what people call the bundle")
    train.add_argument("--source", action="append", default=[], help="data set, as a reader would look for it")
    train.add_argument("--license", metavar="TEXT", help="of the weights, such as CC-BY-4.0; not stated when left out")
    train.add_argument("--protocol", default="rigorous", metavar="PROTOCOL", help="rigorous, published, or a JSON file")
    train.add_argument(
        "--variant", action="append", default=[], metavar="NAME", help="of the protocol; may be repeated"
    )
    train.add_argument("--network", metavar="NAME", help="the protocol's first when left out")
    train.add_argument(
        "--weights",
        metavar="WEIGHTS",
        help="imagenet, none, a file, or the folder of a bundle to go on with; the protocol's when left out",
    )
    train.add_argument(
        "--mode",
        choices=("frozen", "fine-tune"),
        help="train a head on features that are computed once, or the network; the protocol's when left out",
    )
    train.add_argument("--epochs", type=int, metavar="N", help="the protocol's when left out")
    train.add_argument("--folds", type=int, metavar="N", help="of the cross-validation; the protocol's when left out")
    train.add_argument(
        "--replace", action="store_true", help="replace a bundle of this name that was made with another network"
    )
    train.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    train.add_argument("--devices", type=int, default=1, metavar="N", help="graphics cards that share each batch")
    train.add_argument("--nodes", type=int, default=1, metavar="N", help="computers that do; started with torchrun")
    train.add_argument("--workers", type=int, default=2, metavar="N", help="images read at once")
    train.add_argument(
        "--synthetic",
        type=Path,
        metavar="DIR",
        help="what readingroom synthesize made of this table; trained with and without",
    )
    train.add_argument("--audit", type=Path, metavar="AUDIT.json", help="its red issues go into the card")
    train.add_argument(
        "--ages", type=float, nargs=2, metavar=("LOW", "HIGH"), help="years, where the table has no column 'age'"
    )
    train.add_argument("--time-zero", default="the CT", metavar="TEXT", help="what times count from, such as 'surgery'")
    train.add_argument(
        "--weighting", choices=WEIGHTINGS, default="", help="of MR whose files have no header that tells it"
    )
    train.add_argument("--demonstration", action="store_true", help="trained on phantoms: a banner says so everywhere")
    train.add_argument("--dry-run", action="store_true", help="print the whole plan and train nothing")
    train.set_defaults(run=lambda options: _run(options, train))


def _run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    if options.dry_run:
        for planned in _plan(options).splitlines():
            say(planned)
        return
    if options.cohort is None or options.out is None:
        parser.error("give --cohort and --out, or --dry-run")
    from ..learning.training.training_tables import TrainingPaths

    name = options.name or _name(options)
    with ProgressLine() as line, no_empty_folder_stays(TrainingPaths(options.out, name).work, options.out):
        made = _train(options, name, Progress(line.show))
    if not _is_main():
        return
    metadata = made.metadata
    few = next((warning for warning in metadata.warnings if warning.startswith("Exploratory")), "")
    for name, title in (("auc", "AUC"), ("c_td", "C-td")):
        if name not in metadata.metrics:
            continue
        from ..formatting import TOO_FEW, estimate_text

        value = metadata.metrics[name]
        say(f"{title} {estimate_text(value, 3, cases=True)}. {few}".rstrip())
        if value.interval is None:
            say(TOO_FEW)
    say(f"Bundle: {made.folder}")


def _is_main() -> bool:
    """Of several processes that torchrun started, the one that says what came of it."""
    from ..learning.training.loop.processes import is_main

    return is_main()


def _train(options: argparse.Namespace, name: str, progress: Progress) -> Bundle:
    from ..learning.training.train import train_bundle
    from ..learning.training.training_run import BundleDescription

    protocol = protocol_of(options)
    return train_bundle(
        _studies(options, protocol),
        protocol,
        options.out,
        name,
        options.network,
        _weights_file(options.weights),
        options.mode,
        options.device,
        options.workers,
        progress,
        BundleDescription(
            title=options.title,
            sources=tuple(options.source) or (options.cohort.name,),
            **_license(options.license),
            time_zero=options.time_zero,
            demonstration=options.demonstration,
            ages=_ages(options.ages),
            weighting=options.weighting,
        ),
        _audit(options.audit),
        devices=options.devices,
        nodes=options.nodes,
        replace=options.replace,
        left_out=lambda sentence: complain(f"{sentence} It is left out."),
    )


def _plan(options: argparse.Namespace) -> str:
    from ..learning.cohorts.hashes import fingerprints
    from ..learning.protocols.plan import plan
    from ..learning.training.cross_validation import plan_cross_validation
    from ..learning.training.description import refuse_unreadable
    from ..learning.training.train import mode_of

    protocol = protocol_of(options)
    refuse_unreadable(protocol, protocol.networks[0])
    mode = options.mode or mode_of(protocol)
    if options.cohort is None:
        return f"{_MODES[mode]}\n\n{plan(protocol, mode=mode)}"
    cohort = _studies(options, protocol)
    hashes = fingerprints([row.image for row in cohort.rows]).pixel_hashes
    planned = plan_cross_validation(cohort, protocol, hashes, choose_epoch=mode == "fine-tune")
    splits = [split for repeat in planned.repeats for split in repeat]
    networks = splits if planned.single_network else [*splits, planned.final]
    return f"{_MODES[mode]}\n\n{plan(protocol, cohort, networks, mode=mode)}"


def _studies(options: argparse.Namespace, protocol: TrainingProtocol) -> Cohort:
    """The table, with what generators made of it where that is asked for."""
    from ..learning.synthesis.synthetic_table import with_synthetic

    cohort = cohort_of(options)
    return cohort if options.synthetic is None else with_synthetic(cohort, options.synthetic, protocol)


def protocol_of(options: argparse.Namespace) -> TrainingProtocol:
    """The protocol with what the command line says otherwise.

    Raises
    ------
    InputError : there is no such protocol or variant, or a number is not plausible
    """
    kind = options.protocol
    if kind in ("rigorous", "published"):
        protocol = load_protocol(options.reader, kind)
    else:
        protocol = read_protocol(Path(kind))
        if protocol.reader != options.reader:
            raise InputError(f"The protocol {kind} is for the reader '{protocol.reader}', not '{options.reader}'.")
    protocol = protocol.with_variants(*options.variant)
    changes: dict[str, Any] = {}
    if options.network is not None:
        changes["networks"] = (options.network, *(name for name in protocol.networks if name != options.network))
    if options.weights in ("none", "imagenet"):
        changes["weights"] = options.weights
    if options.epochs is not None:
        changes |= {"epochs": options.epochs, "least_epochs": min(protocol.least_epochs, max(options.epochs, 1))}
    if options.folds is not None and protocol.validation.kind != "k-fold":
        raise InputError(
            f"The protocol is evaluated by '{protocol.validation.kind}', which has no folds; leave --folds out."
        )
    try:
        if options.folds is not None:
            changes["validation"] = dataclasses.replace(protocol.validation, folds=options.folds)
        return dataclasses.replace(protocol, **changes)
    except ValueError as error:
        raise InputError(f"The protocol cannot be used so: {error}.") from error


def cohort_of(options: argparse.Namespace) -> Cohort:
    """The table with what was said of its labels; rows that cannot be used are said aloud."""
    from ..learning.cohorts.cohort import read_cohort
    from ..learning.cohorts.findings import stating
    from ..readers.registry import readers

    known = readers().get(options.reader)  # there are protocols for readers whose module is still to come
    cohort = read_cohort(options.cohort, known.clinical if known is not None else ())
    cohort = stating(cohort, options.positive, options.negative)
    for sentence in (*cohort.notes, *cohort.problems[:_SHOWN]):
        complain(sentence)
    if len(cohort.problems) > _SHOWN:
        complain(f"And {len(cohort.problems) - _SHOWN} more rows that cannot be used.")
    return cohort


def _weights_file(weights: str | None) -> Path | None:
    return None if weights in (None, "none", "imagenet") else Path(weights)


def _name(options: argparse.Namespace) -> str:
    from ..bundles.validation import plain_name

    return plain_name(f"{options.reader}-{options.cohort.stem}")


def _ages(given: list[float] | None) -> tuple[float, float] | None:
    """The lowest and highest age that was said.

    Raises
    ------
    InputError : people of such ages do not exist
    """
    if given is None:
        return None
    low, high = given
    if not 0 <= low <= high <= OLDEST:
        raise InputError(f"Ages of {low:g} to {high:g} years are not plausible.")
    return low, high


def _license(text: str | None) -> dict[str, str]:
    """What is known of the license of the weights: its name, and the same as the text beside them.

    Raises
    ------
    InputError : it is empty
    """
    if text is None:
        return {}
    if not text.strip():
        raise InputError("The license is empty; name one, or leave it out.")
    return {"license": text.strip(), "license_text": f"Weights: {text.strip()}."}


def _audit(path: Path | None) -> tuple[str, ...]:
    """The sentences of the red issues that ``readingroom audit`` found.

    Raises
    ------
    InputError : it is no such file
    """
    import json

    from ..regular_file import read_regular

    if path is None:
        return ()
    try:
        issues = json.loads(read_regular(path))["issues"]
        return tuple(issue["sentence"] for issue in issues if issue["severity"] == "stop")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no result of an audit: {error}.") from error
