"""A report as one self-contained HTML file: no scripts, no links, pictures inside."""

from __future__ import annotations

import base64
from html import escape
from importlib import resources

from ..formatting import interval_text, percent
from .document import Bar, Bars, Block, Checks, Curve, Document, Facts, Paragraph, Picture, Pictures, Table

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
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(document.title)}</title>'
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
        case Checks():
            items = (
                f'<li class="{check.status}"><b aria-label="{check.status}">{_MARKS[check.status]}</b>'
                f"{escape(check.sentence)}</li>"
                for check in block.rows
            )
            columns = " columns" if block.rows[0].status == "pass" else ""
            return f'<ul class="checks{columns}">{"".join(items)}</ul>'
        case Curve():
            return _curve(block)
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


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode("ascii")
    caption = escape(picture.caption)
    return (
        f'<figure><img alt="{caption}" src="data:image/png;base64,{data}"><figcaption>{caption}</figcaption></figure>'
    )


def _curve(curve: Curve) -> str:
    """An SVG of 300 x 130: probability upwards, share removed to the right."""
    left, top, width, height = 34, 8, 250, 92
    end = curve.fractions[-1]

    def points(values: tuple[float, ...]) -> str:
        return " ".join(
            f"{left + width * x / end:.1f},{top + height * (1 - y):.1f}"
            for x, y in zip(curve.fractions, values, strict=True)
        )

    ticks = "".join(
        f'<text x="{left - 5}" y="{top + height * (1 - y) + 4:.0f}" text-anchor="end">{percent(y)}</text>'
        f'<path d="M{left} {top + height * (1 - y):.0f}h{width}"/>'
        for y in (0.0, 0.5, 1.0)
    )
    return (
        f'<figure class="curve"><svg viewBox="0 0 300 130" role="img" aria-label="{escape(curve.caption)}">{ticks}'
        f'<text x="{left}" y="{top + height + 14}">0 %</text>'
        f'<text x="{left + width}" y="{top + height + 14}" text-anchor="end">{percent(end)} removed</text>'
        f'<polyline class="random" points="{points(curve.random)}"/>'
        f'<polyline class="hottest" points="{points(curve.hottest)}"/></svg>'
        '<figcaption><b class="hottest">hottest parts</b> <b class="random">parts elsewhere</b> '
        f"{escape(curve.caption)}</figcaption></figure>"
    )
