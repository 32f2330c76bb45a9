"""The page of an audit or an evaluation: whole, escaped, self-contained, the same each time."""

import re
from xml.etree import ElementTree

import pytest

pytest.importorskip("matplotlib", reason="needs the extra [train]")

from matplotlib.figure import Figure

from readingroom.learning.reporting.page import Page


def a_figure() -> Figure:
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([0, 1], [0, 1])
    return figure


def a_page() -> Page:
    page = Page("Films <of> A & B", "12 films")
    page.section("Counts")
    page.banner("warn", "Few <script>alert(1)</script> films.")
    page.table(["Site", "Films"], [["north & co", 7], ["<b>south</b>", 5]], caption='By "site"')
    page.figure(a_figure(), "A line.")
    page.figure(a_figure(), "Another line.", alt="A line that rises")
    page.paragraph("5 < 7")
    page.section("End")
    return page


def body_of(html: str) -> ElementTree.Element:
    inside = html[html.index("<body>") : html.index("</body>") + len("</body>")]
    return ElementTree.fromstring(re.sub(r"(<img [^>]*)>", r"\1/>", inside))


def test_every_part_is_closed_where_it_belongs():
    sections = body_of(a_page().html()).find("main").findall("section")
    assert [section.find("h2").text for section in sections] == ["Counts", "End"]
    assert [len(section.findall("div[@class='figures']/figure")) for section in sections] == [2, 0]


def test_names_from_a_table_cannot_become_markup():
    html = a_page().html()
    assert "<script>" not in html
    assert "&lt;b&gt;south&lt;/b&gt;" in html
    assert "<title>Films &lt;of&gt; A &amp; B</title>" in html


def test_nothing_is_fetched_from_elsewhere():
    html = a_page().html()
    assert set(re.findall(r'(?:src|href)="([a-z]+:)', html)) == {"data:"}
    assert "url(" not in html
    assert "@import" not in html


def test_the_same_page_has_the_same_bytes():
    assert a_page().html() == a_page().html()


def test_columns_of_numbers_stand_to_the_right():
    rows = body_of(a_page().html()).findall(".//tbody/tr")
    assert [[cell.get("class") for cell in row] for row in rows] == [[None, "number"]] * 2


def test_a_figure_says_what_it_shows():
    images = body_of(a_page().html()).findall(".//img")
    assert [image.get("alt") for image in images] == ["A line.", "A line that rises"]


def test_a_crowded_figure_becomes_a_picture():
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot(range(9000), [n % 7 for n in range(9000)], "o")
    page = Page("Crowd", "")
    page.figure(figure, "Many points.")
    assert "data:image/png;base64," in page.html()


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="2 cells"):
        Page("A", "").table(["a", "b"], [["only one"]])
