"""What a reader says of itself: the images, masks and clinical facts that it takes. Panels and the shell ask it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..bundles.metadata import Label
from ..codes import Code
from ..errors import InputError
from ..formatting import unit_text
from ..study import ClinicalFact, Study

MaskSource = Literal["scene", "file", "automatic"]
FieldType = Literal["number", "choice", "flag", "text"]


@dataclass(frozen=True)
class DisplayWindow:
    """A window that an image is looked at in: ``level`` is its middle, in the values of the image."""

    title: str
    level: float
    width: float


@dataclass(frozen=True)
class PercentileWindow:
    """A window between two percentiles of the image, 0 to 100: values of MR have no unit, and no window fits two."""

    title: str
    low: float
    high: float


@dataclass(frozen=True)
class ImageRole:
    """An image that a reader takes.

    Parameters
    ----------
    name : the role: ``frontal``, ``ct``, ``prior-ct``, ``left-cc``
    title : what people call it: "Radiograph", "Chest CT", "Prior CT"
    modality : DICOM modalities that fit, such as ``("CR", "DX")``
    dimensions : 2 for a picture, 3 for a volume
    required : without it there is nothing to read
    prior_of : the role whose earlier image this is; empty where it is none
    windows : in which it can be shown while it is read; the first is used unless a person chooses another
    """

    name: str
    title: str
    modality: tuple[str, ...]
    dimensions: Literal[2, 3]
    required: bool = True
    prior_of: str = ""
    windows: tuple[DisplayWindow | PercentileWindow, ...] = ()


@dataclass(frozen=True)
class MaskRole:
    """A mask that a reader takes.

    Parameters
    ----------
    image : the role of the image that it lies on
    sources : where one can come from: a segment of the ``scene``, a ``file``, or the reader itself (``automatic``)
    required : there must be a segment or a file; False where the reader makes its own or does without
    may_be_empty : a mask in which nothing is marked says that there is none of it
    grown_from_a_point : `Reader.grow_mask` makes a first guess at it from a point that a person clicks
    help : what to know when none is chosen, in place of what follows from ``sources``
    """

    name: str
    title: str
    image: str
    code: Code | None = None
    required: bool = False
    sources: tuple[MaskSource, ...] = ("scene", "file", "automatic")
    may_be_empty: bool = False
    grown_from_a_point: bool = False
    help: str = ""


@dataclass(frozen=True)
class ClinicalField:
    """A fact beyond the images, as a line of a form.

    Parameters
    ----------
    type : a ``number`` in ``unit`` from ``low`` to ``high``, one of ``choices``, a ``flag`` (yes or no), or ``text``
    unit : UCUM, such as ``a`` for years
    choices : value and title of each choice
    decimals : of a number
    keyword : DICOM keyword from which the header fills it, where it does (``PatientAge``, ``PatientSex``)
    """

    name: str
    title: str
    type: FieldType
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    low: float = 0.0
    high: float = 0.0
    decimals: int = 0
    keyword: str = ""
    required: bool = False
    help: str = ""

    def __post_init__(self) -> None:
        if self.type == "number" and not self.low < self.high:
            raise ValueError(f"The clinical field '{self.name}' has no range.")
        if (self.type == "choice") != bool(self.choices):
            raise ValueError(f"The clinical field '{self.name}' is a choice exactly where it has choices.")

    def parse(self, text: str) -> float | str | bool:
        """The value that a person typed, or a cell of a table holds.

        Raises
        ------
        InputError : it is none of this field's type and range; the sentence says what would be
        """
        text = text.strip()
        if self.type == "number":
            return self._number(text)
        if self.type == "flag":
            words = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}
            if text.lower() not in words:
                raise InputError(f"{self.title} is '{text}'; it must be yes or no.")
            return words[text.lower()]
        if self.type == "choice":
            for value, title in self.choices:
                if text.lower() in (value.lower(), title.lower()):
                    return value
            raise InputError(f"{self.title} is '{text}'; it must be one of {', '.join(v for v, _ in self.choices)}.")
        return text

    def takes(self, text: str) -> bool:
        """Whether `parse` would take it."""
        try:
            self.parse(text)
        except InputError:
            return False
        return True

    def check(self, value: float | str | bool) -> None:
        """See that a value fits this field.

        Raises
        ------
        InputError : it does not
        """
        self.parse(("yes" if value else "no") if isinstance(value, bool) else f"{value}")

    def _number(self, text: str) -> float:
        unit = f" {unit_text(self.unit)}" if self.unit else ""
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not self.low <= number <= self.high:
            raise InputError(f"{self.title} is '{text}'; it must be between {self.low:g} and {self.high:g}{unit}.")
        return number


@dataclass(frozen=True)
class ReadOption:
    """Something that a reader does on request: a box in the panel, a flag on the shell (``--`` and its ``name``)."""

    name: str
    title: str
    help: str


@dataclass(frozen=True)
class Task:
    """A question that bundles of a reader answer, with its labels in the order of the network's outputs.

    ``multilabel`` labels do not exclude each other: raw logits with a sigmoid each; else one softmax over all. A task
    without labels takes those of its bundle.
    """

    name: str
    title: str = ""
    labels: tuple[Label, ...] = ()
    multilabel: bool = False


def require_roles(
    title: str,
    study: Study,
    images: Sequence[ImageRole],
    masks: Sequence[MaskRole] = (),
    clinical: Sequence[ClinicalField] = (),
) -> None:
    """See that a study has what a reader needs and nothing that it does not know.

    Raises
    ------
    InputError : an image, mask or clinical fact is missing, unknown, or lies outside its range
    """
    _require(title, "image", [image.role for image in study.images], {i.name: (i.title, i.required) for i in images})
    _require(title, "mask", [mask.role for mask in study.masks], {m.name: (m.title, m.required) for m in masks})
    for mask in masks:
        given = study.mask(mask.name)
        if given is not None and given.image != mask.image:
            raise InputError(f"The mask '{mask.title}' must lie on the image '{mask.image}', not on '{given.image}'.")
        if given is not None and given.point is not None and not mask.grown_from_a_point:
            raise InputError(f"The mask '{mask.title}' cannot be grown from a point: give a file of it.")
    known = {item.name: item for item in clinical}
    for name, fact in study.clinical.items():
        if name in known:
            known[name].check(fact.value)
    missing = [item.title for item in clinical if item.required and item.name not in study.clinical]
    if missing:
        raise InputError(f"{title} needs {', '.join(missing)}: enter it first.")


def header_facts(study: Study, clinical: Sequence[ClinicalField]) -> dict[str, ClinicalFact]:
    """The facts of the headers that a reader's form asks for."""
    names = {item.name for item in clinical}
    return {name: fact for name, fact in study.clinical.items() if name in names and fact.source == "header"}


def _require(title: str, what: str, given: Sequence[str], known: Mapping[str, tuple[str, bool]]) -> None:
    if strangers := [name for name in given if name not in known]:
        offered = f"; it takes {', '.join(known)}" if known else "; it takes none"
        raise InputError(f"{title} knows no {what} '{strangers[0]}'{offered}.")
    missing = [words for name, (words, required) in known.items() if required and name not in given]
    if missing:
        raise InputError(f"{title} needs the {what} '{missing[0]}'; choose one first.")
