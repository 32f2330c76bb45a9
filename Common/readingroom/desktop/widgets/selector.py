"""A drop-down list whose entries have keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import qt


def selector(name: str, tip: str) -> Any:
    """A list of which one entry is chosen."""
    combo = qt.QComboBox()
    combo.setAccessibleName(name)
    combo.setToolTip(tip)
    combo.setSizeAdjustPolicy(qt.QComboBox.AdjustToMinimumContentsLengthWithIcon)  # long names must not widen the panel
    combo.setMinimumContentsLength(12)
    return combo


def fill(combo: Any, items: Sequence[tuple[str, str]], chosen: str, empty: str) -> None:
    """List ``(key, title)`` pairs and select one without telling anybody; ``empty`` is said when there are none."""
    blocked = combo.blockSignals(True)
    combo.clear()
    for key, title in items or [("", empty)]:
        combo.addItem(title, key)
        combo.setItemData(combo.count - 1, title, qt.Qt.ToolTipRole)  # the box may be too narrow for it
    combo.setCurrentIndex(max(0, [key for key, _title in items].index(chosen) if chosen in dict(items) else 0))
    combo.setEnabled(bool(items))
    combo.blockSignals(blocked)
