"""A page for people: what an audit or an evaluation found, as one self-contained HTML file without scripts or links."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Literal

from ... import RESEARCH_USE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Level = Literal["info", "warn", "stop"]

_WORDS: dict[Level, str] = {"info": "Note", "warn": "Attention", "stop": "Stop"}
_LARGEST_SVG = 400_000  # bytes; a scatter of many thousand points is smaller as a picture
_PNG_DPI = 150


class Page:
    """Sections of sentences, banners, tables and figures, in the order in which they were added.

    Every text is escaped, so a name in a stranger's table can do no harm.

    Example
    -------
    >>> page = Page("Audit of films.csv", "12 films of 10 patients")
    >>> page.section("Counts")
    >>> page.table(["Site", "Films"], [["north", 7], ["south", 5]], caption="Films by site")
    >>> page.html().startswith("<!doctype html>")
    True
    """

    def __init__(self, title: str, subtitle: str, footer: str = RESEARCH_USE):
        self._title, self._subtitle, self._footer = title, subtitle, footer
        self._parts: list[str] = []
        self._section_open = False
        self._figures_open = False

    def section(self, title: str) -> None:
        """Begin a section; all that follows belongs to it."""
        self._end_figures()
        end = "</section>" if self._section_open else ""
        self._parts.append(f"{end}<section><h2>{escape(title)}</h2>")
        self._section_open = True

    def paragraph(self, text: str) -> None:
        self._add(f"<p>{escape(text)}</p>")

    def banner(self, level: Level, sentence: str) -> None:
        """A sentence that nobody may miss: to know (info), to doubt (warn), not to be used (stop)."""
        self._add(f'<p class="banner {level}" role="note"><b>{_WORDS[level]}:</b> {escape(sentence)}</p>')

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> None:
        """A table; a column whose cells all begin like numbers is set to the right.

        Raises
        ------
        ValueError : a row has more or fewer cells than there are headers
        """
        cells = [[str(cell) for cell in row] for row in rows]
        if any(len(row) != len(headers) for row in cells):
            raise ValueError(f"A row of the table does not have the {len(headers)} cells of its headers.")
        kinds = [' class="number"' if _is_numeric([row[i] for row in cells]) else "" for i in range(len(headers))]
        head = "".join(f"<th{kind}>{escape(text)}</th>" for text, kind in zip(headers, kinds, strict=True))
        body = "".join(
            f"<tr>{''.join(f'<td{kind}>{escape(cell)}</td>' for cell, kind in zip(row, kinds, strict=True))}</tr>"
            for row in cells
        )
        title = f"<caption>{escape(caption)}</caption>" if caption else ""
        self._add(f'<div class="wide"><table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>')

    def figure(self, figure: Figure, caption: str, alt: str = "") -> None:
        """A drawing with its caption; figures in a row stand side by side where there is room.

        Parameters
        ----------
        alt : what is seen, for those who cannot see it; the caption when left out
        """
        if not self._figures_open:
            self._parts.append('<div class="figures">')
            self._figures_open = True
        self._parts.append(
            f'<figure><img alt="{escape(alt or caption)}" src="{_data_uri(figure)}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )

    def html(self) -> str:
        """The page so far as HTML text."""
        style = resources.files(__package__).joinpath("page.css").read_text("utf-8")
        end = ("</div>" if self._figures_open else "") + ("</section>" if self._section_open else "")
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(self._title)}</title>'
            f'<meta name="viewport" content="width=device-width"><style>{style}</style></head><body>'
            f"<header><h1>{escape(self._title)}</h1><p>{escape(self._subtitle)}</p></header>"
            f"<main>{''.join(self._parts)}{end}</main><footer>{escape(self._footer)}</footer></body></html>\n"
        )

    def _add(self, part: str) -> None:
        self._end_figures()
        self._parts.append(part)

    def _end_figures(self) -> None:
        if self._figures_open:
            self._parts.append("</div>")
            self._figures_open = False


def _is_numeric(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell not in ("", "–")]
    return bool(cells) and all(cell[0].isdigit() or cell[0] in "+-−<" for cell in filled)


def _data_uri(figure: Figure) -> str:
    """The drawing inside the page: as SVG, which prints sharply, or as PNG where that is smaller."""
    import matplotlib

    drawn = io.BytesIO()
    # Text stays text (small, searchable); the salt and the missing date make the same figure the same bytes.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "readingroom"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    if drawn.tell() <= _LARGEST_SVG:
        return f"data:image/svg+xml;base64,{base64.b64encode(drawn.getvalue()).decode('ascii')}"
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=_PNG_DPI, metadata={"Software": None})
    return f"data:image/png;base64,{base64.b64encode(drawn.getvalue()).decode('ascii')}"
