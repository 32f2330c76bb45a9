"""A drop-down list whose entries have keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ctk
import qt

_MARGIN = 40  # pixels beside a title in the opened list: for the frame, a tick and a scroll bar


def selector(name: str, tip: str) -> Any:
    """A list of which one entry is chosen. What is too long for the box is shortened, and whole in its tooltip."""
    combo = ctk.ctkComboBox()
    combo.elideMode = qt.Qt.ElideMiddle  # titles end in a version, or in a warning
    combo.setAccessibleName(name)
    combo.setAccessibleDescription(tip)
    combo.setToolTip(tip)
    combo.setSizeAdjustPolicy(qt.QComboBox.AdjustToMinimumContentsLengthWithIcon)  # long names must not widen the panel
    combo.setMinimumContentsLength(12)
    combo.currentTextChanged.connect(lambda text: combo.setToolTip(f"{text}\n\n{tip}" if text else tip))
    return combo


def fill(combo: Any, items: Sequence[tuple[str, str]], chosen: str, empty: str) -> None:
    """List ``(key, title)`` pairs and select one without telling anybody; ``empty`` is said when there are none."""
    combo.clear()
    listed = items or [("", empty)]
    for key, title in listed:
        combo.addItem(title, key)
    widest = max(combo.fontMetrics().horizontalAdvance(title) for _key, title in listed)
    combo.view().setMinimumWidth(widest + _MARGIN)  # the opened list shows whole what the box shortens
    combo.setCurrentIndex(max(0, [key for key, _title in items].index(chosen) if chosen in dict(items) else 0))
    combo.setEnabled(bool(items))
