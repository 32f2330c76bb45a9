"""One line of ``cohort.csv``: its values as the fields of a row, or what is wrong with them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from ... import dicom_terms
from ...csv_table import CsvRow
from ...formatting import counted
from ...survival.follow_up import DAYS_PER_MONTH

Origin = Literal["real", "synthetic"]
SplitPart = Literal["", "train", "validation", "test"]
ORIGINS: tuple[str, ...] = get_args(Origin)
SPLIT_PARTS: tuple[str, ...] = get_args(SplitPart)

NEEDED = ("patient_id", "study_id")
KNOWN = (
    *NEEDED,
    *("label", "time", "event", "site", "scanner", "origin", "generator", "age", "sex", "view", "laterality", "split"),
)
IMAGE, MASK = "image_", "mask_"
_ROLE = re.compile(r"[a-z0-9][a-z0-9_-]*\Z")  # as in `readingroom.study`
TIMES = {"time": 1.0, "time_months": 1.0, "time_days": 1 / DAYS_PER_MONTH, "time_years": 12.0}  # in months
_MOST_MONTHS = 1200.0  # nobody is followed for a century; a number of days may look so
_EVENTS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def is_known(name: str) -> bool:
    """Whether a column has a meaning here; all others are clinical variables."""
    role = next((name.removeprefix(start) for start in (IMAGE, MASK) if name.startswith(start)), "")
    return name in KNOWN or name in TIMES or bool(_ROLE.match(role))


class LineReader:
    """Makes the fields of a `cohort.Row` of one line (``number``), and gathers in ``problems`` what is wrong with it.

    What the study can do without, its age, is left out where it is wrong, with a sentence in ``notes``.

    Parameters
    ----------
    header : names of the columns, known ones in lower case
    folder : that of the table, from which paths count
    decimal_comma : 65,5 is a number
    """

    def __init__(self, header: tuple[str, ...], line: CsvRow, folder: Path, decimal_comma: bool):
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.number = line.number
        if len(line.values) != len(header):
            self.problems.append(f"it has {counted(len(line.values), 'value')} for {counted(len(header), 'column')}")
        self._values = dict(zip(header, line.values, strict=False))
        self._folder = folder
        self._decimal_comma = decimal_comma

    def fields(self) -> Mapping[str, Any]:
        """The arguments of a `cohort.Row`, ``clinical`` as written; of no use when there are ``problems``."""
        if self.problems:  # its values may stand in wrong columns
            return {}
        text = {name: self._values.get(name, "") for name in ("site", "scanner", "sex", "view", "laterality")}
        return {
            **text,
            "sex": dicom_terms.sex(text["sex"]) or text["sex"],
            "view": dicom_terms.view(text["view"]),
            "laterality": dicom_terms.side(text["laterality"]),
            **self._outcome(),
            "patient_id": self._needed("patient_id"),
            "study_id": self._needed("study_id"),
            "images": self._images(),
            "masks": self._paths(MASK),
            "origin": self._one_of("origin", ORIGINS) or "real",
            "split": self._one_of("split", SPLIT_PARTS),
            "generator": self._generator(),
            "age": self._age(),
            "clinical": {name: value for name, value in self._values.items() if not is_known(name)},
        }

    @property
    def another_cause(self) -> str:
        """The event where it is a whole number above 1, as tables with competing causes have it; else empty."""
        text = self._values.get("event", "")
        return text if text.isdecimal() and int(text) > 1 else ""

    def _images(self) -> Mapping[str, Path]:
        found = self._paths(IMAGE)
        if not found:
            self.problems.append("it has no image")
        return found

    def _paths(self, start: str) -> Mapping[str, Path]:
        return {
            name.removeprefix(start): self._path(value)
            for name, value in self._values.items()
            if name.startswith(start) and is_known(name) and value
        }

    def _needed(self, name: str) -> str:
        if not self._values[name]:
            self.problems.append(f"the {name} is empty")
        return self._values[name]

    def _outcome(self) -> Mapping[str, Any]:
        column = next((name for name in TIMES if name in self._values), "time")
        label, time, event = (self._values.get(name, "") for name in ("label", column, "event"))
        if label and (time or event):
            self.problems.append(f"it has a label ('{label}') and a time or an event; give one kind of outcome")
        elif not label and not (time and event):
            missing = column if event else "event" if time else "label, nor a time and an event"
            self.problems.append(f"it has no {missing}")
        if label:
            return {"label": label}
        return {"time": self._months(column), "event": self._event(event)}

    def _months(self, column: str) -> float | None:
        """The follow-up in months, whatever unit the name of the column says."""
        unit = column.removeprefix("time").removeprefix("_") or "months"
        found = self._number(column, 0, math.inf, f"{unit} from 0 on")
        months = None if found is None else found * TIMES[column]
        if months is not None and months > _MOST_MONTHS:
            self.problems.append(
                f"the {column} '{self._values[column]}' is more than a century of {unit}; where times are days or "
                "years, name the column time_days or time_years"
            )
            return None
        return months

    def _event(self, text: str) -> bool | None:
        if text and text.lower() not in _EVENTS:
            self.problems.append(f"the event '{text}' is none of {', '.join(_EVENTS)}")
        return _EVENTS.get(text.lower())

    def _number(self, name: str, low: float, high: float, expected: str) -> float | None:
        text = self._values.get(name, "")
        if not text:
            return None
        try:
            number = float(text.replace(",", ".") if self._decimal_comma else text)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and low <= number <= high):
            self.problems.append(f"the {name} '{text}' is no number of {expected}")
            return None
        return number

    def _generator(self) -> Path | None:
        text = self._values.get("generator", "")
        if text and self._values.get("origin", "").lower() != "synthetic":
            self.problems.append("it has a generator, so that its origin must be synthetic")
        return self._path(text) if text else None

    def _age(self) -> float | None:
        text = self._values.get("age", "")
        years = dicom_terms.age(text)
        if text and years is None:
            self.notes.append(f"the age '{text}' is no number of years from 0 to {dicom_terms.OLDEST:g}")
        return years

    def _one_of(self, name: str, words: tuple[str, ...]) -> str:
        text = self._values.get(name, "")
        if text.lower() not in ("", *words):
            self.problems.append(f"the {name} '{text}' is none of {', '.join(word for word in words if word)}")
        return text.lower()

    def _path(self, text: str) -> Path:
        return self._folder / text.replace("\\", "/")  # tables are made on Windows and used elsewhere
