"""The fonts of a PDF report: names print as they are written, and a letter that no font has is marked and mentioned."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

# Regular and bold with the letters of many languages; the first pair found is taken.
_FONTS = (
    ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),  # Linux
    ("segoeui.ttf", "segoeuib.ttf"),  # Windows
    ("arial.ttf", "arialbd.ttf"),
    ("Arial.ttf", "Arial Bold.ttf"),  # macOS
    ("Vera.ttf", "VeraBd.ttf"),  # comes with reportlab: Western European letters
)
_FONT_FOLDERS = ("/usr/share/fonts/truetype/dejavu", "C:/Windows/Fonts", "/System/Library/Fonts/Supplemental", "")
# For the letters that those lack, most of all Chinese, Japanese and Korean ones; all that are found are taken.
_FURTHER_FONTS = (
    "C:/Windows/Fonts/msgothic.ttc",
    "C:/Windows/Fonts/malgun.ttf",
    "C:/Windows/Fonts/msyh.ttc",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
)
_INSTEAD = "?"


@functools.cache
def fonts() -> tuple[str, str]:
    """Names of the regular and bold font, registered with reportlab."""
    for regular, bold in _FONTS:
        for folder in _FONT_FOLDERS:
            if _register("Report", Path(folder, regular)) and _register("Report-Bold", Path(folder, bold)):
                pdfmetrics.registerFontFamily("Report", normal="Report", bold="Report-Bold")
                return "Report", "Report-Bold"
    raise FileNotFoundError("reportlab is installed without its own font Vera")


def markup(text: str) -> str:
    """The text as reportlab's paragraphs take it: escaped, with another font for letters that the regular one lacks."""
    runs = ((font, "".join(letters)) for font, letters in groupby(_visible(text), key=_font_with))
    return "".join(_run(font, letters) for font, letters in runs)


def can_print(text: str) -> bool:
    """Whether a font of this computer has each letter of the text."""
    return all(_font_with(letter) is not None for letter in _visible(text))


def _run(font: str | None, letters: str) -> str:
    if font is None:
        return _INSTEAD * len(letters)
    return escape(letters) if font == fonts()[0] else f'<font face="{font}">{escape(letters)}</font>'


def _visible(text: str) -> Iterator[str]:
    """The letters, with a space for each control character."""
    return (letter if letter.isprintable() else " " for letter in text)


@functools.cache
def _font_with(letter: str) -> str | None:
    """The name of the first font that has the letter."""
    names = (fonts()[0], *_further_fonts())
    return next((name for name in names if ord(letter) in pdfmetrics.getFont(name).face.charToGlyph), None)


@functools.cache
def _further_fonts() -> tuple[str, ...]:
    numbered = ((f"Report-{number}", Path(path)) for number, path in enumerate(_FURTHER_FONTS))
    return tuple(name for name, path in numbered if _register(name, path))


def _register(name: str, path: Path) -> bool:
    try:
        pdfmetrics.registerFont(TTFont(name, str(path)))
    except TTFError:  # not there, or of a kind that reportlab cannot embed
        return False
    return True
