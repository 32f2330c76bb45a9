"""A protocol: how a bundle is trained and evaluated, as data.

``protocols/<reader>-published.json`` trains as the paper did, with its numbers, its flaws labeled;
``protocols/<reader>-rigorous.json`` is the default. A user's own file of the same form is read by `read_protocol`.
What keeps a number honest is not part of a protocol and cannot be switched off by one: patients are never in two parts
of a split, and synthetic rows only train (see `readingroom.learning.cohorts.splits`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ... import records
from ...bundles.explained import Correlation, HandcraftedSettings
from ...bundles.metadata import Aggregation
from ...bundles.preprocessing import Preprocessing
from ...errors import InputError
from ...regular_file import read_regular

Kind = Literal["published", "rigorous"]
READERS = ("chest-xray", "pasc-fibrosis", "mammo-screen", "liver-hcc", "lung-survival")

# Aggregations that join answers to single slices or views; the others join features and are a part of the network.
JOINS_ANSWERS = ("none", "mean", "vote", "max")

_FOLDER = Path(__file__).parent
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")


@dataclass(frozen=True)
class Change:
    """One random change of a training image.

    Parameters
    ----------
    name : ``mirror`` (left and right), ``flip`` (top and bottom), ``rotate``, ``scale``, ``shift``, ``exposure``
        (gamma and contrast), ``brightness``, ``sharpness``, ``autocontrast``
    probability : that an image is changed
    amount : how much: largest angle in degrees, each way; standard deviation of the natural logarithm of the scale or
        of the gamma; of the shift, as part of the size; of the brightness, as part of the gray scale; factor of the
        sharpness. 0 where there is nothing to measure.
    """

    name: Literal["mirror", "flip", "rotate", "scale", "shift", "exposure", "brightness", "sharpness", "autocontrast"]
    probability: float = 1.0
    amount: float = 0.0

    def __post_init__(self) -> None:
        _require(0 <= self.probability <= 1, f"the probability of '{self.name}' is {self.probability}")
        _require(self.amount >= 0, f"the amount of '{self.name}' is below 0")
        measured = self.name not in ("mirror", "flip", "autocontrast")
        _require((self.amount > 0) == measured, f"the amount of '{self.name}' must be {'above 0' if measured else '0'}")


@dataclass(frozen=True)
class Augment:
    """How training images vary, in this order. ``per`` image draws once for a whole study, ``slice`` for each slice."""

    changes: tuple[Change, ...] = ()
    per: Literal["image", "slice"] = "image"


@dataclass(frozen=True)
class Optimizer:
    """``decay`` is the L2 penalty of sgd and adam and the decoupled decay of adamw."""

    name: Literal["sgd", "adam", "adamw"]
    rate: float
    momentum: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    decay: float = 0.0

    def __post_init__(self) -> None:
        _require(0 < self.rate <= 10, f"the learning rate {self.rate} is not between 0 and 10")
        _require(0 <= self.momentum < 1, f"the momentum {self.momentum} is not between 0 and 1")
        _require(all(0 <= beta < 1 for beta in self.betas), f"the betas {self.betas} are not between 0 and 1")
        _require(self.epsilon > 0, f"the epsilon {self.epsilon} is not above 0")
        _require(self.decay >= 0, f"the weight decay {self.decay} is below 0")
        _require(self.name == "sgd" or self.momentum == 0, f"{self.name} has betas and no momentum")


@dataclass(frozen=True)
class Schedule:
    """How the rate changes; ``lowest`` is what cosine annealing ends at. Cosine takes one step after each epoch."""

    name: Literal["constant", "cosine", "one-cycle"] = "cosine"
    lowest: float = 0.0

    def __post_init__(self) -> None:
        _require(self.lowest >= 0, f"the lowest learning rate {self.lowest} is below 0")
        _require(self.name == "cosine" or self.lowest == 0, f"a {self.name} schedule has no lowest rate")


@dataclass(frozen=True)
class Validation:
    """On which rows the trained networks are evaluated.

    Parameters
    ----------
    kind : every row once (``k-fold``), a part held out (``hold-out``), or each site once
    folds, repeats : of a k-fold; how often the whole is done with other seeds
    hold_out : part of the patients that is held out and tested once; beside a k-fold it is taken off first
    inner : part of the rows that are not tested that chooses the epoch
    """

    kind: Literal["k-fold", "hold-out", "leave-one-site-out"] = "k-fold"
    folds: int = 5
    repeats: int = 1
    hold_out: float = 0.0
    inner: float = 0.1

    def __post_init__(self) -> None:
        _require(2 <= self.folds <= 100, f"the number of folds, {self.folds}, is not 2 to 100")
        _require(1 <= self.repeats <= 100, f"{self.repeats} repeats are not 1 to 100")
        _require(0 <= self.hold_out < 1, f"the part held out is {self.hold_out}, not 0 to 1")
        _require(self.kind != "hold-out" or self.hold_out > 0, "a hold-out needs the part that is held out")
        _require(0 < self.inner < 1, f"the part that chooses the epoch is {self.inner}, not between 0 and 1")


@dataclass(frozen=True)
class Explained:
    """How features of the network are explained by handcrafted ones; fitted on training rows alone.

    Parameters
    ----------
    mask : role of the mask inside which those are measured; the table's column is ``mask_<role>``
    measured : how
    correlation : a deep feature follows a handcrafted one by Pearson's or Spearman's
    least : absolute correlation
    rate : of false discoveries among all pairs (Benjamini and Hochberg); 1 asks for ``least`` alone
    model : the L1 models: ``published`` (deviations in raw units, seven strengths, accuracy) or ``rigorous``
        (deviations relative to the values, 50 strengths, log loss, one standard error)
    resamples : of the patients, for stability
    """

    mask: str
    measured: HandcraftedSettings = field(default_factory=HandcraftedSettings)
    correlation: Correlation = "spearman"
    least: float = 0.5
    rate: float = 0.05
    model: Literal["published", "rigorous"] = "rigorous"
    resamples: int = 200

    def __post_init__(self) -> None:
        _require(bool(_PLAIN_NAME.match(self.mask)), f"{self.mask!r} is not a plain name")
        _require(0 < self.least < 1, f"the least correlation is {self.least}, not between 0 and 1")
        _require(0 < self.rate <= 1, f"the rate of false discoveries is {self.rate}, not above 0 and at most 1")
        _require(1 <= self.resamples <= 10_000, f"{self.resamples} resamples are not 1 to 10000")


@dataclass(frozen=True)
class Flaw:
    """What is wrong or left open in the paper, where it stands, and what is done instead.

    In a published protocol ``instead`` says so where ReadingRoom keeps to the paper, and that it must not be trusted.
    """

    what: str
    source: str
    instead: str

    def __post_init__(self) -> None:
        for name in ("what", "source", "instead"):
            _require(bool(getattr(self, name).strip()), f"'{name}' of a flaw is empty")


@dataclass(frozen=True)
class Fact:
    """A number of the paper that trains nothing: its cohort, its radiomics, its results."""

    what: str
    value: str
    source: str


@dataclass(frozen=True)
class Variant:
    """A named change of a protocol, such as another data set of the same paper.

    Parameters
    ----------
    about : when it applies
    changes : fields to replace, in the form of the file; objects are merged field by field
    """

    about: str
    changes: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes", records.frozen(self.changes))


@dataclass(frozen=True)
class TrainingProtocol:
    """How a bundle is trained and evaluated.

    Parameters
    ----------
    reader, kind, title, source : whose protocol it is, and where its numbers stand
    networks : names of `readingroom.networks.registry`; the first is the default
    input : how pixels become the network's input; mean and deviation are measured in training
    weights : what the network begins with
    trained : ``all`` of the network, its later ``half``, its ``last-block`` with the head, of a 3D ResNet-50 the
        ``last-unit`` of that block with the head, or the ``head`` alone
    optimizer, schedule : see there
    epochs, least_epochs : of the training rows; early stopping waits for the latter
    batch, accumulate : rows of one forward pass, and how many passes make one step
    mixup : alpha of the beta distribution, 0 for none
    smoothing : of the labels
    balance : the loss weighs rare classes up (``weights``), or they are drawn more often (``sampler``)
    oversampling : with a sampler, how many times as often a row of a rarer class is drawn; None makes classes equal
    loss, loss_settings : file in `readingroom.learning.training.losses`, and its numbers
    head, head_settings : file in `readingroom.learning.training.heads`, and its numbers
    averaging : decay of the moving average of the weights, 0 for none
    steepest : longer gradients of a step are shortened to this length, 0 for none. Networks whose normalization is
        folded into their kernels diverge without
    patience : epochs without a better validation loss before training stops; None never stops early
    aggregation : from slices (or views) to the study. ``mean``, ``vote`` (a tie is positive) and ``max`` join the
        answers to each of them; the others are a part of the network, which then sees the whole stack.
    explained : features of the network in handcrafted ones, of a volume; None asks for nothing
    flaws : of the paper
    facts : the paper's other numbers
    assumptions : fields where the paper is silent, by dotted name, and why they are what they are
    variants : by name, see `with_variants`

    Raises
    ------
    ValueError : a number is implausible, or ``assumptions`` or a variant speaks of a field that is not there
    """

    reader: str
    kind: Kind
    title: str
    source: str
    networks: tuple[str, ...]
    input: Preprocessing
    optimizer: Optimizer
    weights: Literal["none", "imagenet", "medicalnet", "kinetics", "astra"] = "imagenet"
    trained: Literal["all", "half", "last-block", "last-unit", "head"] = "all"
    augment: Augment = field(default_factory=Augment)
    schedule: Schedule = field(default_factory=Schedule)
    epochs: int = 30
    least_epochs: int = 1
    batch: int = 16
    accumulate: int = 1
    precision: Literal["32", "16-mixed", "bf16-mixed"] = "32"
    mixup: float = 0.0
    smoothing: float = 0.0
    balance: Literal["none", "weights", "sampler"] = "none"
    oversampling: float | None = None
    loss: str = "cross-entropy"
    loss_settings: Mapping[str, float] = field(default_factory=dict)
    head: str = "linear"
    head_settings: Mapping[str, float] = field(default_factory=dict)
    averaging: float = 0.0
    steepest: float = 0.0
    patience: int | None = None
    aggregation: Aggregation = "none"
    validation: Validation = field(default_factory=Validation)
    seed: int = 100
    explained: Explained | None = None
    flaws: tuple[Flaw, ...] = ()
    facts: tuple[Fact, ...] = ()
    assumptions: Mapping[str, str] = field(default_factory=dict)
    variants: Mapping[str, Variant] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what in (self.reader, self.loss, self.head, *self.networks, *self.variants):
            _require(bool(_PLAIN_NAME.match(what)), f"{what!r} is not a plain name")
        _require(bool(self.networks), "it names no network")
        _require(1 <= self.epochs <= 100_000, f"{self.epochs} epochs are not 1 to 100000")
        _require(1 <= self.least_epochs <= self.epochs, f"at least {self.least_epochs} epochs are not 1 to all")
        _require(1 <= self.batch <= 65_536, f"a batch of {self.batch} is not 1 to 65536")
        _require(1 <= self.accumulate <= 65_536, f"{self.accumulate} passes of a step are not 1 to 65536")
        _require(0 <= self.mixup <= 10, f"MixUp's alpha is {self.mixup}, not 0 to 10")
        _require(0 <= self.smoothing < 1, f"the smoothing is {self.smoothing}, not 0 to 1")
        _require(0 <= self.averaging < 1, f"the averaging is {self.averaging}, not 0 to 1")
        _require(0 <= self.steepest < math.inf, f"the steepest gradient is {self.steepest}, not 0 or more")
        _require(self.patience is None or self.patience >= 1, f"the patience is {self.patience}, not above 0")
        _require(self.schedule.lowest <= self.optimizer.rate, "the lowest rate is above the first one")
        _require(0 <= self.seed < 2**32, f"the seed {self.seed} is not 0 to {2**32 - 1}")
        _require(self.explained is None or self.input.kind == "volume", "features are explained of volumes alone")
        self._check_sampling()
        self._check_aggregation()
        for name in ("loss_settings", "head_settings", "assumptions", "variants"):
            object.__setattr__(self, name, records.frozen(getattr(self, name)))
        for path in self.assumptions:
            _require(_has_field(self, path), f"'assumptions' speaks of {path}, which is no field")

    def _check_sampling(self) -> None:
        if self.oversampling is not None:
            _require(self.balance == "sampler", "oversampling needs the balance 'sampler'")
            _require(self.oversampling > 0, f"oversampling by {self.oversampling} is not above 0")

    def _check_aggregation(self) -> None:
        if self.input.kind == "slices":
            _require(self.aggregation != "none", "slices need an aggregation")
        if self.input.kind == "volume":
            _require(self.aggregation == "none", "a volume has nothing to aggregate")
        if self.input.kind == "picture":
            known = ("none", "mean", "max")
            _require(self.aggregation in known, "answers to pictures are joined by mean or max")

    @property
    def name(self) -> str:
        """``chest-xray-published``."""
        return f"{self.reader}-{self.kind}"

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch (0 is the first) under a constant or cosine schedule.

        ``lowest + (rate - lowest) * (1 + cos(pi * epoch / epochs)) / 2`` (Loshchilov and Hutter, ICLR 2017).

        Raises
        ------
        ValueError : a one-cycle rate changes with every step, not with the epoch
        """
        if self.schedule.name == "one-cycle":
            raise ValueError("A one-cycle rate changes with every step.")
        if self.schedule.name == "constant":
            return self.optimizer.rate
        lowest, first = self.schedule.lowest, self.optimizer.rate
        return lowest + (first - lowest) * (1 + math.cos(math.pi * epoch / self.epochs)) / 2

    def with_variants(self, *names: str) -> TrainingProtocol:
        """The protocol with these variants applied, one after the other.

        Raises
        ------
        InputError : there is no such variant, or it does not fit
        """
        data = records.to_json(self)
        for name in names:
            if name not in self.variants:
                known = ", ".join(self.variants) or "none"
                raise InputError(f"The protocol {self.name} has no variant '{name}'; there are: {known}.")
            data = _merged(data, self.variants[name].changes)
        try:
            return records.from_json(TrainingProtocol, data)
        except ValueError as error:
            sentence = str(error).removesuffix(".")
            raise InputError(f"The variant {' + '.join(names)} of {self.name} cannot be used: {sentence}.") from error


