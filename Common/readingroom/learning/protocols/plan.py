"""What a protocol will do, in words, before anything is computed."""

from __future__ import annotations

import importlib.util
import math
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import torch

from ...formatting import counted
from ...networks import registry
from ...radiomics import handcrafted
from ..cohorts.cohort import Cohort
from ..cohorts.findings import split_label
from ..cohorts.splits import Rows, Split
from ..cohorts.time_to_event import is_timed
from ..training.heads import outcome_of
from ..training.network import make_network
from ..training.question import outputs_of
from .training_protocol import JOINS_ANSWERS, Change, Explained, TrainingProtocol

_WIDTH, _COLUMN = 110, 26
_Lines = list[tuple[str, str, str]]  # what, how, and the dotted field that it comes from


def plan(
    protocol: TrainingProtocol,
    cohort: Cohort | None = None,
    splits: Sequence[Split] = (),
    outputs: int = 0,
    mode: Literal["frozen", "fine-tune"] = "fine-tune",
) -> str:
    """The whole plan as text, for the shell.

    Parameters
    ----------
    cohort, splits : what it would be done with, if known: the rows of each part are then counted
    outputs : of the network; 0 for as many as the cohort has classes, or two
    mode : ``frozen`` trains a head on kept features: no epochs, no augmentation, and what a protocol says of them
        does not count

    Raises
    ------
    InputError : a network of the protocol does not read its kind of image
    BundleError : there is no such network
    SetupError : torch, timm or MONAI is not installed
    """
    outputs, frozen = outputs or outputs_of(protocol, cohort), mode == "frozen"
    sections: list[tuple[str, _Lines]] = [
        ("Network", _network(protocol, outputs, frozen)),
        ("Input", _input(protocol, frozen)),
        *([] if frozen else [("Augmentation", _augmentation(protocol))]),
        ("Training", _training_of_head(protocol) if frozen else _training(protocol)),
        ("Evaluated on", _validation(protocol, frozen)),
        *([("Explained features", _explained(protocol.explained))] if protocol.explained is not None else []),
    ]
    parts = [f"{protocol.title}\n" + _filled(f"{protocol.name}: {protocol.source}", "", "")]
    parts += [f"{title}\n" + "\n".join(_written(protocol, lines)) for title, lines in sections]
    if cohort is not None:
        parts.append("Cohort\n" + "\n".join(_cohort(protocol, cohort, splits, frozen)))
    fitted = (_FITTED_HEAD if frozen else _FITTED_NETWORK) + _FITTED
    parts.append("Fitted on what\n" + "\n".join(_item(text) for text in fitted))
    if missing := _missing(protocol, frozen):
        parts.append("Not there yet\n" + "\n".join(_item(text) for text in missing))
    if protocol.facts:
        parts.append("What the paper says besides\n" + "\n".join(_facts(protocol)))
    if protocol.flaws:
        parts.append(f"Flaws of the paper ({len(protocol.flaws)})\n" + "\n".join(_flaws(protocol)))
    return "\n\n".join(parts) + "\n"


# The same for every protocol: this is what keeps the numbers honest.
_FITTED_NETWORK = (
    "Weights, and mean and deviation of the pixels where the protocol asks for those of the training rows: training "
    "rows of the same fold.",
    "The epoch: validation rows of the same fold, by their loss.",
)
_FITTED_HEAD = (
    "The head: training rows of the same fold. The network stays as it begins.",
    "The strength or the epochs of the head, one for all folds and the final model: held-out patients of all rows that "
    "the final model learns from.",
)
_FITTED = (
    "Calibration, operating points, conformal sets: answers to rows that the answering network had not seen; what they "
    "are reported on had no part in them.",
    "A patient, or an image pixel for pixel, is in one part of a split only; synthetic rows only train.",
)


