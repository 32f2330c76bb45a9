"""The reading that a scene keeps, as text among the parameters of a panel."""

from __future__ import annotations

import json
from typing import Any

from ..reading import Reading


def as_text(reading: Reading) -> str:
    """The reading as it is kept."""
    return json.dumps(reading.to_json())


class KeptReading:
    """Understands the text once, not at each look."""

    def __init__(self) -> None:
        self._text = ""
        self._reading: Reading | None = None

    def reading_of(self, parameters: Any) -> Reading | None:
        """The reading in these parameters; None when there is none, or one that this version does not understand."""
        text = parameters.reading
        if text != self._text:
            self._text, self._reading = text, _understood(text)
        return self._reading


def _understood(text: str) -> Reading | None:
    try:
        return Reading.from_json(json.loads(text)) if text else None
    except ValueError:  # another version of ReadingRoom wrote it
        return None
