"""What a person at the panel does: click, choose, type, press, wait, look."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import slicer
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest

from . import mrml_widgets, views
from .plot_view import render_plot


def _usable(widget: Any, act: str) -> None:
    name = widget.property("objectName") or type(widget).__name__
    if not widget.isVisible():
        msg = f"A person cannot {act} {name}: it is not visible"
        raise AssertionError(msg)
    _scroll_to(widget)
    if not widget.isEnabled():
        msg = f"A person cannot {act} {name}: it is disabled"
        raise AssertionError(msg)


def _scroll_to(widget: Any) -> None:
    scroll = slicer.app._parts["window"]._scroll
    if scroll.widget() is not None and scroll.widget().isAncestorOf(widget):
        scroll.ensureWidgetVisible(widget)
        slicer.app.processEvents()


def click(widget: Any) -> None:
    """Press and release the left button in the middle of a visible, enabled widget."""
    _usable(widget, "click")
    rect = widget.property("rect")
    # The box of a check box or radio button is at its left; the title of a section at its top.
    point = QPoint(min(10, rect.center().x()), rect.center().y())
    if widget.inherits("ctkCollapsibleButton"):
        point = QPoint(rect.center().x(), 6)
    elif not (widget.inherits("QCheckBox") or widget.inherits("QRadioButton")):
        point = rect.center()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
    slicer.app.processEvents()


def select(combo: Any, text: str) -> None:
    """Choose the entry `text` of a combo box or node selector."""
    _usable(combo, "choose in")
    box = combo._combo if isinstance(combo, mrml_widgets.qMRMLNodeComboBox) else combo
    index = box.findText(text)
    if index < 0:
        entries = [box.itemText(i) for i in range(box.count)]
        msg = f"There is no entry {text!r}, only {entries}"
        raise AssertionError(msg)
    box.setCurrentIndex(index)
    box.activated.emit(index)
    slicer.app.processEvents()


def type_text(widget: Any, text: str) -> None:
    """Type `text` into a widget, after what is there."""
    _usable(widget, "type into")
    widget.setFocus()
    QTest.keyClicks(widget, text)
    slicer.app.processEvents()


def press(widget: Any, key: str) -> None:
    """Press a key or combination such as "Return" or "Ctrl+R" while `widget` has the focus."""
    from PySide6.QtGui import QKeySequence

    _usable(widget, "press a key in")
    window = widget.window()
    window.activateWindow()
    widget.setFocus()
    slicer.app.processEvents()
    QTest.keySequence(widget, QKeySequence(key))
    slicer.app.processEvents()


def wait_until(predicate: Callable[[], Any], seconds: float = 10.0) -> None:
    """Let the application run until `predicate()` holds; an AssertionError if it does not in `seconds`."""
    end = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > end:
            msg = f"Nothing came of it in {seconds:g} s"
            raise AssertionError(msg)
        slicer.app.processEvents()
        time.sleep(0.005)


def grab(widget: Any, path: str | Path, width: int = 0, height: int = 0) -> None:
    """A picture of a widget as PNG, as if it were on the screen, at its own size or the one given.

    The panel of the open module is shown in full, as if the window were high enough to need no scrolling.
    """
    if widget.inherits("qSlicerScriptedLoadableModuleWidget"):
        with _room_for(widget, width, height):
            _picture_of(widget, path)
        return
    if width or height:
        widget.resize(width or widget.property("width"), height or widget.property("height"))
    _picture_of(widget, path)


def _picture_of(widget: Any, path: str | Path) -> None:
    if not widget.isVisible():
        widget.show()
    slicer.app.processEvents()
    image = QImage(widget.property("size"), QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    _draw(widget, image, QPoint(0, 0))
    _save(image, path)


def grab_desk(
    path: str | Path, views_shown: tuple[str | Sequence[str], ...] = ("Red",), width: int = 1400, height: int = 800
) -> None:
    """The desk as PNG: the open panel at the left, the named slice and plot views at the right, from the top down.

    An entry of several names is a row of views side by side; a row of more than three is half as high as others.
    """
    panel = slicer.app._parts["window"]._scroll.widget()
    left = 0
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(slicer.app.palette().window().color())
    if panel is not None:
        with _room_for(panel, 0, height):
            left = panel.property("width")
            _draw(panel, image, QPoint(0, 0))
    painter = QPainter(image)
    rows = [(names,) if isinstance(names, str) else tuple(names) for names in views_shown]
    shares = [1 if len(names) > 3 else 2 for names in rows]
    top = 0
    for names, share in zip(rows, shares, strict=True):
        high, wide = height * share // sum(shares), (width - left) // len(names)
        for i, name in enumerate(names):
            render = render_plot if name.startswith("PlotView") else render_slice
            pixels = render(name, width=wide, height=high)
            view = QImage(pixels.tobytes(), wide, high, 3 * wide, QImage.Format.Format_RGB888)
            painter.drawImage(left + i * wide, top, view)
        top += high
    painter.end()
    _save(image, path)


@contextlib.contextmanager
def _room_for(panel: Any, width: int, height: int) -> Iterator[None]:
    """For a while the panel's column in the main window is as wide and high as asked, or as high as the panel needs."""
    window = slicer.app._parts["window"]
    size, column = window.property("size"), window._scroll.property("width")
    window._scroll.setFixedWidth(width or column)
    for _ in range(2):  # texts wrap at the new width first, then the height is known
        slicer.app.processEvents()
        least = panel.layout().minimumSize().height()
        wrapped = panel.layout().totalHeightForWidth(panel.property("width"))
        window.resize(window.property("width"), max(height, least, wrapped))
    slicer.app.processEvents()
    try:
        yield
    finally:
        window._scroll.setFixedWidth(column)
        window.resize(size)
        slicer.app.processEvents()


def _draw(widget: Any, image: QImage, where: QPoint) -> None:
    painter = QPainter(image)
    widget.render(painter, where)
    painter.end()


def _save(image: QImage, path: str | Path) -> None:
    if not image.save(str(path)):
        msg = f"{path} cannot be written"
        raise OSError(msg)


def render_slice(name: str = "Red", path: str | Path | None = None, width: int = 500, height: int = 500) -> Any:
    """A slice view as it is set up, as an RGB array [row, column, 3]; also as PNG when a path is given."""
    pixels = views.picture(slicer.app.layoutManager().sliceWidget(name)._view, width, height)
    if path is not None:
        views.save_picture(pixels, path)
    return pixels


def render_3d(path: str | Path | None = None, width: int = 500, height: int = 500) -> Any:
    """The first 3D view as an RGB array [row, column, 3]; also as PNG when a path is given."""
    pixels = views.picture(slicer.app.layoutManager().threeDWidget(0)._view, width, height)
    if path is not None:
        views.save_picture(pixels, path)
    return pixels
