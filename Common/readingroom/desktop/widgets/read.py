"""The button that reads or measures and, while it does, cancels; with the progress below it."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from .labels import sentence


class ReadView:
    """Button, bar and sentence.

    Parameters
    ----------
    on_pressed : called for Read and for Cancel alike
    label, tip, cancel_tip : what stands on the button, and its tooltips
    """

    def __init__(self, on_pressed: Callable[[], None], label: str, tip: str, cancel_tip: str) -> None:
        self._label, self._tip, self._cancel_tip = label, tip, cancel_tip
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        self.button = qt.QPushButton()
        self.button.setMinimumHeight(34)
        self.progress = qt.QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(8)
        self.progress.setAccessibleName(_("Progress"))
        self.sentence = sentence()
        column.addWidget(self.button)
        column.addWidget(self.progress)
        column.addWidget(self.sentence)
        self.button.clicked.connect(lambda *_args: on_pressed())
        self.show_ready(True)

    def show_ready(self, possible: bool, missing: str = "") -> None:
        """Offer to begin; ``possible`` is False while something has yet to be chosen, such as what is ``missing``."""
        self.button.setText(self._label)
        self.button.setToolTip(self._tip)
        self.button.setEnabled(possible)
        self.progress.setVisible(False)
        self.sentence.setVisible(bool(missing))
        self.sentence.setText(_("To begin, choose: {title}.").format(title=missing) if missing else "")

    def show_working(self, fraction: float, text: str, label: str = "", tip: str = "") -> None:
        """Offer to cancel (or, as ``label`` has it, to stop a part), and say how far the work has come."""
        self.button.setText(label or _("Cancel"))
        self.button.setToolTip(tip or self._cancel_tip)
        self.button.setEnabled(True)
        self.progress.setVisible(True)
        self.progress.setValue(round(1000 * fraction))
        self.sentence.setVisible(True)
        self.sentence.setText(text or _("Starting …"))
