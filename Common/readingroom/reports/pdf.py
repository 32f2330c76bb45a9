"""A report as PDF pages (A4 or Letter), drawn by reportlab: no browser, no display, no network."""

from __future__ import annotations

import dataclasses
import functools
import io
import math
from collections.abc import Iterator
from typing import Any, Literal

from PIL import Image as Pillow
from reportlab.graphics.shapes import Drawing, Line, Polygon, PolyLine, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, Image, KeepTogether, SimpleDocTemplate
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import Table as Grid

from ..formatting import interval_text, percent
from .document import Bar, Bars, Block, Checks, Document, Facts, Paragraph, Pictures, Plot, Section, SignedBars, Table
from .pdf_fonts import can_print, fonts, markup

PageSize = Literal["A4", "Letter"]

_INK, _SOFT, _LINE, _ACCENT = HexColor("#1b2430"), HexColor("#5b6776"), HexColor("#d9dfe6"), HexColor("#14507a")
_BAD = HexColor("#b3261e")
_OTHERS = (HexColor("#2f7d5b"), HexColor("#4d7ea3"), HexColor("#8a6d3b"))  # lines beside the main one
_STATUS = {"pass": ("OK", HexColor("#1d7a46")), "warn": ("WARN", HexColor("#a45c00")), "stop": ("STOP", _BAD)}
_MARGIN = 16 * mm
_LEAST_CAPTION = 50 * mm  # below a narrow picture
_LEAST_SECTION = 30 * mm  # of a page, for a section to begin there
_PADDING = 6  # points that reportlab's frame keeps free on each side
_LETTERS_MISSING = "This computer has no font for some letters, which stand here as “?”. The HTML report has them all."


def render(document: Document, page_size: PageSize = "A4") -> bytes:
    """The document as PDF bytes; banner, footer and page numbers stand on every page."""
    regular, _ = fonts()
    size = {"A4": A4, "Letter": letter}[page_size]
    stream = io.BytesIO()
    top = 22 * mm if document.banner else 14 * mm
    template = SimpleDocTemplate(
        stream,
        pagesize=size,
        leftMargin=_MARGIN - _PADDING,
        rightMargin=_MARGIN - _PADDING,
        topMargin=top,
        bottomMargin=18 * mm,
        title=document.title,
        author="ReadingRoom",  # by which it is known as ours
        subject=document.subtitle,
        invariant=1,
    )
    width = size[0] - 2 * _MARGIN
    story: list[Flowable] = [
        Text(markup(document.title), _style("title")),
        Text(markup(document.subtitle), _style("soft")),
    ]
    if not all(map(can_print, _texts(document))):
        story.append(Text(_LETTERS_MISSING, _style("soft")))
    for section in document.sections:
        story += _section(section, width)

    class NumberedCanvas(Canvas):
        """Knows the number of pages before it draws the margins."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                _draw_margins(self, document, regular, size, f"{number} / {len(self._pages)}")
                Canvas.showPage(self)
            Canvas.save(self)

    template.build(story, canvasmaker=NumberedCanvas)
    return stream.getvalue()


def _texts(part: Any) -> Iterator[str]:
    """Every text of a document, or of a part of one."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from _texts(item)
    elif dataclasses.is_dataclass(part):
        for field in dataclasses.fields(part):
            yield from _texts(getattr(part, field.name))


def _draw_margins(canvas: Canvas, document: Document, font: str, size: tuple[float, float], number: str) -> None:
    canvas.setStrokeColor(_LINE)
    canvas.line(_MARGIN, 14 * mm, size[0] - _MARGIN, 14 * mm)
    canvas.setFont(font, 7.5)
    canvas.setFillColor(_BAD)
    canvas.drawString(_MARGIN, 10 * mm, document.footer)
    canvas.setFillColor(_SOFT)
    canvas.drawRightString(size[0] - _MARGIN, 10 * mm, number)
    if document.banner:
        canvas.setFillColor(_BAD)
        canvas.rect(0, size[1] - 12 * mm, size[0], 12 * mm, stroke=0, fill=1)
        canvas.setFillColor(HexColor("#ffffff"))
        canvas.setFont(fonts()[1], 10)
        canvas.drawCentredString(size[0] / 2, size[1] - 8 * mm, document.banner)


def _section(section: Section, width: float) -> list[Flowable]:
    blocks = [flowable for block in section.blocks for flowable in _block(block, width)]
    heading = Text(markup(section.title), _style("heading"))
    # A heading never stands alone at the foot of a page, nor above the mere beginning of a table.
    return [CondPageBreak(_LEAST_SECTION), KeepTogether([heading, *blocks[:1]]), *blocks[1:]]


