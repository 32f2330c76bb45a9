"""Names print in the letters that they are written in, or the page says that it cannot."""

from pathlib import Path

import pytest
from reportlab.pdfbase import pdfmetrics

from readingroom.reports import pdf, pdf_fonts
from readingroom.reports.document import Document, Paragraph, Section

DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")


@pytest.fixture
def only_vera(monkeypatch):
    """A computer that has no font but the one that comes with reportlab, and perhaps some further ones."""
    caches = (pdf_fonts.fonts, pdf_fonts._further_fonts, pdf_fonts._font_with)

    def further(*paths: Path) -> None:
        monkeypatch.setattr(pdf_fonts, "_FONTS", (("Vera.ttf", "VeraBd.ttf"),))
        monkeypatch.setattr(pdf_fonts, "_FURTHER_FONTS", paths)
        forget()

    def forget() -> None:
        """Pages that other tests made have registered fonts, and reportlab keeps the first of each name."""
        for name in [name for name in pdfmetrics.getRegisteredFontNames() if name.startswith("Report")]:
            del pdfmetrics._fonts[name]
        for cache in caches:
            cache.cache_clear()

    yield further
    monkeypatch.undo()
    forget()


def a_page_with(text: str) -> bytes:
    return pdf.render(Document(text, "", "", "", (Section("Study", (Paragraph(text, emphasis=True),)),)))


def test_letters_that_no_font_has_are_marked(only_vera):
    only_vera()
    assert pdf_fonts.markup("Müller <山田>\x00") == "Müller &lt;??&gt; "
    assert pdf_fonts.can_print("Müller\n")
    assert not pdf_fonts.can_print("山")


def test_a_page_says_that_letters_are_missing(only_vera, monkeypatch):
    only_vera()
    texts = []
    real = pdf.Text
    monkeypatch.setattr(pdf, "Text", lambda text, style: texts.append(text) or real(text, style))
    a_page_with("Müller")
    assert pdf._LETTERS_MISSING not in texts
    a_page_with("山田")
    assert pdf._LETTERS_MISSING in texts


@pytest.mark.skipif(not DEJAVU.exists(), reason="DejaVu is not installed")
def test_another_font_takes_over_where_the_first_has_no_letter(only_vera):
    only_vera(Path("/nowhere/missing.ttc"), DEJAVU)
    assert pdf_fonts.markup("Жук & Co") == '<font face="Report-1">Жук</font> &amp; Co'
    assert pdf_fonts.can_print("Жук")
    assert a_page_with("Жук").startswith(b"%PDF")