def _network(protocol: TrainingProtocol, outputs: int, frozen: bool) -> _Lines:
    begin = {
        "none": "random values",
        "imagenet": "weights of ImageNet",
        "medicalnet": "weights of MedicalNet (23 data sets)",
        "kinetics": "weights of Kinetics",
        "astra": "weights of Astra (chest CTs with their reports)",
    }
    lines: _Lines = []
    for name in protocol.networks:
        all_of_it, learning = parameters(replace(protocol, trained="head") if frozen else protocol, name, outputs)
        counted = f"{all_of_it:,} parameters with {outputs} outputs, {learning:,} of them trained"
        if name == protocol.networks[0] and len(protocol.networks) > 1:
            counted += " (this one is taken; another with --network)"
        lines.append((name, f"{registry.find(name).title}: {counted}", "networks" * (name == protocol.networks[-1])))
    lines.append(("begins with", begin[protocol.weights], "weights"))
    lines.append(("trained", "the head, on kept features" if frozen else protocol.trained.replace("-", " "), "trained"))
    lines.append(("head", _with_numbers(protocol.head, protocol.head_settings), "head"))
    if protocol.input.kind != "volume" and protocol.aggregation != "none":
        joined = "answers" if protocol.aggregation in JOINS_ANSWERS else "features"
        lines.append(("aggregation", f"{protocol.aggregation} of the {joined}", "aggregation"))
    return lines


def parameters(protocol: TrainingProtocol, name: str, outputs: int) -> tuple[int, int]:
    """How many parameters a network of the protocol has, and how many of them learn. Nothing is computed."""
    with torch.device("meta"):
        network = make_network(protocol, outputs, name, empty=True)
    counts = [(parameter.numel(), parameter.requires_grad) for parameter in network.parameters()]
    return sum(count for count, _ in counts), sum(count for count, learns in counts if learns)


def _input(protocol: TrainingProtocol, frozen: bool) -> _Lines:
    wanted = protocol.input
    if frozen and wanted.normalize == "training":  # the same features serve every fold
        wanted = replace(wanted, normalize="imagenet")
    normalized = {
        "training": "mean and deviation of the training rows",
        "imagenet": "mean and deviation of ImageNet",
        "image": "mean and deviation of each image",
        "nonzero": "mean and deviation of what is not zero in each image",
        "none": "as they are, 0 to 1",
    }
    lines: _Lines = [
        ("kind", wanted.kind, "input.kind"),
        ("size", " x ".join(map(str, wanted.size)) + f", {wanted.channels} channels", "input.size input.channels"),
        ("preset", wanted.preset, "input.preset"),
        ("normalized by", normalized[wanted.normalize], "input.normalize"),
    ]
    if wanted.window is not None:
        center, width = wanted.window
        lines.append(("window", f"center {center:g}, width {width:g} become 0 to 1", "input.window"))
    if wanted.percentiles is not None:
        low, high = wanted.percentiles
        words = f"{low:g} and {high:g} of the {wanted.percentiles_of} become 0 and 1"
        lines.append(("percentiles", words, "input.percentiles input.percentiles_of"))
    if wanted.spacing is not None:
        spacing = " x ".join(f"{length:g}" for length in wanted.spacing)
        lines.append(("spacing", f"{spacing} mm between slices, rows and columns", "input.spacing"))
    if wanted.slices is not None:
        lines.append(("slices", f"{wanted.slices} of each study, evenly spaced among the kept ones", "input.slices"))
    if wanted.organ:
        least = f"slices at least {wanted.least_organ:g} filled; " if wanted.least_organ else ""
        crop = "cut to the box around it" if wanted.organ_crop else "not cut"
        only = "; all else black" if wanted.organ_only else ""
        paths = "input.organ input.least_organ input.organ_crop input.organ_only"
        lines.append(("organ", f"{wanted.organ}: {least}{crop}{only}", paths))
    if wanted.keep_aspect:
        lines.append(("proportions", "padded to the input's instead of stretched", "input.keep_aspect"))
    if wanted.correct_bias_field:
        lines.append(("bias field", "taken out of each MR (N4) before all else", "input.correct_bias_field"))
    if wanted.chest_wall_left:
        lines.append(("chest wall", "to the left: other breasts are mirrored", "input.chest_wall_left"))
    return lines