def _block(block: Block, width: float) -> list[Flowable]:
    match block:
        case Paragraph():
            return [Text(markup(block.text), _style("emphasis" if block.emphasis else "body"))]
        case Facts():
            return [_facts(block, width)]
        case Table():
            rows = [[Text(markup(cell), _style("soft")) for cell in block.header]]
            rows += [[Text(markup(cell), _style("body")) for cell in row] for row in block.rows]
            return [_grid(rows, [width * share for share in _shares(block)], lines=True, above=1.5 * mm)]
        case Bars():
            return [
                _grid([_bar(bar, width) for bar in block.rows], [0.2 * width, 0.4 * width, 0.23 * width, 0.17 * width])
            ]
        case SignedBars():
            return [_signed_bars(block, width)]
        case Checks():
            return [_checks(block, width)]
        case Plot():
            legend = "<br/>".join(
                f'<font color="#{_color(block, number).hexval()[2:]}"><b>{markup(line.title)}</b></font>'
                for number, line in enumerate(block.lines)
            )
            caption = f"{legend}<br/>{markup(block.caption)}"
            return [_grid([[_plot(block), Text(caption, _style("soft"))]], [66 * mm, width - 66 * mm], above=2 * mm)]
        case Pictures():
            return _pictures(block, width)


def _shares(table: Table) -> list[float]:
    """Share of the width for each column, by its longest cell; the root leaves room for short ones beside long ones."""
    longest = [max(len(row[i]) for row in (table.header, *table.rows)) for i in range(len(table.header))]
    roots = [math.sqrt(max(length, 4)) for length in longest]
    return [root / sum(roots) for root in roots]


def _facts(facts: Facts, width: float) -> Grid:
    """Two columns of name and value; long values take a row of their own."""
    cells = [[Text(markup(name), _style("soft")), Text(markup(value), _style("body"))] for name, value in facts.rows]
    if any(len(value) > 45 for _, value in facts.rows):
        return _grid(cells, [32 * mm, width - 32 * mm])
    half = (len(cells) + 1) // 2
    empty = [Text("", _style("body"))] * 2
    rows = [cells[i] + (cells[half + i] if half + i < len(cells) else empty) for i in range(half)]
    return _grid(rows, [30 * mm, width / 2 - 30 * mm] * 2)


def _bar(bar: Bar, width: float) -> list[Flowable]:
    length, height = 0.38 * width, 4 * mm
    drawing = Drawing(length, height)
    fill = HexColor("#d98a84" if bar.positive else "#7fa8c6")
    drawing.add(Rect(0, 0, length, height, fillColor=HexColor("#eef2f6"), strokeColor=None))
    drawing.add(Rect(0, 0, length * bar.probability, height, fillColor=fill, strokeColor=None))
    if bar.interval is not None:
        ends, middle = (length * bar.interval.low, length * bar.interval.high), height / 2
        drawing.add(Line(ends[0], middle, ends[1], middle, strokeColor=_INK, strokeWidth=1.6))
    if bar.threshold is not None:
        place = length * bar.threshold
        drawing.add(Line(place, -1, place, height + 1, strokeColor=_SOFT, strokeWidth=1.2))
    interval = f" ({interval_text(bar.interval)})" if bar.interval else ""
    words = ", ".join(filter(None, ({True: "positive", False: "negative", None: ""}[bar.positive], bar.verdict)))
    style = _style("positive" if bar.positive else "body")
    number = f"<b>{markup(percent(bar.probability))}</b>{markup(interval)}"
    return [Text(markup(bar.label), style), drawing, Text(number, style), Text(markup(words), style)]


def _signed_bars(bars: SignedBars, width: float) -> Grid:
    length, height = 0.3 * width, 3.5 * mm
    rows: list[list[Any]] = []
    for row in bars.rows:
        drawing, end = Drawing(length, height), length / 2 * (1 + row.value / bars.largest)
        fill = HexColor("#d98a84" if row.value >= 0 else "#7fa8c6")
        drawing.add(Rect(0, 0, length, height, fillColor=HexColor("#eef2f6"), strokeColor=None))
        left, right = sorted((length / 2, end))
        drawing.add(Rect(left, 0, right - left, height, fillColor=fill, strokeColor=None))
        drawing.add(Line(length / 2, -1, length / 2, height + 1, strokeColor=_INK, strokeWidth=0.6))
        rows.append([Text(markup(row.label), _style("body")), drawing, Text(markup(row.text), _style("soft"))])
    ends = Drawing(length, height)
    for x, words, anchor in ((0.0, bars.below, "start"), (length, bars.above, "end")):
        said = _fitting(words, fonts()[0], 6, length / 2)
        ends.add(String(x, 1, said, fontName=fonts()[0], fontSize=6, fillColor=_SOFT, textAnchor=anchor))
    rows.append([Text("", _style("body")), ends, Text("", _style("soft"))])
    return _grid(rows, [0.34 * width, 0.33 * width, 0.33 * width], above=1.5 * mm)


