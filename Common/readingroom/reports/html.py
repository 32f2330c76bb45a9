"""A report as one self-contained HTML file: no scripts, no links, pictures inside."""

from __future__ import annotations

import base64
from html import escape
from importlib import resources

from ..formatting import interval_text, percent
from .document import Bar, Bars, Block, Checks, Document, Facts, Paragraph, Picture, Pictures, Plot, SignedBars, Table

GENERATOR = '<meta name="generator" content="ReadingRoom">'  # by which a report is known as ours
_MARKS = {"pass": "✓", "warn": "!", "stop": "✕"}


def render(document: Document) -> str:
    """The document as HTML text."""
    style = resources.files(__package__).joinpath("report.css").read_text("utf-8")
    banner = f'<p class="banner">{escape(document.banner)}</p>' if document.banner else ""
    sections = "".join(
        f"<section><h2>{escape(section.title)}</h2>{''.join(map(_block, section.blocks))}</section>"
        for section in document.sections
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{GENERATOR}<title>{escape(document.title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{style}</style></head><body>{banner}'
        f"<header><h1>{escape(document.title)}</h1><p>{escape(document.subtitle)}</p></header><main>{sections}</main>"
        f"<footer>{escape(document.footer)}</footer></body></html>\n"
    )


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            kind = ' class="emphasis"' if block.emphasis else ""
            return f"<p{kind}>{escape(block.text)}</p>"
        case Facts():
            return f"<dl>{''.join(f'<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>' for k, v in block.rows)}</dl>"
        case Table():
            return _table(block)
        case Bars():
            return f'<div class="bars">{"".join(map(_bar, block.rows))}</div>'
        case SignedBars():
            return _signed_bars(block)
        case Checks():
            items = (
                f'<li class="{check.status}"><b aria-label="{check.status}">{_MARKS[check.status]}</b>'
                f"{escape(check.sentence)}</li>"
                for check in block.rows
            )
            columns = " columns" if block.rows[0].status == "pass" else ""
            return f'<ul class="checks{columns}">{"".join(items)}</ul>'
        case Plot():
            return _plot(block)
        case Pictures():
            return f'<div class="pictures">{"".join(map(_figure, block.pictures))}</div>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _bar(bar: Bar) -> str:
    interval = whisker = ""
    if bar.interval is not None:
        interval, low, high = f" ({interval_text(bar.interval)})", bar.interval.low, bar.interval.high
        whisker = f'<i class="interval" style="left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"></i>'
    threshold = "" if bar.threshold is None else f'<i class="threshold" style="left:{100 * bar.threshold:.1f}%"></i>'
    state = {True: "positive", False: "negative", None: ""}[bar.positive]
    words = ", ".join(filter(None, (state, bar.verdict)))
    return (
        f'<div class="bar {state}"><span>{escape(bar.label)}</span><div class="track">'
        f'<i class="fill" style="width:{100 * bar.probability:.1f}%"></i>{whisker}{threshold}</div>'
        f"<b>{percent(bar.probability)}{interval}</b><em>{escape(words)}</em></div>"
    )


def _signed_bars(bars: SignedBars) -> str:
    rows = ""
    for row in bars.rows:
        length = 50 * abs(row.value) / bars.largest
        left = 50 if row.value >= 0 else 50 - length
        rows += (
            f'<div class="signed"><span>{escape(row.label)}</span><div class="track">'
            f'<i class="{"above" if row.value >= 0 else "below"}" style="left:{left:.1f}%;width:{length:.1f}%"></i>'
            f'<i class="middle"></i></div><b>{escape(row.text)}</b></div>'
        )
    ends = f"<small>{escape(bars.below)}</small><small>{escape(bars.above)}</small>"
    return f'<div class="signed-bars">{rows}<div class="signed"><span></span><div class="ends">{ends}</div></div></div>'


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode("ascii")
    caption = escape(picture.caption)
    return (
        f'<figure><img alt="{caption}" src="data:image/png;base64,{data}"><figcaption>{caption}</figcaption></figure>'
    )


def _plot(plot: Plot) -> str:
    """An SVG of 300 x 150 with its legend and caption below."""
    left, top, width, height = 38, 14, 250, 100

    def point(corner: tuple[float, float]) -> str:
        return f"{left + width * corner[0]:.1f},{top + height * (1 - corner[1]):.1f}"

    low, high = plot.limits
    show = percent if plot.scale == "share" else "{:.3g}".format
    ticks = "".join(
        f'<text x="{left - 5}" y="{top + height * (1 - y) + 4:.0f}" text-anchor="end">{show(low + y * (high - low))}'
        f'</text><path d="M{left} {top + height * (1 - y):.0f}h{width}"/>'
        for y in (0.0, 0.5, 1.0)
    )
    drawn = ""
    for number, line in sorted(enumerate(plot.lines), key=lambda item: item[1].main):
        kind = "main" if line.main else f"other other{number % 3}"
        if line.low:
            band = [*plot.path(line.low), *reversed(plot.path(line.high))]
            drawn += f'<polygon class="{kind}" points="{" ".join(map(point, band))}"/>'
        drawn += f'<polyline class="{kind}" points="{" ".join(map(point, plot.path(line.values)))}"/>'
    legend = "<br>".join(
        f'<b class="{"main" if line.main else f"other other{number % 3}"}">{escape(line.title)}</b>'
        for number, line in enumerate(plot.lines)
    )
    return (
        f'<figure class="plot"><svg viewBox="0 0 300 150" role="img" aria-label="{escape(plot.caption)}">{ticks}'
        f'<text x="{left}" y="{top + height + 13}">{plot.positions[0]:g}</text>'
        f'<text x="{left + width / 2}" y="{top + height + 25}" text-anchor="middle">'
        f"{escape(plot.position_title)}</text>"
        f'<text x="{left + width}" y="{top + height + 13}" text-anchor="end">{plot.positions[-1]:g}</text>'
        f'<text x="{left}" y="{top - 2}">{escape(plot.value_title)}</text>'
        f"{drawn}</svg><figcaption>{legend}<br>{escape(plot.caption)}</figcaption></figure>"
    )
