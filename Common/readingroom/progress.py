"""How far a piece of work has come: a fraction and a sentence, and a first value where there is one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .errors import CancelledError


class Progress:
    """Told by the work how far it has come; stops the work when somebody canceled it.

    Parameters
    ----------
    report : called with the fraction (0 to 1) and the sentence; None when nobody listens
    canceled : asked at each step; True ends the work
    start, stop : the range of the whole that this part of the work covers
    publish : called with a first value, plain JSON values, that is shown while the work goes on

    Example
    -------
    >>> progress = Progress(lambda fraction, sentence: print(f"{fraction:.2f} {sentence}"))
    >>> progress(0.1, "Opening the image.")
    0.10 Opening the image.
    >>> progress.part(0.5, 1.0)(0.5, "Drawing the map.")
    0.75 Drawing the map.
    """

    def __init__(
        self,
        report: Callable[[float, str], None] | None = None,
        canceled: Callable[[], bool] = lambda: False,
        start: float = 0.0,
        stop: float = 1.0,
        publish: Callable[[Any], None] | None = None,
    ):
        self._report = report
        self._canceled = canceled
        self._start = start
        self._stop = stop
        self._publish = publish

    def __call__(self, fraction: float, sentence: str) -> None:
        """Say how far this part has come.

        Raises
        ------
        CancelledError : the user canceled
        ValueError : the fraction is not a number
        """
        if math.isnan(fraction):
            raise ValueError("A progress of NaN was reported.")
        self.raise_if_canceled()
        if self._report is not None:
            within = min(max(fraction, 0.0), 1.0)  # sums of steps end a rounding error above 1
            self._report(self._start + within * (self._stop - self._start), sentence)

    def publish(self, value: Any) -> None:
        """Hand over a first value of the work.

        Raises
        ------
        CancelledError : the user canceled
        """
        self.raise_if_canceled()
        if self._publish is not None:
            self._publish(value)

    def raise_if_canceled(self) -> None:
        """Stop here when the user canceled, with nothing to report.

        Raises
        ------
        CancelledError : the user canceled
        """
        if self._canceled():
            raise CancelledError("The work was canceled.")

    def part(self, start: float, stop: float) -> Progress:
        """A Progress whose 0 to 1 is ``start`` to ``stop`` of this one.

        Raises
        ------
        ValueError : not ``0 <= start <= stop <= 1``
        """
        if not 0 <= start <= stop <= 1:
            raise ValueError(f"{start} to {stop} is no part of 0 to 1.")
        width = self._stop - self._start
        low, high = self._start + start * width, self._start + stop * width
        return Progress(self._report, self._canceled, low, high, self._publish)
