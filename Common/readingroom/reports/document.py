"""The one document model of a report: its blocks, in their order; how they look is the renderers' business."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from ..plain_text import plain
from ..reading import Check, Interval

_LONGEST = 600  # letters of one text; a damaged header can hold thousands, more than fits a page


Part = TypeVar("Part")


def cut(text: str) -> str:
    """The text, not longer than a page can hold."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def printable(part: Part) -> Part:
    """A document, or a part of one, with texts that can be shown: harmful characters written out, none too long.

    Paragraphs stay as long as they are, since they go over pages.
    """
    if isinstance(part, str):
        return cut(plain(part))  # type: ignore[return-value]  # a text for a text
    if isinstance(part, tuple):
        return tuple(map(printable, part))  # type: ignore[return-value]  # a tuple for a tuple
    if isinstance(part, Paragraph):
        return dataclasses.replace(part, text=plain(part.text))
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        values: dict[str, Any] = {item.name: printable(getattr(part, item.name)) for item in dataclasses.fields(part)}
        return dataclasses.replace(part, **values)
    return part


@dataclass(frozen=True)
class Paragraph:
    text: str
    emphasis: bool = False


@dataclass(frozen=True)
class Facts:
    """Name and value pairs, in two columns where there is room."""

    rows: tuple[tuple[str, str], ...]

    @classmethod
    def known(cls, rows: Iterable[tuple[str, str]]) -> Facts:
        """The pairs whose value is known, not longer than a page can hold."""
        return cls(tuple((name, cut(value)) for name, value in rows if value))


@dataclass(frozen=True)
class Bar:
    """A probability with its interval and the threshold that it is held against, all 0 to 1."""

    label: str
    probability: float
    interval: Interval | None
    threshold: float | None
    positive: bool | None
    verdict: str


@dataclass(frozen=True)
class Bars:
    rows: tuple[Bar, ...]


@dataclass(frozen=True)
class Table:
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Checks:
    """Checks of one kind; those that passed may stand in two columns."""

    rows: tuple[Check, ...]


@dataclass(frozen=True)
class Picture:
    png: bytes
    caption: str


@dataclass(frozen=True)
class Pictures:
    """Pictures that stand side by side."""

    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class PlotLine:
    """A line of a plot, with the band around it where one is known. ``main`` is the one to look at first."""

    title: str
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    main: bool = False


@dataclass(frozen=True)
class Plot:
    """Lines over an axis.

    Parameters
    ----------
    positions : rising; ``position_title`` says what and in which unit
    scale : ``share`` for values from 0 to 1, shown in percent, else ``number``
    steps : values hold until the next position, as survival does
    """

    positions: tuple[float, ...]
    lines: tuple[PlotLine, ...]
    position_title: str
    value_title: str
    caption: str
    scale: Literal["share", "number"] = "share"
    steps: bool = False

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest value of the axis."""
        if self.scale == "share":
            return 0.0, 1.0
        values = [v for line in self.lines for v in (*line.values, *line.low, *line.high)]
        low, high = min(0.0, *values), max(values)
        return (low, high) if low < high else (low, low + 1)

    def path(self, values: tuple[float, ...]) -> list[tuple[float, float]]:
        """The corners of a line, both axes from 0 to 1, upwards and to the right."""
        (low, high), first, last = self.limits, self.positions[0], self.positions[-1]
        width = last - first or 1.0
        corners: list[tuple[float, float]] = []
        for position, value in zip(self.positions, values, strict=True):
            x, y = (position - first) / width, (value - low) / (high - low)
            if self.steps and corners:
                corners.append((x, corners[-1][1]))
            corners.append((x, y))
        return corners


@dataclass(frozen=True)
class SignedBar:
    """A bar to the right of a middle line where ``value`` is above 0, else to the left; ``text`` stands beside it."""

    label: str
    value: float
    text: str


@dataclass(frozen=True)
class SignedBars:
    """Bars that share a scale, with words for both sides."""

    rows: tuple[SignedBar, ...]
    below: str
    above: str

    @property
    def largest(self) -> float:
        """The absolute value at both ends of the scale."""
        return max((abs(row.value) for row in self.rows), default=0.0) or 1.0


Block = Paragraph | Facts | Bars | SignedBars | Table | Checks | Pictures | Plot


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A report, ready to be rendered. ``banner`` stands on every page, ``footer`` too."""

    title: str
    subtitle: str
    banner: str
    footer: str
    sections: tuple[Section, ...]