def _augmentation(protocol: TrainingProtocol) -> _Lines:
    changes = protocol.augment.changes
    if not changes:
        return [("none", "images are taken as they are", "augment")]
    lines: _Lines = [(change.name, _change(change), "") for change in changes]
    return [*lines, ("drawn", f"for each {protocol.augment.per}", "augment")]


def _change(change: Change) -> str:
    amount = f", {_AMOUNTS[change.name](change.amount)}" if change.name in _AMOUNTS else ""
    return f"with probability {change.probability:g}{amount}"


_AMOUNTS: dict[str, Callable[[float], str]] = {
    "rotate": "up to {:g} degrees each way".format,
    "scale": "deviation {:g} of the natural logarithm".format,
    "shift": "deviation {:g} of the size".format,
    "exposure": "deviation {:g} of the natural logarithm of gamma and contrast".format,
    "brightness": "deviation {:g} of the gray scale".format,
    "sharpness": "by a factor of {:g}".format,
}


def _training(protocol: TrainingProtocol) -> _Lines:
    optimizer = protocol.optimizer
    numbers = f"momentum {optimizer.momentum:g}" if optimizer.name == "sgd" else _betas(protocol)
    lines: _Lines = [
        ("optimizer", f"{optimizer.name}, rate {optimizer.rate:g}, {numbers}, decay {optimizer.decay:g}",
         " ".join(f"optimizer.{f}" for f in ("name", "rate", "momentum", "betas", "epsilon", "decay"))),
        ("schedule", _schedule(protocol), "schedule schedule.name schedule.lowest"),
        ("epochs", _epochs(protocol), "epochs least_epochs patience"),
        ("batch", f"{protocol.batch}, {protocol.accumulate} for each step", "batch accumulate"),
        ("precision", protocol.precision, "precision"),
        ("loss", _with_numbers(protocol.loss, protocol.loss_settings), "loss"),
        ("balance", _balance(protocol), "balance oversampling"),
    ]  # fmt: skip
    if protocol.mixup:
        lines.append(("MixUp", f"alpha {protocol.mixup:g}", "mixup"))
    if protocol.smoothing:
        lines.append(("smoothing", f"{protocol.smoothing:g}", "smoothing"))
    if protocol.averaging:
        lines.append(("averaging", f"of the weights, decay {protocol.averaging:g}", "averaging"))
    return [*lines, ("seed", str(protocol.seed), "seed")]


def _training_of_head(protocol: TrainingProtocol) -> _Lines:
    balance = "none, rows count the same" if protocol.balance == "none" else "rare classes weigh more in the loss"
    return [
        ("features", "each study passes the network once; they are kept beside the bundle", ""),
        ("strength or epochs", "chosen once by held-out patients, the same for all folds and the final model", ""),
        *(_training_of_times(protocol) if outcome_of(protocol) == "time" else [("balance", balance, "balance")]),
        ("seed", str(protocol.seed), "seed"),
    ]


def _training_of_times(protocol: TrainingProtocol) -> _Lines:
    """A head of times is trained with the protocol's own numbers."""
    optimizer = protocol.optimizer
    return [
        ("optimizer", f"{optimizer.name}, rate {optimizer.rate:g}, decay {optimizer.decay:g}",
         " ".join(f"optimizer.{name}" for name in ("name", "rate", "betas", "decay"))),
        ("schedule", _schedule(protocol), "schedule schedule.name schedule.lowest"),
        ("epochs", _epochs(protocol), "epochs patience"),
        ("batch", str(protocol.batch * protocol.accumulate), "batch accumulate"),
        ("loss", _with_numbers(protocol.loss, protocol.loss_settings), "loss"),
    ]  # fmt: skip


