"""The NIH films that train the bundle ``cxr-nih-pneumonia``, from the ``labels.csv`` files beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from readingroom.csv_table import read_csv
from readingroom.imaging.open import open_image
from readingroom.imaging.radiograph_loading import load_radiograph

FOLDERS = ("cxr", "cxr_nih_extra")
MORE = "cxr_nih_more"
POSITIVE = "pneumonia"
# The film that comes with the package as an example must be new to the final model.
EXAMPLE_PATIENTS = ("NIH-07219",)


@dataclass(frozen=True)
class Film:
    """One row of the cohort.

    Parameters
    ----------
    age : in years
    matched : the row has ``nih_matched`` = 1 in the table of ``cxr``
    in_range : its patient number lies within those of the normal films, the same rule over both folders
    """

    file: str
    path: Path
    patient_id: str
    positive: bool
    view: str
    age: float
    sex: str
    matched: bool
    in_range: bool


@dataclass(frozen=True)
class Films:
    """The films in the order of the files, with their columns as arrays (films,)."""

    films: tuple[Film, ...]

    @property
    def labels(self) -> NDArray[np.int64]:
        """1 for pneumonia, 0 for no finding."""
        return np.array([film.positive for film in self.films], dtype=np.int64)

    @property
    def patients(self) -> NDArray[np.str_]:
        return np.array([film.patient_id for film in self.films])

    @property
    def shipping(self) -> NDArray[np.intp]:
        """Numbers of the films that train the final model: all but those of `EXAMPLE_PATIENTS`."""
        return np.flatnonzero(~np.isin(self.patients, EXAMPLE_PATIENTS))

    def where(self, **wanted: object) -> NDArray[np.bool_]:
        """Films whose columns have these values, such as ``where(view="AP")``."""
        return np.array([all(getattr(film, name) == value for name, value in wanted.items()) for film in self.films])

    def gray(self, number: int) -> NDArray[np.float32]:
        """Pixels [j, i] of one film, 0 to 1, read the way a reader opens it."""
        return load_radiograph(open_image(self.films[number].path, "frontal").image).gray


def read_films(data: Path, limit: int | None = None) -> Films:
    """All NIH films labeled pneumonia or normal in the folders ``cxr`` and ``cxr_nih_extra`` of ``data``.

    Parameters
    ----------
    limit : this many films of each label only, evenly spread (for trying the script out)

    Raises
    ------
    InputError : a folder or a column is missing
    """
    rows = [(folder, row) for folder in FOLDERS for row in _rows(data / folder / "labels.csv")]
    normals = [_number(row) for _, row in rows if row["label"] != POSITIVE]
    first, last = min(normals), max(normals)
    films = [_film(data, folder, row, first <= _number(row) <= last) for folder, row in rows]
    if limit is not None:
        films = [f for label in (True, False) for f in _spread([g for g in films if g.positive == label], limit)]
    return Films(tuple(films))


def more_films(data: Path) -> Films:
    """The films of ``cxr_nih_more`` whose labels name pneumonia, or nothing at all; the others answer neither."""
    rows = read_csv(data / MORE / "labels.csv").records(needed=("file", "patient_id", "view", "age", "sex", "finding"))
    films = []
    for row in rows:
        findings = row["finding"].split("|")
        if "Pneumonia" in findings or findings == ["No Finding"]:
            label = POSITIVE if "Pneumonia" in findings else "normal"
            films.append(_film(data, MORE, {**row, "label": label}, False))
    return Films(tuple(films))


def _rows(path: Path) -> list[dict[str, str]]:
    rows = read_csv(path).records(needed=("file", "label", "source", "patient_id", "view", "age", "sex"))
    return [row for row in rows if row["source"] == "nih"]


def _film(data: Path, folder: str, row: Mapping[str, str], in_range: bool) -> Film:
    return Film(
        file=f"{folder}/{row['file']}",
        path=data / folder / row["file"],
        patient_id=row["patient_id"],
        positive=row["label"] == POSITIVE,
        view=row["view"],
        age=float(row["age"]),
        sex=row["sex"],
        matched=row.get("nih_matched") == "1",
        in_range=in_range,
    )


def _number(row: Mapping[str, str]) -> int:
    """NIH-00150 is patient number 150."""
    return int(row["patient_id"].rpartition("-")[2])


def _spread(films: list[Film], limit: int) -> list[Film]:
    return [films[i] for i in np.linspace(0, len(films) - 1, min(limit, len(films))).round().astype(int)]
