"""Pictures for the three outcomes of a check. Shape tells them apart, not color alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qt

from ...reading import Status

_FOLDER = Path(__file__).parent / "icons"


def status_label(status: Status, description: str) -> Any:
    """A label with the icon of a check's status; ``description`` is what a screen reader says."""
    label = qt.QLabel()
    label.setPixmap(qt.QIcon(str(_FOLDER / f"{status}.png")).pixmap(qt.QSize(18, 18)))
    label.setAlignment(qt.Qt.AlignTop)
    label.setFixedWidth(24)
    label.setAccessibleName(description)
    label.setToolTip(description)
    return label