def _betas(protocol: TrainingProtocol) -> str:
    first, second = protocol.optimizer.betas
    return f"betas {first:g} and {second:g}, epsilon {protocol.optimizer.epsilon:g}"


def _schedule(protocol: TrainingProtocol) -> str:
    if protocol.schedule.name == "one-cycle":
        return f"one cycle up to {protocol.optimizer.rate:g} and down again, changed with each step"
    if protocol.schedule.name == "constant":
        return "constant"
    last = protocol.epochs - 1
    shown = sorted({round(last * part / 4) for part in range(5)})
    rates = ", ".join(f"{epoch}: {protocol.rate(epoch):.4g}" for epoch in shown)
    return f"cosine down to {protocol.schedule.lowest:g}; rate in epoch {rates}"


def _epochs(protocol: TrainingProtocol) -> str:
    text = f"at most {protocol.epochs}" if protocol.patience else str(protocol.epochs)
    if protocol.patience:
        text += f", ends after {protocol.patience} without a better validation loss"
    return text + (f", at least {protocol.least_epochs}" if protocol.least_epochs > 1 else "")


def _balance(protocol: TrainingProtocol) -> str:
    if protocol.balance == "none":
        return "none, rows count the same"
    if protocol.balance == "weights":
        return "rare classes weigh more in the loss, by the counts of the training rows"
    if protocol.oversampling is None:
        return "training rows are drawn so that all classes come up as often"
    return f"training rows of rarer classes are drawn {protocol.oversampling:g} times as often"


def _validation(protocol: TrainingProtocol, frozen: bool) -> _Lines:
    wanted = protocol.validation
    kinds = {
        "k-fold": f"{wanted.folds} folds by patient",
        "hold-out": f"{wanted.hold_out:.1%} of the patients, once",
        "leave-one-site-out": "each site, by networks that saw the others",
    }
    lines: _Lines = [("split", kinds[wanted.kind], "validation validation.kind validation.folds validation.hold_out")]
    if wanted.kind == "k-fold" and wanted.hold_out:
        lines.append(("held out", f"{wanted.hold_out:.1%} of the patients, tested once", ""))
    if wanted.repeats > 1:
        lines.append(("repeats", f"{wanted.repeats}, with other seeds", "validation.repeats"))
    if frozen:
        return lines
    return [*lines, ("epoch chosen on", f"{wanted.inner:.1%} of the rows that are not tested", "validation.inner")]


def _explained(wanted: Explained) -> _Lines:
    measured = wanted.measured
    voxels = "as they are"
    if measured.spacing is not None:
        voxels = "of " + " x ".join(f"{length:g}" for length in measured.spacing) + " mm"
    chosen = "" if wanted.rate == 1 else f", false discoveries {wanted.rate:g} (Benjamini and Hochberg)"
    models = {
        "published": "deviation above 0.001 in raw units; seven strengths, 3 folds, accuracy",
        "rigorous": "deviation relative to the values; 50 strengths, log loss, one standard error",
    }
    lines: _Lines = [
        ("inside", f"the mask '{wanted.mask}', where the table has it", "explained.mask"),
        ("handcrafted", f"{len(handcrafted.NAMES)} features in {measured.bins} gray levels (size zones "
         f"{measured.zone_bins}), voxels {voxels}", "explained.measured"),
        ("followed", f"{wanted.correlation.capitalize()}, at least {wanted.least:g}{chosen}; on training rows alone",
         "explained.correlation explained.least explained.rate"),
        ("L1 models", models[wanted.model], "explained.model"),
        ("stability", f"{wanted.resamples} resamples of the patients", "explained.resamples"),
    ]  # fmt: skip
    return lines