def load_protocol(reader: str, kind: Kind = "rigorous") -> TrainingProtocol:
    """One of the protocols that come with ReadingRoom.

    Raises
    ------
    InputError : there is none for that reader or of that kind
    """
    path = _FOLDER / f"{reader}-{kind}.json"
    if reader not in READERS or not path.is_file():
        raise InputError(
            f"There is no {kind} protocol for '{reader}'; there are published and rigorous ones "
            f"for {', '.join(READERS)}."
        )
    return read_protocol(path)


def read_protocol(path: Path) -> TrainingProtocol:
    """A protocol file, of ReadingRoom or a user's own.

    Raises
    ------
    InputError : it cannot be read, is not JSON, or a field is missing, unknown, of the wrong type or implausible
    """
    try:
        data = json.loads(read_regular(path))
    except OSError as error:
        raise InputError(f"The protocol {path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"The protocol {path} is not JSON: {error}.") from error
    try:
        protocol = records.from_json(TrainingProtocol, data)
    except ValueError as error:
        raise InputError(f"The protocol {path.name} cannot be used: {str(error).removesuffix('.')}.") from error
    for name in protocol.variants:
        protocol.with_variants(name)
    return protocol


def _merged(data: Any, changes: Any) -> Any:
    """JSON merge patch (RFC 7396), but None is a value like any other, and an empty object empties."""
    if not isinstance(data, Mapping) or not isinstance(changes, Mapping) or not changes:
        return changes
    return {**data, **{key: _merged(data.get(key), value) for key, value in changes.items()}}


def _has_field(record: Any, path: str) -> bool:
    first, _, rest = path.partition(".")
    if isinstance(record, Mapping):
        return first in record and not rest
    if not hasattr(record, "__dataclass_fields__") or first not in record.__dataclass_fields__:
        return False
    return not rest or _has_field(getattr(record, first), rest)


def _require(right: bool, sentence: str) -> None:
    if not right:
        raise ValueError(sentence)