def _plot(plot: Plot) -> Drawing:
    left, bottom, width, height = 9 * mm, 8 * mm, 52 * mm, 27 * mm
    font, drawing = fonts()[0], Drawing(64 * mm, 39 * mm)

    def text(x: float, y: float, words: str, anchor: str) -> None:
        drawing.add(
            String(
                x,
                y,
                _fitting(words, font, 6, left + width),
                fontName=font,
                fontSize=6,
                fillColor=_SOFT,
                textAnchor=anchor,
            )
        )

    def points(corners: list[tuple[float, float]]) -> list[float]:
        return [place for x, y in corners for place in (left + width * x, bottom + height * y)]

    low, high = plot.limits
    for y in (0.0, 0.5, 1.0):
        level, value = bottom + height * y, low + y * (high - low)
        drawing.add(Line(left, level, left + width, level, strokeColor=_LINE, strokeWidth=0.5))
        text(left - 3, level - 2, percent(value) if plot.scale == "share" else f"{value:.3g}", "end")
    text(left, bottom - 8, f"{plot.positions[0]:.4g}", "start")
    text(left + width, bottom - 8, f"{plot.positions[-1]:.4g}", "end")
    text(left + width / 2, bottom - 16, plot.position_title, "middle")
    text(left, bottom + height + 4, plot.value_title, "start")
    for number, line in sorted(enumerate(plot.lines), key=lambda item: item[1].main):
        color = _color(plot, number)
        if line.low:
            band = points([*plot.path(line.low), *reversed(plot.path(line.high))])
            drawing.add(Polygon(band, strokeColor=None, fillColor=color, fillOpacity=0.16))
        drawing.add(PolyLine(points(plot.path(line.values)), strokeColor=color, strokeWidth=1.5))
    return drawing


def _fitting(words: str, font: str, size: float, room: float) -> str:
    """The words on one line, cut where they are wider than ``room`` (points); letters without a glyph are marked."""
    words = "".join(letter if can_print(letter) else "?" for letter in " ".join(words.split()))
    if stringWidth(words, font, size) <= room:
        return words
    while words and stringWidth(f"{words}…", font, size) > room:
        words = words[:-1]
    return f"{words}…"


def _color(plot: Plot, number: int) -> HexColor:
    return _BAD if plot.lines[number].main else _OTHERS[number % len(_OTHERS)]


def _checks(block: Checks, width: float) -> Grid:
    cells = [[_status(check.status), Text(markup(check.sentence), _style("body"))] for check in block.rows]
    if block.rows[0].status != "pass":
        return _grid(cells, [14 * mm, width - 14 * mm])
    half = (len(cells) + 1) // 2
    rows = [cells[i] + (cells[half + i] if half + i < len(cells) else ["", ""]) for i in range(half)]
    return _grid(rows, [8 * mm, width / 2 - 8 * mm] * 2)


def _status(status: str) -> Text:
    word, color = _STATUS[status]
    return Text(f'<font color="#{color.hexval()[2:]}"><b>{word}</b></font>', _style("body"))


def _pictures(block: Pictures, width: float) -> list[Flowable]:
    """Two pictures in a row, rows that pages may part, equally high, as wide together as the page allows."""
    rows: list[Flowable] = []
    pairs = [block.pictures[i : i + 2] for i in range(0, len(block.pictures), 2)]
    for pair in pairs:
        sizes = [Pillow.open(io.BytesIO(picture.png)).size for picture in pair]
        room = width - 3 * mm * (len(pair) - 1)
        height = min(92 * mm, room / sum(w / h for w, h in sizes))
        cells = [
            [
                Image(io.BytesIO(picture.png), height * w / h, height, hAlign="LEFT"),
                Text(markup(picture.caption), _style("soft")),
            ]
            for picture, (w, h) in zip(pair, sizes, strict=True)
        ]
        rows.append(_grid([cells], [max(height * w / h, _LEAST_CAPTION) + 3 * mm for w, h in sizes]))
    return rows


def _grid(rows: list[list[Any]], widths: list[float], lines: bool = False, above: float = 0.0) -> Grid:
    """A table; with ``lines`` between its rows, and its first row again on each further page."""
    style: list[tuple] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]
    if lines:
        style.append(("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE))
    return Grid(rows, widths, style=style, hAlign="LEFT", repeatRows=int(lines), spaceBefore=above)


@functools.cache
def _style(name: str) -> ParagraphStyle:
    regular, bold = fonts()
    body = ParagraphStyle("body", fontName=regular, fontSize=8.5, leading=11, textColor=_INK)
    return {
        "body": body,
        "soft": ParagraphStyle("soft", body, textColor=_SOFT),
        "title": ParagraphStyle("title", body, fontName=bold, fontSize=16, leading=20, textColor=_ACCENT),
        "heading": ParagraphStyle(
            "heading", body, fontName=bold, fontSize=10.5, leading=13, textColor=_ACCENT, spaceBefore=7, spaceAfter=2
        ),
        "emphasis": ParagraphStyle("emphasis", body, fontName=bold, textColor=_BAD),
        "positive": ParagraphStyle("positive", body, textColor=_BAD),
    }[name]
