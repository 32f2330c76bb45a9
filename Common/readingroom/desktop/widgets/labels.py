"""Text as the panel writes it: plain, wrapped, selectable."""

from __future__ import annotations

from typing import Any

import qt


def sentence(text: str = "") -> Any:
    """A wrapped label. The text is never taken for HTML: it may hold names from files."""
    label = qt.QLabel()
    label.setTextFormat(qt.Qt.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(qt.Qt.TextSelectableByMouse)
    label.setText(text)
    return label


def heading(text: str = "") -> Any:
    """A line in bold."""
    label = sentence(text)
    font = qt.QFont(label.font)
    font.setBold(True)
    label.setFont(font)
    return label


def banner(text: str = "", red: bool = False) -> Any:
    """A line that cannot be overlooked, for what must be said of every number below it; ``red`` where they mislead."""
    label = sentence(text)
    label.setAlignment(qt.Qt.AlignCenter)
    colors = "background: #b3261e; color: #ffffff" if red else "background: #f5c242; color: #201600"
    label.setStyleSheet(f"{colors}; padding: 6px; border-radius: 4px; font-weight: bold;")
    return label


def hint(text: str = "") -> Any:
    """A few words beside or below something, quieter than what they speak of."""
    label = qt.QLabel()
    label.setTextFormat(qt.Qt.PlainText)
    label.setText(text)
    font = qt.QFont(label.font)
    font.setItalic(True)
    label.setFont(font)
    return label