def _cohort(protocol: TrainingProtocol, cohort: Cohort, splits: Sequence[Split], frozen: bool) -> Iterable[str]:
    synthetic = int(cohort.synthetic.sum())
    patients = counted(len(set(cohort.patients)), "patient")
    yield _line("rows", f"{len(cohort)} of {patients}, {synthetic} of them synthetic")
    yield _line("events" if is_timed(cohort) else "labels", _counts(cohort, range(len(cohort))))
    if cohort.problems:
        yield _line("left out", f"{counted(len(cohort.problems), 'row')} of the table that cannot be used")
    steps = 0
    for split in splits:
        yield f"  {split.name}"
        for part in ("train", "validation", "test"):
            rows: Rows = getattr(split, part)
            yield _line(f"  {part}", f"{len(rows)}: {_counts(cohort, rows)}" if len(rows) else "0")
        steps += math.ceil(len(split.train) / (protocol.batch * protocol.accumulate)) * protocol.epochs
    if splits and not frozen:
        yield _line("steps", f"at most {steps:,} for these splits, each on {protocol.batch * protocol.accumulate} rows")


def _counts(cohort: Cohort, rows: Iterable[int]) -> str:
    if is_timed(cohort):
        events = [bool(cohort.rows[int(row)].event) for row in rows]
        return f"{counted(sum(events), 'event')}, {len(events) - sum(events)} without one"
    labels = [cohort.rows[int(row)].label for row in rows]
    named = Counter(part for label in labels if label is not None for part in split_label(label))
    known = [
        f"{named[name]} {name}" for name in sorted({part for label in cohort.classes for part in split_label(label)})
    ]
    without = labels.count(None)
    return ", ".join([*known, *([f"{without} without a label"] if without else [])])


def _missing(protocol: TrainingProtocol, frozen: bool) -> list[str]:
    """What the protocol names and this version cannot do."""
    rooms = [("heads", "head", protocol.head), *([] if frozen else [("losses", "loss", protocol.loss)])]
    missing = [
        f"The {what} '{name}': this protocol cannot be trained by this version."
        for room, what, name in rooms
        if importlib.util.find_spec(f"readingroom.learning.training.{room}.{name.replace('-', '_')}") is None
    ]
    if not missing and outcome_of(protocol) == "time" and protocol.input.kind == "picture":
        missing.append("A bundle for survival reads slices or volumes, and this protocol's input is a picture.")
    fine_tuned = protocol.trained != "head" and not frozen
    if protocol.input.kind == "slices" and protocol.aggregation in JOINS_ANSWERS and fine_tuned:
        missing.append(
            f"A bundle is one network, and '{protocol.aggregation}' joins its answers to several slices: to train one, "
            "take an aggregation of features, such as 'average-pooling'."
        )
    return missing


def _facts(protocol: TrainingProtocol) -> Iterable[str]:
    for fact in protocol.facts:
        yield _item(f"{fact.what}: {fact.value} ({fact.source})")


def _flaws(protocol: TrainingProtocol) -> Iterable[str]:
    for number, flaw in enumerate(protocol.flaws, 1):
        yield _item(f"{flaw.what} ({flaw.source})", f"{number:2d}. ")
        yield _item(flaw.instead, "    -> ")


def _with_numbers(name: str, settings: Mapping[str, float]) -> str:
    numbers = ", ".join(f"{key} {value:g}" for key, value in settings.items())
    return f"{name} ({numbers})" if numbers else name


def _written(protocol: TrainingProtocol, lines: _Lines) -> Iterable[str]:
    """Each line, and below it why a number is assumed where the paper is silent."""
    said = set()
    for what, how, fields in lines:
        yield _line(what, how)
        for field in fields.split():
            if field in protocol.assumptions and field not in said:
                said.add(field)
                yield _line("", f"assumptions: {protocol.assumptions[field]}")


def _line(what: str, how: str) -> str:
    label = f"  {what}".ljust(_COLUMN - 2) + "  "
    return _filled(how, label, " " * _COLUMN)


def _item(text: str, bullet: str = "- ") -> str:
    return _filled(text, "  " + bullet, " " * (2 + len(bullet)))


def _filled(text: str, first: str, others: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)
